import { exportsFile } from "../../../../lib/operate/configure/steps/exports";
import { viewOf } from "../../../support/cluster-builder";

const block = { kind: "block", device: "/dev/sdb", path: "/home" } as const;

describe("exports", () => {
  it("go to the pools' addresses and nobody else, home without the power of root", () => {
    const view = viewOf({ pools: { cpu: 4, gpu: 1 }, disks: { home: block } });
    expect(exportsFile(view)).toBe(
      "/home 10.1.0.51/32(rw,sync,secure,root_squash,no_subtree_check) 10.1.0.52/31(rw,sync,secure,root_squash,no_subtree_check) " +
        "10.1.0.54/32(rw,sync,secure,root_squash,no_subtree_check) 10.1.0.151/32(rw,sync,secure,root_squash,no_subtree_check)\n",
    );
  });

  it("let root of a node read the bundle, and nobody write it", () => {
    const view = viewOf({ pools: { cpu: 1 }, disks: { bundle: { kind: "directory", path: "/srv/ohpc/bundle" } } });
    expect(exportsFile(view)).toBe("/srv/ohpc/bundle 10.1.0.51/32(ro,sync,secure,no_root_squash,no_subtree_check)\n");
  });

  it("are none where the platform mounts everything, and none without nodes", () => {
    expect(exportsFile(viewOf({ pools: { cpu: 1 } }))).toBe("");
    expect(exportsFile(viewOf({ disks: { home: block } }))).toBe("");
  });
});
