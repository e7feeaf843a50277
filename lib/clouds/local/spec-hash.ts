import { createHash } from "node:crypto";

/** Changes with anything in the spec, and only then: a corrected script alone replaces nothing. */
export function specHash(spec: unknown): string {
  return createHash("sha256").update(JSON.stringify(spec)).digest("hex").slice(0, 16);
}
