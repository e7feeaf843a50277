// Writes lib/slurm/effects.tsv anew: gives every key of slurm.conf that users may set another value, on a local cluster of
// its own with jobs running, and tells what Slurm makes of it (minutes). Needs a container engine and the node image.
//
//   node -r tsx/cjs scripts/measure-effects.ts [--missing | --keys KEY,KEY…] [--out FILE]
//
// With --missing or --keys only those that the table has not, or these; all others stay as they are in it. It is written as
// soon as something is known.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { configure } from "../lib/operate/configure/configure";
import type { ClusterSketch } from "../__tests__/support/cluster-builder";
import { EffectProbe, NotLegal, type Observation, type Trial } from "../__tests__/support/effect-probe";
import { COLUMNS, rowOf, rowsOf, seenIn } from "../__tests__/support/effect-rows";
import { TRIALS, UNTRIED } from "../__tests__/support/effect-trials";
import { HandMadeCluster } from "../__tests__/support/hand-made-cluster";

const TABLE = join(__dirname, "../lib/slurm/effects.tsv");
const BATCH = 12;
const shape = { coresPerSocket: 4, memoryMebibytes: 4096 };
const sketch: ClusterSketch = { pools: { cpu: { shape }, gpu: { shape } }, users: [{ name: "alice" }] };

async function main(): Promise<void> {
  const { values: options } = parseArgs({
    options: {
      keys: { type: "string" },
      missing: { type: "boolean", default: false },
      out: { type: "string", default: TABLE },
    },
  });
  const all = options.keys === undefined && !options.missing;
  const table = all || !existsSync(options.out) ? "" : readFileSync(options.out, "utf8");
  const kept = rowsOf(table).flatMap(said);
  const untried = UNTRIED.map(({ of = "cluster", key, effect, why }) => [
    of,
    key,
    ...Array<string>(8).fill(""),
    effect,
    why,
  ]);
  const rows = new Map([...kept, ...untried].map((row) => [nameOf(row), row]));
  const keys = options.keys?.split(",");
  const trials = TRIALS.filter((trial) => keys?.includes(trial.key) ?? !rows.has(nameOfTrial(trial)));
  if (trials.length === 0) {
    write(options.out, /^# measured: Slurm ([^,]*)/.exec(table)?.[1] ?? "", [...rows.values()]);
    return;
  }
  const cluster = new HandMadeCluster("measured");
  try {
    await cluster.prepare();
    await cluster.startMaster();
    await cluster.startNode("cpu", 1);
    await cluster.startNode("gpu", 1);
    await configure(cluster.view(sketch), cluster.remote());
    for (const [of, node] of Object.entries({ cpu: "cpu-1", gpu: "gpu-1" })) {
      const mine = trials.filter(({ at = "cpu-1" }) => at.startsWith("gpu") === (of === "gpu"));
      const probe = new EffectProbe(cluster, [node], "alice");
      await probe.begin();
      const version = await probe.version();
      const tell = (trial: Trial, seen: Observation | NotLegal) => {
        if (seen instanceof NotLegal) {
          console.error(`${trial.key}=${trial.to ?? ""}: ${seen.message}`);
          process.exitCode = 1;
          return;
        }
        const row = rowOf(trial, seen);
        rows.set(nameOf(row), row);
        console.log(row.join("\t"));
        write(options.out, version, [...rows.values()]);
      };
      for (const batch of batchesOf(mine)) await probe.measureAll(batch, tell);
      await probe.end();
    }
  } finally {
    await cluster.end();
  }
}

/** Keys that need nothing else together, but for neighbours in the alphabet, which often do; all others one by one. */
function batchesOf(trials: readonly Trial[]): readonly (readonly Trial[])[] {
  const isPlain = ({ of, with: beside, atLeast }: Trial) =>
    of === undefined && beside === undefined && atLeast === undefined;
  const plain = trials.filter(isPlain);
  const count = Math.ceil(plain.length / BATCH);
  const batches = Array.from({ length: count }, (_, k) => plain.filter((_trial, index) => index % count === k));
  return [...batches, ...trials.filter((trial) => !isPlain(trial)).map((trial) => [trial])];
}

function write(file: string, version: string, rows: readonly (readonly string[])[]): void {
  const sorted = [...rows].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  const today = new Date().toISOString().slice(0, 10);
  const header = `# measured: Slurm ${version}, ${today}; a batch job with a step, and an srun from outside, ran meanwhile`;
  writeFileSync(file, `${[header, ...[COLUMNS, ...sorted].map((row) => row.join("\t"))].join("\n")}\n`);
}

/** What was seen before, in the words of now; nothing of what is not tried any more. */
function said(row: readonly string[]): readonly (readonly string[])[] {
  const trial = TRIALS.find((one) => nameOfTrial(one) === nameOf(row));
  const seen = seenIn(row);
  return trial === undefined || seen === undefined ? [] : [rowOf(trial, seen)];
}

function nameOfTrial({ of = "cluster", key, to = "" }: Trial): string {
  return nameOf([of, key, "", to]);
}

/** Of a key that names what comes and goes there are two rows. */
function nameOf([of = "", key = "", , to = ""]: readonly string[]): string {
  return `${of} ${key} ${/Name$/.test(key) && of !== "cluster" ? (to === "" ? "goes" : "comes") : ""}`;
}

void main();
