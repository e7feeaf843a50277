import { Duration } from "../../units";

/**
 * What is done with jobs that are in the way of a change: `now` ends them (those that may be requeued start anew), `requeue`
 * goes on only if all may be requeued, `wait` ends none and waits until they are over.
 */
export type Treatment =
  { readonly kind: "now" } | { readonly kind: "requeue" } | { readonly kind: "wait"; readonly limit: Duration };

/** What is done where nobody says anything else. */
export const NOW: Treatment = { kind: "now" };

/** As it is typed: `--wait 2h`; nothing for `now`, which is what is done anyway. */
export function typedTreatment(treatment: Treatment): readonly string[] {
  if (treatment.kind === "now") return [];
  return treatment.kind === "wait" ? [`--wait ${durationWords(treatment.limit)}`] : ["--requeue"];
}

const UNITS: readonly (readonly [unit: string, seconds: number])[] = [
  ["d", 86_400],
  ["h", 3600],
  ["m", 60],
  ["s", 1],
];

/** `2h`, `1d12h`, `90s`. */
export function durationWords(duration: Duration): string {
  let rest = Math.round(duration.toSeconds());
  const parts = UNITS.flatMap(([unit, seconds]) => {
    const amount = Math.floor(rest / seconds);
    rest -= amount * seconds;
    return amount === 0 ? [] : [`${amount}${unit}`];
  });
  return parts.length === 0 ? "0s" : parts.join("");
}

/** Reads what `durationWords` writes; a number alone is minutes. `undefined`: it is no time. */
export function durationOf(text: string): Duration | undefined {
  if (/^\d{1,6}$/.test(text)) return Duration.minutes(Number(text));
  const match = /^(?:(\d{1,5})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,8})s)?$/.exec(text);
  if (match === null || text === "") return undefined;
  return Duration.seconds(UNITS.reduce((sum, [, seconds], k) => sum + Number(match[k + 1] ?? 0) * seconds, 0));
}
