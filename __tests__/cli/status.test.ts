import { statusText } from "../../lib/cli/status";
import { parseStatus } from "../../lib/operate/scheduler/status";
import { sampleManifest } from "../support/sample-cluster";

const manifest = sampleManifest();

describe("a cluster whose master does not answer", () => {
  it("shows a column for machines only where vendors were asked", () => {
    const status = { ...parseStatus(manifest, ""), problems: [] };
    expect(statusText("demo", status).join("\n")).not.toContain("MACHINE");
    const nodes = status.nodes.map((node) => ({ ...node, machine: "stopped" as const }));
    expect(statusText("demo", { ...status, nodes }).join("\n")).toMatch(
      /NODE +POOL +ADDRESS +MACHINE[^]*cpu-1 +cpu +\S+ +stopped/,
    );
  });

  it("says what a node lacks that is ready all the same", () => {
    const status = { ...parseStatus(manifest, ""), problems: [] };
    const unit = { stage: "ready", ok: true, message: "its software is of older roles: failed", generation: 1 };
    const nodes = status.nodes.map((node) => ({ ...node, unit: { ...unit, since: "", attempts: 1 } }));
    expect(statusText("demo", { ...status, nodes }).join("\n")).toMatch(
      /ready +its software is of older roles: failed\n/,
    );
  });

  it("says at the end what needs attention, the same of many nodes in one line, and what to do", () => {
    const status = parseStatus(manifest, "");
    const problem = (host: string) => ({
      code: "node.down",
      host,
      message: "Slurm has it down",
      remedy: "ohpc up demo",
    });
    const problems = [problem("cpu-1"), problem("cpu-2"), { ...problem("master"), message: "/home is 97 % full" }];
    expect(statusText("demo", { ...status, problems }).join("\n")).toMatch(
      /\nneeds attention\n {2}cpu-\[1-2\]: Slurm has it down\n {4}ohpc up demo\n {2}master: \/home is 97 % full\n {4}ohpc up demo$/,
    );
    expect(statusText("demo", { ...status, problems: [] }).join("\n")).not.toContain("attention");
  });

  it("says of a node that is behind the bundle what it has, once it has had time to take it", () => {
    const unit = { stage: "ready", ok: true, message: "", generation: 3, since: "", attempts: 1 };
    const text = (generationSeconds: number) => {
      const status = parseStatus(manifest, `\fgeneration\n4 ${generationSeconds}`);
      return statusText("demo", {
        ...status,
        nodes: status.nodes.map((node) => ({ ...node, unit })),
        problems: [],
      }).join("\n");
    };
    expect(text(121)).toContain("behind: it has configuration 3, not 4");
    expect(text(20)).not.toContain("behind");
  });
});
