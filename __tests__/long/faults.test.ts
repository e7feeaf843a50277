import { execFileSync, spawn } from "node:child_process";
import { join } from "node:path";
import { runEngine } from "../../lib/clouds/local/engine";
import { type Outcome, ScenarioProject, until } from "../support/scenario-project";

/**
 * What breaks in the middle of each operation: then one `ohpc up` ends in the state that is wanted, and no job was lost that
 * no plan had named. A cluster for each fault; an operation goes on where the one before left it.
 */
const FAULTS = {
  "slurmctld is killed": async (project) => inside(project, "pkill -9 -x slurmctld || true"),
  "the SSH connection is killed": async (project) => killed(project.privateDirectory),
  "ohpc is killed": async (_, ohpc) => Promise.resolve(void process.kill(ohpc, "SIGKILL")),
  "the master's machine is killed": async (project) => {
    await runEngine(["kill", "--signal", "KILL", container(project, "master")], LIMIT).catch(() => undefined);
  },
} satisfies Readonly<Record<string, (project: ScenarioProject, ohpc: number) => Promise<void>>>;

interface Operation {
  /** Makes it what is wanted, before it is carried out. */
  readonly want: (project: ScenarioProject) => void;
  /** What has to be typed before. */
  readonly before?: readonly string[];
  /** What is typed. */
  readonly words: readonly string[];
  /** A line that is said in the middle of it. */
  readonly when: RegExp;
  /** What becomes of bob's job, which is on the node that goes or belongs to who goes; alice's runs on through all of it. */
  readonly bob: "runs" | "is requeued" | "ends" | "was named, as all others";
}

const UP = ["up", "--yes"];
const OPERATIONS: Readonly<Record<string, Operation>> = {
  "a settings change": {
    want: ({ definition }) => (definition.settings = { MaxArraySize: "5000" }),
    words: UP,
    when: /slurm\.conf/,
    bob: "runs",
  },
  "adding a user": {
    want: (project) => (project.users = usersFile("alice", "bob", "carol")),
    words: UP,
    when: /accounts$/,
    bob: "runs",
  },
  "growing a pool": {
    want: ({ definition }) => (definition.cpu = 3),
    words: UP,
    when: /cpu-3 created/,
    bob: "runs",
  },
  "making a machine anew": {
    want: () => undefined,
    words: ["replace", "cpu-2", "--yes"],
    when: /cpu-2 destroyed/,
    bob: "is requeued",
  },
  "stopping nodes": {
    want: () => undefined,
    words: ["stop", "cpu-2", "cpu-3", "--yes"],
    when: /Stop 2 nodes/,
    bob: "is requeued",
  },
  "starting them again": {
    want: () => undefined,
    before: ["stop", "cpu-2", "cpu-3", "--yes"],
    words: ["resume"],
    when: /Start 2 nodes/,
    bob: "is requeued",
  },
  "shrinking a pool": {
    want: ({ definition }) => (definition.cpu = 2),
    words: UP,
    when: /Deploy scenario/,
    bob: "runs",
  },
  "removing a user": {
    want: (project) => (project.users = usersFile("alice", "carol")),
    words: UP,
    when: /users who go/,
    bob: "ends",
  },
  "destroying it": {
    want: () => undefined,
    words: ["destroy", "--yes"],
    when: /cpu-\d destroyed/,
    bob: "was named, as all others",
  },
  "the first up": {
    want: () => undefined,
    words: UP,
    when: /Configure \S+: \d+ of \d+ steps/,
    bob: "was named, as all others",
  },
};

describe.each(Object.keys(FAULTS) as (keyof typeof FAULTS)[])("where %s", (fault) => {
  let project: ScenarioProject;
  /** Jobs that no plan of these operations names, and bob's. */
  let alice = "";
  let bob = "";

  beforeAll(async () => {
    project = new ScenarioProject("faults", { cpu: 2, gpu: 0 });
    project.users = usersFile("alice", "bob");
    await project.must("up");
    alice = await runningOn("cpu-1", "alice");
    bob = await runningOn("cpu-2", "bob");
  });
  afterAll(async () => {
    await project.remove();
  });

  it.each(Object.entries(OPERATIONS))(
    "in the middle of %s, one `ohpc up` ends in what is wanted",
    async (_, operation) => {
      operation.want(project);
      const [verb, ...args] = operation.before ?? [];
      if (verb !== undefined) await project.must(verb, ...args);
      const { outcome, happened } = await broken(project, operation, FAULTS[fault]);
      expect({ happened, outcome: happened ? "" : outcome }).toEqual({ happened: true, outcome: "" });
      const { code, stdout, stderr } = await project.ohpc("up", "--yes");
      expect({ code, stderr, stdout: code === 0 ? "" : stdout }).toEqual({ code: 0, stderr: "", stdout: "" });
      expect(await project.must("plan")).toMatchObject({ changes: false, unknown: [] });
      expect(await project.must("status")).toMatchObject({ problems: [] });

      if (operation.bob === "was named, as all others") {
        if (operation.words[0] === "destroy") await project.must("destroy", "--yes");
        return;
      }
      expect(await seen(alice)).toBe("RUNNING 0 times requeued");
      if (operation.bob === "ends") {
        expect(await seen(bob)).toMatch(/^(CANCELLED|gone)/);
        return;
      }
      await until("bob's job is in the queue", async () => {
        const now = await seen(bob);
        return /^(RUNNING|PENDING|CONFIGURING)/.test(now) || now;
      });
      if (operation.bob === "runs") expect(await seen(bob)).toMatch(/^RUNNING/);
      // It starts anew two minutes after it was requeued; the next operation wants it to run, and now.
      else {
        // A slurmctld that was killed may take it for running on a machine that is another one by now, for three minutes.
        const node = "scontrol update nodename=cpu-2";
        await project.onMaster(`scancel ${bob}; ${node} state=down reason=over; ${node} state=resume`);
        await until("its node is free", async () => {
          const left = await project.onMaster(`squeue --all --noheader --jobs=${bob} 2>/dev/null || true`);
          return left === "" || left;
        });
        bob = await runningOn("cpu-2", "bob");
      }
    },
  );

  async function runningOn(host: string, user: string): Promise<string> {
    const words = `sbatch --parsable --mem 10 --nodelist ${host} --output /dev/null --wrap "sleep 36000"`;
    const id = await project.onMaster(`runuser -l ${user} -c '${words}'`);
    await until(`job ${id} runs`, async () => {
      const now = await seen(id);
      return now.startsWith("RUNNING") || now;
    });
    // A slurmctld that is killed knows what it has written down, which it does some seconds later: a job that began since
    // then it would start once more, and its slurmd would not.
    const since = await project.onMaster("date +%s");
    await until("Slurm has written it down", async () => {
      const saved = await project.onMaster("stat -c %Y /srv/ohpc/state/slurmctld/job_state");
      return Number(saved) > Number(since) || saved;
    });
    return id;
  }

  async function seen(id: string): Promise<string> {
    const text = await project.onMaster(`scontrol --oneliner show job ${id} 2>&1 || true`);
    const [, state = "gone"] = / JobState=([A-Z_]+)/.exec(text) ?? [];
    const [, restarts = ""] = / Restarts=(\d+)/.exec(text) ?? [];
    return `${state} ${restarts} times requeued`;
  }
});

/** Runs an operation, and breaks something when it says that it is in the middle of it. */
async function broken(
  project: ScenarioProject,
  { words, when }: Operation,
  fault: (project: ScenarioProject, ohpc: number) => Promise<void>,
): Promise<{ readonly outcome: Outcome; readonly happened: boolean }> {
  project.save();
  const [verb = "", ...args] = words;
  const main = join(__dirname, "..", "..", "dist", "cli", "main.js");
  const child = spawn(process.execPath, [main, verb, "scenario", ...args], {
    cwd: project.directory,
    env: project.env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  let breaks: Promise<void> | undefined;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    if (breaks === undefined && stdout.split("\n").some((line) => when.test(line)))
      breaks = fault(project, child.pid ?? 0);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const code = await new Promise<number>((resolve) =>
    child.on("close", (number) => {
      resolve(number ?? -1);
    }),
  );
  await breaks;
  return { outcome: { code, stdout, stderr }, happened: breaks !== undefined };
}

const LIMIT = { timeoutSeconds: 120 } as const;

function container(project: ScenarioProject, host: string): string {
  return `ohpc-${project.definition.cluster}-${host}`;
}

async function inside(project: ScenarioProject, command: string): Promise<void> {
  await runEngine(["exec", container(project, "master"), "bash", "-c", command], LIMIT).catch(() => undefined);
}

/** Ends the operator's connections to a cluster, which have its private directory in their arguments. */
async function killed(privateDirectory: string): Promise<void> {
  const lines = execFileSync("ps", ["-eo", "pid=,comm=,args="], { encoding: "utf8" }).split("\n");
  for (const line of lines) {
    const [pid = "", command = ""] = line.trim().split(/\s+/);
    if (command === "ssh" && line.includes(privateDirectory)) end(Number(pid));
  }
  return Promise.resolve();
}

/** It may have ended by itself meanwhile. */
function end(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function usersFile(...names: readonly string[]): string {
  const uids: Readonly<Record<string, number>> = { alice: 2001, bob: 2002, carol: 2003 };
  return `users:\n${names.map((name) => `  - { name: ${name}, uid: ${uids[name] ?? 0} }\n`).join("")}`;
}
