import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const SCRIPTS = join(__dirname, "../../../lib/operate/scheduler");
const TAKEN = ["node-rows.sh", "taken.sh"].map((name) => readFileSync(join(SCRIPTS, name), "utf8")).join("");

interface Unit {
  readonly ok?: boolean;
  readonly stage?: string;
  readonly message?: string;
  readonly generation?: number;
  readonly unreachable?: string;
}

/** taken.sh beside programs that only say what this test wants them to. */
describe("taken.sh", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "taken-"));
    for (const name of ["bundle", "bin", "answers"]) mkdirSync(join(folder, name));
    writeFileSync(join(folder, "bundle", "generation"), "4\n");
    // Answers come one after the other; the last one stays.
    writeFileSync(
      join(folder, "bundle", "ask.py"),
      `import json, os, sys
folder = "${folder}/answers"
files = sorted(os.listdir(folder))
names = [line.split()[1] for line in sys.stdin]
answers = json.load(open(f"{folder}/{files[0]}"))
if len(files) > 1: os.remove(f"{folder}/{files[0]}")
print(json.dumps({name: answers[name] for name in names}))
`,
    );
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function taken(
    answers: readonly Readonly<Record<string, Unit>>[],
    states: Readonly<Record<string, string>> = {},
    limit = "60",
  ): readonly string[] {
    const names = Object.keys(answers[0] ?? {});
    writeFileSync(
      join(folder, "bundle", "hosts"),
      `10.0.0.9 master\n${names.map((name) => `10.0.0.1 ${name}\n`).join("")}`,
    );
    writeFileSync(join(folder, "bundle", "nodes"), names.map((name) => `${name} cpu\n`).join(""));
    answers.forEach((answer, k) => {
      writeFileSync(join(folder, "answers", `${k}.json`), JSON.stringify(answer));
    });
    const rows = Object.entries(states).map(([name, state]) => `${name}|${state}`);
    writeFileSync(join(folder, "nodes"), rows.map((row) => `${row}\n`).join(""));
    const sinfo = `for word; do case $word in --format=*) mark=\${word#--format=} mark=\${mark%%%*} ;; esac; done\nsed "s/^/$mark/" ${folder}/nodes`;
    writeFileSync(join(folder, "bin", "sinfo"), `#!/bin/bash\n${sinfo}\n`);
    chmodSync(join(folder, "bin", "sinfo"), 0o755);
    const script = `set -euo pipefail\n${TAKEN.replace("/srv/ohpc/bundle/current", `${folder}/bundle`)}`;
    const env = { ...process.env, PATH: `${folder}/bin:${process.env["PATH"] ?? ""}` };
    const printed = execFileSync("bash", ["-c", script, "taken", limit], { encoding: "utf8", env, timeout: 60_000 });
    return printed.split("\n").filter((line) => line !== "");
  }

  const ready = { ok: true, stage: "ready", message: "", generation: 4 };

  it("waits for nodes that have an older configuration", () => {
    expect(
      taken([
        { "cpu-1": ready, "cpu-2": { ...ready, generation: 3 } },
        { "cpu-1": ready, "cpu-2": ready },
      ]),
    ).toEqual(["taken 1 2", "late cpu-2 it has configuration 3, not 4", "taken 2 2"]);
  });

  it("takes a node for one that has the accounts which has come past them, whatever else it lacks", () => {
    const full = { ok: false, stage: "room", message: "/tmp is 100 % full", generation: 4 };
    expect(taken([{ "cpu-1": full }])).toEqual(["taken 1 1"]);
    expect(taken([{ "cpu-1": { ...full, stage: "mounts" } }], { "cpu-1": "idle" }, "1").at(-1)).toBe("overdue");
  });

  it("does not wait for nodes that are off, or get no jobs: those that Slurm counts on, it names in the end", () => {
    const silent = { unreachable: "no answer\nwithin 3 s" };
    const states = { "cpu-1": "drained*", "cpu-2": "down*", "cpu-3": "idle~", "cpu-4": "drained" };
    const off = {
      "cpu-1": silent,
      "cpu-2": silent,
      "cpu-3": silent,
      "cpu-4": { ...ready, ok: false, stage: "mounts", message: "no server" },
    };
    expect(taken([{ ...off, "cpu-5": ready }], { ...states, "cpu-5": "idle" })).toEqual([
      "taken 1 5",
      ...["cpu-1", "cpu-2", "cpu-3"].map((name) => `off ${name} its node unit does not answer: no answer within 3 s`),
      "off cpu-4 its node unit: mounts: no server",
    ]);
    expect(taken([{ "cpu-1": silent }], { "cpu-1": "mixed" }, "1")).toEqual([
      "taken 0 1",
      "late cpu-1 its node unit does not answer: no answer within 3 s",
      "overdue",
    ]);
  });
});
