// Whether the operator's work grows with the nodes: `ohpc configure` for 16 nodes against 2, both with a change to carry
// out and with nothing to do. Needs a container engine and the node image.
//
//   npm run build && node -r tsx/cjs bench/configure.ts
import { ScenarioProject, until } from "../__tests__/support/scenario-project";

const RUNS = 5;

const users = (count: number) =>
  `users:\n${Array.from({ length: count }, (_, k) => `  - name: user${k}\n    uid: ${2000 + k}\n`).join("")}`;

async function main(): Promise<void> {
  const few = new ScenarioProject("few", { cpu: 1, gpu: 1 });
  const many = new ScenarioProject("many", { cpu: 15, gpu: 1 });
  const seconds: Record<string, number[]> = {};
  try {
    for (const project of [few, many]) {
      project.users = users(1);
      await project.must("up");
    }
    for (let round = 1; round <= RUNS; round++) {
      for (const [name, project] of Object.entries({ "2 nodes": few, "16 nodes": many })) {
        project.users = users(1 + round);
        const { phases } = (await project.must("up")) as { phases: { phase: string; seconds: number }[] };
        (seconds[`${name}, a user added`] ??= []).push(
          phases.find(({ phase }) => phase.startsWith("Configure"))?.seconds ?? NaN,
        );
        await settled(project);
        const started = performance.now();
        await project.must("configure");
        (seconds[`${name}, nothing to do`] ??= []).push((performance.now() - started) / 1000);
      }
    }
  } finally {
    for (const project of [few, many]) await project.remove();
  }
  for (const [what, measured] of Object.entries(seconds))
    console.log(`${what.padEnd(28)} ${median(measured).toFixed(2)} s`);
  for (const what of ["a user added", "nothing to do"]) {
    const ratio = median(seconds[`16 nodes, ${what}`] ?? []) / median(seconds[`2 nodes, ${what}`] ?? []);
    console.log(`16 nodes : 2 nodes, ${what.padEnd(14)} ${ratio.toFixed(2)}`);
  }
}

/** Nodes carry out on this machine's cores, too, what they were kicked for: that is theirs, not the operator's work. */
async function settled(project: ScenarioProject): Promise<void> {
  await until("all nodes have the newest bundle", async () => {
    const { generation, nodes } = (await project.must("status")) as {
      generation: number;
      nodes: { unit: { ok?: boolean; generation?: number } }[];
    };
    return nodes.every(({ unit }) => unit.ok === true && unit.generation === generation) || JSON.stringify(nodes);
  });
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

void main();
