import type { TerraformStack } from "cdktf";
import { ComputePool, GpuComputePool, NfsDisk, OpenHpcMaster, Size } from "cdktf-openhpc";
import { type Synthesized, type TerraformBlock, synthesize } from "cdktf-openhpc/testing";
import type { Cloud, Site } from "../../lib/clouds/cloud";
import { decodeAddresses } from "../../lib/model/address-runs";
import { contains, nthAddress, parseAddress, parseCidr, parseRange } from "../../lib/model/cidr";
import { NEUTRAL_SIZES, type VendorMachine } from "../../lib/model/machine";
import { cloudFactsSchema, readManifest } from "../../lib/model/manifest";
import { ConfigurationError, describeProblem } from "../../lib/model/problems";
import { expandHosts } from "../../lib/slurm/hostlist";

const WANTED = { role: "compute", gpus: false } as const;

/** What the suite must know of a cloud that it cannot ask it for. */
export interface CloudSample {
  readonly make: () => Cloud;
  /** An id as this vendor gives them. @default "vol-0123456789abcdef0" */
  readonly existingDisk?: string;
  /** An image with a driver, where machines with GPUs come up from no other. */
  readonly gpuImage?: string;
  /** Machines in the cloud's own words, where it sells no sizes: one without GPUs, and one with. */
  readonly machines?: { readonly plain: VendorMachine; readonly gpu: VendorMachine };
}

/** What every cloud promises to the constructs, and the constructs to users on every cloud. */
export function describeCloud(name: string, sample: CloudSample): void {
  const { make, existingDisk = "vol-0123456789abcdef0", machines, gpuImage } = sample;
  const build = (cloud: Cloud, variant: Variant = {}) => buildWith(cloud, sample, variant);

  describe(`${name} keeps the promises of Cloud:`, () => {
    it("it has a name, a kind, facts that slurm.conf can be rendered from, and no problem with itself", () => {
      const cloud = make();
      expect(cloud.id).toMatch(/^[a-z][a-z0-9-]*$/);
      expect(cloud.kind).toMatch(/^[a-z]+$/);
      expect(cloudFactsSchema.parse(cloud.facts)).toEqual(cloud.facts);
      expect(cloud.problems()).toEqual([]);
    });

    it.each(NEUTRAL_SIZES)("it sells a machine of the size %s, if it says so", (size) => {
      const { shape, problems } = make().shapeOf(size, {
        role: "compute",
        gpus: size === "gpu",
        image: size === "gpu" ? gpuImage : undefined,
      });
      if (!make().sizes.includes(size)) {
        expect(shape).toBeUndefined();
        expect(problems).toMatchObject([{ at: "machine", got: size }]);
        return;
      }
      expect(problems).toEqual([]);
      expect(shape?.memory.toMebibytes()).toBeGreaterThan(1024);
      for (const count of [shape?.sockets, shape?.coresPerSocket, shape?.threadsPerCore])
        expect(count).toBeGreaterThanOrEqual(1);
      expect(shape?.gpus?.count ?? 0).toEqual(size === "gpu" ? expect.any(Number) : 0);
      if (size === "gpu") expect(shape?.gpus?.count).toBeGreaterThanOrEqual(1);
    });

    it("it sells what it takes when nothing is said, or whoever says nothing is told what may be said", () => {
      const cloud = make();
      const { defaultMachine } = cloud;
      if (defaultMachine !== undefined) {
        expect(cloud.shapeOf(defaultMachine, { role: "master", gpus: false }).problems).toEqual([]);
        return;
      }
      const silent = { ...addressesFor(cloud).master };
      const missing = `machine is missing, but must be ${cloud.machineWords}: the cloud "${cloud.id}" chooses none by itself`;
      expect(refusals((stack) => new OpenHpcMaster(stack, "master", { cloud, ...silent }))).toContain(missing);
      for (const Pool of [ComputePool, GpuComputePool]) {
        const told = refusals((stack) => {
          const master = new OpenHpcMaster(stack, "master", { cloud, machine: machines?.plain, ...silent });
          new Pool(stack, "cpu", { master, nodes: 1, image: gpuImage, ...addressesFor(cloud).cpu });
        });
        expect(told).toEqual([missing]);
      }
    });

    it("it knows what was meant by an unknown machine, and says what may be said", () => {
      const { sizes, machineWords } = make();
      const { shape, problems } = make().shapeOf("meduim", WANTED);
      expect(shape).toBeUndefined();
      expect(problems).toMatchObject([{ at: "machine", got: "meduim", want: machineWords }]);
      if (sizes.includes("medium")) expect(problems[0]?.hint).toContain('did you mean "medium"?');
    });

    it("it asks for addresses where its network was there before, and prints lines that can be pasted", () => {
      const cloud = make();
      const { addressesRequired } = siteOf(cloud);
      const { master: given } = addressesFor(cloud);
      const [plain, gpu] = [machines?.plain, machines?.gpu];
      const ask = (address: object, more: object) =>
        refusals((stack) => {
          const master = new OpenHpcMaster(stack, "master", { cloud, machine: plain, ...address });
          new GpuComputePool(stack, "gpu", { master, nodes: 2, machine: gpu, image: gpuImage, ...more });
        });
      if (!addressesRequired) {
        expect(ask({}, {})).toEqual([]);
        return;
      }
      expect(ask({}, {})).toEqual([
        expect.stringMatching(/^address is missing, but must be given, because the network/),
      ]);
      const [told = ""] = ask(given, {});
      expect(told).toMatch(/^addresses is missing, but must be given, because the network/);
      const pasted = /addresses: "([0-9./-]+)"/.exec(told)?.[1];
      expect(pasted).toBeDefined();
      expect(ask(given, { addresses: pasted })).toEqual([]);
    });

    it("its machines learn how to find their cluster: from what the cloud makes, or as the manifest says", () => {
      const { site, manifest, terraform } = build(make());
      const { sites, master } = readManifest(manifest);
      expect(sites.map(({ introducedOver }) => introducedOver)).toEqual([site.introducedOver]);
      if (site.introducedOver !== undefined) return;
      const made = Object.values(terraform.resource ?? {}).flatMap((named) => Object.values(named));
      const text = JSON.stringify(made.filter((block) => pathOf(block).startsWith("demo/cpu/")));
      const readable = text.replaceAll(/[A-Za-z0-9+/]{400,}=*/g, (encoded) =>
        Buffer.from(encoded, "base64").toString(),
      );
      expect(readable).toContain(master.address);
    });

    it("it refuses another vendor's machine by name", () => {
      const { shape, problems } = make().shapeOf({ cloud: "acme", type: "x1.large" }, WANTED);
      expect(shape).toBeUndefined();
      expect(problems).toMatchObject([{ at: "machine", got: "x1.large" }]);
      expect(problems[0]?.want).toContain("acme");
    });

    it("its network is a site with a literal subnet, from which nothing that is reserved is given away", () => {
      const { site } = build(make());
      expect(site).toMatchObject({ name: make().id, cluster: "demo" });
      const cidr = parseCidr(site.cidr);
      expect(cidr).toBeDefined();
      for (const reserved of site.reserved) {
        const range = parseRange(reserved);
        expect(
          range !== undefined && cidr !== undefined && contains(cidr, range.first) && contains(cidr, range.last),
        ).toBe(true);
      }
      expect(site.dependsOn.every((element) => typeof element.fqn === "string")).toBe(true);
    });

    it("its machines are resources with for_each by host name, as many for one host as for fifty", () => {
      const [one, fifty] = [build(make(), { nodes: 1 }), build(make(), { nodes: 50 })];
      expect(blocks(fifty).map(([address]) => address)).toEqual(blocks(one).map(([address]) => address));
      const perHost = blocks(fifty).filter(
        ([, block]) => pathOf(block).startsWith("demo/cpu/") && block["for_each"] !== undefined,
      );
      expect(perHost.length).toBeGreaterThanOrEqual(1);
      for (const [, { for_each: hosts }] of perHost) {
        expect(Object.keys(hosts as object).sort()).toEqual(
          Array.from({ length: 50 }, (_, k) => `cpu-${k + 1}`).sort(),
        );
      }
    });

    it("its machines have the addresses that they were asked to have", () => {
      const cluster = build(make(), { nodes: 3 });
      const { pools } = readManifest(cluster.manifest);
      const asked = pools.flatMap(({ hosts, addresses }) => {
        const all = decodeAddresses(addresses);
        return expandHosts(hosts).map((host, k) => [host, all[k] ?? ""] as const);
      });
      const cidr = parseCidr(cluster.site.cidr);
      for (const [host, address] of [...asked, ["master", readManifest(cluster.manifest).master.address] as const]) {
        const own = [...cluster.instances].filter(([key]) => key.endsWith(`[${JSON.stringify(host)}]`));
        expect(own.some(([, { each }]) => JSON.stringify(each).includes(`"${address}"`))).toBe(true);
        expect(cidr !== undefined && contains(cidr, parseAddress(address) ?? 0)).toBe(true);
      }
    });

    it("everything is made under the construct that asked, so that deleting a pool deletes exactly its things", () => {
      const [without, withPool] = [build(make(), { more: false }), build(make(), { more: true })];
      const known = new Set(blocks(without).map(([address]) => address));
      const added = blocks(withPool).filter(([address]) => !known.has(address));
      expect(added.length).toBeGreaterThan(0);
      for (const [, block] of added) expect(pathOf(block)).toMatch(/^demo\/more\//);
    });

    it("its disks and the way in fit the manifest", () => {
      const { disks, master } = readManifest(build(make()).manifest);
      expect(disks.state.path).toBe("/srv/ohpc/state");
      expect(disks.bundle.path).toBe("/srv/ohpc/bundle");
      expect(disks.home?.path).toBe("/home");
      expect(master.access.port).toBeGreaterThan(0);
      expect(master.access.host).not.toBe("");
    });

    it("a disk that exists already is taken as it is, and not made", () => {
      const taken = build(make(), { existing: existingDisk });
      const own = ([, block]: [string, TerraformBlock]) => pathOf(block).startsWith("demo/home/");
      expect(blocks(taken).filter(own)).toEqual([]);
      expect(JSON.stringify(taken.terraform)).toContain(existingDisk);
      expect(readManifest(taken.manifest).disks.home?.path).toBe("/home");
    });

    it("it remembers nothing: what it makes does not depend on what it made before, or in which order", () => {
      const shared = make();
      const first = build(shared, { more: true });
      expect(build(shared, { more: true }).terraform).toEqual(first.terraform);
      expect(blocks(build(shared, { more: true, reversed: true }))).toEqual(blocks(build(make(), { more: true })));
      build(shared, { nodes: 7 });
      expect(build(shared, { more: true }).terraform).toEqual(build(make(), { more: true }).terraform);
    });

    it("it writes no secret and no place of this machine into synthesized text", () => {
      const before = process.env;
      process.env = { ...before, HOME: "/canary/home", XDG_STATE_HOME: "/canary/state" };
      try {
        const text = [...build(make(), { more: true }).files.values()].join("\n");
        expect(text).not.toContain("canary");
        expect(text).not.toContain(process.cwd());
        expect(text).not.toMatch(/PRIVATE KEY-----|password\s*[=:]\s*\S|AKIA[0-9A-Z]{16}/i);
      } finally {
        process.env = before;
      }
    });
  });
}

interface Variant {
  readonly nodes?: number;
  /** A second pool without GPUs. */
  readonly more?: boolean;
  readonly reversed?: boolean;
  /** The home disk, if it was there before. */
  readonly existing?: string;
}

function buildWith(
  cloud: Cloud,
  { machines, gpuImage }: Pick<CloudSample, "machines" | "gpuImage">,
  { nodes = 2, more = false, reversed = false, existing }: Variant,
): Synthesized & { readonly site: Site } {
  let site: Site | undefined;
  const addresses = addressesFor(cloud);
  const [plain, gpu] = [machines?.plain, machines?.gpu];
  const synthesized = synthesize((stack) => {
    const home = new NfsDisk(stack, "home", existing === undefined ? { size: Size.gibibytes(100) } : { existing });
    const master = new OpenHpcMaster(stack, "master", { cloud, home, machine: plain, ...addresses.master });
    site = master.site;
    const pools = [
      (scope: TerraformStack) =>
        new ComputePool(scope, "cpu", { master, nodes, machine: plain ?? "medium", ...addresses.cpu }),
      (scope: TerraformStack) =>
        new GpuComputePool(scope, "gpu", { master, nodes: 2, machine: gpu, image: gpuImage, ...addresses.gpu }),
      (scope: TerraformStack) =>
        new ComputePool(scope, "more", { master, nodes: 2, machine: plain, ...addresses.more }),
    ].slice(0, more ? 3 : 2);
    for (const pool of reversed ? pools.reverse() : pools) pool(stack);
  });
  if (site === undefined) throw new Error("the master has no site");
  return { ...synthesized, site };
}

/** The network that a cloud makes or takes. */
function siteOf(cloud: Cloud): Site {
  let site: Site | undefined;
  synthesize((stack) => {
    site = cloud.network(stack, "network", { cluster: "demo", owner: "mark", hosts: () => [] });
  });
  if (site === undefined) throw new Error("there is no network");
  return site;
}

/** What users of a network that was there before have to say: of its first addresses the eleventh is the master's. */
function addressesFor(cloud: Cloud): Readonly<Record<"master" | "cpu" | "gpu" | "more", object>> {
  const { addressesRequired, cidr, masterCidr = cidr, poolCidr = cidr } = siteOf(cloud);
  const [own, pools] = [parseCidr(masterCidr), parseCidr(poolCidr)];
  if (!addressesRequired) return { master: {}, cpu: {}, gpu: {}, more: {} };
  if (own === undefined || pools === undefined) throw new Error(`${masterCidr} or ${poolCidr} is no subnet`);
  const range = (first: number, last: number) => ({
    addresses: `${nthAddress(pools, first)}-${nthAddress(pools, last)}`,
  });
  return { master: { address: nthAddress(own, 10) }, cpu: range(64, 127), gpu: range(32, 35), more: range(40, 43) };
}

/** What a stack is refused for, line by line; nothing if it is not. */
function refusals(make: (stack: TerraformStack) => void): readonly string[] {
  try {
    synthesize(make);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return error.problems.map(describeProblem);
  }
}

/** Every resource by its address without instances. What is about all machines together is the network's and may change. */
function blocks({ terraform }: Synthesized): [string, TerraformBlock][] {
  return Object.entries(terraform.resource ?? {})
    .flatMap(([type, named]) =>
      Object.entries(named).map(([name, block]): [string, TerraformBlock] => [`${type}.${name}`, block]),
    )
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

function pathOf(block: TerraformBlock): string {
  return (block["//"] as { metadata: { path: string } }).metadata.path;
}
