import { readFileSync } from "node:fs";
import { join } from "node:path";
import { addUp, type Cost } from "../../clouds/cost";
import { withCommandLock } from "../lock/command-lock";
import { costIn } from "../power/vendors";
import { sitesOf } from "../stack/planned-sites";
import { findProject, type Place } from "../stack/project";
import { specOf } from "../stack/spec";
import { stackNamed, synthesize } from "../stack/synthesis";

export interface StackCost extends Cost {
  readonly cluster: string;
  /** Kinds of clouds in it that nobody knows prices for. */
  readonly unknownClouds: readonly string[];
}

/**
 * What a stack as it is written costs by list price, deployed or not: the app is run, no vendor is asked.
 *
 * @throws Failure
 */
export async function stackCost(name: string, { cwd, env }: Place): Promise<StackCost> {
  const project = findProject(cwd, env);
  return withCommandLock(env, `ohpc cost ${name}`, async (commandLock) => {
    await commandLock.lockOutput(project);
    const stack = stackNamed(await synthesize(project, env, name), name);
    const { cluster } = specOf(stack);
    const terraform: unknown = JSON.parse(readFileSync(join(stack.directory, "cdk.tf.json"), "utf8"));
    const clouds = [...new Set(sitesOf(stack).map(({ cloud }) => cloud))];
    const costs = clouds.map((cloud) => ({ cloud, cost: costIn(cloud, terraform) }));
    return {
      cluster,
      ...addUp(costs.flatMap(({ cost }) => cost ?? [])),
      unknownClouds: costs.filter(({ cost }) => cost === undefined).map(({ cloud }) => cloud),
    };
  });
}
