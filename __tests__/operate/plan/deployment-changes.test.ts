import type { PlannedStep } from "../../../lib/operate/configure/run-steps";
import { consequencesOf } from "../../../lib/operate/configure/consequences";
import type { Step } from "../../../lib/operate/configure/step/step";
import { accounts } from "../../../lib/operate/configure/steps/accounts";
import { slurmConf } from "../../../lib/operate/configure/steps/slurm-conf";
import type { PlannedDeployment } from "../../../lib/operate/deploy/deployment-plan";
import { NOW, type Treatment } from "../../../lib/operate/feedback/treatment";
import { deploymentChanges } from "../../../lib/operate/plan/deployment-changes";
import type { Ahead } from "../../../lib/operate/plan/look-ahead";
import { planSections, planSummary } from "../../../lib/operate/plan/plan-lines";
import { planMarkdown } from "../../../lib/operate/plan/plan-markdown";
import type { Job } from "../../../lib/operate/scheduler/jobs";
import { judgePlan } from "../../../lib/operate/terraform/plan";
import { Duration } from "../../../lib/units";
import { type ClusterSketch, viewOf } from "../../support/cluster-builder";
import { planSample } from "../../support/plan-samples";
import { job } from "../../support/squeue";

const BEFORE: ClusterSketch = { pools: { cpu: 2, gpu: 2 }, users: [{ name: "alice" }, { name: "bob" }] };
const JOBS = [
  job({ id: "11", hosts: ["cpu-1"], requeue: true }),
  job({ id: "12", hosts: ["cpu-2"], requeue: true }),
  job({ id: "13", user: "bob", hosts: ["gpu-1"], requeue: false, partition: "gpu" }),
];

/** What a run would do that goes from one sketch to another, with what Terraform says of it. */
function changes(
  sample: string,
  after: ClusterSketch,
  { jobs = JOBS, treatment = NOW, batch }: { jobs?: readonly Job[]; treatment?: Treatment; batch?: number } = {},
) {
  const [was, is] = [viewOf(BEFORE), viewOf(after)];
  const steps = [accounts, slurmConf].map((step): PlannedStep => {
    const [before, wanted] = [step.desired(was), step.desired(is)];
    const same = JSON.stringify(before) === JSON.stringify(wanted);
    return {
      step,
      before,
      after: wanted,
      differences: same ? [] : ["something"],
      effect: same ? "none" : (step as Step).effect(before, wanted),
    };
  });
  const planned: PlannedDeployment = {
    stack: { name: "demo", directory: "/nowhere", dependencies: [], warnings: [] },
    plan: { file: "/nowhere/plan", changesAnything: sample !== "nothing" },
    verdict: judgePlan(planSample(sample)),
    missing: [],
    stopped: [],
    outputs: {},
    planned: {},
    access: undefined,
  };
  const ahead: Ahead = {
    access: { manifest: was.manifest, privateDirectory: "/nowhere" },
    cluster: is,
    steps,
    byHand: [],
    consequences: consequencesOf(steps, is),
    seen: { jobs },
    unknown: [],
  };
  return deploymentChanges(planned, ahead, { command: "ohpc up demo", treatment, batch });
}

const SHRUNK: ClusterSketch = { ...BEFORE, pools: { cpu: 1, gpu: 2 } };

describe("what carrying out a plan does", () => {
  it("is nothing where nothing differs", () => {
    const { plan } = changes("nothing", BEFORE);
    expect(plan).toMatchObject({ changes: false, effect: "none", asks: [], scopes: [], order: [] });
    expect(planSummary(plan)).toBe("nothing to change");
    expect(planSections(plan)).toEqual([]);
  });

  it("hits nobody where a pool grows, and Terraform comes first", () => {
    const { plan } = changes("grown", { ...BEFORE, pools: { cpu: 3, gpu: 2 } });
    expect(plan).toMatchObject({ effect: "reconfigure", asks: [], scopes: [], hit: { jobs: [], nodes: [] } });
    expect(plan.order).toEqual([
      "Terraform: create cpu-3",
      "master: slurm.conf (reconfigure)",
      "nodes take the new configuration; every node that is not drained on purpose answers an srun",
    ]);
  });

  it("hits the jobs of a node that goes, and no other; Slurm comes first", () => {
    const { plan } = changes("shrunk", SHRUNK);
    expect(plan.effect).toBe("replace node");
    expect(plan.hit).toEqual({
      jobs: [
        {
          id: "12",
          user: "alice",
          state: "RUNNING",
          partition: "cpu",
          hosts: ["cpu-2"],
          fate: "requeues",
          why: "their nodes go",
          scope: "node cpu-2",
        },
      ],
      users: [],
      nodes: ["cpu-2"],
      data: [],
    });
    expect(plan.scopes).toEqual(["node cpu-2"]);
    expect(plan.order.slice(0, 3)).toEqual([
      "Slurm: drain cpu-2",
      "end 1 job, of which 1 go back into the queue",
      "Terraform: destroy cpu-2",
    ]);
    expect(plan.files.map(({ path }) => path)).toEqual(["/etc/slurm/slurm.conf"]);
    expect(plan.files[0]?.diff).toMatch(/^@@ [\s\S]*\n-NodeName=cpu-\[1-2\] [\s\S]*\n\+NodeName=cpu-1 /);
    expect(plan.settings[0]).toMatchObject({ key: "NodeName", before: "cpu-2", effect: "reconfigure" });
  });

  it("ends no job that is waited for, and asks about the machine alone", () => {
    const treatment: Treatment = { kind: "wait", limit: Duration.hours(2) };
    const { plan } = changes("shrunk", SHRUNK, { treatment });
    expect(plan.hit.jobs).toMatchObject([{ id: "12", fate: "waited" }]);
    expect(plan.order).toContain("wait until 1 job is over, 2h at most");
    expect(plan.order.join()).not.toContain("end 1 job");
    expect(plan.asks[0]).toBe("1 machine would be destroyed: cpu-2");
  });

  it("is not covered where a job may not be requeued: then nothing is to be agreed to", () => {
    const jobs = [job({ id: "12", hosts: ["cpu-2"], requeue: false })];
    const { plan } = changes("shrunk", SHRUNK, { jobs, treatment: { kind: "requeue" } });
    expect(plan.uncovered).toMatchObject([{ id: "12" }]);
    expect(planSections(plan).map(({ heading }) => heading)).not.toContain("To be agreed to");
  });

  it("names users who go with their jobs, each job once, by the worst that happens to it", () => {
    const jobs = [job({ id: "21", user: "bob", hosts: ["cpu-2"], requeue: true })];
    const { plan } = changes("shrunk", { ...SHRUNK, users: [{ name: "alice" }] }, { jobs });
    expect(plan.hit.users).toEqual(["bob"]);
    expect(plan.hit.jobs).toMatchObject([{ id: "21", fate: "cancelled", scope: "user bob" }]);
    expect(plan.steps.find(({ id }) => id === "accounts")?.words).toEqual(["- user bob (uid 2002)"]);
    expect([...plan.scopes].sort()).toEqual(["node cpu-2", "user bob"]);
  });

  it("says how many at a time where machines are made anew in batches", () => {
    const { plan } = changes("image-changed", BEFORE, { batch: 2 });
    expect(plan.order).toContain("Terraform: replace cpu-[1-2],gpu-[1-2], 2 at a time, each until it takes jobs again");
    expect(changes("image-changed", BEFORE).plan.order.join()).not.toContain("at a time");
  });
});

describe("a plan in Markdown", () => {
  it("keeps what others wrote in fences that they cannot close", () => {
    const settings = { MailProg: "/usr/bin/x ```` <script>" };
    const text = planMarkdown(changes("nothing", { ...BEFORE, settings }).plan);
    expect(text).toContain("## Plan of `ohpc up demo`");
    const diff = text.split("\n").findIndex((line) => line.endsWith("diff") && line.startsWith("`"));
    expect(text.split("\n")[diff]).toBe("`````diff");
    expect(text).toContain("+MailProg=");
  });

  it("is empty but for a line where there is nothing to do", () => {
    expect(planMarkdown(changes("nothing", BEFORE).plan)).toBe("## Plan of `ohpc up demo`\n\n**nothing to change**\n");
  });
});
