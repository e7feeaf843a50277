import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { renderClusterSpec, clusterSpecHash } from "../../../lib/model/cluster-spec-text";
import { deploymentOf, refuseUndeployed } from "../../../lib/operate/cluster/deployment";
import type { Failure } from "../../../lib/operate/feedback/failure";
import { sampleManifest, sampleSpec } from "../../support/sample-cluster";

const directory = mkdtempSync(join(tmpdir(), "ohpc-deployment-"));
const stack = { name: "demo", directory, dependencies: [], warnings: [] };
const project = { directory, app: "true", output: directory, context: {} };
const text = renderClusterSpec(sampleSpec());

beforeAll(() => {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "cluster.json"), text);
});
afterAll(() => {
  rmSync(directory, { recursive: true });
});

const deployment = (wish: string) =>
  deploymentOf(project, stack, { cluster: { ...sampleManifest(), wish } }, { HOME: directory });

describe("a deployment", () => {
  it("is configured when what is wanted is what was deployed", () => {
    expect(() => {
      refuseUndeployed(deployment(clusterSpecHash(text)));
    }).not.toThrow();
  });

  it("is refused when the stack was synthesized anew and not deployed since", () => {
    expect(() => {
      refuseUndeployed(deployment(clusterSpecHash(`${text} `)));
    }).toThrow(
      expect.objectContaining({
        kind: "failed",
        details: expect.objectContaining({ code: "stack.changed" }) as object,
      }) as Failure,
    );
  });

  it("that was never made is told as such, with what makes it", () => {
    expect(() => deploymentOf(project, stack, {}, {})).toThrow("the stack demo is not deployed yet");
  });

  it("is of the cluster that exists, whatever name the stack has been given since", () => {
    const renamed = { ...sampleManifest(), cluster: "before" };
    const env = { XDG_STATE_HOME: join(directory, "state") };
    expect(deploymentOf(project, stack, { cluster: renamed }, env).privateDirectory).toBe(
      join(directory, "state", "ohpc", "before"),
    );
  });

  it("of a newer version of the library is refused by name", () => {
    expect(() =>
      deploymentOf(project, stack, { cluster: { ...sampleManifest(), schema: 2 } }, { HOME: directory }),
    ).toThrow(/schema 2, written by a newer cdktf-openhpc/);
  });
});
