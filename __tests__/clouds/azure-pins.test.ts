import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pinAzure } from "../../lib/clouds/azure/pins";
import { Arm } from "../support/arm";
import { SUBSCRIPTION } from "../support/arm-answers";

describe("looking things up once", () => {
  let arm: Arm;
  let folder: string;

  beforeAll(async () => {
    arm = await Arm.start();
    folder = mkdtempSync(join(tmpdir(), "pins-"));
  });
  afterAll(async () => {
    await arm.stop();
    rmSync(folder, { recursive: true });
  });

  const spec = () => {
    const { subscription = "", client, credential } = arm.props;
    const request = (url: string, init: RequestInit) => fetch(url.replace("https://management.test", arm.base), init);
    return {
      location: "westeurope",
      subscriptionId: subscription,
      file: join(folder, "ohpc.lock.json"),
      client,
      credential,
      request,
    };
  };
  const SUBNET = `/subscriptions/${SUBSCRIPTION}/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/campus/subnets/login`;

  it("writes the newest version of an image, counted as numbers, and the addresses of a subnet", async () => {
    arm.versions = ["0.20260301.999", "0.20260914.2601", "0.20260914.300"];
    arm.subnets.set(SUBNET, "172.29.16.0/24");
    const facts = await pinAzure({
      ...spec(),
      images: [{ image: "debian-13", architecture: "arm64" }],
      subnets: [SUBNET],
    });
    expect(facts).toEqual({
      "Debian:debian-13:13-arm64": { version: "0.20260914.2601", architecture: "arm64" },
      [SUBNET]: { cidr: "172.29.16.0/24" },
    });
    expect(JSON.parse(readFileSync(join(folder, "ohpc.lock.json"), "utf8"))).toEqual({ azure: { westeurope: facts } });
  });

  it("asks about images in the subscription of the environment, if none is said, and about subnets in none", async () => {
    const before = process.env;
    arm.versions = ["0.20260914.2601"];
    arm.subnets.set(SUBNET, "172.29.16.0/24");
    const { subscriptionId, ...nowhere } = spec();
    const images = [{ image: "debian-13", architecture: "x86_64" as const }];
    try {
      process.env = { ...before, ARM_SUBSCRIPTION_ID: undefined, AZURE_SUBSCRIPTION_ID: undefined };
      await expect(pinAzure({ ...nowhere, images })).rejects.toThrow(
        '"" is no subscription: give subscriptionId, or set ARM_SUBSCRIPTION_ID; az account show --query id prints it',
      );
      expect(await pinAzure({ ...nowhere, subnets: [SUBNET] })).toEqual({ [SUBNET]: { cidr: "172.29.16.0/24" } });
      process.env = { ...before, ARM_SUBSCRIPTION_ID: subscriptionId };
      expect(await pinAzure({ ...nowhere, images })).toMatchObject({
        "Debian:debian-13:13-gen2": { version: "0.20260914.2601" },
      });
    } finally {
      process.env = before;
    }
  });

  it("says what does not exist", async () => {
    arm.versions = [];
    await expect(pinAzure({ ...spec(), images: [{ image: "debian-13", architecture: "x86_64" }] })).rejects.toThrow(
      "Azure has no image Debian:debian-13:13-gen2 in westeurope",
    );
    await expect(pinAzure({ ...spec(), subnets: [`${SUBNET}s`] })).rejects.toMatchObject({
      failure: "failed",
      message: expect.stringContaining("ResourceNotFound") as unknown,
    });
    await expect(pinAzure({ ...spec(), subnets: ["login"] })).rejects.toThrow('"login" is not the id of a subnet');
  });
});
