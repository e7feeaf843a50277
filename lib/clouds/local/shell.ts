/** A word for bash that stands for exactly this text. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Lines that set shell variables to exactly these values; a list becomes an array. */
export function assignments(variables: Readonly<Record<string, string | readonly string[]>>): string {
  return Object.entries(variables)
    .map(([name, value]) => `${name}=${typeof value === "string" ? quote(value) : `(${value.map(quote).join(" ")})`}\n`)
    .join("");
}
