import type { PowerState } from "../../../lib/clouds/power";
import { stoppedFailure } from "../../../lib/operate/power/machine-states";
import { sampleManifest } from "../../support/sample-cluster";

const manifest = sampleManifest();

describe("a cluster whose master does not answer", () => {
  it("is stopped, if its machine is; what the others do is told", () => {
    const states = new Map<string, PowerState>([
      ["master", "stopped"],
      ["cpu-1", "stopped"],
      ["cpu-2", "running"],
    ]);
    expect(stoppedFailure("demo", manifest, states)).toMatchObject({
      kind: "unreachable",
      message: "demo is stopped: its master does not run",
      details: {
        code: "cluster.stopped",
        remedy: "ohpc resume demo",
        output: ["stopped: master,cpu-1", "running: cpu-2"],
      },
    });
  });

  it("is not, if its machine runs, or nobody knows", () => {
    expect(stoppedFailure("demo", manifest, new Map([["master", "running"]]))).toBeUndefined();
    expect(stoppedFailure("demo", manifest, new Map())).toBeUndefined();
  });
});
