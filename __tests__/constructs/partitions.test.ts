import { ComputePool, GpuComputePool, type PartitionOptions } from "cdktf-openhpc";
import { type Synthesized, synthesize } from "cdktf-openhpc/testing";
import fc from "fast-check";
import { partitionClaim, partitionsOf } from "../../lib/constructs/partitions";
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

describe("the default partition that a stack names itself", () => {
  const said = (partition: string | PartitionOptions) => {
    const { spec } = synthesize((stack) => {
      const master = fakeMaster(stack);
      new ComputePool(stack, "cpu", { master, nodes: 1, partition });
      new ComputePool(stack, "more", { master, nodes: 1, partition: "cpu" });
      new ComputePool(stack, "other", { master, nodes: 1 });
    });
    return readClusterSpec(spec).partitions.map(({ explicitDefault }) => explicitDefault);
  };

  it("is told apart from one that was chosen", () => {
    expect(said({ name: "cpu", default: true })).toEqual([true, undefined]);
    expect(said({ name: "cpu", default: false })).toEqual([undefined, undefined]);
    expect(said("cpu")).toEqual([undefined, undefined]);
  });
});

describe("any pools with any partitions", () => {
  const pools = fc.array(fc.record({ gpus: fc.boolean(), partition: fc.constantFrom(undefined, "a", "b", "c") }), {
    minLength: 1,
    maxLength: 6,
  });
  const claims = (list: readonly { gpus: boolean; partition?: string }[], names: readonly number[]) =>
    list.map(({ gpus, partition }, k) => partitionClaim(`pool${names[k]!}`, gpus, partition ?? `pool${names[k]!}`));

  it("leave no pool without a partition, no partition without a pool, none twice, and one default that has pools", () => {
    fc.assert(
      fc.property(pools, (list) => {
        const made = partitionsOf(claims(list, [...list.keys()]));
        const members = made.flatMap((partition) => partition.pools);
        expect([...members].sort()).toEqual(list.map((_, k) => `pool${k}`).sort());
        expect(made.every((partition) => partition.pools.length > 0)).toBe(true);
        expect(new Set(made.map(({ name }) => name)).size).toBe(made.length);
        expect(made.filter((partition) => partition.default)).toHaveLength(1);
      }),
    );
  });

  it("keep the default one where a pool is added behind them, and lose the partition of the last of its pools", () => {
    fc.assert(
      fc.property(pools, (list) => {
        const all = [...list.keys()];
        const before = partitionsOf(claims(list, all));
        const standard = before.find((partition) => partition.default)!;
        const onlyGpus = list.every(({ gpus }) => gpus);
        const added = partitionsOf([...claims(list, all), partitionClaim("new", true, "new")]);
        expect(added.find(({ name }) => name === "new")).toMatchObject({ pools: ["new"], default: false });
        expect(added.find((partition) => partition.default)?.name).toBe(standard.name);
        if (!onlyGpus) {
          const plain = partitionsOf([...claims(list, all), partitionClaim("new", false, "new")]);
          expect(plain.find((partition) => partition.default)?.name).toBe(standard.name);
        }
        const [first, ...rest] = all;
        const left = partitionsOf(claims(list.slice(1), rest));
        const theirs = before.find((partition) => partition.pools.includes(`pool${first!}`))!;
        expect(left.some(({ name }) => name === theirs.name)).toBe(theirs.pools.length > 1);
      }),
    );
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
