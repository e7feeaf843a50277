import { foldHosts } from "../../slurm/hostlist";
import { count } from "../feedback/count";
import type { ChangePlan, HitJob, ResourceChange, SettingChange } from "./change-plan";

/** A part of a plan as people read it: a heading, and lines of which some are code. */
export interface PlanSection {
  readonly heading: string;
  readonly lines: readonly string[];
  /** Files, line by line: a path and its unified diff. */
  readonly files?: readonly { readonly path: string; readonly diff: string }[];
}

/** The whole in one line: `2 machines to create, slurm.conf; effect: reconfigure`. Pure. */
export function planSummary({ changes, effect, resources, steps, actions, unknown }: ChangePlan): string {
  if (!changes) return unknown.length === 0 ? "nothing to change" : "nothing to change, as far as can be told";
  const machines = (["create", "start", "stop", "end", "update", "replace", "delete"] as const).flatMap((action) => {
    const number = resources.filter((one) => one.action === action).length;
    return number === 0 ? [] : [`${number} to ${action}`];
  });
  const parts = [
    ...machines,
    ...(steps.length === 0 ? [] : [`${count(steps.length, "step")} on the master`]),
    ...(actions.length === 0 ? [] : [`${actions.length} more`]),
  ];
  return `${parts.join(", ") || "no more than notes of Terraform's own"}; effect: ${effect}`;
}

/** What people read, part by part; without those where there is nothing. Pure. */
export function planSections(plan: ChangePlan): readonly PlanSection[] {
  const { actions, asks, byHand, files, left, order, resources, settings, steps, uncovered, unknown } = plan;
  const stepFiles = new Set(files.map(({ step }) => step));
  const told = steps.filter(({ id, words }) => words.length > 0 || stepFiles.has(id));
  const made = steps.filter((step) => !told.includes(step));
  const sections: readonly PlanSection[] = [
    { heading: "Machines and disks", lines: resourceLines(resources) },
    {
      heading: "On the master",
      lines: [
        ...told.flatMap(({ effect, id, title, words, byHand: changed }) => [
          `~ ${title} (${effect})${changed ? ", changed by hand" : ""}${stepFiles.has(id) ? ": see its files below" : ""}`,
          ...words.map((line) => `    ${line}`),
        ]),
        ...(made.length === 0 ? [] : [`+ made from nothing: ${made.map(({ title }) => title).join(", ")}`]),
      ],
    },
    { heading: "Files", lines: [], files },
    { heading: "Settings of Slurm", lines: settings.map(settingLine) },
    { heading: "Besides", lines: actions.map(({ words, effect }) => `~ ${words} (${effect})`) },
    { heading: "Changed by hand", lines: byHand },
    { heading: "Who is hit", lines: hitLines(plan) },
    { heading: "In the way: nothing is done", lines: uncoveredLines(uncovered) },
    { heading: "To be agreed to", lines: uncovered.length > 0 ? [] : asks },
    { heading: "Order of work", lines: uncovered.length > 0 ? [] : order.map((line, k) => `${k + 1}. ${line}`) },
    { heading: "Left as it is", lines: left },
    { heading: "Not known", lines: unknown },
  ];
  return sections.filter(({ heading, lines, files: diffs = [] }) => {
    if (!plan.changes && heading !== "Not known") return false;
    return lines.length > 0 || diffs.length > 0;
  });
}

const SIGNS: Readonly<Record<ResourceChange["action"], string>> = {
  create: "+",
  update: "~",
  replace: "-/+",
  delete: "-",
  start: "^",
  stop: "v",
  end: "-",
};

function resourceLines(resources: readonly ResourceChange[]): readonly string[] {
  return resources.map(({ action, effect, kind, name, reason }) => {
    const why = reason === undefined ? "" : `: ${reason.replaceAll("_", " ")}`;
    return `${SIGNS[action].padEnd(3)} ${name} (${kind}) ${action}${effect === "live" ? "" : ` (${effect})`}${why}`;
  });
}

function settingLine({ key, before, after, effect, why }: SettingChange): string {
  const change =
    before === undefined ? `+ ${after ?? ""}` : after === undefined ? `- ${before}` : `${before} → ${after}`;
  return `${key}: ${change} (${effect}${why === undefined ? "" : `; ${why}`})`;
}

function hitLines({ hit: { jobs, users, nodes, data } }: ChangePlan): readonly string[] {
  const lines = [
    ...fateLines(jobs),
    ...(users.length === 0 ? [] : [`users: ${users.join(", ")}`]),
    ...(nodes.length === 0 ? [] : [`nodes: ${foldHosts(nodes)}`]),
    ...(data.length === 0 ? [] : [`data: ${data.join(", ")}`]),
  ];
  return lines.length === 0 ? ["nobody: no job, user, node or data"] : lines;
}

function uncoveredLines(jobs: readonly HitJob[]): readonly string[] {
  if (jobs.length === 0) return [];
  const ids = jobs.slice(0, NAMED).map(({ id, state, user }) => `${id} (${user}, ${state})`);
  const more = jobs.length > NAMED ? ` and ${jobs.length - NAMED} more` : "";
  return [`what is to be done with jobs has no way for ${count(jobs.length, "job")}: ${ids.join(", ")}${more}`];
}

const FATES: Readonly<Record<HitJob["fate"], string>> = {
  cancelled: "cancelled",
  ends: "ended",
  requeues: "back into the queue, to start anew",
  waits: "waiting for ever",
  waited: "waited for",
};

/** So many ids are told of a kind; `--json` has all. */
const NAMED = 20;

function fateLines(jobs: readonly HitJob[]): readonly string[] {
  return (Object.keys(FATES) as HitJob["fate"][]).flatMap((fate) => {
    const some = jobs.filter((job) => job.fate === fate);
    if (some.length === 0) return [];
    const ids = some.slice(0, NAMED).map(({ id, user }) => `${id} (${user})`);
    const more = some.length > NAMED ? ` and ${some.length - NAMED} more` : "";
    return [`${count(some.length, "job")} ${FATES[fate]}: ${ids.join(", ")}${more}`];
  });
}
