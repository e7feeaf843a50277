import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { type AddressRange, formatAddress, parseCidr } from "../../../lib/model/cidr";
import { bundleFiles, hostsFile, type NodeFacts, programText } from "../../../lib/operate/node/bundle-files";
import { coverWithSubnets } from "../../../lib/operate/configure/steps/cover";
import { exportsFile } from "../../../lib/operate/configure/steps/exports";
import { softwareHash } from "../../../lib/software/roles";
import { viewOf } from "../../support/cluster-builder";

const block = { kind: "block", device: "/dev/sdb", path: "/home" } as const;

describe("the bundle", () => {
  it("tells a node who it is, what it was promised, and where its cluster is", () => {
    const files = bundleFiles(viewOf({ pools: { cpu: 2, gpu: 1 } }));
    expect(files["nodes"]).toBe("cpu-1 cpu\ncpu-2 cpu\ngpu-1 gpu\n");
    expect(JSON.parse(files["node.json"]!)).toEqual({
      cluster: "demo",
      master: { host: "master", address: "10.1.0.10" },
      slurmctldPort: 6817,
      home: { kind: "mounted", path: "/home" },
      pools: [
        { name: "cpu", devices: [] },
        { name: "gpu", devices: ["/dev/nvidia0", "/dev/nvidia1"] },
      ],
    });
  });

  it("has nodes mount what the master has on a disk of its own from the master, and other servers' from those", () => {
    const homeWith = (home: Parameters<typeof viewOf>[0]) =>
      (JSON.parse(bundleFiles(viewOf(home))["node.json"]!) as NodeFacts).home;
    expect(homeWith({ disks: { home: block } })).toEqual({
      kind: "nfs",
      path: "/home",
      server: "10.1.0.10",
      export: "/home",
    });
    const nfs = { kind: "nfs", server: "fs.example", export: "/vol", path: "/home" } as const;
    expect(homeWith({ disks: { home: nfs } })).toEqual({
      kind: "nfs",
      path: "/home",
      server: "fs.example",
      export: "/vol",
    });
    expect(homeWith({ disks: { home: undefined } })).toEqual({ kind: "none", path: "/home" });
  });

  it("gives nodes the accounts, but nobody's way to log in", () => {
    const { "accounts.json": accounts } = bundleFiles(
      viewOf({ users: [{ name: "alice", keys: ["ssh-ed25519 AAAA"] }] }),
    );
    expect(accounts).toContain('"alice"');
    expect(accounts).not.toContain("ssh-ed25519");
  });

  it("names the roles that make a machine a node, which are those of this version", () => {
    expect(bundleFiles(viewOf())["software"]).toBe(`${softwareHash()}\n`);
  });

  it("does not change with the order of users", () => {
    const [alice, bob] = [
      { name: "alice", uid: 2001 },
      { name: "bob", uid: 2002 },
    ];
    expect(bundleFiles(viewOf({ users: [bob, alice] }))).toEqual(bundleFiles(viewOf({ users: [alice, bob] })));
  });

  it("stays small for thousands of nodes", () => {
    const files = bundleFiles(viewOf({ pools: { cpu: 200 } }));
    expect(Object.values(files).join("").length).toBeLessThan(40_000);
  });
});

describe("exports", () => {
  it("go to the pools' addresses and nobody else, home without the power of root", () => {
    const view = viewOf({ pools: { cpu: 4, gpu: 1 }, disks: { home: block } });
    expect(exportsFile(view)).toBe(
      "/home 10.1.0.51/32(rw,sync,secure,root_squash,no_subtree_check) 10.1.0.52/31(rw,sync,secure,root_squash,no_subtree_check) " +
        "10.1.0.54/32(rw,sync,secure,root_squash,no_subtree_check) 10.1.0.151/32(rw,sync,secure,root_squash,no_subtree_check)\n",
    );
  });

  it("let root of a node read the bundle, and nobody write it", () => {
    const view = viewOf({ pools: { cpu: 1 }, disks: { bundle: { kind: "directory", path: "/srv/ohpc/bundle" } } });
    expect(exportsFile(view)).toBe("/srv/ohpc/bundle 10.1.0.51/32(ro,sync,secure,no_root_squash,no_subtree_check)\n");
  });

  it("are none where the platform mounts everything, and none without nodes", () => {
    expect(exportsFile(viewOf({ pools: { cpu: 1 } }))).toBe("");
    expect(exportsFile(viewOf({ disks: { home: block } }))).toBe("");
  });
});

describe("coverWithSubnets", () => {
  it("holds every address of the range and no other, in as few subnets as can be", () => {
    const range = fc.tuple(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.nat(70_000)).map(([first, length]) => ({
      first,
      last: Math.min(first + length, 2 ** 32 - 1),
    }));
    fc.assert(
      fc.property(range, ({ first, last }: AddressRange) => {
        const subnets = coverWithSubnets({ first, last }).map((text) => parseCidr(text)!);
        expect(subnets[0]?.first).toBe(first);
        expect(subnets.at(-1)?.last).toBe(last);
        for (const [k, subnet] of subnets.slice(1).entries()) expect(subnet.first).toBe(subnets[k]!.last + 1);
        // Two neighbours that together were one subnet would be one too many.
        for (const [k, { prefix, first: start }] of subnets.slice(1).entries()) {
          const before = subnets[k]!;
          expect(before.prefix === prefix && before.first % 2 ** (33 - prefix) === 0 && start === before.last + 1).toBe(
            false,
          );
        }
      }),
    );
    expect(coverWithSubnets({ first: 0, last: 2 ** 32 - 1 })).toEqual([`${formatAddress(0)}/0`]);
  });
});

describe("write-hosts", () => {
  const scratch = mkdtempSync(join(tmpdir(), "hosts-"));
  afterAll(() => {
    rmSync(scratch, { recursive: true });
  });
  const [program, wanted, file] = ["write-hosts", "wanted", "hosts"].map((name) => join(scratch, name)) as [
    string,
    string,
    string,
  ];

  function write(before: string, hosts = hostsFile(viewOf({ pools: { cpu: 1 } }))): string {
    writeFileSync(program, programText("write-hosts.sh"));
    writeFileSync(wanted, hosts);
    writeFileSync(file, before);
    execFileSync("bash", [program, wanted, file]);
    return readFileSync(file, "utf8");
  }
  const ours =
    "# ohpc: begin\n127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n10.1.0.10 master\n10.1.0.51 cpu-1\n# ohpc: end\n";

  it("puts the cluster's lines first and keeps those of others", () => {
    expect(write("")).toBe(ours);
    expect(write("# mine\n192.0.2.7 licenses # flexlm\n")).toBe(`${ours}# mine\n192.0.2.7 licenses # flexlm\n`);
  });

  it("takes away what would send our names elsewhere", () => {
    expect(write("127.0.1.1 master.example master\n10.9.9.9 cpu-1\n10.9.9.10 cpu-10 # not cpu-1\n")).toBe(
      `${ours}10.9.9.10 cpu-10 # not cpu-1\n`,
    );
  });

  it("replaces its own lines, and changes nothing the second time", () => {
    const once = write("192.0.2.7 licenses\n", hostsFile(viewOf({ pools: { cpu: 3 } })));
    expect(once).toContain("cpu-3");
    const twice = write(once);
    expect(twice).toBe(`${ours}192.0.2.7 licenses\n`);
    expect(write(twice)).toBe(twice);
  });
});
