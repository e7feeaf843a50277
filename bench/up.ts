// What `ohpc up` costs more than work by hand: one master and four nodes from nothing, in turn with up-by-hand.sh, on the
// same machine in the same minutes. Needs podman and the node image.
//
//   npm run build && node -r tsx/cjs bench/up.ts [RUNS]
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { enginePrelude } from "../lib/clouds/local/engine-prelude";
import { nodeImage } from "../lib/images/image";
import { Place } from "../__tests__/support/place";
import { ScenarioProject } from "../__tests__/support/scenario-project";

const RUNS = Number(process.argv[2] ?? 7);
const NODES = 4;
const USERS = "users:\n  - name: alice\n    uid: 2001\n";
/** How many times as long as by hand it may take. */
const LIMIT = 1.4;

/** Of one run, in seconds. */
interface Measured {
  readonly wall: number;
  /** Of all processors of the machine, whoever used them. */
  readonly cpu: number;
  readonly stages: Readonly<Record<string, number>>;
}

async function main(): Promise<void> {
  const ohpc: Measured[] = [];
  const hand: Measured[] = [];
  for (let round = 0; round < RUNS; round++) {
    // Who is first may find caches cold.
    const turns = [async () => ohpc.push(await byOhpc()), async () => Promise.resolve(hand.push(byHand()))];
    for (const turn of round % 2 === 0 ? turns : turns.reverse()) await turn();
    const [ours, theirs] = [ohpc.at(-1), hand.at(-1)];
    console.log(`run ${round + 1}: ohpc ${ours?.wall.toFixed(2)} s, by hand ${theirs?.wall.toFixed(2)} s`);
  }
  tell("ohpc up", ohpc);
  tell("by hand", hand);
  for (const what of ["wall", "cpu"] as const) {
    const ratio = median(ohpc.map((one) => one[what])) / median(hand.map((one) => one[what]));
    console.log(`${what}: ohpc up : by hand ${ratio.toFixed(2)}${what === "wall" ? ` (limit ${LIMIT})` : ""}`);
  }
}

async function byOhpc(): Promise<Measured> {
  const project = new ScenarioProject("up", { cpu: NODES, gpu: 0 });
  project.users = USERS;
  try {
    const { result, wall, cpu } = await timed(async () => project.must("up"));
    const { phases, seconds } = result as { phases: { phase: string; seconds: number }[]; seconds: number };
    const stages = phases.map(({ phase, seconds: took }) => [phase.split(/[ :]/)[0] ?? "", took] as const);
    return { wall, cpu, stages: { ...Object.fromEntries(stages), "before and after": wall - seconds } };
  } finally {
    await project.remove();
  }
}

function byHand(): Measured {
  const place = Place.take("hand", { containers: true });
  const directory = mkdtempSync(join(tmpdir(), "ohpc-bench-"));
  const script = `set -euo pipefail\n${enginePrelude({ engine: "podman" })}${readFileSync(join(__dirname, "up-by-hand.sh"), "utf8")}`;
  const network = place.subnet.replace(/\.0\.0\/16$/, "");
  const run = (what: "up" | "down") =>
    execFileSync(
      "bash",
      ["-c", script, "up-by-hand", String(NODES), nodeImage(), `ohpc-${place.name}`, network, directory, what],
      { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] },
    );
  try {
    const before = busySeconds();
    const lines = run("up").trim().split("\n");
    const stages: Record<string, number> = Object.fromEntries(
      lines.map((line) => line.split(" ")).map(([what = "", took]) => [what, Number(took)]),
    );
    return { wall: Object.values(stages).reduce((sum, one) => sum + one, 0), cpu: busySeconds() - before, stages };
  } finally {
    run("down");
    place.release();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function timed<T>(work: () => Promise<T>): Promise<{ result: T; wall: number; cpu: number }> {
  const [started, before] = [performance.now(), busySeconds()];
  const result = await work();
  return { result, wall: (performance.now() - started) / 1000, cpu: busySeconds() - before };
}

/** Hundredths of a second of user, nice, system, irq, softirq: proc(5). */
function busySeconds(): number {
  const fields = readFileSync("/proc/stat", "utf8").split("\n")[0]?.trim().split(/\s+/).slice(1).map(Number) ?? [];
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = fields;
  return (user + nice + system + irq + softirq) / 100;
}

function tell(what: string, runs: readonly Measured[]): void {
  const walls = runs.map(({ wall }) => wall);
  const spread = `${Math.min(...walls).toFixed(2)} to ${Math.max(...walls).toFixed(2)}`;
  console.log(
    `${what}: ${median(walls).toFixed(2)} s (${spread}), ${median(runs.map(({ cpu }) => cpu)).toFixed(1)} s of CPU`,
  );
  for (const stage of Object.keys(runs[0]?.stages ?? {}))
    console.log(`  ${stage.padEnd(18)} ${median(runs.map(({ stages }) => stages[stage] ?? 0)).toFixed(2)} s`);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

void main();
