import type { Progress } from "../feedback/progress";
import type { TerraformEvent } from "../terraform/events";
import { type PlannedChange, shownAddress } from "../terraform/plan";
import type { SavedPlan, Terraform } from "../terraform/terraform";

/** Carries out a plan, and counts machines while they come or go. */
export async function applyPlan(
  terraform: Terraform,
  plan: SavedPlan,
  title: string,
  changes: readonly PlannedChange[],
  progress: Progress,
  onEvent: (event: TerraformEvent) => void = () => undefined,
): Promise<Readonly<Record<string, unknown>>> {
  const machines = new Set(changes.filter(({ kind }) => kind === "machine").map(({ address }) => address));
  // A machine that is replaced is destroyed first; it counts when it is there again.
  const last = new Map(changes.map(({ address, action }) => [address, action === "delete" ? "delete" : "create"]));
  return progress.phase(title, async (report) => {
    const done = new Set<string>();
    return terraform.apply(plan, (event) => {
      onEvent(event);
      const line = describeEvent(event);
      if (line !== undefined) report.detail(line);
      const note = noteIn(event);
      if (note !== undefined) progress.note(note);
      if (event.kind !== "completed" || !machines.has(event.address) || last.get(event.address) !== event.action)
        return;
      done.add(event.address);
      report.title(`${title}: ${done.size} of ${machines.size} machines`);
    });
  });
}

/** What people want to read of Terraform's stream. Pure. */
export function describeEvent(event: TerraformEvent): string | undefined {
  switch (event.kind) {
    case "started":
      return undefined;
    case "completed":
      return `${shownAddress(event.address)} ${DONE[event.action] ?? event.action}`;
    case "failed":
      return `${shownAddress(event.address)} could not be ${DONE[event.action] ?? event.action}`;
    case "provisioner":
      return `${shownAddress(event.address)}: ${event.output}`;
    case "diagnostic":
      return event.diagnostic.severity === "warning" && !OF_TARGETS.test(event.diagnostic.summary)
        ? event.diagnostic.summary
        : undefined;
    case "version":
    case "outputs":
      return undefined;
  }
}

/** What Terraform says to whoever names a part of a stack, which we do on purpose. */
const OF_TARGETS = /^(Applied changes may be incomplete|Resource targeting is in effect)$/;

/** What the scripts of the local cloud want people to know afterwards, too. Pure. */
function noteIn(event: TerraformEvent): string | undefined {
  return event.kind === "provisioner" ? /^note: (.*)/.exec(event.output)?.[1] : undefined;
}

const DONE: Readonly<Record<string, string>> = {
  create: "created",
  delete: "destroyed",
  update: "changed",
  read: "read",
};
