import { namedNodes } from "../../../lib/operate/hosts/chosen-nodes";
import { sampleManifest } from "../../support/sample-cluster";
import { thrownBy } from "../../support/thrown-by";

const manifest = sampleManifest();

describe("nodes that have to be named", () => {
  it("are those of hostlists and pools", () => {
    expect(namedNodes(manifest, { hosts: ["cpu-[2-3]"], pools: ["gpu"] })).toEqual([
      "cpu-2",
      "cpu-3",
      "gpu-1",
      "gpu-2",
    ]);
  });

  it("are not all where none is named, and never the master", () => {
    expect(thrownBy(() => namedNodes(manifest, { hosts: [], pools: [] }))).toMatchObject({
      kind: "usage",
      details: { code: "hosts.none", remedy: expect.stringContaining("cpu-[1-4] (pool cpu)") as string },
    });
    expect(thrownBy(() => namedNodes(manifest, { hosts: ["master", "cpu-1"], pools: [] }))).toMatchObject({
      kind: "usage",
      details: { code: "usage.master" },
    });
  });
});
