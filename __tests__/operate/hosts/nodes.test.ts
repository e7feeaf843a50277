import { nodeOf } from "../../../lib/operate/hosts/nodes";
import { sampleManifest } from "../../support/sample-cluster";

const manifest = sampleManifest();

describe("finding a host", () => {
  it("knows its address", () => {
    expect(nodeOf(manifest, "gpu-2")).toEqual({ host: "gpu-2", pool: "gpu", address: "10.108.10.2" });
  });

  it("suggests the nearest name", () => {
    expect(() => nodeOf(manifest, "gpu-11")).toThrow(
      expect.objectContaining({ details: { code: "node.unknown", remedy: 'did you mean "gpu-1"?' } }) as Error,
    );
    expect(() => nodeOf(manifest, "login")).toThrow(
      expect.objectContaining({
        details: { code: "node.unknown", remedy: "it has master, cpu-[1-4], gpu-[1-2]" },
      }) as Error,
    );
  });
});
