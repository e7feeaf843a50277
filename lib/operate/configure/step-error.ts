import { RemoteError } from "../exec/remote/remote";
import { Failure } from "../feedback/failure";
import { lastLines } from "../feedback/last-lines";
import { FULL_DISK } from "./step/scripts";
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

const LOGS: Readonly<Record<string, string>> = {
  slurmctld: "/var/log/slurm/slurmctld.log",
  slurmdbd: "/var/log/slurm/slurmdbd.log",
};

/** True after every failure: nothing that was done has to be done again. */
const AGAIN = "run it again: it goes on where it was";

/** What people can do about failures that any step may have. */
const REMEDIES: readonly Remedy[] = [
  ...["slurmctld", "slurmdbd", "mariadb", "munge"].map((daemon) => ({
    when: new RegExp(`^${daemon} runs and does not answer$`, "m"),
    cause: `${daemon} runs and does not answer`,
    remedy: `look at it (ohpc ssh, then systemctl status ${daemon} and ${LOGS[daemon] ?? `journalctl --unit ${daemon}`}); systemctl restart ${daemon} starts it anew, jobs run on. Then run it again`,
  })),
  {
    when: /^Failed to (re)?start .*: Unit \S+ is masked\.$/m,
    remedy: "systemctl unmask it (ohpc ssh): somebody has masked it. Then run it again",
  },
  {
    when: /(jq|python3|slurmctld|mariadb|munged?|slurmdbd|sacctmgr|systemctl): (command )?not found/,
    cause: "the machine lacks a program that its roles should have brought",
    remedy: "remove /usr/share/ohpc/software on it (ohpc ssh) and run it again: the roles are applied once more",
  },
];

/** A step whose script did not succeed. */
export function scriptFailure({ id, remedies = [], title }: Step, error: RemoteError): StepError {
  const told = error.output.split("\n").filter((line) => !line.startsWith(FULL_DISK));
  const said = new RemoteError(error.host, error.failure, error.exitCode, told.join("\n"));
  const output = lastLines(said.output, 50);
  const lost = error.failure === "unreachable" || error.failure === "refused";
  const known = lost
    ? undefined
    : (fullDisk(error.output) ?? [...remedies, ...REMEDIES].find(({ when }) => when.test(error.output)));
  return new StepError(
    error.host,
    id,
    lost ? "unreachable" : "failed",
    `${error.host}: could not make sure of ${title}`,
    {
      cause: known?.cause ?? CAUSES[said.failure](said),
      remedy: known?.remedy ?? (lost ? AGAIN : `mend it, then ${AGAIN}`),
      output,
    },
  );
}

/** Which disk holds nothing more, where a script failed for that. */
function fullDisk(output: string): Omit<Remedy, "when"> | undefined {
  if (!/No space left on device|Errno 28|Errcode: 28|\(os error 28\)/.test(output)) return undefined;
  const lines = output.split("\n").filter((line) => line.startsWith(FULL_DISK));
  const disks = lines.map((line) => line.slice(FULL_DISK.length));
  return {
    cause: disks.length === 0 ? "a disk of the machine is full" : `no room is left on ${disks.join(", ")}`,
    remedy: `make room (ohpc ssh, then df -h${disks.map((disk) => ` ${disk}`).join("")}), or give the disk a larger size; then run it again`,
  };
}

/** What timeout(1) ends with. */
const TIMED_OUT = 124;

/** 128 + SIGKILL. */
const KILLED = 137;

const CAUSES: Readonly<Record<RemoteError["failure"], (error: RemoteError) => string>> = {
  unreachable: () => "the connection to the machine was lost",
  refused: () => "the machine does not accept the key, or has another host key than the pinned one",
  timeout: () => "it took too long and was stopped",
  failed: ({ exitCode, output }) =>
    exitCode === KILLED
      ? "its script was killed: the machine went down, or has no memory left"
      : exitCode === TIMED_OUT
        ? `a program that it called did not answer in time${lastLines(output, 1)
            .map((line) => `; last said: ${line}`)
            .join("")}`
        : (lastLines(output, 1)[0] ?? `its script ended with exit code ${exitCode ?? "unknown"}`),
};

/** A step that could not even be looked at. */
export function inspectionFailure(
  host: string,
  { id, title, remedies = [] }: Step,
  cause: string,
  stderr: string,
): StepError {
  const output = lastLines(stderr, 50);
  const known = remedies.find(({ when }) => when.test(stderr));
  return new StepError(host, id, "failed", `${host}: could not look at ${title}`, {
    cause: known === undefined ? cause : (known.cause ?? output.at(-1) ?? cause),
    remedy: known?.remedy ?? "this is a fault of ohpc or of the machine's image: report it with this output",
    output,
  });
}

/** A step that said it did its work, and has not. */
export function notSoFailure(host: string, { id, title }: Step, left: readonly string[]): StepError {
  return new StepError(host, id, "failed", `${host}: could not make sure of ${title}`, {
    cause: `it was applied, but still ${left.slice(0, 3).join("; ")}${left.length > 3 ? `; and ${left.length - 3} more` : ""}`,
    remedy: `${AGAIN}; if it stays so, something else on the machine changes it back`,
  });
}

/** A change that would not leave the cluster the same one. */
export function refusedFailure(host: string, { id, title, refusal }: Step, changes: readonly string[]): StepError {
  return new StepError(host, id, "consent", `${host}: ${title} would make it another cluster`, {
    cause: refusal?.cause ?? changes.slice(0, 3).join("; "),
    remedy: refusal?.remedy ?? "change it back, or destroy the cluster and make a new one",
  });
}
