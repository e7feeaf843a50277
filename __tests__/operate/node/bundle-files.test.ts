import { bundleFiles, type NodeFacts } from "../../../lib/operate/node/bundle-files";
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
      slurmctldPort: 617,
      metadata: false,
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
      options: "nfsvers=4.2,proto=tcp,hard,noatime,nosuid,nodev",
    });
    const nfs = { kind: "nfs", server: "fs.example", export: "/vol", path: "/home" } as const;
    expect(homeWith({ disks: { home: nfs } })).toEqual({
      kind: "nfs",
      path: "/home",
      server: "fs.example",
      export: "/vol",
      options: "nfsvers=4.1,proto=tcp,hard,noatime,nosuid,nodev",
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
    expect(Object.values(files).join("").length).toBeLessThan(60_000);
  });
});
