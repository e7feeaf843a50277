import { count } from "../feedback/count";
import { durationWords, type Treatment } from "../feedback/treatment";
import type { Hit } from "../scheduler/jobs-hit";

/** That jobs are waited for, as a part of the order of work; nothing where none is. Pure. */
export function waitLines(hits: readonly Hit[], treatment: Treatment): readonly string[] {
  const waited = hits.filter(({ fate }) => fate === "waited").length;
  if (waited === 0 || treatment.kind !== "wait") return [];
  const jobs = `${count(waited, "job")} ${waited === 1 ? "is" : "are"} over`;
  return [`wait until ${jobs}, ${durationWords(treatment.limit)} at most`];
}
