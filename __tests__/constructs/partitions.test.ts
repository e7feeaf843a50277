import { ComputePool, GpuComputePool } from "cdktf-openhpc";
import { type Synthesized, synthesize } from "cdktf-openhpc/testing";
import { readClusterSpec } from "../../lib/model/cluster-spec";
import { fakeMaster } from "../support/clusters";

function defaultPartition({ spec }: Synthesized): readonly string[] {
  return readClusterSpec(spec)
    .partitions.filter((partition) => partition.default)
    .map(({ name }) => name);
}

describe("the partition of jobs that name none", () => {
  it("is that of the first pool without GPUs, wherever it stands", () => {
    const cluster = synthesize((stack) => {
      const master = fakeMaster(stack);
      new GpuComputePool(stack, "gpu", { master, nodes: 1 });
      new ComputePool(stack, "cpu", { master, nodes: 1 });
      new ComputePool(stack, "more", { master, nodes: 1 });
    });
    expect(defaultPartition(cluster)).toEqual(["cpu"]);
  });

  it("is that of the first pool if all have GPUs", () => {
    const cluster = synthesize((stack) => {
      const master = fakeMaster(stack);
      new GpuComputePool(stack, "gpu", { master, nodes: 1 });
      new GpuComputePool(stack, "more", { master, nodes: 1 });
    });
    expect(defaultPartition(cluster)).toEqual(["gpu"]);
  });

  it("is the one that says so, and not the one that will not be", () => {
    const choose = (cpu: boolean | undefined, gpu: boolean | undefined) =>
      defaultPartition(
        synthesize((stack) => {
          const master = fakeMaster(stack);
          new ComputePool(stack, "cpu", { master, nodes: 1, partition: { name: "cpu", default: cpu } });
          new GpuComputePool(stack, "gpu", { master, nodes: 1, partition: { name: "gpu", default: gpu } });
        }),
      );
    expect(choose(undefined, true)).toEqual(["gpu"]);
    expect(choose(false, undefined)).toEqual(["gpu"]);
    expect(choose(false, false)).toEqual([]);
  });
});

describe("pools that share a partition", () => {
  it("are one partition with the settings that one of them gives", () => {
    const { spec } = synthesize((stack) => {
      const master = fakeMaster(stack);
      new ComputePool(stack, "old", { master, nodes: 1, partition: "work" });
      new ComputePool(stack, "new", {
        master,
        nodes: 1,
        partition: { name: "work", exclusive: true, allowGroups: ["physics"] },
      });
      new ComputePool(stack, "newer", {
        master,
        nodes: 1,
        partition: { name: "work", exclusive: true, allowGroups: ["physics"] },
      });
    });
    expect(readClusterSpec(spec).partitions).toEqual([
      { name: "work", pools: ["old", "new", "newer"], default: true, exclusive: true, allowGroups: ["physics"] },
    ]);
  });
});
