import { z } from "zod";
import { DocumentError } from "./document-error";

/** Turns a document of schema N into one of schema N + 1. Pure; tested on stored documents. */
export type Upgrade = (document: Record<string, unknown>) => Record<string, unknown>;

interface Versioned<T extends z.ZodType> {
  /** What the document is called in messages. */
  readonly what: string;
  readonly schema: T;
  readonly current: number;
  /** By the schema number they start from. */
  readonly upgrades: Readonly<Record<number, Upgrade>>;
  readonly document: unknown;
}

export { DocumentError };

/** Reads a document that carries its schema number, upgrading older ones step by step. */
export function readVersioned<T extends z.ZodType>({
  what,
  schema,
  current,
  upgrades,
  document,
}: Versioned<T>): z.infer<T> {
  const header = z.looseObject({ schema: z.int().positive() }).safeParse(document);
  if (!header.success) throw new DocumentError(`${what} has no schema number: it was not written by cdktf-openhpc`);
  let upgraded: Record<string, unknown> & { schema: number } = header.data;
  if (upgraded.schema > current) {
    throw new DocumentError(
      `${what} has schema ${upgraded.schema}, written by a newer cdktf-openhpc; this one reads up to ${current}. Update cdktf-openhpc.`,
    );
  }
  while (upgraded.schema < current) {
    const upgrade = upgrades[upgraded.schema];
    if (upgrade === undefined) {
      throw new DocumentError(
        `${what} has schema ${upgraded.schema}, which is too old for this cdktf-openhpc. Synthesize it again.`,
      );
    }
    upgraded = { ...upgrade(upgraded), schema: upgraded.schema + 1 };
  }
  const parsed = schema.safeParse(upgraded);
  if (!parsed.success) throw new DocumentError(`${what} does not fit its schema:\n${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
