import { statusText } from "../../lib/cli/status";
import { parseStatus } from "../../lib/operate/scheduler/status";
import { sampleManifest } from "../support/sample-cluster";

const manifest = sampleManifest();

describe("a cluster whose master does not answer", () => {
  it("shows a column for machines only where vendors were asked", () => {
    const status = parseStatus(manifest, "");
    expect(statusText("demo", status).join("\n")).not.toContain("MACHINE");
    const nodes = status.nodes.map((node) => ({ ...node, machine: "stopped" as const }));
    expect(statusText("demo", { ...status, nodes }).join("\n")).toMatch(
      /NODE +POOL +ADDRESS +MACHINE[^]*cpu-1 +cpu +\S+ +stopped/,
    );
  });

  it("says what a node lacks that is ready all the same", () => {
    const status = parseStatus(manifest, "");
    const unit = { stage: "ready", ok: true, message: "its software is of older roles: failed", generation: 1 };
    const nodes = status.nodes.map((node) => ({ ...node, unit: { ...unit, since: "", attempts: 1 } }));
    expect(statusText("demo", { ...status, nodes }).join("\n")).toMatch(
      /ready +its software is of older roles: failed\n/,
    );
  });
});
