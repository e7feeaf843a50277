// How long 500 people wait for their accounts: `ohpc users add` with 500 names at once, until every node of 1 + 2 has them.
// Needs a container engine and the node image.
//
//   npm run build && node -r tsx/cjs bench/users.ts
import { loadavg } from "node:os";
import { ScenarioProject } from "../__tests__/support/scenario-project";

const ROUNDS = 3;
const NAMES = Array.from({ length: 500 }, (_, k) => `user${k + 1}`);

async function main(): Promise<void> {
  const project = new ScenarioProject("users", { cpu: 2, gpu: 0 });
  project.users = "users:\n  - name: alice\n    uid: 2001\n";
  try {
    await project.must("up");
    for (let round = 1; round <= ROUNDS; round++) {
      const started = performance.now();
      const added = (await project.must("users add", ...NAMES)) as {
        phases: { phase: string; seconds: number }[];
        nodes: { nodes: number; taken: number };
      };
      const seconds = (performance.now() - started) / 1000;
      const phases = added.phases.map((one) => `${one.phase} ${one.seconds.toFixed(1)}`).join(", ");
      const load = loadavg()[0]?.toFixed(1) ?? "?";
      console.log(
        `500 users on ${added.nodes.taken} of ${added.nodes.nodes} nodes: ${seconds.toFixed(1)} s (${phases}); load ${load}`,
      );
      await project.must("users remove", ...NAMES, "--home", "delete", "--yes");
    }
  } finally {
    await project.remove();
  }
}

void main();
