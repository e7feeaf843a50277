import { z } from "zod";
import { listContainers, type LocalContainer } from "./containers";
import type { EngineOptions } from "./engine";

/** A machine that is in the engine, and would make room for another one of its name, or for none. */
export interface Displaced {
  readonly address: string;
  readonly action: "replace" | "delete";
  readonly kind: "machine";
  readonly name: string;
}

/**
 * Machines of the cluster that a plan (as `terraform show -json` tells it) does not know to be there and would end all the
 * same: it makes others in their place, or wants none of their name. The very machines that it makes are adopted as they are.
 *
 * @throws EngineError
 */
export async function displacedBy(
  plan: unknown,
  cluster: string,
  options: EngineOptions = {},
): Promise<readonly Displaced[]> {
  return displaced(plan, cluster, await listContainers(cluster, options));
}

/** Pure; see `displacedBy`. */
export function displaced(plan: unknown, cluster: string, containers: readonly LocalContainer[]): readonly Displaced[] {
  const all = planSchema.parse(plan).resource_changes.filter(({ type }) => type === "terraform_data");
  const machines = all.flatMap(({ address, index, change }) => {
    const { actions, before, after } = change;
    const parsed = machineSchema.safeParse(after ?? before);
    if (!parsed.success || parsed.data.input.cluster !== cluster || typeof index !== "string") return [];
    return [{ address, host: index, actions, wanted: parsed.data.triggers_replace }];
  });
  return containers.flatMap((container): readonly Displaced[] => {
    const { host, name, spec, image, address: ip } = container;
    const planned = machines.find((machine) => machine.host === host);
    if (planned === undefined) return [{ address: name, action: "delete", kind: "machine", name: host }];
    // What Terraform knows, it has counted itself.
    if (planned.actions.join() !== "create") return [];
    const { wanted } = planned;
    const same = wanted.spec === spec && wanted.image === image && wanted.address === ip;
    return same ? [] : [{ address: planned.address, action: "replace", kind: "machine", name: host }];
  });
}

const machineSchema = z.object({
  input: z.object({ kind: z.literal("machine"), cluster: z.string() }),
  triggers_replace: z.object({ spec: z.string(), image: z.string(), address: z.string() }),
});

const planSchema = z.object({
  resource_changes: z
    .array(
      z.object({
        address: z.string(),
        type: z.string(),
        index: z.union([z.string(), z.number()]).optional(),
        change: z.object({ actions: z.array(z.string()), before: z.unknown(), after: z.unknown() }),
      }),
    )
    .default([]),
});
