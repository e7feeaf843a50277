import { ComputePool, OpenHpcMaster } from "cdktf-openhpc";
import { FakeCloud, FakeMachine, type FakeMachines, synthesize } from "cdktf-openhpc/testing";
import type { Construct } from "constructs";
import type { MachinesSpec } from "../../../lib/clouds/cloud";
import { type Boot, bootEnvironment } from "../../../lib/model/boot";
import { type Manifest, readManifest } from "../../../lib/model/manifest";
import { introduceAll, introduceMachines, type Reach } from "../../../lib/operate/deploy/introduce";
import { type Remote, RemoteError, type RemoteFailure } from "../../../lib/operate/exec/remote/remote";
import { introductionsIn } from "../../../lib/operate/node/introductions";
import { sampleManifest } from "../../support/sample-cluster";

/** A cloud of machines that were there before, which remembers what it was asked for. */
class Racks extends FakeCloud {
  readonly boots = new Map<string, Boot>();

  constructor() {
    super({ id: "racks", sizes: false, introducedOver: "ssh" });
  }

  override machines(scope: Construct, id: string, spec: MachinesSpec): FakeMachines {
    this.boots.set(spec.group, spec.boot);
    return super.machines(scope, id, spec);
  }
}

function racks(nodes = 2): { manifest: Manifest; boots: ReadonlyMap<string, Boot> } {
  const cloud = new Racks();
  const machine = FakeMachine.of({ coresPerSocket: 4 });
  const { manifest } = synthesize((stack) => {
    const master = new OpenHpcMaster(stack, "master", { cloud, machine });
    new ComputePool(stack, "cpu", { master, nodes, machine });
  });
  // What Terraform alone knows is of no interest here.
  return { manifest: readManifest(manifest), boots: cloud.boots };
}

describe("introductions", () => {
  it("are for the machines of sites that ask for it, and for no others", () => {
    expect(introductionsIn(readManifest(sampleManifest()))).toEqual([]);
    const { manifest } = racks();
    expect(introductionsIn(manifest).map(({ host, role, args }) => [host, role, ...args])).toEqual([
      ["master", "master", "master", "demo", "master"],
      ["cpu-1", "compute", "cpu-1", "demo", "compute"],
      ["cpu-2", "compute", "cpu-2", "demo", "compute"],
    ]);
    const [site] = manifest.sites;
    const { introducedOver: _, ...cloudy } = site!;
    const mixed = { ...manifest, sites: [{ ...cloudy, name: "cloudy" }, site!] };
    const master = { ...manifest.master, site: "cloudy" };
    expect(introductionsIn({ ...mixed, master }).map(({ host }) => host)).toEqual(["cpu-1", "cpu-2"]);
  });

  it("say the same as what a cloud is given for the first boot of such machines", () => {
    const { manifest, boots } = racks();
    for (const { role, script } of introductionsIn(manifest)) {
      const boot = boots.get(role === "master" ? "master" : "cpu")!;
      const lines = Object.entries(bootEnvironment(boot)).map(([key, value]) => `${key}=${value}`);
      expect(script).toContain(`put /etc/ohpc/boot.env 0644 <<'OHPC_END'\n${lines.join("\n")}\nOHPC_END\n`);
    }
    expect(introductionsIn(manifest).at(-1)?.script).toContain("OHPC_BUNDLE=nfs:10.77.0.10:/srv/ohpc/bundle\n");
  });

  it("of a cluster that needs none take no time and show nothing", async () => {
    const progress = { phase: () => Promise.reject(new Error("shown")), note: () => undefined };
    const access = { manifest: readManifest(sampleManifest()), privateDirectory: "/nowhere" };
    expect(await introduceMachines(access, progress)).toEqual([]);
  });
});

describe("machines are introduced", () => {
  const notes: string[] = [];
  const progress = { note: (line: string) => notes.push(line) };
  beforeEach(() => {
    notes.length = 0;
  });

  type Answer = string | readonly [RemoteFailure, string];

  /** Machines that answer so; all others know their cluster already. */
  function answering(answers: Readonly<Record<string, Answer>>): {
    reach: Reach;
    reached: string[];
    most: () => number;
  } {
    const reached: string[] = [];
    let now = 0;
    let most = 0;
    const reach: Reach = async ({ host }, work) => {
      reached.push(host);
      most = Math.max(most, ++now);
      await new Promise((resolve) => setTimeout(resolve, 1));
      now--;
      const answer = answers[host] ?? "";
      const run: Remote["run"] = async () =>
        typeof answer === "string"
          ? Promise.resolve(answer)
          : Promise.reject(new RemoteError(host, answer[0], undefined, answer[1]));
      return work({ host, run, read: async () => Promise.resolve(undefined), write: async () => Promise.resolve() });
    };
    return { reach, reached, most: () => most };
  }

  it("once: those that know it are left alone, and told from those that did not", async () => {
    const { reach, reached } = answering({ "cpu-2": "wrote /etc/ohpc/boot.env\n" });
    const introductions = introductionsIn(racks(3).manifest);
    expect(await introduceAll(introductions, progress, reach)).toEqual(["cpu-2"]);
    expect(reached).toEqual(["master", "cpu-1", "cpu-2", "cpu-3"]);
    expect(notes).toEqual([]);
  });

  it("sixteen at once, however many there are", async () => {
    const { reach, reached, most } = answering({});
    await introduceAll(introductionsIn(racks(100).manifest), progress, reach);
    expect([reached.length, most()]).toEqual([101, 16]);
  });

  it("all but those that refuse, which are named with what they say; who is away is noted", async () => {
    const { reach, reached } = answering({
      "cpu-1": ["failed", "wrote /x\nit is called host17, not cpu-1: rename it"],
      "cpu-2": ["unreachable", "No route to host"],
      "cpu-3": ["refused", "root@10.0.0.1: Permission denied (publickey)."],
    });
    await expect(introduceAll(introductionsIn(racks(4).manifest), progress, reach)).rejects.toMatchObject({
      kind: "failed",
      message: "2 of 5 machines could not be told how to find their cluster",
      details: {
        code: "machines.not-introduced",
        output: [
          "cpu-1: it is called host17, not cpu-1: rename it",
          "cpu-3: it does not let us in, or shows another host key: root@10.0.0.1: Permission denied (publickey).",
        ],
      },
    });
    expect(reached).toHaveLength(5);
    expect(notes).toEqual(["cpu-2 does not answer: if it does not know its cluster yet, run this again when it does"]);
  });
});
