import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import Table from "cli-table3";
import { synthesize, type SynthesizedStack } from "../operate/stack/synthesis";
import { specOf } from "../operate/stack/spec";
import { MANIFEST_OUTPUT } from "../model/schema-numbers";
import { deploymentOf } from "../operate/cluster/deployment";
import { findProject, type Place, type Project } from "../operate/stack/project";
import { Terraform } from "../operate/terraform/terraform";
import { expandHosts } from "../slurm/hostlist";
import { here, terminalFor, withJson } from "./options";
import { explain } from "./verb-help";
import { plainTable } from "./table";

interface Listed {
  readonly stack: string;
  /** Absent for a stack without a cluster. */
  readonly cluster?: string;
  readonly deployed: boolean;
  readonly nodes?: number;
}

export function define(command: Command): void {
  withJson(command).action(async (options: { json?: boolean }) => {
    const terminal = terminalFor(options);
    const place = here();
    const project = findProject(place.cwd, place.env);
    const { stacks } = await synthesize(project, place.env);
    const listed = await Promise.all(stacks.map(async (stack) => describe(project, stack, place)));
    terminal.result({ ok: true, stacks: listed }, () => {
      const table = new Table({ ...plainTable, head: ["STACK", "CLUSTER", "DEPLOYED", "NODES"] });
      for (const { stack, cluster, deployed, nodes } of listed) {
        table.push([stack, cluster ?? "-", deployed ? "yes" : "no", nodes === undefined ? "-" : String(nodes)]);
      }
      return table.toString();
    });
  });
  explain(command, { examples: [["ohpc list", "all that the app of cdktf.json makes"]] });
}

async function describe(project: Project, stack: SynthesizedStack, { env }: Place): Promise<Listed> {
  if (!existsSync(join(stack.directory, "cluster.json")))
    return { stack: stack.name, deployed: await hasOutputs(stack, env) };
  const { cluster } = specOf(stack);
  const outputs = await outputsOf(stack, env);
  if (!(MANIFEST_OUTPUT in outputs)) return { stack: stack.name, cluster, deployed: false };
  const { manifest } = deploymentOf(project, stack, outputs, env);
  const nodes = manifest.pools.reduce((sum, { hosts }) => sum + expandHosts(hosts).length, 0);
  return { stack: stack.name, cluster: manifest.cluster, deployed: true, nodes };
}

async function hasOutputs(stack: SynthesizedStack, env: NodeJS.ProcessEnv): Promise<boolean> {
  return Object.keys(await outputsOf(stack, env)).length > 0;
}

/** A stack that Terraform never worked on here has none; finding out would mean to fetch its providers. */
async function outputsOf(stack: SynthesizedStack, env: NodeJS.ProcessEnv): Promise<Readonly<Record<string, unknown>>> {
  if (!existsSync(join(stack.directory, ".terraform"))) return {};
  return new Terraform(stack.directory, env).outputs();
}
