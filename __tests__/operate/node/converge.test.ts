import { spawn } from "node:child_process";
import { once } from "node:events";
import {
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
import type { NodeUnitReport } from "../../../lib/operate/node/answers";
import { bundleFiles, programText } from "../../../lib/operate/node/bundle-files";
import { viewOf } from "../../support/cluster-builder";

/** The node unit's program in a folder of its own, up to the stage `mounts`, which waits for what is never mounted. */
describe("a node whose software is not that of the cluster", () => {
  const scratch = mkdtempSync(join(tmpdir(), "converge-"));
  const [run, share] = [join(scratch, "run"), join(scratch, "share")];
  const applied = join(scratch, "applied");
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

  async function converge(has?: string): Promise<NodeUnitReport> {
    if (has !== undefined) writeFileSync(join(share, "software"), `${has}\n`);
    // Nobody waits here for a mirror to come back.
    const text = programText("converge.sh")
      .replaceAll("/run/ohpc", run)
      .replaceAll("/usr/share/ohpc", share)
      .replace("sleep 20", ":");
    await once(spawn("bash", ["-c", text], { stdio: "ignore" }), "close");
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
});
