import { App, TerraformStack } from "cdktf";
import { type Cloud, ComputePool, GpuComputePool, NfsDisk, OpenHpcMaster, Size } from "cdktf-openhpc";
import { LocalCloud } from "cdktf-openhpc/local";
import { FakeCloud, type TerraformInstance, type TerraformJson, instancesOf } from "cdktf-openhpc/testing";
import fc from "fast-check";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeAddresses } from "../../lib/model/address-runs";
import { readManifest } from "../../lib/model/manifest";
import { expandHosts } from "../../lib/slurm/hostlist";

const outdir = mkdtempSync(join(tmpdir(), "stability-"));
afterAll(() => {
  rmSync(outdir, { recursive: true });
});

interface Pool {
  readonly name: string;
  readonly nodes: number;
  readonly gpus: boolean;
}

/** Names whose blocks do not meet, as long as no pool has more than 255 nodes. */
const NAMES = ["cpu", "gpu", "batch", "debug", "long", "short", "fat", "thin"];

const pools = fc.uniqueArray(
  fc.record({ name: fc.constantFrom(...NAMES), nodes: fc.integer({ min: 1, max: 6 }), gpus: fc.boolean() }),
  { selector: ({ name }) => name, minLength: 2, maxLength: 5 },
);

const clouds: Readonly<Record<string, () => Cloud>> = {
  FakeCloud: () => new FakeCloud(),
  LocalCloud: () => new LocalCloud({ subnet: "10.77.0.0/16" }),
};

/** Resources that are about all machines together, and must change when there are others. */
const ABOUT_ALL = /^terraform_data\.master_network-sweep_/;

function synth(cloud: () => Cloud, wanted: readonly Pool[]) {
  const stack = new TerraformStack(new App({ outdir }), "demo");
  const home = new NfsDisk(stack, "home", { size: Size.gibibytes(100) });
  const master = new OpenHpcMaster(stack, "master", { cloud: cloud(), home });
  for (const { name, nodes, gpus } of wanted) {
    if (gpus) new GpuComputePool(stack, name, { master, nodes });
    else new ComputePool(stack, name, { master, nodes });
  }
  // Hundreds of stacks: without writing them to files.
  const terraform = JSON.parse(JSON.stringify(stack.toTerraform())) as TerraformJson;
  const instances = instancesOf(terraform);
  const addresses = readManifest(terraform.output?.["cluster"]?.value).pools.flatMap((pool) => {
    const all = decodeAddresses(pool.addresses);
    return expandHosts(pool.hosts).map((host, k): [string, string] => [host, all[k] ?? ""]);
  });
  return {
    instances: new Map([...instances].filter(([address]) => !ABOUT_ALL.test(address))),
    addresses: new Map(addresses),
  };
}

type Synth = ReturnType<typeof synth>;

/** Nothing of `before` is missing or different in `after`, but for what `gone` says. */
function expectUntouched(before: Synth, after: Synth, gone: (address: string) => boolean = () => false): void {
  const touched = [...before.instances].filter(
    ([address, body]) => !gone(address) && !same(body, after.instances.get(address)),
  );
  expect(touched.map(([address]) => address)).toEqual([]);
  const moved = [...before.addresses].filter(
    ([host, ip]) => after.addresses.has(host) && after.addresses.get(host) !== ip,
  );
  expect(moved).toEqual([]);
}

function same(a: TerraformInstance, b: TerraformInstance | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

describe.each(Object.entries(clouds))("with %s, every other machine stays as it was when", (_, cloud) => {
  const numRuns = 10;

  it("a pool is added or removed", () => {
    fc.assert(
      fc.property(pools, fc.nat(), (all, n) => {
        const extra = all[n % all.length]?.name ?? "";
        const [fewer, more] = [
          synth(
            cloud,
            all.filter(({ name }) => name !== extra),
          ),
          synth(cloud, all),
        ];
        expectUntouched(fewer, more);
        expect(more.instances.size).toBeGreaterThan(fewer.instances.size);
        const ofExtra = (address: string) => address.startsWith(`terraform_data.${extra}_`);
        expectUntouched(more, fewer, ofExtra);
      }),
      { numRuns },
    );
  });

  it("a pool grows or shrinks", () => {
    fc.assert(
      fc.property(pools, fc.nat(), fc.integer({ min: 1, max: 40 }), (all, n, growth) => {
        const grown = all.map((pool, k) => (k === n % all.length ? { ...pool, nodes: pool.nodes + growth } : pool));
        const [small, large] = [synth(cloud, all), synth(cloud, grown)];
        expectUntouched(small, large);
        expect(large.instances.size).toBeGreaterThan(small.instances.size);
      }),
      { numRuns },
    );
  });

  it("pools are written down in another order", () => {
    const shuffled = pools.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    );
    fc.assert(
      fc.property(shuffled, ([all, other]) => {
        const [before, after] = [synth(cloud, all), synth(cloud, other)];
        expectUntouched(before, after);
        expect([...after.instances.keys()]).toEqual([...before.instances.keys()]);
        expect(after.addresses.size).toBe(before.addresses.size);
      }),
      { numRuns },
    );
  });

  it("no two machines share a name or an address", () => {
    fc.assert(
      fc.property(pools, (all) => {
        const { addresses } = synth(cloud, all);
        const total = all.reduce((sum, { nodes }) => sum + nodes, 0);
        expect(addresses.size).toBe(total);
        expect(new Set([...addresses.values(), "10.77.0.10"]).size).toBe(total + 1);
      }),
      { numRuns },
    );
  });
});
