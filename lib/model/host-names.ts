import { hostNameProblems } from "./names";
import type { Problem } from "./problems";

/** `c{}` or `c{:02}`: text, then a placeholder that may tell how many digits a number has at least. */
const TEMPLATE = /^([^{}]*)\{(?::0([1-9]))?\}$/;

/** Hosts that somebody named. */
export interface NamedHosts {
  /** As messages call them: `pool "cpu"`, `the master`. */
  readonly owner: string;
  readonly hosts: readonly string[];
}

/** What a pool's hosts are called unless the user says otherwise: `cpu-1`, `cpu-2`… */
export function defaultHostTemplate(pool: string): string {
  return `${pool}-{}`;
}

/**
 * The names of `count` hosts, numbered from 1.
 *
 * @throws RangeError for a template that `hostTemplateProblems` would have refused
 */
export function expandHostTemplate(template: string, count: number): string[] {
  const match = TEMPLATE.exec(template);
  if (match === null) throw new RangeError(`${JSON.stringify(template)} is not a host-name template`);
  const [, prefix = "", width = "1"] = match;
  return Array.from({ length: count }, (_, k) => prefix + String(k + 1).padStart(Number(width), "0"));
}

/** What is wrong with a template, judged by every name that it gives. */
export function hostTemplateProblems(template: string, count: number, at = "hostNames"): readonly Problem[] {
  if (!TEMPLATE.test(template)) {
    const want = "text that ends with one {} or {:02} for the number of the host, e.g. c{} or c{:02}";
    return [{ at, got: template, want, hint: templateHint(template) }];
  }
  // The last name is the longest; the first shows whether the text before the number is right.
  const names = expandHostTemplate(template, Math.max(count, 1));
  const wrong = [names[0] ?? "", names.at(-1) ?? ""].find((name) => hostNameProblems(name).length > 0);
  if (wrong === undefined) return [];
  return hostNameProblems(wrong, at).map((problem) => ({
    ...problem,
    got: template,
    hint: `it gives ${JSON.stringify(wrong)}`,
  }));
}

/** Names that two owners both use, found by comparing all names. The later owner is the one who is told. */
export function hostNameClashes(groups: readonly NamedHosts[], at = "hostNames"): readonly Problem[] {
  const owners = new Map<string, string>();
  const problems: Problem[] = [];
  for (const { owner, hosts } of groups) {
    const clashes = new Map<string, string[]>();
    for (const host of hosts) {
      const other = owners.get(host);
      const names = other === undefined ? undefined : (clashes.get(other) ?? []);
      if (other === undefined || names === undefined) {
        owners.set(host, owner);
      } else {
        names.push(host);
        clashes.set(other, names);
      }
    }
    for (const [other, names] of clashes) {
      problems.push({ at, got: someOf(names), want: `names of its own for ${owner}`, hint: `${other} has the same` });
    }
  }
  return problems;
}

function templateHint(template: string): string {
  const placeholders = template.match(/\{[^{}]*\}/g) ?? [];
  if (placeholders.length === 0) return `did you mean ${JSON.stringify(`${template.replace(/[{}]/g, "")}{}`)}?`;
  if (placeholders.length > 1) return "it has more than one placeholder";
  if (TEMPLATE.test(placeholders[0] ?? "")) return "Slurm cannot fold names with text behind the number";
  return `${JSON.stringify(placeholders[0] ?? "")} is no placeholder`;
}

function someOf(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(", ");
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}
