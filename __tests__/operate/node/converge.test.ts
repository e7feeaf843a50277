import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SLURMCTLD_PORT } from "../../../lib/model/ports";
import type { NodeUnitReport } from "../../../lib/operate/node/answers";
import { bundleFiles, programText } from "../../../lib/operate/node/bundle-files";
import { viewOf } from "../../support/cluster-builder";

/** The node unit's program in a folder of its own, up to the stage `mounts`, which waits for what is never mounted. */
describe("a node whose software is not that of the cluster", () => {
  const scratch = mkdtempSync(join(tmpdir(), "converge-"));
  const [run, share] = [join(scratch, "run"), join(scratch, "share")];
  const applied = join(scratch, "applied");
  const [programs, options] = [join(scratch, "bin"), join(scratch, "slurmd-options")];
  const failed = 'failed at "prepare : Read the lists of packages": no way to the mirror';

  beforeEach(() => {
    for (const folder of [run, share, join(run, "bundle"), join(run, "roles")]) mkdirSync(folder);
    const { "node.json": node = "" } = bundleFiles(
      viewOf({ disks: { home: { kind: "mounted", path: join(scratch, "home") } } }),
    );
    const files = { "node.json": node, nodes: "", generation: "1\n", software: "new\n", "slurm-version": "24.11.5\n" };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(run, "bundle", name), text);
    writeFileSync(join(run, "roles/hash"), "new\n");
    rolesThat(`echo '${failed}'; exit 1`);
    rmSync(applied, { force: true });
  });
  afterEach(() => {
    for (const folder of [run, share]) rmSync(folder, { recursive: true });
  });
  afterAll(() => {
    rmSync(scratch, { recursive: true });
  });

  function rolesThat(end: string): void {
    writeFileSync(join(run, "bundle/apply-roles"), `echo . >>'${applied}'\n${end}\n`);
  }
  const times = (): number => readFileSync(applied, "utf8").split("\n").length - 1;
  const state = (): NodeUnitReport => JSON.parse(readFileSync(join(run, "node.json"), "utf8")) as NodeUnitReport;

  async function converge(has?: string, env = process.env): Promise<NodeUnitReport> {
    if (has !== undefined) writeFileSync(join(share, "software"), `${has}\n`);
    // Nobody waits here for a mirror to come back.
    const text = programText("converge.sh")
      .replaceAll("/run/ohpc", run)
      .replaceAll("/usr/share/ohpc", share)
      .replaceAll("/etc/default/slurmd", options)
      .replaceAll("/var/lib/ohpc", run)
      .replace("sleep 20", ":");
    const path = { PATH: `${programs}:${env["PATH"] ?? ""}` };
    await once(spawn("bash", ["-c", text], { stdio: "ignore", env: { ...env, ...path } }), "close");
    return state();
  }

  it("goes on where older roles made it and these cannot be applied, and says so", async () => {
    expect(await converge("old")).toMatchObject({
      stage: "mounts",
      message: `nothing is mounted at ${scratch}/home, where the platform should have mounted the home directories; its software is of older roles: ${failed}`,
    });
    expect(times()).toBe(1);
  });

  it("locks where nobody else can: whoever can read a file can lock it", async () => {
    await converge("old");
    expect(statSync(join(run, "locks")).mode & 0o777).toBe(0o700);
    expect(readdirSync(run).filter((name) => name.endsWith(".lock"))).toEqual([]);
  });

  it("tries again ten minutes later, or at once when there are other roles, and says what keeps it meanwhile", async () => {
    await converge("old");
    expect(await converge()).toMatchObject({
      stage: "mounts",
      message: expect.stringContaining(failed) as unknown,
    });
    expect(times()).toBe(1);
    const before = Date.now() / 1000 - 660;
    utimesSync(join(run, "software-failed"), before, before);
    await converge();
    expect(times()).toBe(2);
    for (const name of ["bundle/software", "roles/hash"]) writeFileSync(join(run, name), "newer\n");
    await converge();
    expect(times()).toBe(3);
  });

  it("forgets what kept it once the roles are applied", async () => {
    await converge("old");
    const before = Date.now() / 1000 - 660;
    utimesSync(join(run, "software-failed"), before, before);
    rolesThat(`echo new >'${share}/software'`);
    const { stage, message } = await converge();
    expect(stage).toBe("mounts");
    expect(message).not.toContain("older roles");
  });

  it("goes on where its node unit is too old to fetch the roles, if older ones made it", async () => {
    rmSync(join(run, "roles"), { recursive: true });
    expect(await converge("old")).toMatchObject({
      stage: "mounts",
      message: expect.stringContaining("its software is of older roles: it has not what the roles make") as unknown,
    });
  });

  it("first has its slurmd know the controller's port of now, which roles that take minutes must not wait for", async () => {
    mkdirSync(programs);
    const systemctl = `#!/bin/bash\n[ "$1" = is-active ] || echo "$*" >>'${applied}'\n`;
    writeFileSync(join(programs, "systemctl"), systemctl, { mode: 0o755 });
    writeFileSync(options, 'SLURMD_OPTIONS="--conf-server master:6817"\n');
    await converge("old");
    expect(readFileSync(applied, "utf8")).toBe("restart slurmd\n.\n");
    expect(readFileSync(options, "utf8")).toBe(`SLURMD_OPTIONS="--conf-server master:${SLURMCTLD_PORT}"\n`);
    await converge();
    expect(readFileSync(applied, "utf8")).toBe("restart slurmd\n.\n");
    rmSync(programs, { recursive: true });
  });

  it("stops there where no roles ever made it", async () => {
    expect(await converge()).toMatchObject({ stage: "software", ok: false, message: failed });
    expect(await converge()).toMatchObject({ stage: "software", ok: false, message: failed });
    expect(times()).toBe(2);
    rmSync(join(run, "roles"), { recursive: true });
    expect(await converge()).toMatchObject({
      stage: "software",
      message: expect.stringContaining("make the machine anew") as unknown,
    });
  });

  it.each([
    ["stat: cannot statx: Stale file handle", "is another disk than the one that was mounted at HOME: reboot the node"],
    ["", "does not answer (mounted at HOME)"],
  ])("whose home directories are behind a mount that says %p tells what to do", async (says, words) => {
    const home = join(scratch, "home");
    const { "node.json": node = "" } = bundleFiles(
      viewOf({ disks: { home: { kind: "nfs", server: "files", export: "/", path: home } } }),
    );
    writeFileSync(join(run, "bundle", "node.json"), node);
    mkdirSync(programs, { recursive: true });
    const answers = { findmnt: "echo files:/", stat: `echo '${says}' >&2; exit 1` };
    for (const [name, text] of Object.entries(answers)) {
      writeFileSync(join(programs, name), `#!/bin/bash\n${text}\n`, { mode: 0o755 });
    }
    expect(await converge("new")).toMatchObject({ stage: "mounts", message: `files:/ ${words.replace("HOME", home)}` });
    rmSync(programs, { recursive: true });
  });

  describe("and whose disks fill", () => {
    /** df that tells this of /tmp, in KiB, and programs that only say what they were told; Slurm knows the node's state. */
    function disks(row: string, slurmd: boolean, state = "IDLE"): NodeJS.ProcessEnv {
      const bin = join(run, "bin");
      mkdirSync(bin);
      writeFileSync(join(run, "state"), state);
      const programs = {
        df: `echo 'Mounted on 1K-blocks Used Avail Inodes IFree'; echo '/tmp ${row}'`,
        systemctl: slurmd ? "exit 0" : '[ "$1" != is-active ]',
        scontrol: `case $* in
  *show*) echo "NodeName=cpu-1 State=$(cat '${run}/state') Reason=x" ;;
  *) echo "$*" >>'${run}/told'; echo MIXED+DRAIN >'${run}/state' ;;
esac`,
      };
      for (const [name, text] of Object.entries(programs)) {
        writeFileSync(join(bin, name), `#!/bin/bash\n${text}\n`, { mode: 0o755 });
      }
      return { ...process.env, PATH: `${bin}:${process.env["PATH"] ?? ""}` };
    }
    const told = () => (existsSync(join(run, "told")) ? readFileSync(join(run, "told"), "utf8") : "");

    it.each([
      ["1024 1024 0 1000 900", "/tmp is 100 % full"],
      ["100000000 99950000 50000 1000 900", "/tmp is 99 % full"],
      ["100000000 100 99999900 1000000 0", "/tmp can hold no more files"],
    ])("(%s) takes no new jobs, whatever else keeps it, and says why once", async (row, words) => {
      const env = disks(row, true);
      await converge("new", env);
      await converge("new", env);
      expect(told()).toMatch(new RegExp(`^update NodeName=\\S+ State=DRAIN Reason=ohpc: ${words}\n$`));
    });

    it("takes none in any case where somebody has drained it, who gives it back", async () => {
      const env = disks("1024 1024 0 1000 900", true, "IDLE+DRAIN");
      await converge("new", env);
      expect(told()).toBe("");
      // Given back while the disk is still full.
      writeFileSync(join(run, "state"), "IDLE");
      await converge("new", env);
      expect(told()).toMatch(/^update NodeName=\S+ State=DRAIN Reason=ohpc: /);
    });

    it.each([
      ["100000000 96000000 4000000 1000000 900000", "/tmp is 96 % full"],
      ["100000000 10 99999990 100000 4000", "/tmp can hold 4000 more files"],
    ])("(%s) goes on, and says so", async (row, words) => {
      const { message } = await converge("new", disks(row, true));
      expect(message).toContain(`; ${words}`);
      expect(told()).toBe("");
    });

    it.each([
      // A busy disk with room for much, a small one that is half empty, and one that counts no inodes.
      "1000000000 940000000 60000000 1000000 900000",
      "65536 30000 35536 1000000 999999",
      "100000000 10 99999990 0 0",
    ])("(%s) not far enough says nothing", async (row) => {
      const { message } = await converge("new", disks(row, true));
      expect(message).not.toMatch(/full|more files/);
      expect(told()).toBe("");
    });
  });
});
