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
  /** ISO 8601: when it came to this. */
  readonly since: string;
  /** How often it has tried since. */
  readonly attempts: number;
}

/** How a node answered the master's question. */
export type NodeAnswer = NodeUnitReport | { readonly unreachable: string };

const answerSchema = z.union([
  z.object({
    stage: z.string(),
    ok: z.boolean(),
    message: z.string(),
    generation: z.number(),
    since: z.string(),
    attempts: z.number(),
  }),
  z.object({ unreachable: z.string() }),
]);

/** Reads what `ask.py` printed; a node whose answer makes no sense counts as unreachable. */
export function parseAnswers(printed: string): ReadonlyMap<string, NodeAnswer> {
  let answers: unknown;
  try {
    answers = JSON.parse(printed);
  } catch {
    return new Map();
  }
  const parsed = z.record(z.string(), z.unknown()).safeParse(answers);
  return new Map(
    Object.entries(parsed.success ? parsed.data : {}).map(([host, answer]) => {
      const read = answerSchema.safeParse(answer);
      return [host, read.success ? read.data : { unreachable: "its node unit answers with something else" }];
    }),
  );
}
