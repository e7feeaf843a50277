import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { orderSteps } from "../../../lib/operate/configure/step/order";
import { inspectScript, lookAndApplyScript } from "../../../lib/operate/configure/step/scripts";
import { MASTER_STEPS } from "../../../lib/operate/configure/steps/master-steps";
import { usersBundle } from "../../../lib/operate/configure/steps/users-bundle";
import { programText } from "../../../lib/operate/node/bundle-files";
import { textBeside } from "../../../lib/package/text-beside";
import { applyRolesProgram } from "../../../lib/software/programs";

const scratch = mkdtempSync(join(tmpdir(), "scripts-"));
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

const hasShellcheck = spawnSync("shellcheck", ["--version"]).status === 0;

describe("the scripts that run on other machines", () => {
  it("are free of what shellcheck finds", () => {
    if (!hasShellcheck) throw new Error("shellcheck is not installed (Debian: apt-get install shellcheck)");
    const scripts = [
      ...[...MASTER_STEPS, usersBundle].flatMap(({ apply, id, inspect }) => [
        [`${id}.inspect.sh`, inspect] as const,
        [`${id}.apply.sh`, apply] as const,
      ]),
      ["all.inspect.sh", inspectScript(MASTER_STEPS)] as const,
      ...MASTER_STEPS.map((step) => [`${step.id}.look-and-apply.sh`, lookAndApplyScript(step, "live")] as const),
      ["converge.sh", programText("converge.sh")] as const,
      ["apply-roles.sh", applyRolesProgram()] as const,
      ["write-hosts.sh", programText("write-hosts.sh")] as const,
      ...[
        ...[
          "operate/lock/take-lock.sh",
          "operate/smoke/follow-job.sh",
          "operate/users/homes.sh",
          "operate/users/known.sh",
        ],
        ...["cli/attended.sh", "cli/candidates.sh"],
      ].map((path) => [basename(path), textBeside(join(__dirname, "..", "..", "..", "lib"), path)] as const),
    ];
    const files = scripts.map(([name, text]) => {
      // Scripts get these from the runner; functions that a step does not use come with those that it does.
      const given = '#!/bin/bash\n# shellcheck disable=SC2317,SC2329\nset -euo pipefail\n: "${OHPC_EFFECT=}"\n';
      writeFileSync(join(scratch, name), text.startsWith("#!") ? text : given + text);
      return name;
    });
    const { status, stdout } = spawnSync("shellcheck", ["--format", "gcc", ...files], {
      cwd: scratch,
      encoding: "utf8",
    });
    expect(stdout).toBe("");
    expect(status).toBe(0);
  });

  it("are Python that Python reads", () => {
    for (const name of ["accounts.py", "ask.py"] as const) {
      execFileSync("python3", ["-c", "import ast, sys; ast.parse(sys.stdin.read())"], { input: programText(name) });
    }
  });

  it("are carried out in an order in which every step finds what it needs", () => {
    const order = orderSteps(MASTER_STEPS).map(({ id }) => id);
    const before = (a: string, b: string) => {
      expect(order.indexOf(a)).toBeLessThan(order.indexOf(b));
    };
    // A slurmctld that starts before its entry in the database chooses an id that the database refuses for ever.
    // A stock machine has nothing of what the others call.
    for (const id of order.slice(1)) before("software", id);
    before("state-disk", "database");
    before("database", "slurmdbd");
    before("slurmdbd", "cluster-registered");
    before("cluster-registered", "slurmctld");
    before("slurmctld", "bundle");
    before("accounts", "slurm-accounts");
    // Slurm lets nobody go who has a job that only the accounting database knows.
    before("runaway-jobs", "departures");
  });
});
