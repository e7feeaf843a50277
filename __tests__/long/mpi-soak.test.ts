import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { readHelloOutput } from "../../lib/operate/smoke/hello-output";
import { ScenarioProject, until } from "../support/scenario-project";

/**
 * The job of `ohpc smoke hello`, again and again on a machine that is busy: what goes wrong once in a hundred runs, when
 * ranks start at different speeds, is seen here and not by an operator.
 */
const RUNS = Number(process.env["OHPC_SOAK_RUNS"] ?? 300);
/** For each core. */
const HOGS = 2;
const MINUTES = 60_000;
const NODES = 2;
const project = new ScenarioProject("soak", { cpu: NODES, gpu: 0 });
project.users = "users:\n  - name: alice\n    uid: 2001\n";

afterAll(async () => {
  await project.remove();
}, 5 * MINUTES);

interface Hello {
  readonly ranks: number;
  readonly directory: string;
}

let hello: Hello;

beforeAll(async () => {
  await project.must("up");
  const { runs } = (await project.must("smoke", "hello")) as { runs: readonly Hello[] };
  hello = runs[0]!;
}, 30 * MINUTES);

describe("the MPI smoke job", () => {
  it(
    `runs ${RUNS} times on a busy machine, and every rank hears from every other one each time`,
    async () => {
      const runs = await onBusyMachine(async () => runAgain(hello.directory));
      const wrong = runs.flatMap(({ code, output }, k) => {
        const { problems } = readHelloOutput(output, { ranks: hello.ranks, nodes: NODES });
        return code === 0 && problems.length === 0 ? [] : [{ run: k + 1, code, problems, output }];
      });
      expect({ runs: runs.length, wrong }).toEqual({ runs: RUNS, wrong: [] });
    },
    180 * MINUTES,
  );
});

interface Run {
  readonly code: number;
  readonly output: string;
}

/** In one allocation, by the very script that the smoke job has submitted but for its last line, which is repeated. */
async function runAgain(directory: string): Promise<readonly Run[]> {
  const script = `
    cd ${directory}
    sed 's/^srun .*/for k in $(seq ${RUNS}); do & >run.$k 2>\\&1 \\&\\& code=0 || code=$?; echo $code >code.$k; done/' job.sh >soak.sh
    grep -q 'seq ${RUNS}' soak.sh
    sbatch --parsable --time=3:00:00 --job-name=soak --output=soak.txt soak.sh`;
  const job = await project.onMaster(`runuser -l alice -c '${script.replaceAll("'", `'\\''`)}'`);
  await until(
    `job ${job} ends`,
    async () => {
      const state = await project.onMaster(`scontrol --oneliner show job ${job} | grep -oP '(?<=JobState=)\\w+'`);
      return !["PENDING", "CONFIGURING", "RUNNING", "COMPLETING"].includes(state) || state;
    },
    170 * 60,
  );
  const printed = await project.onMaster(
    `cd ${directory}; for k in $(seq ${RUNS}); do echo "== $(cat code.$k)"; cat run.$k; done`,
  );
  return printed
    .split(/^== /m)
    .slice(1)
    .map((text) => {
      const [code, ...lines] = text.split("\n");
      return { code: Number(code), output: lines.join("\n") };
    });
}

/** Keeps every core busy meanwhile. What does so ends by itself when we are gone. */
async function onBusyMachine<T>(work: () => Promise<T>): Promise<T> {
  const hogs = Array.from({ length: HOGS * availableParallelism() }, (): ChildProcess =>
    spawn("sh", ["-c", 'while kill -0 "$1"; do :; done', "hog", String(process.pid)], { stdio: "ignore" }),
  );
  try {
    return await work();
  } finally {
    await Promise.all(
      hogs.map(async (hog) => {
        const ended = once(hog, "close");
        hog.kill("SIGKILL");
        await ended;
      }),
    );
  }
}
