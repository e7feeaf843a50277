import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { wayIn } from "../../../lib/operate/access/way-in";
import { sampleCluster } from "../../support/sample-cluster";

const { spec, manifest } = sampleCluster();
const access = { manifest, privateDirectory: "/home/op/.local/state/ohpc/demo 1" };

/** What OpenSSH itself makes of the lines. */
function understood(lines: readonly string[], host: string): ReadonlyMap<string, string> {
  const directory = mkdtempSync(join(tmpdir(), "way-in-"));
  try {
    writeFileSync(join(directory, "config"), `${lines.join("\n")}\n`);
    const said = execFileSync("ssh", ["-T", "-G", "-F", join(directory, "config"), host], { encoding: "utf8" });
    return new Map(said.split("\n").map((line) => [line.split(" ")[0] ?? "", line.split(" ").slice(1).join(" ")]));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe("the way in without ohpc", () => {
  /** Without users, it is the administrator's. */
  const nobody = { spec: { ...spec, users: { ...spec.users, users: [] } } };

  it("is a block that OpenSSH understands", () => {
    const { sshConfig, user, port, host } = wayIn({ spec }, access);
    const master = understood(sshConfig, manifest.cluster);
    expect([master.get("hostname"), master.get("port"), master.get("user")]).toEqual([host, String(port), user]);
    expect(master.get("userknownhostsfile")).toBe(`${access.privateDirectory}/known_hosts`);
  });

  it("leads the administrator to nodes, too, whatever they are called, and to no others", () => {
    const [pool] = manifest.pools;
    if (pool === undefined) throw new Error("there is no pool");
    const { master } = manifest;
    const named = {
      ...manifest,
      master: { ...master, access: { ...master.access, identity: "cluster" as const } },
      pools: [pool, { ...pool, name: "old", hosts: "c[08-11]" }],
    };
    const { sshConfig, user } = wayIn(nobody, { ...access, manifest: named });
    for (const node of ["c08", "c11", `${pool.name}-1`, `${pool.name}-4711`]) {
      const way = understood(sshConfig, node);
      expect([way.get("proxyjump"), way.get("user")]).toEqual([manifest.cluster, user]);
      expect(way.get("identityfile")).toBe(`${access.privateDirectory}/id_ed25519`);
    }
    for (const other of ["cern.ch", "c1", "old-1"])
      expect([other, understood(sshConfig, other).get("proxyjump")]).toEqual([other, undefined]);
  });

  it("leads no user to nodes, which do not know the keys of the users file", () => {
    const { sshConfig } = wayIn({ spec }, access);
    expect(sshConfig.filter((line) => line.startsWith("Host "))).toEqual([`Host ${manifest.cluster}`]);
  });

  it("is a user's with the user's own key, else the administrator's with the cluster's", () => {
    expect(wayIn({ spec }, access)).toMatchObject({ user: spec.users.users[0]?.name });
    expect(wayIn({ spec }, access).sshConfig.join("\n")).not.toContain("IdentityFile");
    const own = {
      ...manifest,
      master: { ...manifest.master, access: { ...manifest.master.access, identity: "cluster" as const } },
    };
    const way = wayIn(nobody, { ...access, manifest: own });
    expect(way).toMatchObject({
      user: manifest.master.access.user,
      key: `the key ${access.privateDirectory}/id_ed25519`,
    });
    expect(understood(way.sshConfig, manifest.cluster).get("identityfile")).toBe(
      `${access.privateDirectory}/id_ed25519`,
    );
  });

  it("trusts committed host keys alone, and goes through the proxy where no port is open", () => {
    const proxied = {
      ...manifest,
      master: {
        ...manifest.master,
        access: { ...manifest.master.access, proxy: ["session-manager", "--target", "%h"] },
      },
    };
    const { sshConfig } = wayIn(
      { spec },
      { manifest: proxied, privateDirectory: "/p", knownHosts: "/repo/demo.known_hosts" },
    );
    const master = understood(sshConfig, manifest.cluster);
    expect(master.get("userknownhostsfile")).toBe("/repo/demo.known_hosts");
    expect(master.get("proxycommand")).toMatch(/session-manager.*--target.*%h/);
  });
});
