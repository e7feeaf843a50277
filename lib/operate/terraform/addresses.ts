import { z } from "zod";
import { hostKey, kindOf } from "./plan";

/** The addresses of machines by their hosts, in what `terraform show -json` tells of the state. Pure. */
export function machineAddresses(state: unknown): ReadonlyMap<string, string> {
  const { values } = stateSchema.parse(state);
  return new Map(
    resourcesIn(values?.root_module).flatMap(({ address, type, values: attributes }) => {
      const host = hostKey(address);
      return host === undefined || kindOf(type, attributes) !== "machine" ? [] : [[host, address] as const];
    }),
  );
}

interface Module {
  readonly resources?: readonly z.infer<typeof resourceSchema>[] | undefined;
  readonly child_modules?: readonly Module[] | undefined;
}

function resourcesIn(module: Module | undefined): readonly z.infer<typeof resourceSchema>[] {
  return [...(module?.resources ?? []), ...(module?.child_modules ?? []).flatMap(resourcesIn)];
}

const resourceSchema = z.looseObject({ address: z.string(), type: z.string(), values: z.unknown() });
const moduleSchema: z.ZodType<Module> = z.lazy(() =>
  z.looseObject({ resources: z.array(resourceSchema).optional(), child_modules: z.array(moduleSchema).optional() }),
);
const stateSchema = z.looseObject({ values: z.looseObject({ root_module: moduleSchema.optional() }).optional() });
