import { execFileSync } from "node:child_process";
import { join } from "node:path";
import fc from "fast-check";
import { consenterAt } from "../../lib/cli/consenter";
import { describeFailure, failureLines } from "../../lib/cli/describe-failure";
import { writeDocument, writeLines } from "../../lib/cli/output";
import { PlainProgress } from "../../lib/cli/plain-progress";
import { program } from "../../lib/cli/program";
import type { Terminal } from "../../lib/cli/terminal";
import { VERBS as ALL } from "../../lib/cli/verbs";
import { type PowerFailure, PowerError } from "../../lib/clouds/power";
import type * as Images from "../../lib/images/image";
import { listImages, pruneImages } from "../../lib/images/image";
import { RemoteError, type RemoteFailure } from "../../lib/operate/exec/remote/remote";
import { agree } from "../../lib/operate/feedback/consent";
import { Failure } from "../../lib/operate/feedback/failure";
import type { Progress } from "../../lib/operate/feedback/progress";
import { configureStack } from "../../lib/operate/verbs/configure";
import { stackCost } from "../../lib/operate/verbs/cost";
import { destroy } from "../../lib/operate/verbs/destroy";
import { drainNodes } from "../../lib/operate/verbs/drain";
import { collectLogs } from "../../lib/operate/verbs/logs";
import { stackKnownHosts } from "../../lib/operate/verbs/known-hosts";
import { listStacks } from "../../lib/operate/verbs/list";
import { applyPlanFile } from "../../lib/operate/verbs/apply";
import { planStack } from "../../lib/operate/verbs/plan";
import { replace } from "../../lib/operate/verbs/replace";
import { resume } from "../../lib/operate/verbs/resume";
import { smoke } from "../../lib/operate/verbs/smoke";
import { stackStatus } from "../../lib/operate/verbs/status";
import { stop } from "../../lib/operate/verbs/stop";
import { undrainNodes } from "../../lib/operate/verbs/undrain";
import { listUsers } from "../../lib/operate/users/list";
import { up } from "../../lib/operate/verbs/up";
import { changeUsers } from "../../lib/operate/verbs/users";
import { harmIn, hostileText } from "../support/hostile-text";
import { sampleCluster } from "../support/sample-cluster";

jest.mock("../../lib/operate/verbs/configure", () => ({ configureStack: jest.fn() }));
jest.mock("../../lib/operate/verbs/cost", () => ({ stackCost: jest.fn() }));
jest.mock("../../lib/operate/verbs/destroy", () => ({ destroy: jest.fn() }));
jest.mock("../../lib/operate/verbs/drain", () => ({ drainNodes: jest.fn() }));
jest.mock("../../lib/operate/verbs/known-hosts", () => ({ stackKnownHosts: jest.fn() }));
jest.mock("../../lib/operate/verbs/list", () => ({ listStacks: jest.fn() }));
jest.mock("../../lib/operate/verbs/logs", () => ({ collectLogs: jest.fn() }));
jest.mock("../../lib/operate/verbs/apply", () => ({ applyPlanFile: jest.fn() }));
jest.mock("../../lib/operate/verbs/plan", () => ({ planStack: jest.fn() }));
jest.mock("../../lib/operate/verbs/replace", () => ({ replace: jest.fn() }));
jest.mock("../../lib/operate/verbs/resume", () => ({ resume: jest.fn() }));
jest.mock("../../lib/operate/verbs/smoke", () => ({ smoke: jest.fn() }));
jest.mock("../../lib/operate/verbs/status", () => ({ stackStatus: jest.fn() }));
jest.mock("../../lib/operate/verbs/stop", () => ({ stop: jest.fn() }));
jest.mock("../../lib/operate/verbs/undrain", () => ({ undrainNodes: jest.fn() }));
jest.mock("../../lib/operate/users/list", () => ({ listUsers: jest.fn() }));
jest.mock("../../lib/operate/verbs/up", () => ({ up: jest.fn() }));
jest.mock("../../lib/operate/verbs/users", () => ({ changeUsers: jest.fn() }));
jest.mock("../../lib/clouds/local/image", () => ({ imageEngine: jest.fn() }));
jest.mock("../../lib/images/image", () => ({
  ...jest.requireActual<typeof Images>("../../lib/images/image"),
  listImages: jest.fn(),
  pruneImages: jest.fn(),
}));

/** What was written to standard output or error meanwhile. */
async function written(work: () => unknown): Promise<string> {
  let text = "";
  const spies = [process.stdout, process.stderr].map((stream) =>
    jest.spyOn(stream, "write").mockImplementation((chunk) => {
      text += String(chunk);
      return true;
    }),
  );
  try {
    await work();
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return text;
}

interface Shows {
  readonly args: readonly string[];
  /** Makes what the verb does answer with this text wherever something comes from outside. */
  readonly answer: (text: string) => void;
}

const machine = { state: "down", responds: false };
const readiness = (text: string) => ({ nodes: 2, answered: 1, busy: 0, drained: [{ node: text, reason: text }] });
const { spec, manifest } = sampleCluster();
const job = (text: string) => ({
  id: text,
  user: text,
  account: text,
  state: text,
  partition: text,
  name: text,
  hosts: [text],
});
const mocked = (verb: unknown) => verb as jest.Mock;

const plan = (text: string) => {
  const hitJob = { ...job(text), fate: "cancelled", why: text, scope: text };
  return {
    stack: text,
    cluster: text,
    command: text,
    changes: true,
    effect: "live",
    resources: [{ address: text, kind: "machine", name: text, action: "create", effect: "live", reason: text }],
    steps: [{ id: text, title: text, effect: "live", words: [text], byHand: true }],
    // Of several lines, as a file is.
    files: [{ path: text, step: text, diff: `@@ ${text.replaceAll("\n", "")}` }],
    settings: [{ key: text, before: text, after: text, effect: "live" }],
    actions: [{ words: text, effect: "live" }],
    byHand: [text],
    hit: { jobs: [hitJob], users: [text], nodes: [text], data: [text] },
    order: [text],
    asks: [text],
    scopes: [text],
    uncovered: [hitJob],
    left: [text],
    unknown: [text],
  };
};

const VERBS: Readonly<Record<string, Shows>> = {
  apply: {
    args: ["apply", "demo.plan"],
    answer: (text) => mocked(applyPlanFile).mockResolvedValue({ stack: text }),
  },
  plan: {
    args: ["plan", "demo"],
    answer: (text) => mocked(planStack).mockResolvedValue({ plan: plan(text), file: text }),
  },
  "plan --markdown": {
    args: ["plan", "demo", "--markdown"],
    answer: (text) => mocked(planStack).mockResolvedValue({ plan: plan(text) }),
  },
  replace: {
    args: ["replace", "demo", "cpu-1", "--yes"],
    answer: (text) =>
      mocked(replace).mockResolvedValue({ cluster: text, replaced: [text], readiness: readiness(text) }),
  },
  configure: {
    args: ["configure", "demo"],
    answer: (text) => {
      const changed = [{ id: text, title: text, effect: text, differences: [text, text] }];
      mocked(configureStack).mockResolvedValue({
        cluster: text,
        changed,
        unchanged: [],
        introduced: [text],
        stale: [text],
      });
    },
  },
  cost: {
    args: ["cost", "demo"],
    answer: (text) => {
      const item = { what: text, count: 1, hourly: 1, whenStopped: true, note: text };
      const sums = { runningHourly: 1, stoppedHourly: 1, runningMonthly: 1, stoppedMonthly: 1 };
      const names = { billedWhenStopped: [text], withoutPrice: [text], sources: [text], unknownClouds: [text] };
      mocked(stackCost).mockResolvedValue({ cluster: text, items: [item, item], ...sums, ...names });
    },
  },
  destroy: {
    args: ["destroy", "demo", "--yes"],
    answer: (text) => mocked(destroy).mockResolvedValue({ machines: [text], disks: [text], others: [text] }),
  },
  drain: {
    args: ["drain", "demo", "cpu-1", "--reason", "x"],
    answer: (text) => {
      const overruled = [{ host: text, by: "unit", reason: text }];
      const kept = ["person", "stop"].map((by) => ({ host: text, by, reason: text }));
      const rest = { overruled, kept, jobs: [job(text)] };
      mocked(drainNodes).mockResolvedValue({ cluster: text, drained: [text], reason: text, ...rest });
    },
  },
  "image list": {
    args: ["image", "list"],
    answer: (text) => mocked(listImages).mockResolvedValue([{ name: text, size: text, created: text, current: true }]),
  },
  "image prune": {
    args: ["image", "prune"],
    answer: (text) => mocked(pruneImages).mockResolvedValue([text, text]),
  },
  "known-hosts": {
    args: ["known-hosts", "demo"],
    answer: (text) => mocked(stackKnownHosts).mockResolvedValue(`${text.replaceAll("\n", "")}x\n`),
  },
  list: {
    args: ["list"],
    answer: (text) => mocked(listStacks).mockResolvedValue([{ stack: text, cluster: text, deployed: true, nodes: 1 }]),
  },
  logs: {
    args: ["logs", "demo"],
    answer: (text) =>
      mocked(collectLogs).mockResolvedValue({ file: text, bytes: 1, machines: [text], missing: [text, text] }),
  },
  resume: {
    args: ["resume", "demo"],
    answer: (text) => mocked(resume).mockResolvedValue({ cluster: text, started: [text], readiness: readiness(text) }),
  },
  "smoke hello": {
    args: ["smoke", "demo", "hello"],
    answer: (text) => {
      const run = { partition: text, ranks: 2, hosts: [text], mpi: text, job: text, directory: text };
      mocked(smoke).mockResolvedValue({ user: text, runs: [run] });
    },
  },
  "smoke hpl": {
    args: ["smoke", "demo", "hpl"],
    answer: (text) => {
      const numbers = { size: 1, block: 1, rows: 1, columns: 1, seconds: 1, gflops: 1, residual: 1 };
      const run = { ...numbers, partition: text, hosts: text, job: text, directory: text };
      mocked(smoke).mockResolvedValue({ user: text, run });
    },
  },
  status: {
    args: ["status", "demo"],
    answer: (text) => {
      const slurm = { ...machine, state: text, reason: text, by: text, at: text };
      const unit = { stage: text, ok: false, message: text, generation: 1, since: text, attempts: 1 };
      const node = { host: text, pool: text, address: text, machine: text, slurm, unit };
      const counts = { allocated: 1, idle: 1, other: 1, total: 3 };
      const partition = { name: text, default: true, up: true, timeLimit: text, ...counts };
      mocked(stackStatus).mockResolvedValue({
        cluster: text,
        slurmVersion: text,
        controller: { answers: true, message: text },
        services: { [`${text}x`]: text },
        generation: 1,
        nodes: [node, { ...node, unit: { unreachable: text } }],
        partitions: [partition],
        jobs: { [text]: 1 },
        disks: [{ path: text, answers: true, sizeBytes: 1, usedBytes: 1, availableBytes: 1, inodes: 1, inodesUsed: 1 }],
        silent: [text],
        problems: [{ code: text, message: text, remedy: text }],
        unreadable: 0,
        login: { host: text, port: 22, user: text, key: text, sshConfig: [text, text] },
      });
    },
  },
  stop: {
    args: ["stop", "demo", "--yes"],
    answer: (text) => {
      const names = { stopped: [text], ended: [text], already: [text] };
      mocked(stop).mockResolvedValue({ cluster: text, ...names, jobs: [job(text), job(text)] });
    },
  },
  undrain: {
    args: ["undrain", "demo", "cpu-1"],
    answer: (text) => {
      const [undrained, kept] = ["person", "unit"].map((by) => [{ host: text, by, reason: text }]);
      mocked(undrainNodes).mockResolvedValue({ cluster: text, undrained, kept, free: [text] });
    },
  },
  up: {
    args: ["up", "demo", "--yes"],
    answer: (text) => {
      mocked(up).mockResolvedValue({
        deployment: {
          spec: { ...spec, cluster: text, partitions: [{ name: text }] },
          manifest,
          privateDirectory: text,
        },
        changes: [],
        started: [text],
        configured: [],
        introduced: [text],
        readiness: readiness(text),
        phases: [{ phase: text, seconds: 1 }],
        seconds: 1,
      });
    },
  },
  "users list": {
    args: ["users", "list", "demo"],
    answer: (text) => {
      const own = { name: text, uid: 2001, gid: 2001, groups: [text, text], account: text, shell: text };
      const keys = [{ type: text, fingerprint: text, comment: text }];
      const users = [
        { ...own, keys, standing: "there", jobs: { running: 1, pending: 1 } } as const,
        { name: text, standing: "to go" } as const,
      ];
      mocked(listUsers).mockResolvedValue({ cluster: text, file: text, deployed: true, users });
    },
  },
  "users add": { args: ["users", "add", "demo", "carol"], answer: changedUsers },
  "users remove": { args: ["users", "remove", "demo", "bob", "--home", "archive", "--yes"], answer: changedUsers },
  "users keys": { args: ["users", "keys", "demo", "bob", "--remove", "old"], answer: changedUsers },
};

/** What `ohpc users add` and `remove` end with. */
function changedUsers(text: string): void {
  const people = [
    { name: text, uid: 2001 },
    { name: text, uid: 2002 },
  ];
  mocked(changeUsers).mockResolvedValue({
    cluster: text,
    file: text,
    deployed: true,
    changed: people,
    people,
    steps: [],
    nodes: { nodes: 2, taken: 1, off: [{ node: text, why: text }] },
    homes: [
      { name: text, path: text, state: "archived", bytes: 1, file: text },
      { name: text, path: text, state: "deleted" },
    ],
    left: [text, text],
    phases: [{ phase: text, seconds: 1 }],
    seconds: 1,
  });
}

/** Each run starts the whole command: fewer than fast-check's own hundred. */
const RUNS = { numRuns: 25 };

async function ohpc(args: readonly string[]): Promise<string> {
  // A status that needs attention sets it: it is not that of the tests.
  const { exitCode } = process;
  return written(() => program(args).parseAsync([...args], { from: "user" })).finally(() => {
    process.exitCode = exitCode;
  });
}

it("is looked at of every verb, but the inventory's file, the raw terminal, and what a shell reads", () => {
  const seen = new Set(Object.values(VERBS).map(({ args }) => args[0]));
  const names = ALL.map(({ name }) => name);
  expect(names.filter((name) => !seen.has(name))).toEqual(["ssh", "inventory", "completion"]);
});

describe.each(Object.entries(VERBS))("ohpc %s", (_, { args, answer }) => {
  it("shows what comes from outside as text, in as many lines as ever", async () => {
    answer("x");
    const lines = (await ohpc(args)).split("\n").length;
    expect(lines).toBeGreaterThan(1);
    await fc.assert(
      fc.asyncProperty(hostileText(), async (text) => {
        answer(text);
        const shown = await ohpc(args);
        expect(harmIn(shown)).toBeUndefined();
        expect(shown.split("\n")).toHaveLength(lines);
      }),
      RUNS,
    );
  });

  it("prints one JSON document, whatever is in it", async () => {
    await fc.assert(
      fc.asyncProperty(hostileText(), async (text) => {
        answer(text);
        const shown = await ohpc([...args, "--json"]);
        expect(harmIn(shown)).toBeUndefined();
        expect(JSON.parse(shown)).toMatchObject({ ok: expect.any(Boolean) as boolean });
      }),
      RUNS,
    );
  });
});

describe("a failure", () => {
  const failures = (text: string): readonly (readonly [error: unknown, lines: number])[] => [
    [new Failure("failed", text, { code: "a.b", cause: text, remedy: text }), 4],
    [new Failure("failed", "it failed", { code: "a.b", output: [text.replaceAll("\n", ""), "x"] }), 4],
    ...(["unreachable", "refused", "timeout"] as const).map(
      (failure: RemoteFailure) => [new RemoteError(text, failure, 1, ""), 4] as const,
    ),
    ...(["quota", "failed"] as const).map(
      (failure: PowerFailure) => [new PowerError(failure, [text], text, text), 4] as const,
    ),
  ];

  it("is shown in as many lines as it has fields, and as JSON", async () => {
    await fc.assert(
      fc.asyncProperty(hostileText(), async (text) => {
        for (const [error, lines] of failures(`${text}x`)) {
          const failure = describeFailure(error);
          const shown = await written(() => {
            writeLines(failureLines(failure));
          });
          expect(harmIn(shown)).toBeUndefined();
          expect(shown.split("\n")).toHaveLength(lines + 1);
          expect(
            harmIn(
              await written(() => {
                writeDocument(failure);
              }),
            ),
          ).toBeUndefined();
        }
      }),
    );
  });

  it("shows the last lines of a program as such, which cannot pass for ours", async () => {
    await fc.assert(
      fc.asyncProperty(hostileText(), async (text) => {
        const failure = describeFailure(new RemoteError("master", "failed", 1, text));
        const shown = await written(() => {
          writeLines(failureLines(failure));
        });
        expect(harmIn(shown)).toBeUndefined();
        const [first, ...rest] = shown.trimEnd().split("\n");
        expect(first).toBe("error: master could not do what it was told (exit code 1)");
        expect(rest.filter((line) => !line.startsWith("  | ")).map((line) => line.slice(0, 8))).toEqual([
          "  where ",
          "  mend  ",
          "  code  ",
        ]);
      }),
    );
  });
});

describe("progress", () => {
  async function tell(progress: Progress, text: string): Promise<void> {
    progress.note(text);
    await progress.phase(text, async (report) => {
      report.title(text);
      report.title("x");
      report.detail(text);
      return Promise.resolve();
    });
  }

  it("in a pipe is a line for each thing that is told", async () => {
    await fc.assert(
      fc.asyncProperty(hostileText(), async (text) => {
        const shown = await written(async () => tell(new PlainProgress(process.stdout), `${text}y`));
        expect(harmIn(shown)).toBeUndefined();
        expect(shown.split("\n")).toHaveLength(5 + 1);
      }),
    );
  });

  it("on a terminal has no other controls than those that draw it", () => {
    // What draws is an ES module, which Jest cannot load; a pipe that says that it is a terminal will do.
    const text = "\x1b[2J\x1b]52;c;eA==\x07\r\n\u202e\x9b1m";
    const draw = `
      Object.assign(process.stdout, { isTTY: true, rows: 24, columns: 500 });
      const { LiveProgress } = require(${JSON.stringify(join(__dirname, "../../lib/cli/live-progress.ts"))});
      const [progress, text] = [new LiveProgress(), ${JSON.stringify(text)}];
      progress.note("note " + text);
      progress.phase("first " + text, async ({ title, detail }) => {
        detail("detail " + text);
        await new Promise((resolve) => setTimeout(resolve, 300));
        title("title " + text);
      });`;
    const shown = execFileSync(process.execPath, ["-r", require.resolve("tsx/cjs"), "-e", draw], { encoding: "utf8" });
    const visible = "\\x1b[2J\\x1b]52;c;eA==\\x07\\r\\n\\u202e\\x9b1m";
    for (const word of ["note", "first", "detail", "title"]) expect(shown).toContain(`${word} ${visible}`);
    // eslint-disable-next-line no-control-regex
    expect(shown).toMatch(/\x1b\[/);
    // eslint-disable-next-line no-control-regex
    expect(harmIn(shown.replace(/\x1b\[[?0-9;]*[A-Za-z]/g, ""))).toBeUndefined();
    expect(shown).not.toContain("\x1b[2J");
  });
});

describe("what needs consent", () => {
  it("is a line for each loss, asked at a terminal", async () => {
    await fc.assert(
      fc.asyncProperty(hostileText(), async (text) => {
        let asked = "";
        const terminal = {
          canAsk: true,
          ask: async (question: string) => {
            asked = question;
            return Promise.resolve("yes");
          },
        } as unknown as Terminal;
        const shown = await written(async () => agree(consenterAt(terminal, false), [text, "x"], "Do it?", "ohpc"));
        expect(harmIn(shown)).toBeUndefined();
        expect(shown.split("\n")).toHaveLength(4 + 1);
        expect(asked).toBe("Do it? Only yes means yes: ");
      }),
    );
  });

  it("is a line of what would be lost where nobody can be asked", async () => {
    await fc.assert(
      fc.asyncProperty(hostileText(), async (text) => {
        const refused: unknown = await agree({ yes: false }, [text], "Do it?", text).catch((error: unknown) => error);
        const shown = await written(() => {
          writeLines(failureLines(describeFailure(refused)));
        });
        expect(harmIn(shown)).toBeUndefined();
        expect(shown.match(/^ {2}mend /gm)).toHaveLength(1);
        expect(shown.match(/^error:/gm)).toHaveLength(1);
      }),
    );
  });
});
