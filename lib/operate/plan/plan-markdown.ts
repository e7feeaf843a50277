import { printable } from "../feedback/printable";
import type { ChangePlan } from "./change-plan";
import { planSections, planSummary } from "./plan-lines";

/** The plan for a merge request. What is in it of users or machines is text, and no Markdown. Pure. */
export function planMarkdown(plan: ChangePlan): string {
  const sections = planSections(plan).flatMap(({ heading, lines, files = [] }) => [
    `### ${heading}`,
    "",
    ...(lines.length === 0 ? [] : fenced("text", lines)),
    ...files.flatMap(({ path, diff }) => [
      `<details><summary><code>${printable(path)}</code></summary>`,
      "",
      ...fenced("diff", diff.split("\n")),
      "</details>",
      "",
    ]),
  ]);
  return `${[`## Plan of \`${printable(plan.command)}\``, "", `**${planSummary(plan)}**`, "", ...sections].join("\n").trimEnd()}\n`;
}

/** A fence is longer than any run of backticks within. */
function fenced(language: string, lines: readonly string[]): readonly string[] {
  const text = lines.map((line) => printable(line, 4000));
  const longest = Math.max(2, ...text.flatMap((line) => [...line.matchAll(/`+/g)].map(([run]) => run.length)));
  const fence = "`".repeat(longest + 1);
  return [`${fence}${language}`, ...text, fence, ""];
}
