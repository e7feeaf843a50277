import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ASKED_REASON, STOP_REASON, UNIT_REASON } from "../../../lib/operate/scheduler/drain";

const SCRIPTS = join(__dirname, "../../../lib/operate/scheduler");
const READY = ["node-rows.sh", "ready.sh"].map((name) => readFileSync(join(SCRIPTS, name), "utf8")).join("");

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
describe("ready.sh", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "ready-"));
    mkdirSync(join(folder, "bundle"));
    mkdirSync(join(folder, "bin"));
    // What its format begins with stands at the beginning of each line. Two of its options exclude each other.
    program(
      "sinfo",
      `case "$*" in *--all*--partition=* | *--partition=*--all*) echo 'sinfo: error: Conflicting options, -a and -p' >&2; exit 1 ;; esac
for word; do case $word in --format=*) mark=\${word#--format=} mark=\${mark%%%*} ;; esac; done
sed "s/^[^|]*|[^|]*|[^|]*|/$mark&/" ${folder}/nodes`,
    );
    srun("");
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
units = {name: {"ok": name != "gpu-1" or os.path.exists("${folder}/asked")} for name in names}
for name in names:
    if os.path.exists(f"${folder}/{name}.json"):
        units[name] = json.load(open(f"${folder}/{name}.json"))
        os.remove(f"${folder}/{name}.json")
print(json.dumps(units))
open("${folder}/asked", "w")
`,
    );
    writeFileSync(join(folder, "bundle", "generation"), "4\n");
    mkdirSync(join(folder, "slurm"));
    writeFileSync(
      join(folder, "slurm", "slurm.conf"),
      "ClusterName=demo\nSrunPortRange=60001-63000\nMpiDefault=pmix\n",
    );
    writeFileSync(join(folder, "slurm", "mpi.conf"), "PMIxCollFence=ring\n");
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  function program(name: string, text: string): void {
    const file = join(folder, "bin", name);
    writeFileSync(file, `#!/bin/bash\n${text}\n`);
    chmodSync(file, 0o755);
  }

  /** An srun that every node answers, but for what it does before. */
  function srun(before: string): void {
    program(
      "srun",
      `${before}\nfor word; do case $word in --nodelist=*) tr , '\\n' <<<"\${word#--nodelist=}" | awk '{ print NR - 1 ": " $0 }' ;; esac; done`,
    );
  }

  const becomes = (node: string, state: string) => `sed -i 's/^${node}|.*/${node}|${state}/' ${folder}/nodes`;

  function ready(
    waking: readonly string[],
    nodes: readonly string[] = STOPPED,
    seconds = 600,
    text = READY,
  ): { readonly printed: string; readonly told: string } {
    writeFileSync(join(folder, "nodes"), `${nodes.join("\n")}\n`);
    writeFileSync(join(folder, "told"), "");
    const script = `set -euo pipefail\n${text.replace("/srv/ohpc/bundle/current", join(folder, "bundle"))}`;
    const args = [
      "-c",
      script,
      "ready",
      String(seconds),
      String(nodes.length),
      STOP_REASON,
      "640-699",
      "cpu",
      "cpu-[1-3]",
    ];
    const env = {
      ...process.env,
      PATH: `${join(folder, "bin")}:${process.env["PATH"] ?? ""}`,
      SLURM_CONF: join(folder, "slurm", "slurm.conf"),
    };
    const printed = execFileSync("bash", args, {
      env,
      encoding: "utf8",
      input: waking.map((host) => `${host}\n`).join(""),
    });
    return { printed, told: readFileSync(join(folder, "told"), "utf8") };
  }

  const both = ["cpu-1|idle|Unknown|none", "cpu-2|idle|Unknown|none"];

  describe("nodes that were drained", () => {
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

    it("by an earlier run, because of its own srun, are tried again", () => {
      const { printed, told } = ready(["cpu-1"], [`cpu-1|drained|root(0)|${ASKED_REASON}Prolog error`]);
      expect(told).toBe("nodename=cpu-1 state=resume\n");
      expect(printed).toContain("answered 1 cpu\n");
    });

    it("by their own unit are waited for: nobody has drained them on purpose", () => {
      const { printed } = ready([], [`cpu-1|drained|root(0)|${UNIT_REASON}/tmp is full`], 1);
      expect(printed).toContain("waiting cpu-1 drained ohpc: /tmp is full\noverdue\n");
    });

    it("by Slurm are not waited for longer than five seconds, if nothing else is to come", () => {
      const { printed } = ready([], ["cpu-1|drained|slurm(401)|Prolog error", "cpu-2|idle|Unknown|none"]);
      expect(printed).toBe("nodes 1 2\nwaiting cpu-1 drained Prolog error\nstuck\n");
    });

    it("are waited for if it is Slurm itself that has found them wanting", () => {
      const nodes = ["cpu-1|drained*|slurm(64030)|Not responding", "cpu-2|drained|slurm(64030)|Low RealMemory"];
      const { printed } = ready([], nodes, 1);
      expect(printed).toContain(
        "nodes 0 2\nwaiting cpu-1 drained* Not responding\nwaiting cpu-2 drained Low RealMemory\n",
      );
    });

    it("by Slurm because of the srun that asks are told, and marked as ours, so that the next run tries them again", () => {
      srun(`${becomes("cpu-2", "drained|slurm(401)|Prolog error")}; exit 1`);
      const { printed, told } = ready([], both);
      expect(printed).toBe("nodes 2 2\nspoilt cpu-2 Prolog error\n");
      expect(told).toBe("nodename=cpu-2 state=drain\n");
    });

    it("by Slurm after they had answered, because of an epilog, are told, too", () => {
      srun(`${becomes("cpu-1", "completing|Unknown|none")}
(sleep 1; ${becomes("cpu-1", "drained|slurm(401)|Epilog error")}) >/dev/null 2>&1 &`);
      expect(ready([], both).printed).toBe("nodes 2 2\nspoilt cpu-1 Epilog error\n");
    });

    it("by somebody while they were asked are no longer asked, and told", () => {
      srun(
        `[ -e ${folder}/once ] || { touch ${folder}/once; ${becomes("cpu-2", "drained|alice(2001)|bad fan")}; exit 1; }`,
      );
      expect(ready([], both).printed).toBe("nodes 2 2\ndrained cpu-2 bad fan\nanswered 1 cpu\n");
    });

    it("or went down while they were asked are named, and nobody says that all have answered", () => {
      srun(`${becomes("cpu-2", "idle*|Unknown|none")}; exit 1`);
      expect(ready([], both, 6).printed).toBe(
        "nodes 2 2\nasking cpu cpu-2 is idle* (none)\nsilent cpu cpu-2 is idle* (none); \n",
      );
    });
  });

  describe("nodes that Slurm takes for ready", () => {
    it("are not, for as long as their own units say otherwise or have an older configuration", () => {
      const units = {
        "cpu-1": { ok: true, generation: 3 },
        "cpu-2": { ok: false, stage: "accounts", message: "no\nroom", generation: 4 },
        "cpu-3": { unreachable: "no answer within 3 s" },
      };
      for (const [node, unit] of Object.entries(units))
        writeFileSync(join(folder, `${node}.json`), JSON.stringify(unit));
      const { printed } = ready(
        [],
        ["cpu-1", "cpu-2", "cpu-3"].map((node) => `${node}|idle|Unknown|none`),
      );
      expect(printed.split("\n").sort()).toEqual([
        "",
        "answered 3 cpu",
        "nodes 0 3",
        "nodes 3 3",
        "waiting cpu-1 behind it has configuration 3, not 4",
        "waiting cpu-2 unready its node unit: accounts: no room",
        "waiting cpu-3 silent its node unit: no answer within 3 s",
      ]);
    });

    it("are not asked for what they are if somebody has drained them: their machines may be off", () => {
      writeFileSync(join(folder, "cpu-1.json"), JSON.stringify({ unreachable: "no answer within 3 s" }));
      const { printed } = ready([], ["cpu-1|drained|root|bad fan", "cpu-2|idle|Unknown|none"]);
      expect(printed).not.toContain("waiting");
    });
  });

  describe("a slurmctld that runs and does not answer", () => {
    it("is told within seconds, not at the end of all patience", () => {
      program("sinfo", "sleep 600");
      const before = Date.now();
      expect(ready([], both).printed).toBe("nodes 0 0\nmute\n");
      expect(Date.now() - before).toBeLessThan(120_000);
    });
  });

  describe("who have run a task", () => {
    const IDLE = ["cpu-1|idle|Unknown|none", "cpu-2|idle|Unknown|none", "cpu-3|idle|Unknown|none"];

    /** What ready.sh tells of three idle nodes, if srun writes this and ends with that. */
    function asked(written: string, exitCode = 0): readonly string[] {
      writeFileSync(join(folder, "said"), written);
      program("srun", `cat ${folder}/said; exit ${exitCode}`);
      const { printed } = ready([], IDLE, exitCode === 0 ? 600 : 0);
      return printed.split("\n").filter((line) => /^(answered|silent|busy)/.test(line));
    }

    it("are counted by srun's own numbers, whatever else is written", () => {
      expect(asked("srun: a word\n2: cpu-3\n0: module loaded\n0: cpu-1\n1: cpu-2\n")).toEqual(["answered 3 cpu"]);
      expect(asked("00: cpu-1\n01: cpu-2\n02: cpu-3\n")).toEqual(["answered 3 cpu"]);
    });

    it("count for nobody else: a node that says all names is one", () => {
      expect(asked("0: cpu-1\n0: cpu-2\n0: cpu-3\n")).toEqual([
        "answered 1 cpu",
        "silent cpu 2 of 3 tasks did not say which node they ran on",
      ]);
      expect(asked("0: cpu-1\n0: cpu-2\n0: cpu-3\n1: cpu-2\n2: cpu-3\n")).toEqual(["answered 3 cpu"]);
    });

    it("are listened to where no user can be, by a srun that has all else of slurm.conf", () => {
      srun(`cat $SLURM_CONF "$(dirname $SLURM_CONF)/mpi.conf" >${folder}/read; dirname $SLURM_CONF >${folder}/where`);
      expect(ready([], IDLE).printed).toContain("answered 3 cpu\n");
      expect(readFileSync(join(folder, "read"), "utf8")).toBe(
        "ClusterName=demo\nSrunPortRange=640-699\nMpiDefault=pmix\nPMIxCollFence=ring\n",
      );
      expect(existsSync(readFileSync(join(folder, "where"), "utf8").trim())).toBe(false);
    });

    it("are named if nobody said so, and not asked again: their tasks have ended", () => {
      expect(asked("0: cpu-2\n1: cpu-2\n2: \u001b[2J\n")).toEqual([
        "answered 1 cpu",
        expect.stringMatching(
          /^silent cpu 2 of 3 tasks did not say which node they ran on: (cpu-1, cpu-3|cpu-3, cpu-1)$/,
        ),
      ]);
      expect(asked("cpu-1\ncpu-2\ncpu-3\n9: cpu-1\n")).toEqual([expect.stringMatching(/^silent cpu 3 of 3 tasks/)]);
    });

    it("cannot make lines of the protocol, or endless ones, of what srun shows", () => {
      expect(asked("0: cpu-1\n0: answered 9 cpu\nsrun: error: x\r\u001b[2J\n", 1)).toEqual([
        "silent cpu 0: cpu-1; 0: answered 9 cpu; srun: error: x; ; [2J",
      ]);
      const [long = ""] = asked("x".repeat(1_000_000), 1);
      expect(long.length).toBeLessThan(2100);
    });
  });

  it("have reasons that may hold bars, and line breaks that are none", () => {
    const nodes = ["cpu-1|drained|root(0)|fan | disk", "cpu-2|down|root(0)|x\nanswered 9 cpu\noverdue"];
    const { printed } = ready([], nodes, 1);
    expect(printed.split("\n")).toEqual([
      "nodes 1 2",
      "waiting cpu-2 down x\\nanswered 9 cpu\\noverdue",
      "drained cpu-1 fan | disk",
      "overdue",
      "",
    ]);
  });

  it("are asked again while srun cannot submit, and each of its reasons is told once", () => {
    program(
      "srun",
      `echo . >>${folder}/tries
case $(wc -l <${folder}/tries) in
  1 | 2) printf 'srun: error: Unable to allocate resources\\nsrun: error: the queue is full\\n' >&2; exit 1 ;;
  3) exit 1 ;;
  *) echo '0: cpu-1' ;;
esac`,
    );
    expect(ready([], ["cpu-1|idle|root|none"]).printed).toBe(
      "nodes 1 1\nasking cpu srun: error: the queue is full\nasking cpu \nanswered 1 cpu\n",
    );
  });

  it("are waited for no longer than two minutes where all that is missing says that it does not come by itself", () => {
    const nodes = ["cpu-1|idle|root|none", "cpu-2|idle|root|none", "cpu-3|down*|slurm|Not responding"];
    const said = (final: readonly string[], { changing = false, seconds = 3 } = {}) => {
      const units = { "cpu-3": { ok: false, stage: "devices", message: "promised", final: final.includes("cpu-3") } };
      const text = `import json, sys\nunits = json.loads('''${JSON.stringify(units)}''')\nsys.stdin.read()\n`;
      const change =
        'open("' + folder + '/n", "a").write("x"); units["cpu-3"]["message"] = open("' + folder + '/n").read()\n';
      writeFileSync(join(folder, "bundle", "nodes"), "cpu-1 cpu\ncpu-2 cpu\ncpu-3 cpu\n");
      writeFileSync(join(folder, "bundle", "ask.py"), `${text}${changing ? change : ""}print(json.dumps(units))\n`);
      return ready([], nodes, seconds, QUICKLY).printed;
    };
    expect(said(["cpu-3"], { seconds: 600 })).toMatch(/unit cpu-3 devices promised\nfinal 1\nhopeless\n$/);
    expect(said(["cpu-3"], { changing: true })).toMatch(/overdue\n$/);
    // Others may still come.
    nodes[1] = "cpu-2|down*|slurm|Not responding";
    expect(said(["cpu-3"])).toMatch(/final 1\noverdue\n$/);
  });
});
