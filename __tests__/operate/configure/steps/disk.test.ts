import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { homeDisk } from "../../../../lib/operate/configure/steps/home-disk";
import type { ManifestDisk } from "../../../../lib/model/manifest";
import { viewOf } from "../../../support/cluster-builder";

/** What the step does on a machine whose programs only say what they are told to. */
describe("a home disk of another server", () => {
  const scratch = mkdtempSync(join(tmpdir(), "disk-"));
  const [bin, fstab, mounted] = ["bin", "fstab", "mounted"].map((name) => join(scratch, name)) as [
    string,
    string,
    string,
  ];
  const home = join(scratch, "home");
  const disk = (server: string, path = home): ManifestDisk => ({ kind: "nfs", server, export: "/", path });

  beforeEach(() => {
    mkdirSync(bin);
    writeFileSync(fstab, "# ours\nUUID=1 / ext4 defaults 0 1\n");
    const programs = {
      findmnt: `[ -e '${mounted}' ] && cat '${mounted}'`,
      mount: `awk -v path="$1" '$2 == path { print $1 }' '${fstab}' >'${mounted}'`,
      systemctl: "exit 0",
    };
    for (const [name, text] of Object.entries(programs)) {
      writeFileSync(join(bin, name), `#!/bin/bash\n${text}\n`, { mode: 0o755 });
    }
  });
  afterEach(() => {
    rmSync(scratch, { recursive: true });
    mkdirSync(scratch);
  });
  afterAll(() => {
    rmSync(scratch, { recursive: true });
  });

  function apply(wanted: ManifestDisk): { readonly status: number | null; readonly stderr: string } {
    const desired = JSON.stringify(homeDisk.desired(viewOf({ disks: { home: wanted } })));
    // Of a shell of the first level, bash takes a socket on standard input for a remote login, and would read its rc files.
    return spawnSync("bash", ["--norc", "-euo", "pipefail", "-c", homeDisk.apply.replaceAll("/etc/fstab", fstab)], {
      input: desired,
      encoding: "utf8",
      env: { ...process.env, PATH: `${bin}:${process.env["PATH"] ?? ""}` },
    });
  }
  const lines = () => readFileSync(fstab, "utf8").trimEnd().split("\n");

  it("is mounted where nothing is mounted", () => {
    expect(apply(disk("one"))).toMatchObject({ status: 0, stderr: "" });
    expect(readFileSync(mounted, "utf8")).toBe("one:/\n");
    expect(apply(disk("one")).status).toBe(0);
  });

  it("is not said to be there where the former one is still mounted: the next boot mounts it, and somebody is told so", () => {
    apply(disk("one"));
    const { status, stderr } = apply(disk("two"));
    expect(status).toBe(1);
    expect(stderr).toBe(`another disk is mounted at ${home}: one:/, not two:/\n`);
    expect(homeDisk.remedies?.find(({ when }) => when.test(stderr))?.remedy).toContain("reboot the machine");
    expect(lines().slice(2)).toEqual([expect.stringMatching(`^two:/ ${home} nfs4 `)]);
  });

  it("is mounted by the next boot at its new place alone", () => {
    apply(disk("one"));
    rmSync(mounted);
    expect(apply(disk("one", `${home}2`)).status).toBe(0);
    expect(existsSync(`${home}2`)).toBe(true);
    expect(lines()).toEqual(["# ours", "UUID=1 / ext4 defaults 0 1", expect.stringMatching(`^one:/ ${home}2 nfs4 `)]);
  });
});
