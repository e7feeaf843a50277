import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ClusterView } from "../../../lib/model/cluster-view";
import type { ManifestDisk } from "../../../lib/model/manifest";
import { homeDisk } from "../../../lib/operate/configure/steps/home-disk";
import { bundleFiles, programText } from "../../../lib/operate/node/bundle-files";
import { viewOf } from "../../support/cluster-builder";

/**
 * What the master and a node say to `mount`, which only notes it down here: no kernel of a test speaks NFS to a vendor's
 * server. Both programs run as they are, in folders of their own.
 */
describe("home directories on a server outside the cluster", () => {
  const scratch = mkdtempSync(join(tmpdir(), "nfs-home-"));
  const [run, programs, fstab, home] = ["run", "programs", "fstab", "home"].map((name) => join(scratch, name)) as [
    string,
    string,
    string,
    string,
  ];
  const noted = join(scratch, "noted");
  const PATH = `${programs}:${process.env["PATH"] ?? ""}`;

  beforeEach(() => {
    for (const folder of [join(run, "bundle"), programs]) mkdirSync(folder, { recursive: true });
    const programsNow = {
      mount: `echo "$*" >>'${noted}'`,
      mountpoint: "exit 1",
      findmnt: "exit 1",
      systemctl: "exit 0",
    };
    for (const [name, text] of Object.entries(programsNow))
      writeFileSync(join(programs, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    writeFileSync(fstab, "");
    writeFileSync(noted, "");
  });
  afterEach(() => {
    rmSync(run, { recursive: true });
  });
  afterAll(() => {
    rmSync(scratch, { recursive: true });
  });

  /** The options in /etc/fstab of the master. */
  function mountedOnMaster(view: ClusterView): string {
    const input = JSON.stringify(homeDisk.desired(view));
    const apply = spawnSync(
      "bash",
      ["--norc", "-c", `set -euo pipefail\n${homeDisk.apply.replaceAll("/etc/fstab", fstab)}`],
      {
        input,
        env: { PATH },
        encoding: "utf8",
      },
    );
    expect(apply.stderr).toBe("");
    return /^\S+ \S+ nfs4 (\S+) 0 0$/m.exec(readFileSync(fstab, "utf8"))?.[1] ?? "";
  }

  /** Those of a node's mount. */
  function mountedOnNode(view: ClusterView): string {
    const { "node.json": node = "" } = bundleFiles(view);
    const files = { "node.json": node, nodes: "", generation: "1\n", software: "new\n", "slurm-version": "24.11.5\n" };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(run, "bundle", name), text);
    writeFileSync(join(run, "software"), "new\n");
    writeFileSync(join(run, "bundle/write-hosts"), "exit 1\n");
    writeFileSync(noted, "");
    const text = programText("converge.sh").replaceAll("/run/ohpc", run).replaceAll("/usr/share/ohpc", run);
    spawnSync("bash", ["--norc", "-c", text], { env: { PATH } });
    return /^-t nfs4 -o (\S+) /m.exec(readFileSync(noted, "utf8"))?.[1] ?? "";
  }

  const viewWith = (disk: ManifestDisk) => viewOf({ pools: { cpu: 1 }, disks: { home: disk } });
  const server = { kind: "nfs", server: "fs.example", export: "/vol", path: home } as const;

  it("are mounted by the version that the server speaks and with what it recommends, alike on master and nodes", () => {
    const view = viewWith({ ...server, version: "4.1", mountOptions: ["timeo=600", "noresvport"] });
    expect(mountedOnMaster(view)).toBe(
      "nfsvers=4.1,proto=tcp,hard,noatime,nosuid,nodev,timeo=600,noresvport,_netdev,nofail",
    );
    expect(mountedOnNode(view)).toBe("nfsvers=4.1,proto=tcp,hard,noatime,nosuid,nodev,timeo=600,noresvport,retry=0");
  });

  it("are mounted by what every server here speaks where a manifest of before does not say", () => {
    const view = viewWith(server);
    expect([mountedOnMaster(view), mountedOnNode(view)].map((options) => options.split(",")[0])).toEqual([
      "nfsvers=4.1",
      "nfsvers=4.1",
    ]);
  });

  it("are mounted by 4.2 where the server is the master", () => {
    expect(mountedOnNode(viewWith({ kind: "block", device: "/dev/x", path: home }))).toMatch(/^nfsvers=4\.2,/);
  });
});
