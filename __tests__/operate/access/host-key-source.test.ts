import { hostKeySource } from "../../../lib/operate/access/host-key-source";
import { sampleCluster } from "../../support/sample-cluster";

describe("host keys", () => {
  it("are asked of the vendor of the master's site", () => {
    const at = (cloud: string, place: Readonly<Record<string, string>>) =>
      hostKeySource(sampleCluster({ sites: [{ cloud, place }] }).manifest, {})?.constructor.name;
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
      const nowhere = sampleCluster({ sites: [{ cloud: "azure", place: { resourceGroup: "x" } }] });
      const source = hostKeySource(nowhere.manifest, process.env);
      await expect(source?.hostKeys("master")).rejects.toThrow("which subscription the cluster is in");
    } finally {
      process.env = before;
    }
  });
});
