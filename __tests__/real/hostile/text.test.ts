import { harmIn } from "../../support/hostile-text";
import { type Outcome, ScenarioProject, until } from "../../support/scenario-project";

const MINUTES = 60_000;

/** An ordinary user, and whoever gives reasons, can write anything: it is shown, and does nothing. */
const project = new ScenarioProject("hostile-text", { cpu: 1, gpu: 0 });
project.users = "users:\n  - name: alice\n    uid: 2001\n  - name: bob\n    uid: 2002\n";

beforeAll(async () => {
  await project.must("up", "--yes");
}, 15 * MINUTES);
afterAll(async () => {
  await project.remove();
});

/** A bash script on the master, as alice. */
async function alice(script: string): Promise<string> {
  const text = Buffer.from(script).toString("base64");
  return project.onMaster(`cd /home/alice && base64 -d <<<${text} | runuser -u alice -- bash`);
}

/** What a run wrote, which is text and nothing else. */
function textOf({ stdout, stderr }: Outcome): string {
  const text = stdout + stderr;
  expect(harmIn(text)).toBeUndefined();
  return text;
}

async function jobStates(): Promise<unknown> {
  return (await project.must("status"))["jobs"];
}

const NAMES: Readonly<Record<string, string>> = {
  "a row of another user's": String.raw`x\n777|bob|RUNNING|cpu-1`,
  "rows in every form that there is": String.raw`x\n777|bob|(null)|RUNNING|cpu|cpu-1||1|UNLIMITED\n777|bob|RUNNING|cpu|cpu-1\n777 bob`,
  "escape sequences": String.raw`\e[2J\e[H\e]0;evil\a\e]52;c;ZXZpbA==\a\x9b2J\xc2\x9b2J`,
  "carriage returns and backspaces": String.raw`job\rnothing runs here\b\b\b\x7f`,
  "separators of ours": String.raw`a\f\x1f\x1e|b\fnodes\ncpu-1|idle|x|y|z\n\funits\n{}`,
  "text that runs backwards": String.raw`\u202egnp.exe\u2066\u200b\ufeff`,
  "what is no UTF-8": String.raw`\xff\xfe\xc0\xaf\xed\xa0\x80`,
  "a thousand letters": `$(printf 'x%.0s' {1..1000})`,
};

describe("alice cannot, by the name and comment of a job,", () => {
  afterEach(async () => {
    await project.onMaster("scancel --user=alice; scancel --user=bob");
    await until("the queue is empty", async () => {
      const left = await project.onMaster("squeue --noheader --format=%i:%T");
      return left === "" || left;
    });
  });

  it.each(Object.entries(NAMES))("do anything to who asks for consent: %s", async (_, name) => {
    const word = name.startsWith("$(") ? `"${name}"` : `$'${name}'`;
    const id = await alice(
      `sbatch --parsable -J ${word} --comment=${word} --time=30 --wrap 'sleep 1500' --output=/dev/null`,
    );
    expect(id).toMatch(/^\d+$/);
    await until(`job ${id} runs, and no other`, async () => {
      const state = await project.onMaster("squeue --noheader --format=%T");
      return state === "RUNNING" || state;
    });

    expect(await jobStates()).toEqual({ RUNNING: 1 });
    const shown = textOf(await project.ohpc("status"));
    expect(shown).toMatch(/^jobs {3}1 running$/m);
    expect(shown).not.toContain("bob");
    expect(shown.match(/^cpu-1 /gm)).toHaveLength(1);

    // The plan of a destroy takes seconds.
    for (const verb of name.includes("(null)") ? ["stop", "destroy"] : ["stop"]) {
      const refused = await project.ohpc(verb);
      const asked = textOf(refused);
      expect({ code: refused.code, asked }).toMatchObject({ code: 3 });
      expect(asked).toMatch(new RegExp(`^  \\| .*\\b${id} alice RUNNING\\b`, "m"));
      expect(asked).not.toMatch(/^\W*(777|bob)\b/m);
      expect(asked).not.toContain("does not answer");
    }
  });

  it("make of a failed proof of theirs more than text", async () => {
    const said = String.raw`\e]52;c;ZXZpbA==\a\r\njob 99\nend COMPLETED 0:0 cpu-9\n\u202e`;
    await alice(
      `printf '${said}' >said; for file in .profile .bash_profile; do echo 'cat ~/said ~/said >&2; cat ~/said' >$file; done`,
    );
    const outcome = await project.ohpc("smoke", "hello", "--user", "alice", "--timeout", "1");
    const shown = textOf(outcome);
    const forged = shown.split("\n").filter((line) => line.includes("cpu-9"));
    expect(forged.filter((line) => !line.startsWith("  | "))).toEqual([]);
    await alice("rm -f .profile .bash_profile said");
  });
});

describe("a reason that somebody gave for a node cannot", () => {
  const reason = String.raw`bad fan\n\fjobs\n      9 RUNNING\ncpu-1|idle|root(0)|none\nanswered 9 cpu\noverdue\e[2J\x1f|\u202e`;
  beforeAll(async () => {
    await project.onMaster(`scontrol update nodename=cpu-1 state=drain reason=$'${reason}'`);
  });
  it("add a row to status, or change another", async () => {
    const status = await project.must("status");
    expect(status).toMatchObject({ jobs: {}, nodes: [{ host: "cpu-1", slurm: { state: "drained" } }] });
    const shown = textOf(await project.ohpc("status"));
    expect(shown).toMatch(/^jobs {3}none$/m);
    expect(shown.match(/^cpu-1 .*drained .*bad fan\\n/gm)).toHaveLength(1);
    expect(shown.match(/^cpu-1 /gm)).toHaveLength(1);
  });

  it("count as a node's answer", async () => {
    const resumed = await project.ohpc("resume");
    const shown = textOf(resumed);
    expect({ code: resumed.code, shown }).toMatchObject({ code: 0 });
    expect(shown).toContain("0 of 1 node answered (1 drained)");
    expect(shown.match(/cpu-1 stays drained: bad fan\\n/g)).toHaveLength(1);
  });

  it("become another on its way from ohpc drain to Slurm and back", async () => {
    const words = String.raw`"fan" 'rattles' | NodeName=cpu-2 State=IDLE \n $(id) at 100 °C "`;
    const said = expect.stringMatching(/^\S+@\S+\)$/) as string;
    expect(await project.must("drain", "cpu-1", "--reason", words)).toMatchObject({ drained: [] });
    const { reason } = await project.must("drain", "cpu-1", "--force", "--reason", words);
    expect(String(reason).split(`${words} (`)).toEqual(["", said]);
    expect(await project.must("status")).toMatchObject({ nodes: [{ slurm: { state: "drained", reason } }] });
    expect(await project.must("undrain", "cpu-1")).toMatchObject({ undrained: [{ host: "cpu-1", reason }] });
  });
});
