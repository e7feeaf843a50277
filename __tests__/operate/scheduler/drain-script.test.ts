import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const SCRIPTS = join(__dirname, "../../../lib/operate/scheduler");
const DRAIN = ["node-rows.sh", "drain.sh"].map((name) => readFileSync(join(SCRIPTS, name), "utf8")).join("");

/** drain.sh beside programs that only say what this test wants them to: which nodes it takes is its own doing. */
describe("nodes whose machines are stopped", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "drain-"));
    // As sinfo fills in its own format, e.g. `%N|%T`.
    program(
      "sinfo",
      `for word; do case $word in --format=*) format=\${word#--format=} ;; esac; done
while IFS=';' read -r N T U E; do
  line=\${format//%N/$N} line=\${line//%T/$T} line=\${line//%U/$U}
  echo "\${line//%E/$E}"
done <${folder}/nodes`,
    );
    program("scontrol", `echo "$*" >>${folder}/told`);
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  function program(name: string, text: string): void {
    const file = join(folder, name);
    writeFileSync(file, `#!/bin/bash\n${text}\n`);
    chmodSync(file, 0o755);
  }

  /** What Slurm is told, if its nodes are these: name, state, who gave the reason, reason. */
  function run(action: string, reason: string, nodes: readonly string[]) {
    writeFileSync(join(folder, "nodes"), nodes.map((node) => `${node}\n`).join(""));
    writeFileSync(join(folder, "told"), "");
    const printed = execFileSync("bash", ["-c", `set -euo pipefail\n${DRAIN}`, "drain", action, "cpu-[1-9]", reason], {
      env: { ...process.env, PATH: `${folder}:${process.env["PATH"] ?? ""}` },
      encoding: "utf8",
    });
    return { printed, told: readFileSync(join(folder, "told"), "utf8") };
  }

  it("are drained, but for those that somebody has drained or set down by hand", () => {
    const { printed, told } = run("drain", "ohpc stop by eve@desk", [
      "cpu-1;idle;Unknown;none",
      "cpu-2;idle;Unknown;none",
      "cpu-2;idle;Unknown;none",
      "cpu-3;mixed;root(0);an old reason",
      "cpu-4;drained;root(0);bad fan",
      "cpu-5;down;alice(2001);bad disk",
      "cpu-6;down*;root(0);bad disk",
      "cpu-7;down*;slurm(64030);Not responding",
      "cpu-8;down;Unknown;none",
    ]);
    expect(printed).toBe("cpu-1,cpu-2,cpu-3,cpu-7,cpu-8\n");
    expect(told).toBe("update nodename=cpu-1,cpu-2,cpu-3,cpu-7,cpu-8 state=drain reason=ohpc stop by eve@desk\n");
  });

  it("keep the reason that they had while the jobs end that still run there", () => {
    const { told } = run("end", "ohpc stop", [
      "cpu-1;draining;root(0);ohpc stop by eve@desk",
      "cpu-2;draining;alice(2001);fan | disk",
      "cpu-3;drained;root(0);ohpc stop by eve@desk",
    ]);
    expect(told).toBe(
      "update nodename=cpu-1 state=down reason=ohpc stop by eve@desk\nupdate nodename=cpu-2 state=down reason=fan | disk\n",
    );
  });

  it("are undrained if they were drained for that reason, and no others", () => {
    const { told } = run("undrain", "ohpc stop", [
      "cpu-1;drained;root(0);ohpc stop by eve@desk",
      "cpu-2;drained;root(0);bad fan",
      "cpu-3;down;root(0);bad disk",
    ]);
    expect(told).toBe("update nodename=cpu-1 state=resume\n");
  });
});
