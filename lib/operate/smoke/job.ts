import { textBeside } from "../../package/text-beside";
import { Duration } from "../../units";
import { type Remote, RemoteError } from "../exec/remote/remote";
import { Failure } from "../feedback/failure";
import { interruptible } from "../feedback/interruption";
import { lastLines } from "../feedback/last-lines";
import type { Report } from "../feedback/progress";

/** A job to be submitted, with the files that it needs beside it. */
export interface Submission {
  /** Short: names the directory in the user's home. */
  readonly name: string;
  /** Who submits it: an ordinary user of the cluster. */
  readonly user: string;
  /** The batch script. */
  readonly script: string;
  /** Beside the script, by name. */
  readonly files: Readonly<Record<string, string>>;
  /** Run by the user on the master, in the job's directory, before the job is submitted. */
  readonly compile?: string;
  /** How long it may take from being submitted to its end, waiting included. */
  readonly deadline: Duration;
}

/** A job that came to its end by itself, with exit code 0. */
export interface FinishedJob {
  readonly id: string;
  /** In the user's home: script, input and output are kept there. */
  readonly directory: string;
  /** Slurm hostlist. */
  readonly nodes: string;
  readonly output: string;
}

/**
 * Submits a job as the user and follows it, through Slurm, to its end. Who does not wait for that has it cancelled: by
 * Ctrl-C, or because this process or its connection ended.
 *
 * @throws Failure if it did not come to a good end
 */
export async function runJob(master: Remote, submission: Submission, report: Report): Promise<FinishedJob> {
  const { name, user, script, files, compile = "", deadline } = submission;
  let job = "";
  let isOutput = false;
  const pairs = Object.entries({ ...files, "job.sh": script }).flat();
  const words = { ending: `the job ${name} is being cancelled`, left: `the master cancels the job ${name} by itself` };
  return interruptible(words, async (signal) => {
    const printed = await unlessItLasts(
      signal,
      () => (job === "" ? "" : ` ${job}`),
      master.run(textBeside(__dirname, "follow-job.sh"), {
        args: [user, name, String(Math.ceil(deadline.toSeconds())), compile, ...pairs],
        // Compiling, reading and the last poll come on top of the job's own deadline.
        timeout: Duration.seconds(deadline.toSeconds() + 360),
        attended: signal,
        onLine: (line) => {
          isOutput ||= line === "output";
          if (isOutput) return;
          const [what, first = "", second = ""] = line.split(" ");
          if (what === "job") job = first;
          if (what === "state") report.detail(stateLine(job, first, second));
        },
      }),
    ).catch((error: unknown) => {
      throw notSubmitted(error, name, user);
    });
    return finished(readProtocol(printed), submission);
  });
}

/** Whoever has pressed Ctrl-C has been told that the job is being cancelled, and will not wait for ever. */
async function unlessItLasts(signal: AbortSignal, job: () => string, run: Promise<string>): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => {
      timer = setTimeout(() => {
        reject(
          new Failure("interrupted", `interrupted; the master has not said yet that the job${job()} is cancelled`, {
            code: "smoke.interrupted",
            remedy: "it cancels the job when it sees that nobody waits, within a minute; squeue shows whether it has",
          }),
        );
      }, LONGEST_CANCEL.toMilliseconds());
    });
  });
  try {
    return await Promise.race([run, tooLong]);
  } finally {
    clearTimeout(timer);
  }
}

const LONGEST_CANCEL = Duration.seconds(15);

interface Followed {
  readonly directory: string;
  readonly id: string;
  readonly state: string;
  readonly rest: readonly string[];
  readonly output: string;
}

/** What follow-job.sh printed. */
export function readProtocol(printed: string): Followed {
  const marker = printed.indexOf("\noutput\n");
  const head = (marker < 0 ? printed : printed.slice(0, marker)).split("\n");
  const value = (what: string) => head.find((line) => line.startsWith(`${what} `))?.slice(what.length + 1) ?? "";
  const [state = "", ...rest] = value("end").split(" ");
  return {
    directory: value("directory"),
    id: value("job"),
    state,
    rest,
    output: marker < 0 ? "" : printed.slice(marker + "\noutput\n".length),
  };
}

/** What the shell calls `output.txt` of a job that ended well. */
function finished({ directory, id, state, rest, output }: Followed, { name, user }: Submission): FinishedJob {
  const [exitCode = "", nodes = ""] = rest;
  if (state === "COMPLETED" && exitCode === "0:0") return { id, directory, nodes, output };
  if (state === "ABANDONED") throw abandoned(exitCode, id, name, user);
  if (state === "STUCK") {
    throw new Failure("failed", `job ${id} (${name}) cannot start: ${readable(rest.join(" "))}`, {
      code: "smoke.stuck",
      remedy: "`ohpc status` shows which nodes are down, and why",
    });
  }
  if (state === "OVERDUE") {
    throw new Failure(
      "failed",
      `job ${id} (${name}) was cancelled because it took too long: ${readable(rest.join(" "))}`,
      {
        code: "smoke.overdue",
        remedy: "wait until the queue is shorter, or give it more time with --timeout",
      },
    );
  }
  throw new Failure("failed", `job ${id} (${name}) ended as ${state}, exit code ${exitCode}, on ${nodes}`, {
    code: "smoke.job-failed",
    remedy: `look at ${directory} on the master`,
    output: lastLines(output, 50),
  });
}

function abandoned(how: string, id: string, name: string, user: string): Failure {
  if (how === "unsubmitted") {
    return new Failure("interrupted", `interrupted before the job ${name} was submitted`, {
      code: "smoke.interrupted",
    });
  }
  if (how === "cancelled") {
    return new Failure("interrupted", `interrupted: job ${id} (${name}) of ${user} was cancelled`, {
      code: "smoke.interrupted",
    });
  }
  return new Failure("interrupted", `interrupted, but job ${id} (${name}) of ${user} could not be cancelled`, {
    code: "smoke.interrupted",
    remedy: `on the master: scancel ${id}`,
  });
}

function notSubmitted(error: unknown, name: string, user: string): unknown {
  if (!(error instanceof RemoteError) || error.failure !== "failed") return error;
  if (error.exitCode === NO_SUCH_USER) {
    return new Failure("usage", `there is no user ${JSON.stringify(user)} on this cluster`, {
      code: "smoke.no-user",
      remedy: "add the user to the stack's `users` and run `ohpc up`, or choose another with --user",
    });
  }
  return new Failure("failed", `the job ${name} could not be submitted as ${user}`, {
    code: "smoke.not-submitted",
    cause: error.output.trimEnd().split("\n").at(-1),
    output: lastLines(error.output, 50),
  });
}

function stateLine(job: string, state: string, reason: string): string {
  const why = reason === "" || reason === "None" ? "" : ` (${readable(reason)})`;
  return `job ${job} ${state.toLowerCase()}${why}`;
}

/** Slurm writes reasons without blanks. */
function readable(reason: string): string {
  return reason.replaceAll("_", " ");
}

const NO_SUCH_USER = 67;
