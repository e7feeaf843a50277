import { coveringPartitions, placementIn, placementsEverywhere } from "../../../lib/operate/scheduler/placement";
import { sampleCluster } from "../../support/sample-cluster";

describe("where a proof runs", () => {
  const { manifest, spec } = sampleCluster();

  it("takes as few partitions as have all nodes", () => {
    expect(coveringPartitions(spec).map(({ partition, pools }) => [partition.name, pools])).toEqual([
      ["cpu", ["cpu"]],
      ["gpu", ["gpu"]],
    ]);
    const everything = { ...spec.partitions[0]!, name: "all", default: false, pools: ["cpu", "gpu"] };
    expect(
      coveringPartitions({ ...spec, partitions: [...spec.partitions, everything] }).map(
        ({ partition }) => partition.name,
      ),
    ).toEqual(["all"]);
  });

  it("is the default partition unless one is named", () => {
    expect(placementIn(spec, manifest, undefined, undefined)).toEqual({
      partition: "cpu",
      nodes: 4,
      coresPerNode: 8,
      threaded: true,
      memoryPerNodeMebibytes: 15308,
      sharesCores: true,
    });
    expect(placementIn(spec, manifest, "gpu", 1)).toMatchObject({
      partition: "gpu",
      nodes: 1,
      coresPerNode: 1,
      threaded: false,
    });
  });

  it("has one place in each partition when it is everywhere", () => {
    expect(placementsEverywhere(spec, manifest).map(({ partition, nodes }) => [partition, nodes])).toEqual([
      ["cpu", 4],
      ["gpu", 2],
    ]);
  });

  it("is refused where there is no such partition, or not so many nodes", () => {
    expect(() => placementIn(spec, manifest, "gpo", undefined)).toThrow(
      expect.objectContaining({
        kind: "usage",
        details: expect.objectContaining({
          remedy: expect.stringContaining('did you mean "gpu"?') as string,
        }) as object,
      }) as Error,
    );
    expect(() => placementIn(spec, manifest, "gpu", 3)).toThrow("partition gpu has 2 nodes, not 3");
  });
});
