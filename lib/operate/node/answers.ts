import { z } from "zod";

/** What a node unit last said of itself. */
export interface NodeUnitReport {
  /** How far it came: `boot bundle software mounts hosts munge accounts time devices room controller slurmd ready`. */
  readonly stage: string;
  /** Whether the node is one of its cluster; if not, `message` says what it waits for; if so, what it lacks all the same. */
  readonly ok: boolean;
  readonly message: string;
  /** Of the bundle that it has; 0: none yet. */
  readonly generation: number;
  /** ISO 8601: when it came to this; empty before its first run. */
  readonly since: string;
  /** How often it has tried since. */
  readonly attempts: number;
  /** Whether what it waits for does not come by itself. */
  readonly final?: boolean;
  /** How long ago it said so, in seconds; absent: units of older versions do not tell. */
  readonly age?: number;
}

/** How a node answered the master's question. */
export type NodeAnswer = NodeUnitReport | { readonly unreachable: string };

/** A node is believed only what a node unit can say of itself: `ask.py` looks for the same. */
const answerSchema = z.union([
  z.object({
    stage: z.string().regex(/^[a-z][a-z-]{0,31}$/),
    ok: z.boolean(),
    message: z.string().max(1000),
    generation: z.int().min(0).max(1e9),
    since: z.string().regex(/^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d))?$/),
    attempts: z.int().min(0).max(1e9),
    final: z.boolean().optional(),
    age: z.int().min(0).max(1e9).optional(),
  }),
  z.object({ unreachable: z.string().max(1000) }),
]);

/**
 * Reads what `ask.py` printed of the hosts that it was asked about; a node whose answer makes no sense counts as
 * unreachable.
 */
export function parseAnswers(printed: string, asked: ReadonlySet<string>): ReadonlyMap<string, NodeAnswer> {
  let answers: unknown;
  try {
    answers = JSON.parse(printed);
  } catch {
    return new Map();
  }
  const parsed = z.record(z.string(), z.unknown()).safeParse(answers);
  const known = Object.entries(parsed.success ? parsed.data : {}).filter(([host]) => asked.has(host));
  return new Map(
    known.map(([host, answer]) => {
      const read = answerSchema.safeParse(answer);
      return [host, read.success ? read.data : { unreachable: "its node unit answers with something else" }];
    }),
  );
}
