import { ComputePool, OpenHpcMaster } from "cdktf-openhpc";
import { AwsCloud } from "cdktf-openhpc/aws";
import { synthesize, type TerraformBlock } from "cdktf-openhpc/testing";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withFacts, writePins } from "../../lib/clouds/pins";
import { demo, machineOf, PROPS } from "../support/aws";
import { blocks } from "../support/terraform";

describe("images on AWS: machines", () => {
  it("have one image per cluster and architecture, so that a pool that comes later gets what the others have", () => {
    const { terraform } = synthesize((stack) => {
      const master = new OpenHpcMaster(stack, "master", { cloud: new AwsCloud(PROPS) });
      for (const name of ["a", "b"]) new ComputePool(stack, name, { master, nodes: 1 });
      new ComputePool(stack, "arm", { master, nodes: 1, machine: "m8g.large" });
    });
    const images = (group: string) => machineOf(terraform, group)["ami"];
    expect([images("a"), images("b")]).toEqual([images("master"), images("master")]);
    expect(images("arm")).not.toBe(images("master"));
    expect(
      blocks(terraform, "terraform_data")
        .filter(({ input }) => (input as { kind?: string }).kind !== "owner")
        .every((pin) => JSON.stringify(pin["lifecycle"]) === '{"ignore_changes":["input"]}'),
    ).toBe(true);
  });

  it("take the image of the pin file without asking AWS", () => {
    const folder = mkdtempSync(join(tmpdir(), "pins-"));
    try {
      const pinFile = join(folder, "ohpc.lock.json");
      const facts = {
        "136693071363/debian-13-amd64-* x86_64": { id: "ami-0123456789abcdef0", architecture: "x86_64" },
      };
      writePins(withFacts({}, "aws", "us-east-1", facts), pinFile);
      const { terraform } = synthesize(demo({ cloud: { pinFile } }));
      expect(machineOf(terraform, "cpu")["ami"]).toBe("ami-0123456789abcdef0");
      expect(terraform).not.toHaveProperty("data");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("with an id have that image, whose architecture is compared before anything is made", () => {
    const { terraform } = synthesize(demo({ cloud: { image: "ami-0123456789abcdef0" } }));
    expect(machineOf(terraform, "cpu")["ami"]).toBe("ami-0123456789abcdef0");
    const found = (terraform as { data: Record<string, Record<string, TerraformBlock>> }).data["aws_ami"] ?? {};
    expect(JSON.stringify(Object.values(found))).toContain("choose another image, or other machines");
  });
});
