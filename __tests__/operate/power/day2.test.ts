import { terminationProtection } from "../../../lib/operate/deploy/termination-protection";
import { describeFailure, exitCodeOf } from "../../../lib/cli/describe-failure";
import { costText } from "../../../lib/cli/cost";
import { statusText } from "../../../lib/cli/status";
import { addUp, costOf } from "../../../lib/clouds/cost";
import { localCost } from "../../../lib/clouds/local/cost";
import {
  type Power,
  type PoweredMachine,
  PowerError,
  type PowerFailure,
  type PowerState,
} from "../../../lib/clouds/power";
import type { Manifest } from "../../../lib/model/manifest";
import { chosenHosts } from "../../../lib/operate/hosts/chosen-hosts";
import { drain } from "../../../lib/operate/scheduler/drain";
import { type Job, readJobs } from "../../../lib/operate/scheduler/jobs";
import { stoppedFailure } from "../../../lib/operate/power/machine-states";
import type { Remote } from "../../../lib/operate/exec/remote/remote";
import { ClusterPower } from "../../../lib/operate/power/cluster-power";
import { withoutPreventDestroy } from "../../../lib/operate/terraform/prevent-destroy";
import { parseStatus } from "../../../lib/operate/scheduler/status";
import { describeStop } from "../../../lib/operate/verbs/stop";
import { powerAt } from "../../../lib/operate/power/vendors";
import { awsDemo } from "../../../stacks/aws-demo";
import { synthesize } from "cdktf-openhpc/testing";
import { sampleManifest } from "../../support/sample-cluster";

const manifest = sampleManifest();

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error("it did not fail");
}

describe("the hosts that are meant", () => {
  const chosen = (hosts: readonly string[], pools: readonly string[] = []) => chosenHosts(manifest, { hosts, pools });

  it("are all nodes, unless some are named: one by one, as hostlists, or by their pools", () => {
    expect(chosen([])).toEqual(["cpu-1", "cpu-2", "cpu-3", "cpu-4", "gpu-1", "gpu-2"]);
    expect(chosen(["cpu-[2-3]", "cpu-3"], ["gpu"])).toEqual(["cpu-2", "cpu-3", "gpu-1", "gpu-2"]);
    expect(chosen(["master"])).toEqual(["master"]);
  });

  it("that are not there are told all at once, with the nearest names", () => {
    expect(thrownBy(() => chosen(["cpu-9", "mester", "cpu-[1"], ["gpo"]))).toMatchObject({
      kind: "usage",
      details: {
        output: [
          'there is no host "cpu-9": did you mean "cpu-1"?',
          'there is no host "mester": did you mean "master"?',
          'there is no host "cpu-[1": did you mean "cpu-1"?',
          'there is no pool "gpo": did you mean "gpu"?',
        ],
        remedy: "it has master, cpu-[1-4] (pool cpu), gpu-[1-2] (pool gpu)",
      },
    });
  });
});

describe("what people have to know before machines are stopped", () => {
  const jobs = readJobs("12|alice|RUNNING|cpu-[1-2]|train\n13|bob|PENDING||later\n");

  it("are the jobs on them, and what waits if the master goes, too", () => {
    expect(describeStop({ jobs }, [], ["cpu-2"], false)).toEqual([
      "jobs that would end; batch jobs go back into the queue and start anew:",
      "  12 alice RUNNING cpu-1,cpu-2 train",
    ]);
    expect(describeStop({ jobs }, [], ["cpu-2"], true)).toContain("jobs that wait in the queue: 1, which stay in it");
  });

  it("is nothing where no job ends", () => {
    expect(describeStop({ jobs }, [], ["cpu-3", "gpu-1"], true)).toEqual([]);
  });

  it("are spot machines that would be gone, and that nobody knows of jobs", () => {
    expect(describeStop({ jobs: [] }, ["cpu-1", "cpu-2"], ["cpu-1", "cpu-2"], false)).toEqual([
      "2 spot machines would be ended, with what is on their own disks: cpu-[1-2]",
      "no job runs on these machines",
    ]);
    expect(describeStop({ unknown: "master does not answer: jobs may be running" }, [], ["cpu-1"], false)).toEqual([
      "master does not answer: jobs may be running",
    ]);
  });
});

describe("draining", () => {
  /** A master on which these jobs run, and what drain.sh was told there. */
  function master(squeue: string) {
    const asked: string[] = [];
    const remote: Remote = {
      host: "master",
      run: async (script, { args = [] } = {}) => {
        if (script.startsWith("squeue")) return Promise.resolve(squeue);
        asked.push(args.join(" "));
        // Somebody has drained gpu-1 before.
        return Promise.resolve(args[0] === "drain" ? "cpu-1,cpu-2\n" : "");
      },
      read: async () => Promise.resolve(undefined),
      write: async () => Promise.resolve(),
    };
    return { remote, asked };
  }

  const HOSTS = ["cpu-1", "cpu-2", "gpu-1"];
  const never = async () => Promise.reject(new Error("nobody may be asked"));

  it("ends no job where none runs", async () => {
    const { remote, asked } = master("13|bob|PENDING||later\n14|bob|RUNNING|cpu-3|elsewhere\n");
    expect(await drain(remote, HOSTS, { why: "by eve@desk", agreed: [], agreeTo: never })).toEqual([]);
    expect(asked).toEqual(["drain cpu-[1-2],gpu-1 ohpc stop by eve@desk"]);
  });

  it("ends the jobs that somebody has agreed to lose, without asking again", async () => {
    const running = "12|alice|RUNNING|cpu-[1-2]|train\n";
    const { remote, asked } = master(running);
    const ended = await drain(remote, HOSTS, { why: "by eve@desk", agreed: readJobs(running), agreeTo: never });
    expect(ended.map(({ id }) => id)).toEqual(["12"]);
    expect(asked[1]).toBe("end cpu-[1-2],gpu-1 ohpc stop");
  });

  it("asks about jobs that began meanwhile; if nobody agrees, the nodes are given back that it has drained", async () => {
    const { remote, asked } = master("12|alice|RUNNING|cpu-1|train\n15|bob|RUNNING|cpu-2|fresh\n");
    const shown: string[] = [];
    const agreeTo = async (fresh: readonly Job[]) => {
      shown.push(...fresh.map(({ id }) => id));
      return Promise.reject(new Error("no"));
    };
    const agreed = readJobs("12|alice|RUNNING|cpu-1|train\n");
    await expect(drain(remote, HOSTS, { why: "by eve@desk", agreed, agreeTo })).rejects.toThrow("no");
    expect(shown).toEqual(["15"]);
    expect(asked.slice(1)).toEqual(["undrain cpu-[1-2] ohpc stop"]);
  });
});

/** A vendor that remembers what it was asked for, and refuses some of it. */
function vendor(refused?: PowerError): Power & { readonly asked: string[] } {
  const asked: string[] = [];
  const ask = (verb: string) => async (hosts: readonly string[]) => {
    asked.push(`${verb} ${hosts.join()}`);
    if (refused !== undefined) throw refused;
    return Promise.resolve();
  };
  return {
    asked,
    list: async () => Promise.resolve([machine(asked.length === 0 ? "x-1" : "x-2", "running")]),
    ...{ start: ask("start"), stop: ask("stop"), unprotect: ask("unprotect"), end: ask("end") },
    hostKeys: async (host) => Promise.resolve([host]),
  };
}

function machine(host: string, state: PowerState): PoweredMachine {
  return { host, id: host, role: "compute", state, spot: false, address: "10.0.0.1" };
}

describe("machines at several sites", () => {
  it("are asked for where they are, and no site for what it has not got", async () => {
    const [here, there, idle] = [vendor(), vendor(), vendor()];
    const power = new ClusterPower([
      { power: here, hosts: ["master", "cpu-1"] },
      { power: there, hosts: ["gpu-1", "gpu-2"] },
      { power: idle, hosts: ["x-1"] },
    ]);
    await power.stop(["cpu-1", "gpu-2", "gpu-1"]);
    expect([here.asked, there.asked, idle.asked]).toEqual([["stop cpu-1"], ["stop gpu-2,gpu-1"], []]);
    expect(await power.hostKeys("gpu-1")).toEqual(["gpu-1"]);
    expect((await power.list()).map(({ host }) => host)).toEqual(["x-2", "x-2", "x-1"]);
  });

  it("fail together where they fail, and the others are stopped all the same", async () => {
    const [one, two, three] = [
      vendor(new PowerError("capacity", ["a-1"], "AWS has none", "wait")),
      vendor(),
      vendor(new PowerError("quota", ["c-1"], "Azure gives no more", "ask for more")),
    ];
    const sites = [one, two, three].map((power, k) => ({ power, hosts: [`${"abc"[k] ?? ""}-1`] }));
    await expect(new ClusterPower(sites).start(["a-1", "b-1", "c-1"])).rejects.toMatchObject({
      failure: "capacity",
      hosts: ["a-1", "c-1"],
      reason: "AWS has none; Azure gives no more",
      remedy: "wait; ask for more",
    });
    expect(two.asked).toEqual(["start b-1"]);
  });

  it("cannot be switched where nobody can, and that is said", () => {
    expect(thrownBy(() => powerAt({ cloud: "existing" }, "demo", {}))).toMatchObject({
      kind: "usage",
      message: 'machines of the cloud "existing" cannot be switched on and off from here',
      details: { code: "power.unsupported" },
    });
  });

  it("on Azure need to know the subscription, from the manifest or the environment", () => {
    const before = { ...process.env };
    for (const name of ["ARM_SUBSCRIPTION_ID", "AZURE_SUBSCRIPTION_ID"]) Reflect.deleteProperty(process.env, name);
    try {
      const place = { resourceGroup: "ohpc-demo" };
      expect(thrownBy(() => powerAt({ cloud: "azure", place }, "demo", {}))).toMatchObject({ failure: "credentials" });
      const subscription = "11111111-2222-3333-4444-555555555555";
      expect(powerAt({ cloud: "azure", place: { ...place, subscription } }, "demo", {})).toBeDefined();
    } finally {
      process.env = before;
    }
  });

  it.each([
    ["aws", "@aws-sdk/client-ec2", 'npm install "@aws-sdk/client-ec2@^3"'],
    ["azure", "@azure/identity", 'npm install "@azure/arm-compute@^23" "@azure/identity@^4.10"'],
  ])("on %s need a package; without it, what to install is told", (cloud, peer, remedy) => {
    jest.isolateModules(() => {
      jest.doMock(peer, () => {
        throw Object.assign(new Error(`Cannot find module '${peer}'\nRequire stack:`), { code: "MODULE_NOT_FOUND" });
      });
      const { powerAt: fresh } = jest.requireActual<{ powerAt: typeof powerAt }>("../../../lib/operate/power/vendors");
      const error = thrownBy(() => fresh({ cloud, place: {} }, "demo", {}));
      expect(error).toMatchObject({ kind: "usage", details: { code: "peer.missing", remedy } });
      jest.dontMock(peer);
    });
  });
});

describe("what a vendor refuses", () => {
  it.each<[PowerFailure, number]>([
    ["capacity", 1],
    ["quota", 1],
    ["throttled", 1],
    ["timeout", 1],
    ["credentials", 2],
    ["expired", 2],
    ["permission", 2],
    ["spot", 2],
  ])("%s ends with %i, names the machines, and what to do", (failure, exitCode) => {
    const told = describeFailure(new PowerError(failure, ["cpu-1", "cpu-2"], "there is a reason", "do this"));
    expect(told).toMatchObject({
      code: `power.${failure}`,
      message: "cpu-[1-2]: there is a reason",
      remedy: "do this",
    });
    expect(exitCodeOf(told)).toBe(exitCode);
  });

  it("of no machine names none", () => {
    expect(describeFailure(new PowerError("unknown host", [], "none", "do this"))).toEqual({
      kind: "failed",
      code: "power.unknown-host",
      message: "none",
      remedy: "do this",
    });
  });
});

describe("a cluster whose master does not answer", () => {
  it("is stopped, if its machine is; what the others do is told", () => {
    const states = new Map<string, PowerState>([
      ["master", "stopped"],
      ["cpu-1", "stopped"],
      ["cpu-2", "running"],
    ]);
    expect(stoppedFailure("demo", manifest, states)).toMatchObject({
      kind: "unreachable",
      message: "demo is stopped: its master does not run",
      details: {
        code: "cluster.stopped",
        remedy: "ohpc resume demo",
        output: ["stopped: master,cpu-1", "running: cpu-2"],
      },
    });
  });

  it("is not, if its machine runs, or nobody knows", () => {
    expect(stoppedFailure("demo", manifest, new Map([["master", "running"]]))).toBeUndefined();
    expect(stoppedFailure("demo", manifest, new Map())).toBeUndefined();
  });

  it("shows a column for machines only where vendors were asked", () => {
    const status = parseStatus(manifest, "");
    expect(statusText("demo", status)).not.toContain("MACHINE");
    const nodes = status.nodes.map((node) => ({ ...node, machine: "stopped" as const }));
    expect(statusText("demo", { ...status, nodes })).toMatch(
      /NODE +POOL +ADDRESS +MACHINE[^]*cpu-1 +cpu +\S+ +stopped/,
    );
  });

  it("says what a node lacks that is ready all the same", () => {
    const status = parseStatus(manifest, "");
    const unit = { stage: "ready", ok: true, message: "its software is of older roles: failed", generation: 1 };
    const nodes = status.nodes.map((node) => ({ ...node, unit: { ...unit, since: "", attempts: 1 } }));
    expect(statusText("demo", { ...status, nodes })).toMatch(/ready +its software is of older roles: failed\n/);
  });
});

describe("protection", () => {
  it("is lifted from machines of every cloud, and from nothing else", () => {
    const held = { lifecycle: { prevent_destroy: true, ignore_changes: ["ami"] } };
    const definition = {
      resource: {
        aws_instance: { cpu: held, free: {} },
        azurerm_linux_virtual_machine: { gpu: held },
        aws_ebs_volume: { home: held },
        terraform_data: {
          local: { ...held, input: { kind: "machine" } },
          disk: { ...held, input: { kind: "volume" } },
        },
      },
    };
    const lifted = { lifecycle: { prevent_destroy: false } };
    expect(withoutPreventDestroy(definition)).toEqual({
      resource: {
        aws_instance: { cpu: lifted },
        azurerm_linux_virtual_machine: { gpu: lifted },
        terraform_data: { local: lifted },
      },
    });
    expect(withoutPreventDestroy({ resource: { aws_instance: { free: {} } } })).toBeUndefined();
    expect(
      Object.keys((withoutPreventDestroy(synthesize(awsDemo).terraform) as { resource: object }).resource),
    ).toEqual(["aws_instance"]);
  });

  it("needs no vendor where none protects, or no machine ends", async () => {
    const ends = { address: "x", action: "delete", kind: "machine", name: "cpu-1" } as const;
    const aws: Manifest = { ...manifest, sites: manifest.sites.map((site) => ({ ...site, cloud: "aws" })) };
    for (const unprotect of [
      await terminationProtection([ends], manifest, {}),
      await terminationProtection([ends], undefined, {}),
      await terminationProtection([{ ...ends, action: "update" }], aws, {}),
    ])
      await unprotect();
  });
});

describe("what a cluster costs", () => {
  it("is nothing on this computer", () => {
    const cost = localCost({
      resource: { terraform_data: { cpu: { input: { kind: "machine" }, for_each: { a: 1, b: 1 } } } },
    });
    expect(cost).toMatchObject({
      runningHourly: 0,
      stoppedHourly: 0,
      withoutPrice: [],
      items: [{ count: 2, hourly: 0 }],
    });
    expect(localCost({}).items).toEqual([]);
  });

  const items = [
    { what: "m7a.large (cpu)", count: 2, hourly: 0.5, whenStopped: false, source: "machines: a list, 2026-01-01" },
    {
      what: "home",
      count: 1,
      hourly: 0.1,
      whenStopped: true,
      source: "disks: a page, 2026-01-02",
      note: "faster is dearer",
    },
  ];
  const files = { what: "files", count: 1, whenStopped: true, note: "charged by what is in it" };

  it("is added up over clouds, each source once", () => {
    const cost = addUp([costOf(items), costOf([...items, files])]);
    expect(cost).toMatchObject({
      withoutPrice: ["files"],
      sources: ["machines: a list, 2026-01-01", "disks: a page, 2026-01-02"],
    });
    expect([cost.runningHourly, cost.stoppedHourly].map((sum) => sum.toFixed(4))).toEqual(["2.2000", "0.2000"]);
  });

  it("is shown item by item, running and stopped, with what is unknown and where prices come from", () => {
    const text = costText({ cluster: "demo", ...costOf([...items, files]), unknownClouds: ["existing"] });
    expect(text).toMatch(/m7a.large \(cpu\) +2 +0.5000 +1.0000 +-\n/);
    expect(text).toMatch(/home +1 +0.1000 +0.1000 +0.1000 +faster is dearer\n/);
    expect(text).toMatch(/running +1.1000 USD\/h +803.00 USD\/month, and what no price is known for\n/);
    expect(text).toMatch(/stopped +0.1000 USD\/h +73.00 USD\/month, and what no price is known for\n/);
    expect(text).toContain("billed on after ohpc stop --all: home, files\n");
    expect(text).toContain('no price is known for: files, everything in the cloud "existing"\n');
    expect(text).toMatch(/prices:\n {2}machines: a list, 2026-01-01\n {2}disks: a page, 2026-01-02$/);
  });
});
