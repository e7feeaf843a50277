import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { departures } from "../../../../lib/operate/configure/steps/departures";
import { BashRemote } from "../../../support/bash-remote";

const ACTIVE = "Error with request: Job(s) active, cancel job(s) before remove";
const DESIRED = { cluster: "demo", users: [{ name: "bob", uid: 2002 }], accounts: ["chemistry"], left: [] };
const BEFORE = {
  accounts: ["chemistry", "physics"],
  users: { bob: "chemistry" },
  former: [{ user: "bob", account: "physics" }],
};

describe("an account that a user has left", () => {
  let scratch = "";
  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), "departures-"));
    writeFileSync(join(scratch, "slurm-accounts.json"), JSON.stringify(BEFORE));
    // Nobody leaves the machine.
    program("python3", "true");
    program("sleep", "true");
    program("squeue", "true");
  });
  afterEach(() => {
    rmSync(scratch, { recursive: true });
  });

  it("goes when its last job is over, though the database hears of that a little later than squeue", async () => {
    program(
      "sacctmgr",
      `cd '${scratch}'; echo "$*" >>asked; [ "$(wc -l <asked)" -gt 2 ] || { echo '${ACTIVE}'; exit 1; }`,
    );
    await apply();
    expect(registry()).toEqual({ accounts: ["chemistry"], users: { bob: "chemistry" }, former: [] });
    expect(asked()).toEqual([
      ...Array<string>(3).fill("--immediate delete user where name=bob account=physics cluster=demo"),
      "--immediate delete account where name=physics cluster=demo",
    ]);
  });

  it("stays as long as squeue has a job in it, and nothing waits for that", async () => {
    program("sacctmgr", `cd '${scratch}'; echo "$*" >>asked; echo '${ACTIVE}'; exit 1`);
    program("squeue", '[[ " $* " != *" --account=physics "* ]] || echo 17');
    await apply();
    expect(registry()).toEqual(BEFORE);
    expect(asked()).toHaveLength(2);
  });

  async function apply(): Promise<void> {
    const script = departures.apply.replaceAll(
      "/srv/ohpc/state/slurm-accounts.json",
      join(scratch, "slurm-accounts.json"),
    );
    await new BashRemote().run(`PATH='${scratch}':$PATH\n${script}`, { input: JSON.stringify(DESIRED) });
  }

  const registry = (): unknown => JSON.parse(readFileSync(join(scratch, "slurm-accounts.json"), "utf8"));
  const asked = (): readonly string[] => readFileSync(join(scratch, "asked"), "utf8").trim().split("\n");

  /** One of the master's, as this machine need not have it. */
  function program(name: string, text: string): void {
    writeFileSync(join(scratch, name), `#!/bin/bash\n${text}\n`, { mode: 0o755 });
  }
});
