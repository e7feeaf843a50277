import { movedDefault, refuseMovedDefault } from "../../../lib/operate/configure/default-partition";
import { slurmConf } from "../../../lib/operate/configure/steps/slurm-conf";
import type { PlannedStep } from "../../../lib/operate/configure/run-steps";
import { renderSlurmConf } from "../../../lib/slurm/slurm-conf";
import { type ClusterSketch, viewOf } from "../../support/cluster-builder";
import { thrownBy } from "../../support/thrown-by";

const conf = (sketch: ClusterSketch) => {
  const { spec, manifest } = viewOf(sketch);
  return renderSlurmConf(spec, manifest);
};

/** From where to where they go, by their names. */
function moved(before: ClusterSketch | string, after: ClusterSketch): string | undefined {
  const old = typeof before === "string" ? before : conf(before);
  const found = movedDefault(old, conf(after), viewOf(after).spec);
  return found === undefined ? undefined : `${found.from.name} ${found.to.name}`;
}

const BOTH: ClusterSketch = { pools: { cpu: 4, gpu: 2 } };

describe("jobs that name no partition", () => {
  it("would go elsewhere where their pool goes, or another becomes the first", () => {
    expect(moved(BOTH, { pools: { gpu: 2 } })).toBe("cpu gpu");
    expect(moved(BOTH, { pools: { more: 1, cpu: 4, gpu: 2 } })).toBe("cpu more");
  });

  it("are told with both partitions and their nodes, and how to say so", () => {
    const after = viewOf({ pools: { gpu: 2 } });
    const plan = [
      {
        step: slurmConf,
        before: slurmConf.desired(viewOf(BOTH)),
        after: slurmConf.desired(after),
        differences: ["it is another"],
        effect: "reconfigure",
      },
    ] as unknown as readonly PlannedStep[];
    expect(
      thrownBy(() => {
        refuseMovedDefault(plan, after);
      }),
    ).toMatchObject({
      kind: "usage",
      message: 'jobs that name no partition would go to "gpu" (gpu-[1-2]) instead of "cpu" (cpu-[1-4])',
      details: { remedy: expect.stringContaining('partition: { name: "gpu", default: true }') as string },
    });
    expect(() => {
      refuseMovedDefault([], after);
    }).not.toThrow();
  });

  it("may where the stack itself says so", () => {
    expect(
      moved(BOTH, { pools: { cpu: 4, gpu: 2 }, partitions: { gpu: { explicitDefault: true }, cpu: {} } }),
    ).toBeUndefined();
    expect(moved(BOTH, { pools: { cpu: 4, gpu: 2 }, partitions: { gpu: {}, cpu: {} } })).toBe("cpu gpu");
  });

  it("stay where they are where the partition only gets another name, or other nodes", () => {
    expect(moved(BOTH, { pools: { cpu: 4, gpu: 2 }, partitions: { work: { pools: ["cpu", "gpu"] } } })).toBeUndefined();
    expect(
      moved(
        { pools: { cpu: 4 }, partitions: { work: { pools: ["cpu"] } } },
        {
          pools: { newer: 4 },
          partitions: { work: { pools: ["newer"] } },
        },
      ),
    ).toBeUndefined();
  });

  it("go nowhere where every partition refuses to be it, and where no pool is left", () => {
    const refusing = { cpu: { default: false }, gpu: { default: false } };
    expect(moved(BOTH, { pools: { cpu: 4, gpu: 2 }, partitions: refusing })).toBeUndefined();
    expect(moved({ pools: { cpu: 4, gpu: 2 }, partitions: refusing }, { pools: { gpu: 2 } })).toBeUndefined();
    expect(moved(BOTH, {})).toBeUndefined();
  });

  it("are judged by what Slurm makes of a file that somebody has edited, and not at all by a damaged one", () => {
    const old = conf(BOTH);
    const edited = old.replace(/^PartitionName=gpu.*$/m, "PartitionName=gpu Nodes=ALL default=yes");
    // All nodes are in it: those of the new default, too.
    expect(moved(edited, BOTH)).toBeUndefined();
    const onlyGpu = old.replace(/^(PartitionName=gpu .*)$/m, "$1 Default=YES");
    expect(moved(onlyGpu, BOTH)).toBe("gpu cpu");
    expect(moved(`${old}NodeName=xx[\n`, { pools: { gpu: 2 } })).toBeUndefined();
  });
});
