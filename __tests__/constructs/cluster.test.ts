import { App, TerraformStack } from "cdktf";
import {
  type Cloud,
  ComputePool,
  Duration,
  GpuComputePool,
  type GpuOptions,
  NfsDisk,
  OpenHpcMaster,
  Size,
  Users,
} from "cdktf-openhpc";
import { LocalCloud } from "cdktf-openhpc/local";
import { FakeCloud, type Synthesized, synthesize } from "cdktf-openhpc/testing";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NetworkSpec } from "../../lib/clouds/cloud";
import { readClusterSpec } from "../../lib/model/cluster-spec";
import { readManifest } from "../../lib/model/manifest";
import { fakeMaster, smallCluster } from "../support/clusters";

function inputOf({ terraform }: Synthesized, path: string): Record<string, unknown> {
  const blocks = Object.values(terraform.resource?.["terraform_data"] ?? {});
  const found = blocks.find((block) => (block["//"] as { metadata: { path: string } }).metadata.path === path);
  if (found === undefined) throw new Error(`there is no resource ${path}`);
  return found["input"] as Record<string, unknown>;
}

describe("a cluster", () => {
  const cluster = synthesize((stack) => {
    const home = new NfsDisk(stack, "home", { size: Size.gibibytes(200) });
    const users = Users.of([{ name: "alice", uid: 2001 }]);
    const master = fakeMaster(stack, {
      home,
      users,
      slurm: {
        settings: { PriorityType: "priority/basic", KillWait: "60" },
        maxSubmitJobs: 500,
        privateData: ["usage", "jobs"],
      },
    });
    new ComputePool(stack, "cpu", {
      master,
      nodes: 300,
      machine: "medium",
      addresses: "10.77.32.0/23",
      weight: 10,
      features: ["avx512"],
    });
    new GpuComputePool(stack, "gpu", {
      master,
      nodes: 2,
      hostnames: "g{:02}",
      partition: { name: "accel", maxTime: Duration.days(1) },
    });
  });

  it("tells what exists in one output that fits the manifest's schema", () => {
    const manifest = readManifest(cluster.manifest);
    expect(manifest.cluster).toBe("demo");
    expect(manifest.master).toMatchObject({ host: "master", address: "10.77.0.10", site: "fake" });
    expect(manifest.disks).toMatchObject({
      state: { kind: "block", path: "/srv/ohpc/state" },
      home: { kind: "block", path: "/home" },
    });
    expect(manifest.pools).toMatchObject([
      {
        name: "cpu",
        hosts: "cpu-[1-300]",
        addresses: ["10.77.32.1-10.77.33.44"],
        gres: [],
        shape: { coresPerSocket: 4, memoryMebibytes: 16_384 },
      },
      { name: "gpu", hosts: "g[01-02]", gres: [{ name: "gpu", type: "fake", count: 2, files: "/dev/nvidia[0-1]" }] },
    ]);
  });

  it("names the output by itself, so that any backend's `terraform output` has it under the same name", () => {
    expect(Object.keys(cluster.terraform.output ?? {})).toEqual(["cluster"]);
    expect(cluster.terraform.output?.["cluster"]?.sensitive).toBeUndefined();
  });

  it("tells what is wanted in a file that fits the spec's schema", () => {
    expect(readClusterSpec(cluster.spec)).toMatchObject({
      cluster: "demo",
      partitions: [
        { name: "cpu", pools: ["cpu"], default: true, exclusive: false },
        { name: "accel", pools: ["gpu"], default: false, maxTime: "1-00:00:00" },
      ],
      pools: [{ name: "cpu", features: ["avx512"], weight: 10 }, { name: "gpu" }],
      slurm: {
        settings: { KillWait: "60", PriorityType: "priority/basic" },
        maxSubmitJobs: 500,
        privateData: ["usage", "jobs"],
      },
      users: { users: [{ name: "alice", uid: 2001, gid: 2001 }] },
    });
  });

  it("ties the manifest to its spec by the hash of the file", () => {
    const text = cluster.files.get(join("stacks", "demo", "cluster.json")) ?? "";
    expect(readManifest(cluster.manifest).wish).toBe(createHash("sha256").update(text).digest("hex"));
  });

  it("makes two resources for a pool's machines, however many there are", () => {
    const names = Object.keys(cluster.terraform.resource?.["terraform_data"] ?? {}).filter((name) =>
      name.startsWith("cpu_machines"),
    );
    expect(names).toHaveLength(2);
    expect([...cluster.instances.keys()].filter((address) => address.includes("cpu_machines"))).toHaveLength(600);
  });

  it("attaches every disk to the master, and to nodes what they share", () => {
    const disks = (path: string) => (inputOf(cluster, path)["disks"] as string[]).map((disk) => disk.split(" ", 1)[0]);
    expect(disks("demo/master/machine-instances")).toEqual(["state", "bundle", "home"]);
    expect(disks("demo/cpu/machines-instances")).toEqual(["bundle", "home"]);
  });

  it("tells nodes that the bundle is on the master, and the master that it is its own", () => {
    expect(inputOf(cluster, "demo/cpu/machines-instances")["boot"]).toBe(
      "compute of demo, master master at 10.77.0.10, bundle 10.77.0.10:/srv/ohpc/bundle on /srv/ohpc/bundle",
    );
    expect(inputOf(cluster, "demo/master/machine-instances")["boot"]).toContain("bundle directory /srv/ohpc/bundle");
  });

  it("opens the ports of the matrix under the pool, and the operator's under the master", () => {
    expect(inputOf(cluster, "demo/cpu/to-master")).toMatchObject({ from: "cpu", to: "master" });
    expect(inputOf(cluster, "demo/cpu/from-master")).toMatchObject({ from: "master", to: "cpu" });
    expect(inputOf(cluster, "demo/cpu/to-master")["open"]).toContain("tcp 617-617");
    expect(inputOf(cluster, "demo/cpu/from-master")["open"]).toContain("tcp 618-618");
    expect(inputOf(cluster, "demo/cpu/from-compute")).toEqual({ from: "compute", to: "cpu", open: ["all 0-65535"] });
    expect(inputOf(cluster, "demo/master/from-operator")).toEqual({
      from: "operator",
      to: "master",
      open: ["tcp 22-22"],
    });
  });

  it("makes the disk in the disk's own scope", () => {
    expect(inputOf(cluster, "demo/home/disk")).toMatchObject({ purpose: "home", gibibytes: 200 });
  });

  it("can have a name of its own, a home that exists already, and no users", () => {
    const own = synthesize((stack) => {
      const home = new NfsDisk(stack, "home", { existing: "/dev/disk/by-id/old", path: "/shared/home" });
      const master = fakeMaster(stack, { clusterName: "physics", hostname: "head", address: "10.77.0.20", home });
      new ComputePool(stack, "cpu", { master, nodes: 1 });
    });
    expect(readManifest(own.manifest)).toMatchObject({
      cluster: "physics",
      master: { host: "head", address: "10.77.0.20" },
      disks: { home: { kind: "block", device: "/dev/disk/by-id/old", path: "/shared/home" } },
    });
    expect(readClusterSpec(own.spec)).toMatchObject({ cluster: "physics", users: { users: [], groups: [] } });
  });

  it("tells the network every host, also of pools that came after it", () => {
    let hosts: NetworkSpec["hosts"] = () => [];
    class Listening extends FakeCloud {
      override network(...[scope, id, spec]: Parameters<FakeCloud["network"]>) {
        hosts = spec.hosts;
        return super.network(scope, id, spec);
      }
    }
    synthesize((stack) => {
      const master = fakeMaster(stack, { cloud: new Listening() });
      new ComputePool(stack, "cpu", { master, nodes: 2 });
    });
    expect(hosts()).toEqual(["master", "cpu-1", "cpu-2"]);
  });

  it("takes machines by size, by a vendor's name, by a vendor's value, and by kind of cloud", () => {
    const { manifest } = synthesize((stack) => {
      const master = fakeMaster(stack, { machine: { fake: "large", default: "small" } });
      const choices = {
        a: "small",
        b: "fake.huge",
        c: { cloud: "fake", type: "medium" },
        d: { aws: "x", default: "large" },
      };
      for (const [name, machine] of Object.entries(choices))
        new ComputePool(stack, name, { master, nodes: 1, machine });
    });
    const { master, pools } = readManifest(manifest);
    expect([master, ...pools].map(({ shape }) => shape.memoryMebibytes / 1024)).toEqual([64, 4, 512, 16, 64]);
  });

  it("hands out as many GPUs as it is told, under the type that it is told", () => {
    const gresOf = (gpus?: GpuOptions) =>
      readManifest(
        synthesize((stack) => new GpuComputePool(stack, "gpu", { master: fakeMaster(stack), nodes: 1, gpus })).manifest,
      ).pools[0]?.gres;
    expect(gresOf()).toEqual([{ name: "gpu", type: "fake", count: 2, files: "/dev/nvidia[0-1]" }]);
    expect(gresOf({ count: 1, type: "a10g" })).toEqual([
      { name: "gpu", type: "a10g", count: 1, files: "/dev/nvidia0" },
    ]);
  });

  it("synthesizes where there is no terraform", () => {
    const before = process.env;
    process.env = { ...before, PATH: "" };
    try {
      expect(() => synthesize((stack) => smallCluster(stack))).not.toThrow();
    } finally {
      process.env = before;
    }
  });

  it("keeps the vendor's resources within reach, with their types", () => {
    const { terraform } = synthesize((stack) => {
      const master = new OpenHpcMaster(stack, "master", { cloud: new FakeCloud() });
      const pool = new ComputePool(stack, "cpu", { master, nodes: 2 });
      pool.machines.instances.addOverride("input.tuned", true);
      master.machine.instances.addOverride("input.tuned", true);
    });
    expect(JSON.stringify(terraform).match(/"tuned":true/g)).toHaveLength(2);
  });

  it("can be one of several in an app, each in its own stack", () => {
    const outdir = mkdtempSync(join(tmpdir(), "two-clusters-"));
    const app = new App({ outdir });
    for (const name of ["one", "two"]) smallCluster(new TerraformStack(app, name));
    app.synth();
    for (const name of ["one", "two"]) {
      expect(
        readClusterSpec(JSON.parse(readFileSync(join(outdir, "stacks", name, "cluster.json"), "utf8"))).cluster,
      ).toBe(name);
    }
    rmSync(outdir, { recursive: true });
  });

  it("is the same on another cloud but for what the cloud makes", () => {
    const build = (cloud: Cloud) =>
      synthesize((stack) => {
        const master = new OpenHpcMaster(stack, "master", {
          cloud,
          home: new NfsDisk(stack, "home", { size: Size.gibibytes(16) }),
        });
        new ComputePool(stack, "cpu", { master, nodes: 2, machine: "medium" });
        new GpuComputePool(stack, "gpu", { master, nodes: 2 });
      });
    const [fake, local] = [build(new FakeCloud()), build(new LocalCloud())];
    expect(local.spec).toEqual(fake.spec);
    expect(readManifest(local.manifest).pools.map(({ hosts }) => hosts)).toEqual(["cpu-[1-2]", "gpu-[1-2]"]);
  });
});
