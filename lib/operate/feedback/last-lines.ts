/** The last lines that say something. */
export function lastLines(text: string, count = 20): readonly string[] {
  return text
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line !== "")
    .slice(-count);
}
