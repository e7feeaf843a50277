export type ConfValue = string | number | readonly string[] | undefined;
export type ConfSettings = Readonly<Record<string, ConfValue>>;

/**
 * One `Key=Value Key=Value` line; lists are joined with commas. A key whose value is `undefined`, empty text or an empty
 * list is left out; `0` is kept.
 *
 * @throws RangeError for a value that would begin another line or a comment: it should have been refused as a problem
 */
export function confLine(fields: ConfSettings): string {
  return Object.entries(fields)
    .map(([key, value]) => ({ key, text: typeof value === "object" ? value.join(",") : String(value ?? "") }))
    .filter(({ text }) => text !== "")
    .map(({ key, text }) => `${key}=${checked(key, text)}`)
    .join(" ");
}

/** One line per key, in the order given. */
export function confLines(fields: ConfSettings): readonly string[] {
  return Object.entries(fields)
    .map(([key, value]) => confLine({ [key]: value }))
    .filter((line) => line !== "");
}

/** The text of a file of Slurm's: who wrote it, and paragraphs with an empty line between them; empty ones are left out. */
export function confFile(cluster: string, paragraphs: readonly (readonly string[])[]): string {
  const header = [`# Written by ohpc for cluster ${cluster}; change the stack, not this file.`];
  return [header, ...paragraphs]
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join("\n")}\n`)
    .join("\n");
}

function checked(key: string, text: string): string {
  if (/[\r\n#"\\]/.test(text)) throw new RangeError(`${key} cannot have the value ${JSON.stringify(text)}`);
  return /\s/.test(text) ? `"${text}"` : text;
}
