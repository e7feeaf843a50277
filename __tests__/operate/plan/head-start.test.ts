import { mungeKey } from "../../../lib/operate/configure/steps/munge-key";
import { slurmctld } from "../../../lib/operate/configure/steps/slurmctld";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { StepsResult } from "../../../lib/operate/configure/run-steps";
import { type Deployment, deploymentOf } from "../../../lib/operate/cluster/deployment";
import type { PlannedDeployment } from "../../../lib/operate/deploy/deployment-plan";
import { HeadStart, type HeadStartOptions } from "../../../lib/operate/plan/head-start";
import { findProject } from "../../../lib/operate/stack/project";
import { stackNamed, readSynthesis } from "../../../lib/operate/stack/synthesis";
import type { Progress } from "../../../lib/operate/feedback/progress";
import type { TerraformEvent } from "../../../lib/operate/terraform/events";
import type { PlannedChange } from "../../../lib/operate/terraform/plan";
import { PretendedStack } from "../../support/pretended-stack";
import { sampleCluster } from "../../support/sample-cluster";

const cluster = sampleCluster();
const MARK = "11111111-2222-3333-4444-555555555555";
const manifest = { ...cluster.manifest, owner: MARK };
const RESULT: StepsResult = { changed: [], unchanged: [] };

const MASTER: PlannedChange = {
  address: 'terraform_data.machine["master"]',
  action: "create",
  kind: "machine",
  name: "master",
};
const CHANGES: readonly PlannedChange[] = [
  { address: "terraform_data.master_owner_AB12", action: "create", kind: "glue", name: "owner" },
  MASTER,
  { address: 'terraform_data.cpu["cpu-1"]', action: "create", kind: "machine", name: "cpu-1" },
];

const stack = new PretendedStack(cluster);
const project = findProject(stack.directory, stack.env);
const synthesized = stackNamed(readSynthesis(project)!, "demo");

afterAll(() => {
  stack.remove();
});

beforeEach(() => {
  define({ ...manifest, owner: "${terraform_data.master_owner_AB12.id}" });
});

describe("a head start", () => {
  it("begins when the master is made, with all that the manifest will say", async () => {
    const { headStart, worked } = prepare();
    await headStart.during(async (onEvent) => {
      onEvent(completed("terraform_data.master_owner_AB12", MARK));
      onEvent(completed('terraform_data.cpu["cpu-1"]'));
      expect(worked).toEqual([]);
      onEvent(completed('terraform_data.machine["master"]'));
      onEvent(completed('terraform_data.machine["master"]'));
      return Promise.resolve();
    });
    expect(worked.map((deployment) => deployment.manifest)).toEqual([manifest]);
    const { progress, phases } = toldProgress();
    await expect(headStart.finish(deployed(), progress)).resolves.toBe(RESULT);
    expect(phases).toEqual([`Configure ${manifest.cluster}`]);
  });

  it("shows what it does once somebody looks, and what it did before", async () => {
    const [first, second] = [mungeKey, slurmctld].map((step) => ({ kind: "applying", step, effect: "live" }) as const);
    let goOn: () => void = () => undefined;
    const looked = new Promise<void>((resolve) => (goOn = resolve));
    const { headStart } = prepare({}, async (_, __, onEvent) => {
      onEvent(first!);
      await looked;
      onEvent(second!);
      return RESULT;
    });
    await headStart.during(madeAll);
    const { progress, details } = toldProgress();
    const finished = headStart.finish(deployed(), progress);
    await Promise.resolve();
    expect(details).toEqual(["the munge key"]);
    goOn();
    await finished;
    expect(details).toEqual(["the munge key", "slurmctld"]);
  });

  it.each<[string, Partial<PlannedDeployment>]>([
    ["something is deployed", { outputs: { cluster: 1 } }],
    ["something stopped is started", { stopped: ["cpu-1"] }],
    ["a cluster is taken over", { claim: { env: {}, settle: async () => Promise.resolve() } }],
    ["something is replaced", { verdict: verdictOf([{ ...MASTER, action: "replace" }]) }],
  ])("is not taken where %s", async (_, other) => {
    const { headStart, worked } = prepare(other);
    await headStart.during(madeAll);
    expect(worked).toEqual([]);
    await expect(headStart.finish(deployed(), toldProgress().progress)).resolves.toBeUndefined();
  });

  it("is not taken where an address is not known before the machine is there", async () => {
    define({ ...manifest, owner: "${terraform_data.master_owner_AB12.id}", cluster: "${aws_eip.master.public_ip}" });
    const { headStart, worked } = prepare();
    await headStart.during(madeAll);
    expect(worked).toEqual([]);
  });

  it("leaves what went wrong, or came out otherwise, to who configures the cluster afterwards", async () => {
    const failing = prepare({}, async () => Promise.reject(new Error("the master went away")));
    await failing.headStart.during(madeAll);
    await expect(failing.headStart.finish(deployed(), toldProgress().progress)).resolves.toBeUndefined();

    const { headStart } = prepare();
    await headStart.during(madeAll);
    await expect(headStart.finish(deployed("another"), toldProgress().progress)).resolves.toBeUndefined();
  });

  it("has ended before anybody hears that Terraform failed, and is told that nobody waits for it", async () => {
    const told: string[] = [];
    const { headStart } = prepare({}, async (_, goesOn) => {
      while (goesOn()) await new Promise((resolve) => setTimeout(resolve, 5));
      told.push("ended");
      return RESULT;
    });
    const failing = headStart.during(async (onEvent) => {
      make(onEvent);
      return Promise.reject(new Error("no more machines"));
    });
    await failing.catch((error: unknown) => told.push((error as Error).message));
    expect(told).toEqual(["ended", "no more machines"]);
  });
});

function verdictOf(changes: readonly PlannedChange[]): PlannedDeployment["verdict"] {
  return { changes, losses: [] };
}

function prepare(
  other: Partial<PlannedDeployment> = {},
  work: HeadStartOptions["work"] = async () => Promise.resolve(RESULT),
) {
  const worked: Deployment[] = [];
  const planned: PlannedDeployment = {
    stack: synthesized,
    plan: { file: "", changesAnything: true },
    verdict: verdictOf(CHANGES),
    missing: [],
    stopped: [],
    outputs: {},
    planned: {},
    access: undefined,
    ...other,
  };
  const headStart = HeadStart.of(planned, {
    project,
    env: stack.env,
    work: async (deployment, goesOn, told) => {
      worked.push(deployment);
      return work(deployment, goesOn, told);
    },
  });
  return { headStart, worked };
}

function make(onEvent: (event: TerraformEvent) => void): void {
  onEvent(completed("terraform_data.master_owner_AB12", MARK));
  onEvent(completed(MASTER.address));
}

async function madeAll(onEvent: (event: TerraformEvent) => void): Promise<void> {
  make(onEvent);
  return Promise.resolve();
}

function completed(address: string, id = "some-id"): TerraformEvent {
  return { kind: "completed", address, action: "create", seconds: 0, id };
}

function deployed(owner = MARK): Deployment {
  return deploymentOf(project, synthesized, { cluster: { ...manifest, owner } }, stack.env);
}

function define(value: object): void {
  writeFileSync(join(synthesized.directory, "cdk.tf.json"), JSON.stringify({ output: { cluster: { value } } }));
}

function toldProgress(): { readonly progress: Progress; readonly phases: string[]; readonly details: string[] } {
  const phases: string[] = [];
  const details: string[] = [];
  const report = { title: () => undefined, detail: (line: string) => void details.push(line) };
  const progress: Progress = {
    phase: async (title, work) => {
      phases.push(title);
      return work(report);
    },
    note: () => undefined,
  };
  return { progress, phases, details };
}
