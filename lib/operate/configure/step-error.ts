import type { RemoteError } from "../exec/remote/remote";
import { Failure } from "../feedback/failure";
import { lastLines } from "../feedback/last-lines";
import type { Remedy, Step } from "./step/step";

/** Something that could not be made true of a machine, and what to do about it. Its code is `step/<id>`. */
export class StepError extends Failure {
  constructor(
    readonly host: string,
    readonly step: string,
    failure: ConstructorParameters<typeof Failure>[0],
    message: string,
    details: { readonly cause: string; readonly remedy: string; readonly output?: readonly string[] },
  ) {
    super(failure, message, { code: `step/${step}`, ...details });
  }
}

/** What people can do about failures that any step may have. */
const REMEDIES: readonly Remedy[] = [
  {
    when: /No space left on device/,
    cause: "a disk of the machine is full",
    remedy: "make room (ohpc ssh, then df -h), or give the disk a larger size",
  },
  {
    when: /(jq|python3|slurmctld|mariadb|munged?|slurmdbd|sacctmgr|systemctl): (command )?not found/,
    cause: "the machine lacks a program that its roles should have brought",
    remedy: "remove /usr/share/ohpc/software on it (ohpc ssh) and run it again: the roles are applied once more",
  },
];

/** A step whose script did not succeed. */
export function scriptFailure({ id, remedies = [], title }: Step, error: RemoteError): StepError {
  const output = lastLines(error.output, 50);
  const lost = error.failure === "unreachable" || error.failure === "refused";
  const known = lost ? undefined : [...remedies, ...REMEDIES].find(({ when }) => when.test(error.output));
  return new StepError(
    error.host,
    id,
    lost ? "unreachable" : "failed",
    `${error.host}: could not make sure of ${title}`,
    {
      cause: known?.cause ?? CAUSES[error.failure](error),
      remedy:
        known?.remedy ??
        (lost ? "run it again: it goes on where it was" : "mend it, then run it again: it goes on where it was"),
      output,
    },
  );
}

/** 128 + SIGKILL. */
const KILLED = 137;

const CAUSES: Readonly<Record<RemoteError["failure"], (error: RemoteError) => string>> = {
  unreachable: () => "the connection to the machine was lost",
  refused: () => "the machine does not accept the key, or has another host key than the pinned one",
  timeout: () => "it took too long and was stopped",
  failed: ({ exitCode, output }) =>
    exitCode === KILLED
      ? "its script was killed: the machine went down, or has no memory left"
      : (lastLines(output, 1)[0] ?? `its script ended with exit code ${exitCode ?? "unknown"}`),
};

/** A step that could not even be looked at. */
export function inspectionFailure(host: string, { id, title }: Step, cause: string, stderr: string): StepError {
  return new StepError(host, id, "failed", `${host}: could not look at ${title}`, {
    cause,
    remedy: "this is a fault of ohpc or of the machine's image: report it with this output",
    output: lastLines(stderr, 50),
  });
}

/** A step that said it did its work, and has not. */
export function notSoFailure(host: string, { id, title }: Step, left: readonly string[]): StepError {
  return new StepError(host, id, "failed", `${host}: could not make sure of ${title}`, {
    cause: `it was applied, but still ${left.slice(0, 3).join("; ")}${left.length > 3 ? `; and ${left.length - 3} more` : ""}`,
    remedy: "run it again; if it stays so, something else on the machine changes it back",
  });
}

/** A change that would not leave the cluster the same one. */
export function refusedFailure(host: string, { id, title, refusal }: Step, changes: readonly string[]): StepError {
  return new StepError(host, id, "consent", `${host}: ${title} would make it another cluster`, {
    cause: refusal?.cause ?? changes.slice(0, 3).join("; "),
    remedy: refusal?.remedy ?? "change it back, or destroy the cluster and make a new one",
  });
}
