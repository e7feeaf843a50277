import { lastLines } from "./app-failure";
import { Failure, type FailureKind } from "./failure";
import type { Diagnostic } from "./terraform-events";
import { nameOf } from "./terraform-plan";

/** Turns what Terraform complained about into what people can act on. Pure. */
export function terraformFailure(command: string, diagnostics: readonly Diagnostic[], stderr: string): Failure {
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  const first = errors[0];
  if (first === undefined) {
    return new Failure("failed", `terraform ${command} failed`, { code: "terraform.failed", output: lastLines(stderr) });
  }
  const text = errors.map(({ summary, detail }) => `${summary}\n${detail}`).join("\n");
  const known = KNOWN.find(({ when }) => when.test(text));
  const subjects = [...new Set(errors.flatMap(({ address }) => (address === undefined ? [] : [subjectOf(address)])))];
  return new Failure(
    known?.kind ?? "failed",
    subjects.length === 0 ? `terraform ${command}: ${first.summary}` : `${subjects.join(", ")} could not be made as planned`,
    {
      code: known?.code ?? "terraform.failed",
      ...(known !== undefined && { cause: known.cause(text), remedy: known.remedy }),
      output: errors.flatMap(linesOf).slice(-MOST_LINES),
    },
  );
}

/** Whether Terraform only wants `init` to be run. Pure. */
export function wantsInit(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some(
    ({ severity, summary, detail }) =>
      severity === "error" &&
      /backend initialization required|inconsistent dependency lock file|required plugins are not installed|module not installed|backend configuration changed/i.test(
        `${summary}\n${detail}`,
      ),
  );
}

const MOST_LINES = 50;

function subjectOf(address: string): string {
  const key = /\["([^"]+)"\]$/.exec(address)?.[1];
  return nameOf({ address, ...(key !== undefined && { key }) });
}

/** Of a failed provisioner people need what it wrote, not the program that we gave it. */
function linesOf({ summary, detail, address }: Diagnostic): string[] {
  const written = /exit status \d+\. Output: ?([\s\S]*)$/.exec(detail)?.[1];
  const who = address === undefined ? "" : `${subjectOf(address)}: `;
  const lines = written === undefined ? [summary, ...detail.split("\n")] : written.split("\n");
  return lines.map((line) => line.trimEnd()).filter((line) => line !== "").map((line) => who + line);
}

interface KnownFailure {
  readonly when: RegExp;
  readonly code: string;
  readonly kind?: FailureKind;
  cause(text: string): string;
  readonly remedy: string;
}

const KNOWN: readonly KnownFailure[] = [
  {
    when: /address already in use|port is already allocated/i,
    code: "local.port-taken",
    cause: (text) => {
      const port = /(?:127\.0\.0\.1|0\.0\.0\.0|\[?::\]?|\*):(\d+)/.exec(text)?.[1];
      return `another program listens on ${port === undefined ? "the master's port" : `port ${port}`} of this machine`;
    },
    remedy: "stop that program, or give the cloud another port: new LocalCloud({ sshPort: … })",
  },
  {
    when: /subnet \S+ is already (being )?used|pool overlaps with other one/i,
    code: "local.subnet-taken",
    cause: (text) => {
      const subnet = /\d+\.\d+\.\d+\.\d+\/\d+/.exec(text)?.[0];
      return `another network of this machine has ${subnet === undefined ? "the same addresses" : `addresses of ${subnet}`}`;
    },
    remedy: "give the cloud a subnet of its own: new LocalCloud({ cidr: … })",
  },
  {
    when: /(podman|docker): (command )?not found|executable file not found/i,
    code: "local.engine-missing",
    kind: "usage",
    cause: () => "the container engine is not installed, or not on the PATH",
    remedy: "install podman or docker, or set OHPC_ENGINE to the one that is there",
  },
  {
    when: /permission denied.*(docker|podman)|(docker|podman)[\s\S]*permission denied while trying to connect/i,
    code: "local.engine-permission",
    kind: "usage",
    cause: () => "you may not use the container engine",
    remedy: "run ohpc as root, or as a user who may use the engine",
  },
  {
    when: /cannot connect to the docker daemon|is the docker daemon running/i,
    code: "local.engine-down",
    cause: () => "the docker daemon does not run",
    remedy: "start it: systemctl start docker",
  },
  {
    when: /image not known|no such image|pull access denied|unable to find image/i,
    code: "local.image-missing",
    cause: () => "the node image is not on this machine",
    remedy: "build it: ohpc image build",
  },
  {
    when: /no space left on device/i,
    code: "disk-full",
    cause: () => "a disk of this machine is full",
    remedy: "make room; `ohpc image list` shows what the node images take",
  },
  {
    when: /error acquiring the state lock/i,
    code: "terraform.locked",
    kind: "busy",
    cause: (text) => {
      const who = /Who:\s+(\S+)/.exec(text)?.[1];
      return `another terraform is at work on this stack${who === undefined ? "" : ` (${who})`}`;
    },
    remedy: "wait until it has ended; if it was killed: terraform force-unlock, as told above",
  },
];
