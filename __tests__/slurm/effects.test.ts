import fc from "fast-check";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type ConfScope,
  EFFECTS,
  type Effect,
  effectOfSlurmConf,
  effectsMeasured,
  parseEffects,
  worstEffect,
} from "../../lib/slurm/effects";
import { settingsProblems } from "../../lib/slurm/owned-settings";
import { type ConfEntry, parseSlurmConf } from "../../lib/slurm/slurm-conf-parse";
import { renderSlurmConf } from "../../lib/slurm/slurm-conf";
import { SLURM_CONF_KEYS } from "../../lib/slurm/slurm-conf-keys";
import { cpuMilliseconds } from "../support/cpu-time";
import { effectSeen } from "../support/effect-probe";
import { rowsOf, seenIn } from "../support/effect-rows";
import { PRODUCTION } from "./clusters";

const conf = (...lines: string[]) => `# Written by ohpc\n${lines.join("\n")}\n`;
const NODES = "NodeName=cpu-[1-4] NodeAddr=10.0.0.[1-4] Sockets=1 RealMemory=3635";

describe("effectOfSlurmConf", () => {
  test("of the same file is none", () => {
    const text = renderSlurmConf(PRODUCTION.spec, PRODUCTION.manifest);
    expect(effectOfSlurmConf(text, text)).toEqual({ effect: "none", changes: [] });
  });

  test("does not see order, comments, case of keys, quotes or the folding of lines", () => {
    const before = conf("MessageTimeout=60", "SchedulerParameters=a,b", NODES);
    const after = [
      'SchedulerParameters="a,b" # once MessageTimeout=5',
      "messagetimeout = 60",
      "NodeName=cpu-1,cpu-2 NodeAddr=10.0.0.1,10.0.0.2 RealMemory=3635 \\",
      "  Sockets=1",
      "NodeName=cpu-[3-4] NodeAddr=10.0.0.[3-4] Sockets=1 RealMemory=3635",
    ].join("\n");
    expect(effectOfSlurmConf(before, after)).toEqual({ effect: "none", changes: [] });
  });

  test.each<[string, string, Effect]>([
    ["MessageTimeout=60", "MessageTimeout=90", "reconfigure"],
    ["SelectTypeParameters=CR_Core", "SelectTypeParameters=CR_Core_Memory", "reconfigure"],
    ["StateSaveLocation=/a", "StateSaveLocation=/b", "restart slurmctld"],
    ["SchedulerType=sched/backfill", "SchedulerType=sched/builtin", "reconfigure"],
    ["SlurmdPort=6818", "SlurmdPort=618", "drain and restart slurmd"],
    ["AuthType=auth/munge", "AuthType=auth/slurm", "drain and restart slurmd"],
    ["ProctrackType=proctrack/linuxproc", "ProctrackType=proctrack/cgroup", "drain and restart slurmd"],
    ["ClusterName=a", "ClusterName=b", "replace cluster"],
  ])("knows what going from %s to %s takes", (before, after, effect) => {
    const [key = "", value] = before.split("=");
    expect(effectOfSlurmConf(conf(before), conf(after))).toEqual({
      effect,
      changes: [{ key, before: value, after: after.split("=")[1], effect, why: expect.any(String) as string }],
    });
  });

  test("tells keys that came and went", () => {
    const { changes } = effectOfSlurmConf(conf("MessageTimeout=60"), conf("KillWait=10"));
    expect(changes).toMatchObject([
      { key: "MessageTimeout", before: "60", effect: "reconfigure" },
      { key: "KillWait", after: "10", effect: "reconfigure" },
    ]);
  });

  test("tells which nodes came and went when a pool grows or shrinks, and nothing of the others", () => {
    const grown = conf("NodeName=cpu-[1-6] NodeAddr=10.0.0.[1-6] Sockets=1 RealMemory=3635");
    expect(effectOfSlurmConf(conf(NODES), grown)).toMatchObject({
      effect: "reconfigure",
      changes: [{ key: "NodeName", after: "cpu-[5-6]", effect: "reconfigure" }],
    });
    expect(effectOfSlurmConf(grown, conf(NODES)).changes).toMatchObject([
      { key: "NodeName", before: "cpu-[5-6]", effect: "reconfigure" },
    ]);
  });

  test("tells a changed property of nodes once for all that have it", () => {
    const { changes } = effectOfSlurmConf(conf(NODES), conf(NODES.replace("3635", "7526")));
    expect(changes).toMatchObject([
      { key: "RealMemory of cpu-[1-4]", before: "3635", after: "7526", effect: "reconfigure" },
    ]);
  });

  test("tells the address of each node that moved", () => {
    const { changes } = effectOfSlurmConf(conf(NODES), conf(NODES.replace("[1-4] S", "[1-3,9] S")));
    expect(changes).toMatchObject([
      { key: "NodeAddr of cpu-4", before: "10.0.0.4", after: "10.0.0.9", effect: "reconfigure" },
    ]);
  });

  test("tells partitions that came, went and changed", () => {
    const before = conf("PartitionName=a Nodes=cpu-[1-4] MaxTime=UNLIMITED", "PartitionName=b Nodes=cpu-1");
    const after = conf("PartitionName=a Nodes=cpu-[1-4] MaxTime=1-00:00:00", "PartitionName=c Nodes=cpu-1");
    expect(effectOfSlurmConf(before, after).changes).toMatchObject([
      { key: "MaxTime of partition a", before: "UNLIMITED", after: "1-00:00:00", effect: "reconfigure" },
      { key: "PartitionName", before: "b", effect: "reconfigure" },
      { key: "PartitionName", after: "c", effect: "reconfigure" },
    ]);
  });

  test("is the gravest of its changes", () => {
    const { effect } = effectOfSlurmConf(
      conf("SlurmdPort=6818", "MessageTimeout=60", "StateSaveLocation=/a"),
      conf("SlurmdPort=7818", "MessageTimeout=90", "StateSaveLocation=/b"),
    );
    expect(effect).toBe("drain and restart slurmd");
  });

  test("takes thousands of nodes in a moment", () => {
    const nodes = (count: number, memory: number) =>
      conf(`NodeName=n[1-${count}] NodeAddr=h[1-${count}] Sockets=1 RealMemory=${memory}`);
    let keys: string[] = [];
    const time = cpuMilliseconds(() => {
      keys = effectOfSlurmConf(nodes(10_000, 1), nodes(9_000, 2)).changes.map(({ key }) => key);
    });
    expect(time).toBeLessThan(2000);
    expect(keys).toEqual(["NodeName", "RealMemory of n[1-9000]"]);
  });

  test("finds every changed key, whatever it is", () => {
    const settings = SLURM_CONF_KEYS.filter((key) => !["NodeName", "PartitionName"].includes(key));
    fc.assert(
      fc.property(fc.constantFrom(...settings), fc.nat(9), fc.nat(9), (key, before, after) => {
        const { changes, effect } = effectOfSlurmConf(conf(`${key}=${before}`), conf(`${key}=${after}`));
        expect(changes.map((change) => change.key)).toEqual(before === after ? [] : [key]);
        expect(effect === "none").toBe(before === after);
      }),
    );
  });
});

describe("the table of effects", () => {
  const text = readFileSync(join(__dirname, "../../lib/slurm/effects.tsv"), "utf8");
  const rows = rowsOf(text);
  const keysOf = (scope: ConfScope) => rows.filter(([of]) => of === scope).map(([, key]) => key);

  test("says of which Slurm and day it is", () => {
    expect(effectsMeasured()).toMatch(/^Slurm \d+\.\d+\.\d+, \d{4}-\d\d-\d\d$/);
    expect(text.split("\n")[0]).toContain(effectsMeasured());
  });

  test("has every key that users may set, and no other twice", () => {
    const free = SLURM_CONF_KEYS.filter((key) => settingsProblems({ [key]: "1" }).length === 0);
    expect(free.length).toBeGreaterThan(130);
    const known = keysOf("cluster");
    expect(free.filter((key) => !known.includes(key))).toEqual([]);
    expect(new Set(known).size).toBe(known.length);
  });

  test("has everything that we write of nodes and partitions", () => {
    const { nodes, partitions } = parseSlurmConf(renderSlurmConf(PRODUCTION.spec, PRODUCTION.manifest));
    const keys = (lines: ReadonlyMap<string, ReadonlyMap<string, ConfEntry>>) =>
      [...lines.values()].flatMap((fields) => [...fields.values()].map(({ key }) => key));
    expect(keysOf("node")).toEqual(expect.arrayContaining([...keys(nodes), "NodeName"]));
    expect(keysOf("partition")).toEqual(expect.arrayContaining([...keys(partitions), "PartitionName"]));
  });

  test("follows from what was seen, or says whose word it is", () => {
    for (const row of rows) {
      const [of = "", key = ""] = row;
      const [effect, why] = row.slice(-2);
      const seen = seenIn(row);
      if (why === "") expect([key, seen && effectSeen(seen, { of: of as ConfScope, key })]).toEqual([key, effect]);
    }
  });

  test.each(["cluster\tKillWait\t30\t10", "cluster\tKillWait\t\t\t\t\t\t\t\t\tperhaps\t"])(
    "refuses the line %j",
    (line) => {
      expect(() => parseEffects(`# measured: Slurm 1.2.3, 2026-01-01\nof\tkey\n${line}\n`)).toThrow(
        "not a line of the effects",
      );
    },
  );

  test("tells nodes and partitions that go from those that come, and what is not in it by the manual's rule", () => {
    const line = (key: string, to: string, effect: string) =>
      ["node", key, "", to, ...Array<string>(6).fill(""), effect, "said"].join("\t");
    const lines = [line("NodeName", "a", "live"), line("NodeName", "", "replace node")];
    const table = parseEffects(["# measured: Slurm 1.2.3, 2026-01-01; more", "of\tkey", ...lines].join("\n"));
    expect(table.effectOf("node", "nodename", { goes: false }).effect).toBe("live");
    expect(table.effectOf("node", "NodeName", { goes: true }).effect).toBe("replace node");
    expect(table.effectOf("partition", "NodeName", { goes: true })).toMatchObject({
      effect: "reconfigure",
      why: expect.stringContaining("slurm.conf(5)") as string,
    });
  });

  test("gives reasons that people can read", () => {
    const why = (before: string, after: string) => effectOfSlurmConf(conf(before), conf(after)).changes[0]?.why;
    expect(why("MessageTimeout=60", "MessageTimeout=90")).toBe("seen: scontrol reconfigure takes it; jobs go on");
    expect(why("PartitionName=a", "")).toBe("seen: scontrol reconfigure takes it; batch job NODE_FAIL, srun NODE_FAIL");
    expect(why("SlurmdPort=618", "SlurmdPort=6818")).toContain("slurm.conf(5)");
  });
});

describe("worstEffect", () => {
  test("of nothing is none", () => {
    expect(worstEffect([])).toBe("none");
  });

  test("does not depend on order", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...EFFECTS), { minLength: 1 }), (effects) => {
        const worst = worstEffect(effects);
        expect(effects).toContain(worst);
        for (const effect of effects) expect(EFFECTS.indexOf(worst)).toBeGreaterThanOrEqual(EFFECTS.indexOf(effect));
      }),
    );
  });
});
