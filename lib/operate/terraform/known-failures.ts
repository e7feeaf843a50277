import type { FailureKind } from "../feedback/failure";

/** A failure that we recognize by a line of what was printed. */
export interface KnownFailure {
  /** Fits the line that tells the cause; a group called `cause`, where there is one, is all of it that people need. */
  readonly when: RegExp;
  readonly code: string;
  /** @default "failed" */
  readonly kind?: FailureKind;
  /** @default - the line after the cause: the scripts of the local cloud say what to do there */
  readonly remedy?: string;
}

/** What a plan ends with that would end something which the stack protects. */
export const PROTECTED = "terraform.protected";

/** What Terraform and the scripts of the local cloud end with, as far as there is something to do about it. */
export const KNOWN_FAILURES: readonly KnownFailure[] = [
  {
    when: /^Instance cannot be destroyed/,
    code: PROTECTED,
    remedy:
      'the stack says that it must stay, as `whenRemoved: "refuse"` of a disk does: say otherwise, and `ohpc up` first',
  },
  { when: /^Port \d+ on .* is taken/, code: "local.port-taken" },
  { when: /^The subnet .* is taken/, code: "local.subnet-taken" },
  { when: /^No container engine|(podman|docker) is not installed\.$/, code: "local.engine-missing", kind: "usage" },
  { when: /no permission to use (podman|docker)/, code: "local.engine-permission", kind: "usage" },
  { when: /(podman|docker) is installed, but /, code: "local.engine-down" },
  { when: /^The container engine does not answer/, code: "local.engine-silent" },
  { when: /^The cluster .* belongs to another Terraform state/, code: "cluster.another-state", kind: "usage" },
  {
    when: /^The image .* is not in (podman|docker)/,
    code: "local.image-missing",
  },
  { when: /^There is no volume called/, code: "local.volume-missing" },
  { when: /^The keys of the cluster .* are not in/, code: "local.keys-missing" },
  { when: /^There is a (container|network|volume) called .* does not belong/, code: "local.name-taken" },
  {
    when: /address already in use|port is already allocated/i,
    code: "local.port-taken",
    remedy: "choose another port: new LocalCloud({ sshPort: … })",
  },
  {
    when: /requested ip address \S+ is already allocated to container/i,
    code: "local.address-held",
    remedy:
      "podman was ended while it started a machine, and keeps the address for a container that is gone: restart this computer; or, with no container running, remove podman's list of addresses, /run/containers/networks/ipam.db, which it makes anew. Then run the same command again",
  },
  {
    when: /no space left on device/i,
    code: "disk-full",
    remedy: "make room on this machine; `ohpc image list` shows what node images take",
  },
  {
    when: /error acquiring the state lock/i,
    code: "terraform.locked",
    kind: "busy",
    remedy: "wait until the other terraform has ended; if it was killed, `terraform force-unlock ID` with the ID below",
  },
];
