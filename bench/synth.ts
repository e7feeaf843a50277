/**
 * How long synthesis takes, and how little of it depends on the number of nodes: whole processes of the built package.
 * Run it with `npm run build && node -r tsx/cjs bench/synth.ts`.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROUNDS = 5;
const root = join(__dirname, "..");

/** In seconds. Processor time hardly depends on what else the machine does. */
interface Times {
  readonly wall: number;
  readonly cpu: number;
}

interface Row {
  readonly what: string;
  /** Of whole processes, one per round. */
  readonly times: Times[];
  /** Seconds that it may take. */
  readonly limit?: number;
}

function synthOf({ make, pool }: BenchCloud, nodes: number): string {
  return `
    const { App, TerraformStack } = require("cdktf");
    const { ComputePool, NfsDisk, OpenHpcMaster, Size } = require("cdktf-openhpc");
    const app = new App({ outdir: process.argv[1] });
    const stack = new TerraformStack(app, "demo");
    const home = new NfsDisk(stack, "home", { size: Size.gibibytes(200) });
    const master = new OpenHpcMaster(stack, "master", { cloud: ${make}, home });
    new ComputePool(stack, "cpu", { master, nodes: ${nodes}, machine: "medium", addresses: "${pool}" });
    app.synth();`;
}

interface BenchCloud {
  readonly make: string;
  /** Addresses of its pool. */
  readonly pool: string;
}

const ACCESS =
  '{ sshPublicKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDcoZYu1y+cBrkaXEcQ6/mFhispMwt96r9TMucwaJFyG x", from: [] }';
const fake = { make: 'new (require("cdktf-openhpc/testing").FakeCloud)()', pool: "10.77.32.0/19" };
const local = {
  make: 'new (require("cdktf-openhpc/local").LocalCloud)({ subnet: "10.77.0.0/16" })',
  pool: "10.77.32.0/19",
};
const aws = {
  make: `new (require("cdktf-openhpc/aws").AwsCloud)({ region: "us-east-1", access: ${ACCESS} })`,
  pool: "10.78.160.0/19",
};
const azure = {
  make: `new (require("cdktf-openhpc/azure").AzureCloud)({ location: "westeurope", access: ${ACCESS} })`,
  pool: "10.79.160.0/19",
};

const programs: Readonly<Record<string, string>> = {
  "node alone": "0",
  "constructs (the package of that name)": 'require("constructs")',
  "the neutral entry": 'require("cdktf-openhpc")',
  "cdktf (what the entries of the clouds stand on)": 'require("cdktf")',
  "the entry of aws": 'require("cdktf-openhpc/aws")',
  "the entry of azure": 'require("cdktf-openhpc/azure")',
  "local, 5 nodes": synthOf(local, 5),
  "local, 5000 nodes": synthOf(local, 5000),
  "fake, 5 nodes": synthOf(fake, 5),
  "fake, 5000 nodes": synthOf(fake, 5000),
  "aws, 5 nodes": synthOf(aws, 5),
  "aws, 1000 nodes": synthOf(aws, 1000),
  "azure, 5 nodes": synthOf(azure, 5),
  "azure, 1000 nodes": synthOf(azure, 1000),
};
const limits: Readonly<Record<string, number>> = {
  "local, 5000 nodes": 1.5,
  "fake, 5000 nodes": 1.5,
  "the entry of aws": 0.5,
  "the entry of azure": 0.5,
  "aws, 1000 nodes": 1.5,
  "azure, 1000 nodes": 1.5,
};

/** How much more many nodes may take than five. */
const GROWTH = [
  { cloud: "local", nodes: 5000, limit: 3 },
  { cloud: "fake", nodes: 5000, limit: 3 },
  { cloud: "aws", nodes: 1000, limit: 2 },
  { cloud: "azure", nodes: 1000, limit: 2 },
];

function timesOf(program: string): Times {
  const outdir = mkdtempSync(join(tmpdir(), "bench-synth-"));
  const start = performance.now();
  const script = `${program}; const { user, system } = process.cpuUsage(); console.log((user + system) / 1e6);`;
  const cpu = execFileSync(process.execPath, ["-e", script, outdir], { cwd: root, encoding: "utf8" });
  const wall = (performance.now() - start) / 1000;
  rmSync(outdir, { recursive: true });
  return { wall, cpu: Number(cpu) };
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

function main(): void {
  const rows = Object.keys(programs).map((what): Row => ({ what, times: [], limit: limits[what] }));
  // Round by round, so that what else the machine does meets all of them.
  for (let round = 0; round < ROUNDS; round++) {
    for (const { what, times } of rows) times.push(timesOf(programs[what] ?? ""));
  }
  const medians = new Map(
    rows.map(({ what, times }) => [
      what,
      { wall: median(times.map((one) => one.wall)), cpu: median(times.map((one) => one.cpu)) },
    ]),
  );
  const cpuOf = (what: string) => medians.get(what)?.cpu ?? Number.NaN;
  console.table(
    rows.map(({ what, times, limit }) => ({
      what,
      "wall s, median": rounded(medians.get(what)?.wall ?? Number.NaN),
      "wall s, best": rounded(Math.min(...times.map((one) => one.wall))),
      "cpu s, median": rounded(cpuOf(what)),
      "limit, wall s": limit ?? "",
    })),
  );
  console.table([
    ...GROWTH.map(({ cloud, nodes, limit }) => ({
      "cpu time": `${nodes} nodes against 5, ${cloud}`,
      ratio: rounded(cpuOf(`${cloud}, ${nodes} nodes`) / cpuOf(`${cloud}, 5 nodes`)),
      limit,
    })),
    {
      "cpu time": "the neutral entry, ms beyond node's own start",
      ratio: rounded((cpuOf("the neutral entry") - cpuOf("node alone")) * 1000),
      limit: 50,
    },
  ]);
}

function rounded(number: number): number {
  return Number(number.toPrecision(3));
}

main();
