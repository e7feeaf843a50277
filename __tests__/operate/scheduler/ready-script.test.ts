import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const READY = readFileSync(join(__dirname, "../../../lib/operate/scheduler/ready.sh"), "utf8");

/** The same in a world where two minutes are one second, and units are asked all the time. */
const QUICKLY = READY.replace("SECONDS + 115", "SECONDS + 1").replaceAll(
  /ask_units=\$\(\(SECONDS \+ \d\)\)/g,
  "ask_units=0",
);

const STOPPED = [
  "cpu-1|drained|root|bad fan",
  "cpu-2|drained*|root|ohpc stop by eve@desk",
  "cpu-3|drained|root|ohpc stop by eve@desk",
  "gpu-1|drained|root|ohpc stop by eve@desk",
];

/** ready.sh beside programs that only say what this test wants them to: which nodes it undrains is its own doing. */
describe("nodes that were drained", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "ready-"));
    mkdirSync(join(folder, "bundle"));
    mkdirSync(join(folder, "bin"));
    program("sinfo", `case "$*" in *--partition*) ;; *) cat ${folder}/nodes ;; esac`);
    program(
      "scontrol",
      `echo "$2 $3" >>${folder}/told
for node in $(tr , ' ' <<<"\${2#nodename=}"); do sed -i "s/^$node|.*/$node|idle|root|none/" ${folder}/nodes; done`,
    );
    writeFileSync(join(folder, "bundle", "hosts"), "10.0.0.1 cpu-1\n10.0.0.2 cpu-2\n10.0.0.3 cpu-3\n10.0.1.1 gpu-1\n");
    // The first time that it is asked, gpu-1 is not there yet.
    writeFileSync(
      join(folder, "bundle", "ask.py"),
      `import json, os, sys
names = [line.split()[1] for line in sys.stdin]
print(json.dumps({name: {"ok": name != "gpu-1" or os.path.exists("${folder}/asked")} for name in names}))
open("${folder}/asked", "w")
`,
    );
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  function program(name: string, text: string): void {
    const file = join(folder, "bin", name);
    writeFileSync(file, `#!/bin/bash\n${text}\n`);
    chmodSync(file, 0o755);
  }

  function ready(
    waking: readonly string[],
    nodes: readonly string[] = STOPPED,
    seconds = 600,
    text = READY,
  ): { readonly printed: string; readonly told: string } {
    writeFileSync(join(folder, "nodes"), `${nodes.join("\n")}\n`);
    writeFileSync(join(folder, "told"), "");
    const script = `set -euo pipefail\n${text.replace("/srv/ohpc/bundle/current", join(folder, "bundle"))}`;
    const args = ["-c", script, "ready", String(seconds), String(nodes.length), "ohpc stop", "cpu", "cpu-[1-3]"];
    const env = { ...process.env, PATH: `${join(folder, "bin")}:${process.env["PATH"] ?? ""}` };
    const printed = execFileSync("bash", args, {
      env,
      encoding: "utf8",
      input: waking.map((host) => `${host}\n`).join(""),
    });
    return { printed, told: readFileSync(join(folder, "told"), "utf8") };
  }

  it("are undrained when their units are ready; those that were drained by hand are not", () => {
    const { printed, told } = ready(["cpu-1", "cpu-2", "cpu-3", "gpu-1"]);
    expect(told).toBe("nodename=cpu-2,cpu-3 state=resume\nnodename=gpu-1 state=resume\n");
    expect(printed).toContain("waiting gpu-1 drained ohpc stop by eve@desk\n");
    expect(printed).toContain("nodes 4 4\ndrained cpu-1 bad fan\n");
  });

  it("are left so if it is others that are resumed, and nobody waits for them", () => {
    const { printed, told } = ready(["cpu-2"]);
    expect(told).toBe("nodename=cpu-2 state=resume\n");
    expect(printed).toContain("drained cpu-3 ohpc stop by eve@desk\ndrained gpu-1 ohpc stop by eve@desk\n");
    expect(ready([]).told).toBe("");
  });

  it("are waited for by nobody either if Slurm has added meanwhile that they are silent, and was the last to speak", () => {
    const { printed } = ready(
      [],
      [
        "cpu-1|drained|slurm(64030)|bad fan : Not responding",
        "cpu-2|drained*|slurm(64030)|ohpc stop by eve : Not responding",
      ],
    );
    expect(printed).toContain("nodes 2 2\ndrained cpu-1 bad fan\ndrained cpu-2 ohpc stop by eve\n");
  });

  it("are waited for if it is Slurm itself that has found them wanting", () => {
    const nodes = ["cpu-1|drained*|slurm(64030)|Not responding", "cpu-2|drained|slurm(64030)|Low RealMemory"];
    const { printed } = ready([], nodes, 1);
    expect(printed).toContain(
      "nodes 0 2\nwaiting cpu-1 drained* Not responding\nwaiting cpu-2 drained Low RealMemory\n",
    );
  });

  it("are waited for no longer than two minutes where all that is missing says that it does not come by itself", () => {
    const nodes = ["cpu-1|idle|root|none", "cpu-2|idle|root|none", "cpu-3|down*|slurm|Not responding"];
    const said = (final: readonly string[], changing = false) => {
      const units = { "cpu-3": { ok: false, stage: "devices", message: "promised", final: final.includes("cpu-3") } };
      const text = `import json, sys\nunits = json.loads('''${JSON.stringify(units)}''')\nsys.stdin.read()\n`;
      const change =
        'open("' + folder + '/n", "a").write("x"); units["cpu-3"]["message"] = open("' + folder + '/n").read()\n';
      writeFileSync(join(folder, "bundle", "nodes"), "cpu-1 cpu\ncpu-2 cpu\ncpu-3 cpu\n");
      writeFileSync(join(folder, "bundle", "ask.py"), `${text}${changing ? change : ""}print(json.dumps(units))\n`);
      return ready([], nodes, 3, QUICKLY).printed;
    };
    expect(said(["cpu-3"])).toMatch(/unit cpu-3 devices promised\nfinal 1\nhopeless\n$/);
    expect(said(["cpu-3"], true)).toMatch(/overdue\n$/);
    // Others may still come.
    nodes[1] = "cpu-2|down*|slurm|Not responding";
    expect(said(["cpu-3"])).toMatch(/final 1\noverdue\n$/);
  });
});
