import { ComputePool, OpenHpcMaster } from "cdktf-openhpc";
import { AzureCloud } from "cdktf-openhpc/azure";
import { synthesize, type TerraformBlock } from "cdktf-openhpc/testing";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { imageProblems } from "../../lib/clouds/azure/image-choice";
import { withFacts, writePins } from "../../lib/clouds/pins";
import { COMPUTE, demo, machineOf, PROPS } from "../support/azure";
import { blocks, dataOf, only } from "../support/terraform";
import { told } from "../support/told";

describe("images on Azure: machines", () => {
  it("have one image per cluster and architecture, so that a pool that comes later gets what the others have", () => {
    const { terraform } = synthesize((root) => {
      const master = new OpenHpcMaster(root, "master", { cloud: new AzureCloud(PROPS) });
      for (const name of ["a", "b"]) new ComputePool(root, name, { master, nodes: 1 });
      new ComputePool(root, "arm", { master, nodes: 1, machine: "Standard_D8ps_v5" });
    });
    const image = (group: string) => machineOf(terraform, group)["source_image_reference"] as TerraformBlock;
    expect([image("a"), image("b")]).toEqual([image("master"), image("master")]);
    expect([image("a")["sku"], image("arm")["sku"]]).toEqual(["13-gen2", "13-arm64"]);
    expect(image("a")["version"]).toMatch(/^\$\{terraform_data\..*\.output\}$/);
    expect(dataOf(terraform, "azurerm_platform_image")).toHaveLength(2);
    const pins = blocks(terraform, "terraform_data").filter((block) =>
      String(block["input"]).includes("azurerm_platform_image"),
    );
    expect(pins.map((pin) => pin["lifecycle"])).toEqual([{ ignore_changes: ["input"] }, { ignore_changes: ["input"] }]);
  });

  it("take the image of the pin file without asking Azure", () => {
    const folder = mkdtempSync(join(tmpdir(), "pins-"));
    try {
      const pinFile = join(folder, "ohpc.lock.json");
      const facts = { "Debian:debian-13:13-gen2": { version: "0.20260914.2601", architecture: "x86_64" } };
      writePins(withFacts({}, "azure", "westeurope", facts), pinFile);
      const { terraform } = synthesize(demo({ cloud: { pinFile } }));
      expect(machineOf(terraform, "cpu")["source_image_reference"]).toMatchObject({ version: "0.20260914.2601" });
      expect(terraform).not.toHaveProperty("data");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.each([
    [
      "a version",
      "Debian:debian-13:13-gen2:0.20260914.2601",
      { source_image_reference: { version: "0.20260914.2601" }, vtpm_enabled: true },
    ],
    [
      "an image in a gallery",
      `${COMPUTE}/galleries/g/images/node/versions/1.0.0`,
      { source_image_id: `${COMPUTE}/galleries/g/images/node/versions/1.0.0`, vtpm_enabled: true },
    ],
    [
      "an image of the old kind, which starts with no virtual TPM",
      `${COMPUTE}/images/node`,
      { source_image_id: `${COMPUTE}/images/node`, vtpm_enabled: false, secure_boot_enabled: false },
    ],
  ])("with %s have just that", (_, image, expected) => {
    const { terraform } = synthesize(demo({ cloud: { image } }));
    expect(machineOf(terraform, "cpu")).toMatchObject(expected);
    expect(dataOf(terraform, "azurerm_platform_image")).toEqual([]);
  });

  it("with an image that is sold have its plan, whose terms are accepted once", () => {
    const image = "cognosys:hpc-node-x86_64:13-base:13.1.0";
    const { terraform } = synthesize(demo({ cloud: { image, acceptTerms: ["cognosys:hpc-node-x86_64:13-base"] } }));
    for (const group of ["master", "cpu"]) {
      expect(machineOf(terraform, group)["plan"]).toEqual({
        name: "13-base",
        product: "hpc-node-x86_64",
        publisher: "cognosys",
      });
    }
    expect(only(terraform, "azurerm_marketplace_agreement")).toMatchObject({
      publisher: "cognosys",
      offer: "hpc-node-x86_64",
      plan: "13-base",
    });
  });
});

it("an image's architecture is taken from the pin file before its name", () => {
  const pins = withFacts({}, "azure", "eastus", { "me:images:node": { version: "1.0.0", architecture: "arm64" } });
  const question = { architecture: "x86_64", location: "eastus", pins, acceptTerms: [] } as const;
  expect(told(imageProblems("me:images:node", question))[0]).toContain("this one is for arm64");
  expect(imageProblems("me:images:other", question)).toEqual([]);
});
