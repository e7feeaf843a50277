import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { hostileText } from "../../support/hostile-text";

const ROWS = readFileSync(join(__dirname, "../../../lib/operate/scheduler/node-rows.sh"), "utf8");

/** node_rows beside a sinfo that fills in its format as Slurm's does: reasons as they are. */
describe("the line of a node", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "rows-"));
    writeFileSync(
      join(folder, "sinfo"),
      `#!/usr/bin/python3
import json, sys
format = next(word.removeprefix("--format=") for word in sys.argv if word.startswith("--format="))
for node in json.load(open("${folder}/nodes")):
    sys.stdout.buffer.write((format.replace("%N", node["name"]).replace("%T", node["state"]).replace("%E", node["reason"]) + "\\n").encode(errors="surrogatepass"))
`,
    );
    chmodSync(join(folder, "sinfo"), 0o755);
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  function rows(nodes: readonly { readonly name: string; readonly state: string; readonly reason: string }[]) {
    writeFileSync(join(folder, "nodes"), JSON.stringify(nodes));
    const printed = execFileSync("bash", ["-c", `set -euo pipefail\n${ROWS}\nnode_rows 5 '%N|%T|%E'`], {
      env: { ...process.env, PATH: `${folder}:${process.env["PATH"] ?? ""}` },
      encoding: "utf8",
    });
    return printed.split("\n").filter((line) => line !== "");
  }

  it("holds its reason, whatever that looks like", () => {
    const reason = "x\ncpu-2|idle|none\n\fjobs\n9 RUNNING\x1b[2J\ta | b";
    expect(
      rows([
        { name: "cpu-1", state: "drained", reason },
        { name: "cpu-2", state: "down", reason: "bad fan" },
        { name: "cpu-2", state: "down", reason: "bad fan" },
      ]),
    ).toEqual(["cpu-1|drained|x\\ncpu-2|idle|none\\n?jobs\\n9 RUNNING?[2J?a | b", "cpu-2|down|bad fan"]);
  });

  it("is one for each node, and has no controls", () => {
    fc.assert(
      fc.property(fc.array(hostileText(), { minLength: 1, maxLength: 4 }), (reasons) => {
        const printed = rows(reasons.map((reason, k) => ({ name: `cpu-${k + 1}`, state: "down", reason })));
        expect(printed.map((line) => line.slice(0, "cpu-1|down|".length))).toEqual(
          reasons.map((_, k) => `cpu-${k + 1}|down|`),
        );
        // eslint-disable-next-line no-control-regex
        expect(printed.join("")).not.toMatch(/[\x00-\x1f\x7f]/);
      }),
      { numRuns: 20 },
    );
  });

  it("is none where there is none", () => {
    expect(rows([])).toEqual([]);
  });
});
