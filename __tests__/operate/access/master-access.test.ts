import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { masterAccessIn } from "../../../lib/operate/access/master-access";
import { sampleManifest } from "../../support/sample-cluster";

const stack = { name: "demo", directory: "", dependencies: [], warnings: [] };

describe("access to a master that may be about to go", () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "access-"));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });
  const access = (outputs: Readonly<Record<string, unknown>>) =>
    masterAccessIn(outputs, stack, { directory }, { XDG_STATE_HOME: join(directory, "state") });

  it("checks the committed host keys, where there are, else the operator's own", () => {
    const own = join(directory, "state", "ohpc", "demo");
    expect(access({ cluster: sampleManifest() })).toMatchObject({ privateDirectory: own });
    expect(access({ cluster: sampleManifest() })).not.toHaveProperty("knownHosts");
    const committed = join(directory, "demo.known_hosts");
    writeFileSync(committed, "");
    expect(access({ cluster: sampleManifest() })).toMatchObject({ privateDirectory: own, knownHosts: committed });
  });

  it("is none where nothing is deployed, or a newer version has deployed it", () => {
    expect([access({}), access({ cluster: { schema: 999 } })]).toEqual([undefined, undefined]);
  });
});
