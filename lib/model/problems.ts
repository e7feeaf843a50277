/** One thing that is wrong with what the user wrote. */
export interface Problem {
  /** Where: the property as the user typed it, e.g. `nodes` or `users[2].uid`. */
  readonly at: string;
  /** What was given; shown as JSON. */
  readonly got: unknown;
  /** What would have been right, so that it can follow "must be": `a whole number from 1 to 10000`. */
  readonly want: string;
  /** How to mend it, as a sentence without its full stop, e.g. `did you mean "medium"?`. */
  readonly hint?: string;
}

/** Something that cannot be built, with every reason at once. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";

  constructor(
    /** What cannot be built, e.g. `ComputePool "demo/cpu"`. */
    readonly subject: string,
    readonly problems: readonly Problem[],
  ) {
    super(`${subject} cannot be built:\n${problems.map((problem) => `  - ${describeProblem(problem)}`).join("\n")}`);
  }
}

/** @throws ConfigurationError if there is any problem, naming them all */
export function refuse(subject: string, problems: readonly Problem[]): void {
  if (problems.length > 0) throw new ConfigurationError(subject, problems);
}

/** One line: what was given, what would be right, how to mend it. */
export function describeProblem({ at, got, want, hint }: Problem): string {
  const given = got === undefined ? "missing" : short(asJson(got));
  // Names come from who wrote them, too.
  const place = /^[^\p{C}\p{Zl}\p{Zp}]+$/u.test(at) ? at : JSON.stringify(at);
  return `${short(place)} is ${given}, but must be ${want}${hint === undefined ? "" : `; ${hint}`}`;
}

/** Also of what JSON does not know, such as functions, NaN, and what refers to itself. */
function asJson(value: unknown): string {
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  try {
    // Nothing of functions, whatever its type says.
    const text: unknown = JSON.stringify(value);
    return typeof text === "string" ? text : String(value).replace(/\s+/g, " ");
  } catch {
    return typeof value === "bigint" ? String(value) : "a value that cannot be shown";
  }
}

/** In characters; who has given more knows the rest. */
const LONGEST = 1000;

function short(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`;
}

/** `did you mean "medium"?` for the nearest candidate, or `undefined` when none is near. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const farthest = Math.max(2, Math.floor(word.length / 3));
  const ranked = [...candidates]
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ distance }) => distance <= farthest)
    .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1));
  const best = ranked[0];
  return best === undefined ? undefined : `did you mean ${JSON.stringify(best.candidate)}?`;
}

/** Levenshtein's: the fewest insertions, deletions and replacements that turn one word into the other. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
