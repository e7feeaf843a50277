import { textBeside } from "../package/text-beside";
import type { Introduction } from "./introduction";

/**
 * An introduction as a bash script, for machines that have no first boot of ours: run as root with the machine's host
 * name, cluster and role as `$1`, `$2` and `$3`. It refuses a machine of another name or of another cluster, and prints
 * a line for whatever it changed: none the second time. The same text for all machines of a role.
 */
export function introductionScript({ facts, programs, units }: Introduction): string {
  return [
    textBeside(__dirname, "introduce.sh"),
    'expect_host "$1"',
    `expect_nobody_elses ${facts.path} "$2" "$3"`,
    ...[facts, ...programs].map(({ path, mode, content }) => `put ${path} ${mode} ${here(content)}`),
    ...(units.length === 0 ? [] : [`start ${units.join(" ")}`]),
    "",
  ].join("\n");
}

/** A text as a here-document, in which nothing means anything to bash. */
function here(content: string): string {
  const lines = content.replace(/\n$/, "").split("\n");
  let end = "OHPC_END";
  while (lines.includes(end)) end += "_";
  return [`<<'${end}'`, ...lines, end].join("\n");
}
