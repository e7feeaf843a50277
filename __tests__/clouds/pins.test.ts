import { type Cloud, OpenHpcMaster } from "cdktf-openhpc";
import { AwsCloud } from "cdktf-openhpc/aws";
import { AzureCloud } from "cdktf-openhpc/azure";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readPins, withFacts, writePins } from "../../lib/clouds/pins";
import { operator } from "../../stacks/operator";
import { refusals } from "../support/clusters";

describe("the pin file", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "pins-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it("gives equal bytes for equal facts, in whatever order they came, and reads what it wrote", () => {
    const [a, b] = [join(folder, "a"), join(folder, "b")];
    const [one, other] = [{ x: { id: "1" } }, { y: { id: "2", cidr: "z" } }];
    writePins(withFacts(withFacts({}, "aws", "r", one), "aws", "r", other), a);
    writePins(withFacts(withFacts({}, "aws", "r", other), "aws", "r", one), b);
    expect(readFileSync(a, "utf8")).toBe(readFileSync(b, "utf8"));
    expect(readPins(a)).toEqual({ aws: { r: { ...one, ...other } } });
  });

  it("is empty where there is none, and refused when it is something else", () => {
    expect(readPins(join(folder, "none"))).toEqual({});
    writeFileSync(join(folder, "package-lock"), '{ "lockfileVersion": 3 }');
    expect(() => readPins(join(folder, "package-lock"))).toThrow("is not a pin file of ohpc");
    writeFileSync(join(folder, "merged"), "<<<<<<< ours\n{}\n");
    expect(() => readPins(join(folder, "merged"))).toThrow("merged is not a pin file of ohpc");
  });

  it.each([
    ["AWS", (pinFile: string): Cloud => new AwsCloud({ region: "us-east-1", zone: "x", access: operator, pinFile })],
    [
      "Azure",
      (pinFile: string): Cloud => new AzureCloud({ location: "westeurope", zone: "x", access: operator, pinFile }),
    ],
  ])("on %s is a problem like others when it came out of a merge", (_, cloud) => {
    const file = join(folder, "merged");
    writeFileSync(file, "<<<<<<< ours\n{}\n");
    expect(refusals((stack) => new OpenHpcMaster(stack, "master", { cloud: cloud(file) }))).toEqual([
      `pinFile is ${JSON.stringify(file)}, but must be a file that pinAws or pinAzure has written, or none; remove it, or take it from version control again`,
      expect.stringMatching(/^zone is "x"/),
    ]);
  });
});

const SUBSCRIBED = {
  location: "westeurope",
  subscriptionId: "11111111-2222-3333-4444-555555555555",
  credential: {},
};

describe("looking things up without the vendor's SDK", () => {
  it.each([
    ["aws", "pinAws", "@aws-sdk/client-ec2", { region: "us-east-1", images: [] }],
    ["azure", "pinAzure", "@azure/identity", { location: "westeurope", subnets: ["x"] }],
    [
      "azure",
      "pinAzure",
      "@azure/arm-compute",
      { ...SUBSCRIBED, images: [{ image: "debian-13", architecture: "arm64" }] },
    ],
  ])("on %s, %s names the package %s", async (cloud, call, peer, options) => {
    jest.doMock(peer, () => {
      throw Object.assign(new Error(`Cannot find module '${peer}'\nRequire stack:`), { code: "MODULE_NOT_FOUND" });
    });
    try {
      const looked = jest.isolateModulesAsync(async () => {
        const pins = jest.requireActual<Record<string, (given: object) => Promise<unknown>>>(
          `../../lib/clouds/${cloud}/pins`,
        );
        await pins[call]!(options);
      });
      await expect(looked).rejects.toMatchObject({ name: "MissingPackage", missing: peer });
    } finally {
      jest.dontMock(peer);
    }
  });
});
