import { foldHosts } from "../../slurm/hostlist";
import type { PlannedStep } from "../configure/run-steps";
import { count } from "../feedback/count";
import type { Treatment } from "../feedback/treatment";
import type { PlannedDeployment } from "../deploy/deployment-plan";
import { machinesIn, machinesTaken, type PlannedChange, shownAddress } from "../terraform/plan";
import { type ChangePlan, changePlanOf, machineOf, resourceOf, type ResourceChange } from "./change-plan";
import type { Ahead } from "./look-ahead";
import { planStakes, type PlanStakes } from "./plan-stakes";
import { waitLines } from "./wait-lines";

export interface ChangesOptions {
  /** As it would be typed: `ohpc up demo`. */
  readonly command: string;
  readonly treatment: Treatment;
  /** Machines that are made anew one batch after the other: how many at once. @default - all */
  readonly batch?: number | undefined;
}

/** What carrying out a deployment's plan, and configuring what comes of it, does to a cluster. Pure. */
export function deploymentChanges(
  planned: PlannedDeployment,
  ahead: Ahead,
  { command, treatment, batch }: ChangesOptions,
): { readonly plan: ChangePlan; readonly stakes: PlanStakes } {
  const { stack, verdict, missing, stopped, plan } = planned;
  const manifest = ahead.access?.manifest;
  const stakes = planStakes({
    losses: verdict.losses,
    manifest,
    consequences: ahead.consequences,
    seen: ahead.seen,
    treatment,
  });
  const gone = new Set(machinesIn(verdict.changes, ["replace", "delete"]));
  const starts = stopped.filter((host) => !gone.has(host));
  const resources: readonly ResourceChange[] = [
    ...verdict.changes.map((change) =>
      resourceOf(missing.includes(change.address) ? { ...change, reason: "removed by hand" } : change),
    ),
    ...starts.map((host) => machineOf(host, "start", "live", "it is stopped")),
  ];
  const nodes = nodesSetApart(planned, ahead);
  const outputsOnly = plan.changesAnything && resources.length === 0;
  return {
    stakes,
    plan: changePlanOf({
      stack: stack.name,
      cluster: ahead.cluster?.manifest.cluster ?? manifest?.cluster ?? stack.name,
      command,
      unknown: ahead.unknown,
      resources,
      steps: ahead.steps ?? [],
      stepsByHand: ahead.byHand,
      actions: outputsOnly ? [{ words: "Terraform's outputs are brought up to date", effect: "live" }] : [],
      byHand: missing.map((address) => `${shownAddress(address)} was removed`),
      stakes,
      nodes,
      data: verdict.losses.flatMap(({ kind, name, action }) =>
        (kind === "disk" || kind === "network") && action !== "update" ? [`${kind} ${name}`] : [],
      ),
      order: orderOf(planned, ahead, { nodes, starts, stakes, treatment, batch }),
    }),
  };
}

/** Nodes whose machines go or stop, or whose slurmd restarts. */
function nodesSetApart({ verdict }: PlannedDeployment, { access, consequences }: Ahead): readonly string[] {
  const master = access?.manifest.master.host;
  const { restarted = [], scopes } = consequences?.slurm ?? {};
  const nodes = new Set([
    ...machinesTaken(verdict.changes).filter((host) => host !== master),
    ...(scopes?.going ?? []),
    ...restarted,
  ]);
  return [...nodes].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

interface OrderInput {
  readonly nodes: readonly string[];
  readonly starts: readonly string[];
  readonly stakes: PlanStakes;
  readonly treatment: Treatment;
  readonly batch: number | undefined;
}

/** Grow: Terraform first; shrink: Slurm first. */
function orderOf(
  { verdict, plan }: PlannedDeployment,
  { steps, consequences }: Ahead,
  { nodes, starts, stakes, treatment, batch }: OrderInput,
): readonly string[] {
  const { partitions = [], going = [] } = consequences?.slurm?.scopes ?? {};
  const differing = (steps ?? []).filter(({ differences }) => differences.length > 0);
  const anew = machinesIn(verdict.changes, ["replace"]).filter((host) => nodes.includes(host));
  const rolling = batch !== undefined && anew.length > batch;
  return [
    ...(partitions.length === 0 ? [] : [`Slurm: no new jobs in ${partitions.join(", ")}`]),
    ...(nodes.length === 0 ? [] : [`Slurm: drain ${foldHosts(nodes)}`]),
    ...waitLines(stakes.hits, treatment),
    ...endings(stakes),
    ...(starts.length === 0 ? [] : [`start ${foldHosts(starts)}`]),
    ...(rolling ? [`Terraform: replace ${foldHosts(anew)}, ${batch} at a time, each until it takes jobs again`] : []),
    ...(plan.changesAnything ? [`Terraform: ${terraformWords(verdict.changes, rolling ? anew : [])}`] : []),
    ...(differing.length === 0 ? [] : [`master: ${stepsInOrder(differing)}`]),
    ...(going.length === 0 ? [] : [`Slurm forgets ${foldHosts(going)}`]),
    ...(differing.length > 0 || plan.changesAnything || starts.length > 0
      ? ["nodes take the new configuration; every node that is not drained on purpose answers an srun"]
      : []),
  ];
}

/** More are told by the first and the last. */
const NAMED_STEPS = 8;

function stepsInOrder(steps: readonly PlannedStep[]): string {
  const names = steps.map(({ step, effect }) => `${step.title}${strong(effect)}`);
  if (names.length <= NAMED_STEPS) return names.join(", ");
  return `${names.length} steps, from ${names[0] ?? ""} to ${names.at(-1) ?? ""}`;
}

function endings({ hits }: PlanStakes): readonly string[] {
  const of = (fate: string) => hits.filter((hit) => hit.fate === fate).length;
  return [
    ...(of("cancelled") === 0 ? [] : [`cancel ${count(of("cancelled"), "job")}`]),
    ...(of("requeues") + of("ends") === 0
      ? []
      : [`end ${count(of("requeues") + of("ends"), "job")}, of which ${of("requeues")} go back into the queue`]),
  ];
}

function strong(effect: string): string {
  return effect === "none" || effect === "live" ? "" : ` (${effect})`;
}

function terraformWords(changes: readonly PlannedChange[], done: readonly string[]): string {
  const words = (["delete", "replace", "update", "create"] as const).flatMap((action) => {
    const some = changes.filter(
      (change) =>
        change.action === action && change.kind !== "glue" && !(action === "replace" && done.includes(change.name)),
    );
    if (some.length === 0) return [];
    const hosts = some.filter(({ kind }) => kind === "machine").map(({ name }) => name);
    const others = some.filter(({ kind }) => kind !== "machine").map(({ name }) => shownAddress(name));
    return [`${VERBS[action]} ${[...(hosts.length === 0 ? [] : [foldHosts(hosts)]), ...others].join(", ")}`];
  });
  return words.length === 0 ? "what has no effect on machines" : words.join("; ");
}

const VERBS = { delete: "destroy", replace: "replace", update: "change", create: "create" } as const;
