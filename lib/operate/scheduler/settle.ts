import { setTimeout as sleep } from "node:timers/promises";
import { foldHosts } from "../../slurm/hostlist";
import { count } from "../feedback/count";
import { Failure } from "../feedback/failure";
import { interruptible, type InterruptionWords } from "../feedback/interruption";
import type { Report } from "../feedback/progress";
import { durationWords, type Treatment } from "../feedback/treatment";
import { Duration } from "../../units";
import type { Hit } from "./jobs-hit";
import { stillRunningFailure } from "./treated";

/** A job may be over soon, or in a day: the master is asked often at first. */
const SOONEST = Duration.seconds(1);
const LATEST = Duration.seconds(15);

/**
 * Waits until none is left of the jobs that are waited for.
 *
 * @param look - what is hit now, treated; `undefined` where nobody can tell
 * @throws Failure of kind `consent` if some are left after the limit
 */
export async function waitUntilOver(
  look: () => Promise<readonly Hit[] | undefined>,
  treatment: Extract<Treatment, { kind: "wait" }>,
  report?: Pick<Report, "detail">,
): Promise<void> {
  const deadline = Date.now() + treatment.limit.toMilliseconds();
  let left: readonly Hit[] | undefined;
  await interruptible(WORDS, async (signal) => {
    for (let pause = SOONEST.toMilliseconds(); ; pause = Math.min(pause * 1.5, LATEST.toMilliseconds())) {
      // A master that is silent for a while says nothing of jobs.
      left = (await look())?.filter(({ fate }) => fate === "waited") ?? left;
      if (left?.length === 0) return;
      if (signal.aborted) throw interrupted(left ?? []);
      const rest = deadline - Date.now();
      if (rest <= 0) throw stillRunningFailure(left ?? [], treatment);
      report?.detail(
        `waits for ${waitedFor(left ?? [])}, ${durationWords(Duration.seconds(Math.ceil(rest / 1000)))} at most`,
      );
      await sleep(Math.min(pause, rest), undefined, { signal }).catch(() => undefined);
    }
  });
}

const WORDS: InterruptionWords = {
  ending: "giving back what was closed to new jobs",
  left: "nodes that were drained for it stay so: ohpc up, or ohpc undrain, gives them back",
};

function interrupted(left: readonly Hit[]): Failure {
  return new Failure("interrupted", `interrupted while ${waitedFor(left)} were waited for; nothing was changed`, {
    code: "wait.interrupted",
  });
}

/** `2 jobs on cpu-[1-2]`. */
function waitedFor(hits: readonly Hit[]): string {
  const hosts = [...new Set(hits.flatMap(({ job }) => job.hosts))];
  return `${count(hits.length, "job")}${hosts.length === 0 ? "" : ` on ${foldHosts(hosts)}`}`;
}
