import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runawayJobs } from "../../../../lib/operate/configure/steps/runaway-jobs";
import { BashRemote } from "../../../support/bash-remote";

const AT = "2026-11-26T18:55:24";

describe("runaway jobs", () => {
  let scratch = "";
  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), "runaway-"));
    program("systemctl", "true");
    program("sleep", "true");
    program("sdiag", "echo 'Agent queue size:     7'; echo 'DBD Agent queue size: 0'");
    program(
      "sacct",
      `echo '12|${AT}|alice'; echo '12|2026-01-01T00:00:00|bob'; echo 'job 9|${AT}|eve'; echo '9|${AT}|$(id)'`,
    );
  });
  afterEach(() => {
    rmSync(scratch, { recursive: true });
  });

  it("are told by number, user and state; what makes no sense is left out", async () => {
    lists(
      `NOTE: Runaway jobs are jobs`,
      `12|${AT}|RUNNING`,
      `9|${AT}|PENDING`,
      `x|${AT}|PENDING`,
      `7|${AT}|;reboot`,
      "(N/y): ",
    );
    expect(await seen()).toEqual(["9 PENDING", "12 alice RUNNING"]);
  });

  it("are none where sacctmgr has found none, or could not be asked", async () => {
    lists("Runaway Jobs: No runaway jobs found on cluster demo");
    expect(await seen()).toEqual([]);
    program("sacctmgr", "echo 'Connection refused' >&2; exit 1");
    expect(await seen()).toEqual([]);
  });

  it("are those that are still unfinished when slurmctld has told slurmdbd all", async () => {
    program(
      "sdiag",
      `cd '${scratch}'; if [ -e told ]; then n=0; else n=1; touch told; fi; echo "DBD Agent queue size: $n"`,
    );
    program("sacctmgr", `echo '12|${AT}|RUNNING'; if [ ! -e '${scratch}/told' ]; then echo '13|${AT}|RUNNING'; fi`);
    expect(await seen()).toEqual(["12 alice RUNNING"]);
    program("sdiag", "echo 'DBD Agent queue size: 1'");
    expect(await seen()).toEqual([]);
  });

  it("are looked for again until slurmdbd knows where slurmctld is", async () => {
    program(
      "sacctmgr",
      `cd '${scratch}'; if [ ! -e asked ]; then touch asked; echo 'error: Slurmctld running on cluster demo is not up' >&2; exit 1; fi; echo '12|${AT}|RUNNING'`,
    );
    expect(await seen()).toEqual(["12 alice RUNNING"]);
  });

  it("are named to the tenth and counted from there", () => {
    const note = (count: number) =>
      runawayJobs.note?.({ cluster: "demo", jobs: Array.from({ length: count }, (_, k) => `${k + 1} alice PENDING`) });
    expect(note(2)).toMatch(/: 1 alice PENDING, 2 alice PENDING$/);
    expect(note(10)).toMatch(/, 10 alice PENDING$/);
    expect(note(12)).toMatch(/, 10 alice PENDING and 2 more$/);
  });

  async function seen(): Promise<unknown> {
    writeFileSync(join(scratch, "slurm.conf"), "");
    const script = runawayJobs.inspect.replaceAll("/etc/slurm/slurm.conf", join(scratch, "slurm.conf"));
    const said = await new BashRemote().run(`PATH='${scratch}':$PATH\n${script}`, { input: '{"cluster":"demo"}' });
    return (JSON.parse(said) as { readonly jobs: unknown }).jobs;
  }

  function lists(...lines: readonly string[]): void {
    program("sacctmgr", `cat <<'END'\n${lines.join("\n")}\nEND`);
  }

  /** One of the master's, as this machine need not have it. */
  function program(name: string, text: string): void {
    writeFileSync(join(scratch, name), `#!/bin/bash\n${text}\n`, { mode: 0o755 });
  }
});
