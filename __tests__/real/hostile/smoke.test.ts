import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describeFailure, type DescribedFailure } from "../../../lib/cli/describe-failure";
import { type HelloResult, smokeHello } from "../../../lib/operate/smoke/hello";
import { type FinishedJob, runJob } from "../../../lib/operate/smoke/job";
import { Duration } from "../../../lib/units";
import type { ClusterSketch } from "../../support/cluster-builder";
import { eventually, HandMadeCluster } from "../../support/hand-made-cluster";
import { PretendedStack } from "../../support/pretended-stack";

/** What alice has prepared for whoever proves the cluster by a job of hers. */
const cluster = new HandMadeCluster("hostilesmoke");
const sketch: ClusterSketch = { pools: { cpu: 1 }, users: [{ name: "alice" }, { name: "bob" }] };
let stack: PretendedStack;

beforeAll(async () => {
  await cluster.startSmallest(sketch);
  await eventually(
    async () => master("sinfo --noheader --format=%T || true"),
    (state) => state === "idle\n",
  );
  stack = PretendedStack.of(cluster, sketch);
}, 900_000);
afterAll(async () => {
  stack.remove();
  await cluster.end();
});
afterEach(async () => {
  await master(
    "touch /home/alice/stop; chmod 700 /home/alice; pkill -KILL -u alice -f prepared || true; rm -rf /home/alice/ohpc-smoke /home/alice/stop",
  );
});

describe("alice", () => {
  it("cannot have her profile read, nor her shell run", async () => {
    await alice(
      "for file in .profile .bash_profile .bash_login .bashrc .zshenv; do echo 'echo PROFILE; touch ~/was-read; exec sleep 300' >~/$file; done",
    );
    await master("usermod --shell /usr/bin/python3 alice");
    try {
      expect(await hello()).toMatchObject([
        { ranks: 1, hosts: ["cpu-1"], mpi: expect.stringMatching(/^Open MPI v/) as string },
      ]);
      expect(await master("ls -A /home/alice")).not.toContain("was-read");
    } finally {
      await master(
        "usermod --shell /bin/bash alice; rm -f /home/alice/.profile /home/alice/.bash* /home/alice/.zshenv",
      );
    }
  });

  it.each([
    ["a link to a file of root's", "ln -sfn /etc/shadow output.txt"],
    ["a pipe that nobody writes into", "rm -f output.txt; mkfifo output.txt"],
    ["a device without an end", "ln -sfn /dev/zero output.txt"],
    ["another user's file", "ln -sfn /home/bob/secret output.txt"],
    ["a hundred gigabytes of nothing", "rm -f output.txt; truncate --size 100G output.txt"],
  ])("cannot show the operator, or make wait for, %s", async (_, swap) => {
    await master("runuser -u bob -- sh -c 'umask 077; echo root:secret: >/home/bob/secret'");
    const begun = Date.now();
    const { output } = await job(`${BATCH}${swap}\n`);
    expect(output).toMatch(/^\0*$/);
    expect(output.length).toBeLessThanOrEqual(4_000_000);
    expect(Date.now() - begun).toBeLessThan(120_000);
  });

  it("cannot have files written where her directory leads", async () => {
    await alice("mkdir -p ~/elsewhere; rm -rf ~/ohpc-smoke; ln -s ~/elsewhere ~/ohpc-smoke");
    expect(await failed(hello())).toMatchObject({
      code: "smoke.not-submitted",
      cause: "/home/alice/ohpc-smoke is no directory: move it away",
    });
    expect(await master("ls -A /home/alice/elsewhere")).toBe("");
  });

  it("is told what is wrong with a home that she cannot write to", async () => {
    await alice("chmod 500 ~");
    expect(await failed(hello())).toMatchObject({
      code: "smoke.not-submitted",
      cause: expect.stringContaining("Permission denied") as string,
    });
  });

  it("cannot make a job that failed look as if it had not", async () => {
    await prepared(
      'job=$(squeue --me --noheader --format=%A) && [ -n "$job" ] && scontrol update "jobid=$job" "name=x JobState=COMPLETED ExitCode=0:0 "',
    );
    expect(await failed(job(`${BATCH}sleep 4; exit 3\n`))).toMatchObject({
      code: "smoke.job-failed",
      message: expect.stringMatching(/ended as FAILED, exit code 3:0, on cpu-1$/) as string,
    });
  });

  it("cannot keep a process of hers between the operator and the end", async () => {
    // Whatever a user's program leaves behind has the pipes that it was given.
    const begun = Date.now();
    await job(`${BATCH}true\n`, "(setsid sleep 600 &)");
    // Two minutes are what compiling may take.
    expect(Date.now() - begun).toBeLessThan(110_000);
    await master("pkill -u alice -x sleep");
  });
});

describe("an operator who stops", () => {
  it.each(["SIGINT", "SIGTERM", "SIGKILL"] as const)("smoke by %s has its job cancelled", async (signal) => {
    await master("scontrol update nodename=cpu-1 state=drain reason=test");
    try {
      const ohpc = cli("smoke", "demo", "hello", "--user", "alice");
      let said = "";
      for (const stream of [ohpc.stdout, ohpc.stderr]) stream.on("data", (text: Buffer) => (said += text.toString()));
      const queue = async () => master("squeue --noheader --states=PENDING,RUNNING --format='%A %u'");
      const [id = ""] = (await eventually(queue, (jobs) => jobs.endsWith(" alice\n"))).split(" ");
      ohpc.kill(signal);
      const [code] = (await once(ohpc, "close")) as [number | null];
      await eventually(queue, (jobs) => jobs === "");
      if (signal === "SIGKILL") return;
      expect({ code, said }).toEqual({
        code: 130,
        said: expect.stringContaining(`interrupted: job ${id} (hello) of alice was cancelled`) as string,
      });
      expect(said).not.toContain("run the same command again");
    } finally {
      await master("scontrol update nodename=cpu-1 state=resume");
    }
  });
});

const silent = { title: () => undefined, detail: () => undefined };

async function hello(): Promise<readonly HelloResult[]> {
  const placement = {
    partition: "cpu",
    nodes: 1,
    coresPerNode: 1,
    threaded: false,
    sharesCores: true,
    memoryPerNodeMebibytes: 512,
  };
  const options = { user: "alice", placements: [placement], deadline: Duration.minutes(2) };
  return smokeHello(cluster.remote(), options, { phase: async (_, work) => work(silent), note: () => undefined });
}

async function job(script: string, compile?: string): Promise<FinishedJob> {
  const submission = { name: "hello", user: "alice", script, files: {}, compile, deadline: Duration.minutes(2) };
  return runJob(cluster.remote(), submission, silent);
}

const BATCH = "#!/bin/bash\n#SBATCH --output=output.txt --ntasks=1\n";

async function failed(promise: Promise<unknown>): Promise<DescribedFailure> {
  return promise.then(
    (value) => {
      throw new Error(`it should have failed: ${JSON.stringify(value)}`);
    },
    (error: unknown) => describeFailure(error),
  );
}

async function alice(script: string): Promise<string> {
  return master('runuser -u alice -- bash -c "$1"', `export HOME=/home/alice; cd; ${script}`);
}

/** Tries something as alice again and again, until it was done once. */
async function prepared(script: string): Promise<void> {
  const loop = `until { ${script}; }; do [ ! -e ~/stop ] || exit; sleep 0.02; done`;
  await alice(`cat >prepared <<'END'\n${loop}\nEND\nsetsid --fork bash prepared </dev/null >/dev/null 2>&1`);
}

async function master(script: string, ...args: string[]): Promise<string> {
  return cluster.remote().run(script, { args, timeout: Duration.seconds(60) });
}

function cli(...args: readonly string[]) {
  const main = join(__dirname, "..", "..", "..", "lib", "cli", "main.ts");
  return spawn(process.execPath, ["-r", require.resolve("tsx/cjs"), main, ...args], {
    cwd: stack.directory,
    env: stack.env,
    stdio: ["ignore", "pipe", "pipe"],
  });
}
