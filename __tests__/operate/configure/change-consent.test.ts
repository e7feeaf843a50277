import { createHash } from "node:crypto";
import { agreeToPlan } from "../../../lib/operate/configure/change-consent";
import { consequencesOf, stakesOf } from "../../../lib/operate/configure/consequences";
import type { PlannedStep } from "../../../lib/operate/configure/run-steps";
import { accounts } from "../../../lib/operate/configure/steps/accounts";
import { clusterRegistered } from "../../../lib/operate/configure/steps/cluster-registered";
import { slurmConf, type SlurmConfState } from "../../../lib/operate/configure/steps/slurm-conf";
import { type Remote, RemoteError } from "../../../lib/operate/exec/remote/remote";
import type { Consenter } from "../../../lib/operate/feedback/consent";
import { viewOf, type ClusterSketch } from "../../support/cluster-builder";
import { job, squeueRow } from "../../support/squeue";

const BEFORE: ClusterSketch = {
  pools: { cpu: 2 },
  users: [{ name: "alice" }, { name: "bob" }, { name: "carol", groups: [] }],
};

/** What a run would do that goes from one sketch to another. */
function planFrom(before: ClusterSketch, after: ClusterSketch): readonly PlannedStep[] {
  return [accounts, slurmConf].map((step) => {
    const [was, is] = [step.desired(viewOf(before)), step.desired(viewOf(after))];
    const differences = JSON.stringify(was) === JSON.stringify(is) ? [] : ["something"];
    return { step, before: was, after: is, differences, effect: "live" };
  });
}

function renderedOf(sketch: ClusterSketch): string {
  return slurmConf.desired(viewOf(sketch))["slurm.conf"] ?? "";
}

const consequences = (after: ClusterSketch, before = BEFORE) => consequencesOf(planFrom(before, after), viewOf(after));
const RENAMED: ClusterSketch = { ...BEFORE, partitions: { work: { pools: ["cpu"] } } };
const ALICE: ClusterSketch = { ...BEFORE, users: [{ name: "alice" }] };

describe("what a plan takes from people", () => {
  it("is nothing where more comes, or other things change", () => {
    const jobs = [job({ hosts: ["cpu-1"], requeue: true }), job({ user: "bob" })];
    const more = { pools: { cpu: 3, gpu: 1 }, users: [...(BEFORE.users ?? []), { name: "dora" }] };
    for (const after of [more, { ...BEFORE, settings: { SchedulerParameters: "bf_continue" } }]) {
      expect(stakesOf(consequences(after)!, { jobs }).scopes).toEqual([]);
      expect(stakesOf(consequences(after)!, { unknown: "master does not answer" }).scopes).toEqual([]);
    }
    expect(consequences({ ...BEFORE, users: more.users })).toBeUndefined();
    expect(consequences(BEFORE)).toBeUndefined();
  });

  it("are jobs of partitions that somebody made with scontrol, whatever makes slurmctld read its files anew", () => {
    const jobs = [job({ partition: "by-hand" }), job({ id: "13" })];
    const told = ["jobs that would be cancelled: partition by-hand goes", "  12 alice PENDING"];
    const after = { ...BEFORE, settings: { SchedulerParameters: "bf_continue" } };
    expect(stakesOf(consequences(after)!, { jobs }).lines).toEqual(told);
    const plan = planFrom(BEFORE, BEFORE);
    const limits = { ...plan[0]!, step: clusterRegistered, differences: ["limits"], effect: "reconfigure" } as const;
    expect(stakesOf(consequencesOf([...plan, limits], viewOf(BEFORE))!, { jobs }).lines).toEqual(told);
  });

  it("is nothing on a master where nothing was set up", () => {
    const plan = planFrom(BEFORE, ALICE).map((one) => ({ ...one, before: null }));
    expect(consequencesOf(plan, viewOf(ALICE))).toBeUndefined();
  });

  it("are users who go, named and counted with their jobs; also those whom the machine knows by number only", () => {
    const jobs = [
      job({ id: "1", user: "bob", hosts: ["cpu-1"] }),
      job({ id: "2", user: "2003" }),
      job({ id: "3", user: "alice" }),
      job({ id: "4", user: "bob", state: "COMPLETING", hosts: ["cpu-1"] }),
    ];
    const { lines, scopes } = stakesOf(consequences(ALICE)!, { jobs });
    expect(lines).toEqual([
      "2 users would go, with 2 jobs; their log-ins and processes end, their homes stay: bob, carol",
      "jobs that would be cancelled: their users go",
      "  1 bob RUNNING cpu-1",
      "  2 2003 PENDING",
    ]);
    expect(scopes).toEqual(["user bob", "user carol"]);
  });

  it("are all users, where a file has lost them; not more than ten are named", () => {
    const users = Array.from({ length: 307 }, (_, k) => ({ name: `u${k}`, uid: 3000 + k }));
    const { lines } = stakesOf(consequences({ ...BEFORE, users: [] }, { ...BEFORE, users })!, { jobs: [] });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^all 307 users would go, with 0 jobs; .*: u0, u1, .* and 297 more$/);
  });

  it("are users who get another number", () => {
    const after = { ...BEFORE, users: [{ name: "alice", uid: 2009 }, { name: "bob" }, { name: "carol" }] };
    const { lines } = stakesOf(consequences(after)!, { jobs: [job()] });
    expect(lines).toEqual([
      "user alice would get uid 2009 instead of 2001: files of 2001 stay with that number",
      "jobs that would be cancelled: their users get other numbers",
      "  12 alice PENDING",
    ]);
  });

  it("are jobs of a partition that goes; a user's who goes, too, are told once", () => {
    const jobs = [job({ id: "1", user: "bob" }), job({ id: "2" })];
    const { lines, scopes } = stakesOf(consequences({ ...RENAMED, users: [{ name: "alice" }] })!, { jobs });
    expect(lines.slice(1)).toEqual([
      "jobs that would be cancelled: their users go",
      "  1 bob PENDING",
      "jobs that would be cancelled: partition cpu goes",
      "  2 alice PENDING",
    ]);
    expect(scopes).toEqual(["user bob", "user carol", "partition cpu"]);
  });

  it("are unknown where slurmctld does not answer, which is asked about", () => {
    const { lines } = stakesOf(consequences(RENAMED)!, { unknown: "master does not answer: jobs may be running" });
    expect(lines).toEqual(["master does not answer: jobs may be running"]);
  });

  describe.each([
    ["has a line that ends too soon", (text: string) => `${text}NodeName=xx[`],
    ["is empty", () => ""],
    ["is gone", () => null],
  ])("where the slurm.conf of the master %s", (_, damage) => {
    const damaged = (after: ClusterSketch) =>
      consequencesOf(
        planFrom(BEFORE, after).map((one) =>
          one.step.id === slurmConf.id
            ? {
                ...one,
                before: { ...(one.before as SlurmConfState), "slurm.conf": damage(renderedOf(BEFORE)) },
                differences: ["damage"],
              }
            : one,
        ),
        viewOf(after),
      )!;
    const jobs = [
      job({ id: "1", hosts: ["cpu-2"], requeue: true }),
      job({ id: "2", requiredHosts: ["cpu-2"] }),
      job({ id: "3" }),
    ];

    it("are the jobs that name what the new one lacks", () => {
      expect(stakesOf(damaged(RENAMED), { jobs }).scopes).toEqual(["partition cpu"]);
      expect(stakesOf(damaged({ ...BEFORE, pools: { cpu: 1 } }), { jobs }).lines).toEqual([
        "jobs that would be cancelled: they require a node that goes (--nodelist)",
        "  2 alice PENDING",
        "jobs that would go back into the queue and start anew: their nodes go",
        "  1 alice RUNNING cpu-2",
      ]);
    });

    it("are none where it only is to be as it was, nor where slurmctld cannot be asked", () => {
      expect(stakesOf(damaged(BEFORE), { jobs }).scopes).toEqual([]);
      expect(stakesOf(damaged(BEFORE), { unknown: "master does not answer" }).scopes).toEqual([]);
    });
  });

  it("are told by the nodes' machines already, where those go", () => {
    const smaller = consequences({ ...BEFORE, pools: { cpu: 1 } })!;
    const jobs = [job({ requiredHosts: ["cpu-2"] })];
    expect(stakesOf(smaller, { jobs }, new Set(["cpu-2"]))).toMatchObject({ lines: [], scopes: ["node cpu-2"] });
    expect(stakesOf(smaller, { jobs }).lines).toHaveLength(2);
  });
});

describe("agreeing to a plan", () => {
  /** A master whose queue is another one each time it is asked, and what was done there. */
  function master(...queues: readonly string[]) {
    const done: string[] = [];
    let asked = 0;
    const remote: Remote = {
      host: "master",
      run: async (script, { args = [] } = {}) => {
        if (script.includes("for id; do")) return Promise.resolve("");
        if (script.includes("squeue")) return Promise.resolve(queues[Math.min(asked++, queues.length - 1)] ?? "");
        done.push(args.join(" "));
        return Promise.resolve(args[0] === "close" ? "cpu=UP\n" : "");
      },
      read: async () => Promise.resolve(undefined),
      write: async (path, content) => {
        done.push(`write ${path}: ${content.trim().split("\n").join(" ")}`);
        return Promise.resolve();
      },
    };
    return { remote, done, asked: () => asked };
  }
  const WAITS = squeueRow({ id: "7_[3-9%2]", state: "PENDING" });
  const nobody: Consenter = { yes: false };
  const agreeing = (consenter: Consenter, agreed: readonly string[] = []) => ({
    consenter,
    command: "ohpc up demo",
    agreed: new Set(agreed),
  });
  const agreeTo = async (after: ClusterSketch, remote: Remote, consent: ReturnType<typeof agreeing>) =>
    agreeToPlan(planFrom(BEFORE, after), viewOf(after), remote, consent);

  it("asks nobody where nothing is lost, and not even the master where slurmctld reads nothing anew", async () => {
    const { remote, done, asked } = master();
    await agreeTo({ ...BEFORE, users: [...(BEFORE.users ?? []), { name: "dora" }] }, remote, agreeing(nobody));
    expect([done, asked()]).toEqual([[], 0]);
    await agreeTo({ ...BEFORE, pools: { cpu: 3 } }, remote, agreeing(nobody));
    expect([done, asked()]).toEqual([[], 1]);
  });

  it("needs somebody who agrees, and changes nothing otherwise", async () => {
    const { remote, done } = master(WAITS);
    await expect(agreeTo(RENAMED, remote, agreeing(nobody))).rejects.toMatchObject({
      kind: "consent",
      details: {
        remedy: expect.stringContaining("ohpc up demo --yes") as string,
        output: ["jobs that would be cancelled: partition cpu goes", "  7_[3-9%2] alice PENDING"],
      },
    });
    expect(done).toEqual([]);
  });

  it("closes what goes to new jobs, and has those cancelled that are in it", async () => {
    const { remote, done } = master(WAITS);
    await agreeTo(RENAMED, remote, agreeing({ yes: true }));
    const file = createHash("sha256").update(renderedOf(RENAMED)).digest("hex");
    expect(done).toEqual(["close cpu", `write /run/ohpc/jobs-to-cancel: ${file} 7`]);
  });

  it("closes nothing where slurmctld does not run, or nobody could ever configure it again", async () => {
    const { remote, done } = master();
    const dead: Remote = {
      ...remote,
      run: async (script, options) => {
        if (/squeue|scontrol|sinfo/.test(script)) throw new RemoteError("master", "failed", 1, "Unable to contact");
        return remote.run(script, options);
      },
    };
    await expect(agreeTo(RENAMED, dead, agreeing(nobody))).rejects.toMatchObject({
      details: { output: ["Slurm on master does not answer: jobs may be running"] },
    });
    await agreeTo(RENAMED, dead, agreeing({ yes: true }));
    expect(done).toEqual([]);
  });

  it("opens it again if somebody has brought a job meanwhile that nobody was asked about", async () => {
    const { remote, done } = master("", WAITS);
    await expect(agreeTo(RENAMED, remote, agreeing(nobody))).rejects.toMatchObject({ kind: "consent" });
    expect(done).toEqual(["close cpu", "open cpu=UP"]);
  });

  it("does not ask again about more of what was agreed to", async () => {
    const { remote } = master(WAITS, WAITS + squeueRow({ id: "8", state: "PENDING" }));
    await agreeTo(RENAMED, remote, agreeing(nobody, ["partition cpu"]));
  });

  it("opens what it closed when the plan is not carried out, and not what was closed before", async () => {
    const { remote, done } = master("");
    const agreed = await agreeTo(RENAMED, remote, agreeing(nobody));
    done.length = 0;
    await agreed.open();
    expect(done).toEqual(["open cpu=UP"]);
  });

  describe("for what Slurm does not take with jobs", () => {
    const RESTARTED: ClusterSketch = { ...BEFORE, settings: { SwitchType: "switch/none" } };
    const plan = planFrom(BEFORE, RESTARTED).map((one) => ({
      ...one,
      effect: one.step.id === slurmConf.id ? ("drain and restart slurmd" as const) : one.effect,
    }));
    const RUNS = squeueRow({ on: "cpu-1" });

    it("names the jobs of every node, and is refused without a word of anybody", async () => {
      const { remote, done } = master(RUNS);
      await expect(agreeToPlan(plan, viewOf(RESTARTED), remote, agreeing(nobody))).rejects.toMatchObject({
        kind: "consent",
        details: {
          output: [
            "jobs that would end: slurmd restarts on their nodes, which no job outlives",
            "  12 alice RUNNING cpu-1",
          ],
        },
      });
      expect(done).toEqual([]);
    });

    it("drains every node, ends its jobs, and gives the nodes back when it is done", async () => {
      const { remote, done } = master(RUNS);
      const draining: Remote = {
        ...remote,
        run: async (script, options) => {
          const printed = await remote.run(script, options);
          return options?.args?.[0] === "drain" ? "cpu-1,cpu-2\n" : printed;
        },
      };
      const agreed = await agreeToPlan(plan, viewOf(RESTARTED), draining, agreeing({ yes: true }));
      expect(done.filter((line) => /^(drain|end|undrain)/.test(line))).toEqual([
        expect.stringMatching(/^drain cpu-\[1-2\] ohpc stop to restart slurmd, by /) as string,
        "end cpu-[1-2] ohpc stop",
      ]);
      done.length = 0;
      await agreed.finish();
      expect(done).toEqual(["undrain cpu-[1-2] ohpc stop"]);
    });

    it("is more than somebody allowed, if no more than a reconfiguration was", async () => {
      const { remote } = master(RUNS);
      const consent = { ...agreeing({ yes: true }), maxEffect: "reconfigure" } as const;
      await expect(agreeToPlan(plan, viewOf(RESTARTED), remote, consent)).rejects.toMatchObject({
        details: { code: "effect.too-strong" },
      });
    });
  });
});
