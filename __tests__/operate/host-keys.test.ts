import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readManifest } from "../../lib/model/manifest";
import { hostKeySource } from "../../lib/operate/host-key-source";
import { forgetHostKeys } from "../../lib/operate/host-keys";
import { sampleManifest } from "./sample-cluster";

const manifest = readManifest(sampleManifest());

describe("host keys", () => {
  let privateDirectory: string;

  beforeEach(() => {
    privateDirectory = mkdtempSync(join(tmpdir(), "keys-"));
  });
  afterEach(() => {
    rmSync(privateDirectory, { recursive: true });
  });

  const file = () => join(privateDirectory, "known_hosts");

  it("of machines that were made anew are forgotten, under all their names, and no others", () => {
    const lines = [
      ...["* ssh-ed25519 ALL", "[127.0.0.1]:29852,master,10.108.0.10 ssh-ed25519 MASTER"],
      ...["[127.0.0.1]:29852 ssh-ed25519 LEARNED", "10.108.250.1,cpu-1 ssh-ed25519 ONE"],
      ...["10.108.250.2,cpu-2 ssh-ed25519 TWO", "# a comment", ""],
    ];
    writeFileSync(file(), lines.join("\n"));
    const left = () => readFileSync(file(), "utf8").split("\n");
    forgetHostKeys({ manifest, privateDirectory }, []);
    expect(left()).toEqual(lines);
    forgetHostKeys({ manifest, privateDirectory }, ["master", "cpu-2", "gone-1"]);
    expect(left()).toEqual(["* ssh-ed25519 ALL", "10.108.250.1,cpu-1 ssh-ed25519 ONE", "# a comment", ""]);
  });

  it("are forgotten where there are none", () => {
    expect(() => {
      forgetHostKeys({ manifest, privateDirectory }, ["master"]);
    }).not.toThrow();
  });

  it("are asked of the vendor of the master's site", () => {
    const [site] = manifest.sites;
    const at = (cloud: string, place: Readonly<Record<string, string>>) =>
      hostKeySource({ ...manifest, sites: [{ ...site!, cloud, place }] }, {})?.constructor.name;
    expect(at("aws", { region: "us-east-1" })).toBe("AwsPower");
    expect(at("azure", { resourceGroup: "x", subscription: "00000000-0000-0000-0000-000000000000" })).toBe(
      "AzurePower",
    );
    expect(at("existing", {})).toBeUndefined();
  });

  it("that cannot be asked for are no hindrance before somebody asks", async () => {
    const before = process.env;
    process.env = { PATH: before["PATH"] };
    try {
      const [site] = manifest.sites;
      const source = hostKeySource(
        { ...manifest, sites: [{ ...site!, cloud: "azure", place: { resourceGroup: "x" } }] },
        process.env,
      );
      await expect(source?.hostKeys("master")).rejects.toThrow("which subscription the cluster is in");
    } finally {
      process.env = before;
    }
  });
});
