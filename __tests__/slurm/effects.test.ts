import fc from "fast-check";
import { EFFECTS, type Effect, effectOfSlurmConf, worstEffect } from "../../lib/slurm/effects";
import { renderSlurmConf } from "../../lib/slurm/slurm-conf";
import { SLURM_CONF_KEYS } from "../../lib/slurm/slurm-conf-keys";
import { cpuMilliseconds } from "../support/cpu-time";
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
      changes: [{ key, before: value, after: after.split("=")[1], effect }],
    });
  });

  test("tells keys that came and went", () => {
    const { changes } = effectOfSlurmConf(conf("MessageTimeout=60"), conf("KillWait=10"));
    expect(changes).toEqual([
      { key: "MessageTimeout", before: "60", effect: "reconfigure" },
      { key: "KillWait", after: "10", effect: "reconfigure" },
    ]);
  });

  test("tells which nodes came and went when a pool grows or shrinks, and nothing of the others", () => {
    const grown = conf("NodeName=cpu-[1-6] NodeAddr=10.0.0.[1-6] Sockets=1 RealMemory=3635");
    expect(effectOfSlurmConf(conf(NODES), grown)).toEqual({
      effect: "reconfigure",
      changes: [{ key: "NodeName", after: "cpu-[5-6]", effect: "reconfigure" }],
    });
    expect(effectOfSlurmConf(grown, conf(NODES)).changes).toEqual([
      { key: "NodeName", before: "cpu-[5-6]", effect: "reconfigure" },
    ]);
  });

  test("tells a changed property of nodes once for all that have it", () => {
    const { changes } = effectOfSlurmConf(conf(NODES), conf(NODES.replace("3635", "7526")));
    expect(changes).toEqual([{ key: "RealMemory of cpu-[1-4]", before: "3635", after: "7526", effect: "reconfigure" }]);
  });

  test("tells the address of each node that moved", () => {
    const { changes } = effectOfSlurmConf(conf(NODES), conf(NODES.replace("[1-4] S", "[1-3,9] S")));
    expect(changes).toEqual([
      { key: "NodeAddr of cpu-4", before: "10.0.0.4", after: "10.0.0.9", effect: "reconfigure" },
    ]);
  });

  test("tells partitions that came, went and changed", () => {
    const before = conf("PartitionName=a Nodes=cpu-[1-4] MaxTime=UNLIMITED", "PartitionName=b Nodes=cpu-1");
    const after = conf("PartitionName=a Nodes=cpu-[1-4] MaxTime=1-00:00:00", "PartitionName=c Nodes=cpu-1");
    expect(effectOfSlurmConf(before, after).changes).toEqual([
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
