import { z } from "zod";
import { engineContents, type EngineContents } from "./containers";
import type { EngineOptions } from "./engine";

/** Something that Terraform believes to be in the engine. */
export interface Expected {
  /** Terraform's address, as `-replace=` takes it: `terraform_data.x["cpu-1"]`. */
  readonly address: string;
  readonly kind: "network" | "volume" | "machine";
  /** Its name in the engine. */
  readonly name: string;
  readonly cluster: string;
  /** The mark of the state that made it; absent: it was made before there were marks. */
  readonly owner?: string | undefined;
}

export interface Drift {
  /** Addresses of what was removed behind Terraform's back; for `-replace=`. */
  readonly missing: readonly string[];
  /** Hosts whose containers are there but do not run; for `LocalPower.start`. */
  readonly stopped: readonly string[];
}

/**
 * What a state says should be in the engine.
 *
 * @param state the document of `terraform show -json`; of an empty state, too
 */
export function expectedIn(state: unknown): readonly Expected[] {
  return resourcesIn(state).flatMap(({ address, values }) => {
    const input = inputSchema.safeParse(values["input"]);
    return input.success ? [{ address, ...input.data }] : [];
  });
}

/** All `terraform_data` of a state. */
export function resourcesIn(state: unknown): readonly z.infer<typeof resourceSchema>[] {
  return resourcesOf(stateSchema.parse(state).values?.root_module).filter(({ type }) => type === "terraform_data");
}

/**
 * Compares the engine with the state. Terraform cannot: for it, `terraform_data` is always there.
 *
 * @throws EngineError
 */
export async function driftOf(
  cluster: string,
  expected: readonly Expected[],
  options: EngineOptions = {},
): Promise<Drift> {
  const own = expected.filter((one) => one.cluster === cluster);
  return own.length === 0 ? { missing: [], stopped: [] } : compare(own, await engineContents(cluster, options));
}

/**
 * The addresses of machines that are in the state but not in the engine.
 *
 * @throws EngineError
 */
export async function missingMachines(
  cluster: string,
  expected: readonly Expected[],
  options: EngineOptions = {},
): Promise<readonly string[]> {
  return (
    await driftOf(
      cluster,
      expected.filter(({ kind }) => kind === "machine"),
      options,
    )
  ).missing;
}

/** Pure; see `driftOf`. */
export function compare(expected: readonly Expected[], { containers, networks, volumes }: EngineContents): Drift {
  const there: Readonly<Record<Expected["kind"], ReadonlySet<string>>> = {
    machine: new Set(containers.map(({ name }) => name)),
    network: new Set(networks),
    volume: new Set(volumes),
  };
  const wanted = new Set(expected.map(({ name }) => name));
  return {
    missing: expected.filter(({ kind, name }) => !there[kind].has(name)).map(({ address }) => address),
    stopped: containers.filter(({ name, running }) => wanted.has(name) && !running).map(({ host }) => host),
  };
}

const inputSchema = z.object({
  kind: z.enum(["network", "volume", "machine"]),
  name: z.string(),
  cluster: z.string(),
  owner: z.string().optional(),
});

const resourceSchema = z.object({ address: z.string(), type: z.string(), values: z.record(z.string(), z.unknown()) });

interface Module {
  readonly resources?: readonly z.infer<typeof resourceSchema>[] | undefined;
  readonly child_modules?: readonly Module[] | undefined;
}

const moduleSchema: z.ZodType<Module> = z.lazy(() =>
  z.object({ resources: z.array(resourceSchema).optional(), child_modules: z.array(moduleSchema).optional() }),
);

const stateSchema = z.object({ values: z.object({ root_module: moduleSchema }).optional() });

function resourcesOf(module: Module | undefined): readonly z.infer<typeof resourceSchema>[] {
  return module === undefined
    ? []
    : [...(module.resources ?? []), ...(module.child_modules ?? []).flatMap(resourcesOf)];
}
