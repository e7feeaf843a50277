import { terminationProtection } from "../../../lib/operate/deploy/termination-protection";
import { sampleCluster } from "../../support/sample-cluster";

describe("protection", () => {
  it("needs no vendor where none protects, or no machine ends", async () => {
    const ends = { address: "x", action: "delete", kind: "machine", name: "cpu-1" } as const;
    const { manifest } = sampleCluster();
    const { manifest: aws } = sampleCluster({ sites: [{ cloud: "aws" }] });
    for (const unprotect of [
      await terminationProtection([ends], manifest, {}),
      await terminationProtection([ends], undefined, {}),
      await terminationProtection([{ ...ends, action: "update" }], aws, {}),
    ])
      await unprotect();
  });
});
