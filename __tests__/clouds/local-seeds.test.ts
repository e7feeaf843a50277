import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { script, type ScriptName } from "../../lib/clouds/local/script";

/** The scripts that take away, with an engine that has nothing: all that is left of the cluster is its private directory. */
describe("what stock machines of a local cluster were handed", () => {
  const scratch = mkdtempSync(join(tmpdir(), "seeds-"));
  const directory = join(scratch, "state/ohpc/demo");
  const seeds = join(directory, "seed");
  writeFileSync(join(scratch, "podman"), "#!/bin/sh\nexit 0\n", { mode: 0o755 });

  beforeEach(() => {
    for (const host of ["cpu-1", "cpu-2"]) {
      mkdirSync(join(seeds, host), { recursive: true });
      writeFileSync(join(seeds, host, "user-data"), "#cloud-config\n");
    }
    writeFileSync(join(directory, "engine"), "podman\n");
  });
  afterEach(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  afterAll(() => {
    rmSync(scratch, { recursive: true });
  });

  function run(name: ScriptName, variables: Readonly<Record<string, string>>): void {
    const text = script(name, { cluster: "demo", site: "local" }, variables);
    const env = {
      PATH: [scratch, process.env["PATH"]].join(delimiter),
      HOME: scratch,
      XDG_STATE_HOME: join(scratch, "state"),
    };
    execFileSync("bash", ["-c", text], { env, stdio: "pipe" });
  }
  // No network has it: RFC 5737.
  const network = { subnet: "192.0.2.0/24", guard_metric: "4000000000" };

  it("goes with the machine, that of others stays", () => {
    run("machine-down", { host: "cpu-1", role: "compute" });
    expect(readdirSync(seeds)).toEqual(["cpu-2"]);
  });

  it("goes with the network, and with it the directory", () => {
    run("network-down", network);
    expect(existsSync(directory)).toBe(false);
  });

  it("goes with what Terraform forgot, and with it the directory", () => {
    run("leftovers", network);
    expect(existsSync(directory)).toBe(false);
  });
});
