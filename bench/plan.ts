// What a plan costs where nothing is to be done, against Terraform's own plan and an `ohpc configure` that has nothing to do,
// interleaved. Needs a container engine and the node image.
//
//   npm run build && node -r tsx/cjs bench/plan.ts [RUNS]
import { join } from "node:path";
import { run, ScenarioProject } from "../__tests__/support/scenario-project";

async function main(): Promise<void> {
  const runs = Number(process.argv[2] ?? 7);
  const project = new ScenarioProject("plan-bench", { cpu: 3, gpu: 1 });
  project.users = "users:\n  - { name: alice, uid: 2001 }\n";
  const seconds: Record<"plan" | "terraform" | "configure" | "up", number[]> = {
    plan: [],
    terraform: [],
    configure: [],
    up: [],
  };
  try {
    await project.must("up");
    const stack = join(project.directory, "cdktf.out", "stacks", "scenario");
    for (let round = 0; round < runs; round++) {
      seconds.plan.push(await timed(async () => project.must("plan")));
      seconds.terraform.push(
        await timed(async () => run("terraform", ["plan", "-no-color", "-input=false"], stack, project.env)),
      );
      seconds.configure.push(await timed(async () => project.must("configure")));
      seconds.up.push(await timed(async () => project.must("up")));
    }
  } finally {
    await project.remove();
  }
  for (const [what, measured] of Object.entries(seconds))
    console.log(`${what.padEnd(10)} ${median(measured).toFixed(2)} s`);
  const more = median(seconds.plan.map((plan, k) => plan - (seconds.terraform[k] ?? 0) - (seconds.configure[k] ?? 0)));
  console.log(`plan - (terraform plan + configure): ${more.toFixed(2)} s`);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

void main();
