import { AzureCliCredential, ChainedTokenCredential, EnvironmentCredential } from "@azure/identity";
import { AzurePower } from "../../lib/clouds/azure/power";
import { Arm } from "../support/arm";
import { demoPower } from "../support/arm-demo";
import { failure } from "../support/power-failure";

describe("power on Azure, with the real SDK against a server that speaks ARM's protocol", () => {
  let arm: Arm;
  let power: AzurePower;

  beforeAll(async () => {
    arm = await Arm.start();
  });
  afterAll(async () => {
    await arm.stop();
  });
  beforeEach(() => {
    power = demoPower(arm);
  });

  it("tells throttling as what it is when it does not end", async () => {
    arm.throttle.set("POST deallocate", { times: 100, seconds: 0 });
    expect(await failure(power.stop(["cpu-1"]))).toMatchObject({ failure: "throttled", hosts: [] });
    // The first, and as many again as there are retries.
    expect(arm.count(/deallocate/)).toBe(9);
  });

  it.each([
    [
      "no such size here, told later",
      "later",
      {
        status: 409,
        code: "SkuNotAvailable",
        message: "The requested VM size for resource 'cpu-1' is currently not available in location 'westeurope'.",
      },
      { failure: "capacity", hosts: ["cpu-1"] },
      "az vm list-skus",
    ],
    [
      "no capacity, told later",
      "later",
      {
        status: 409,
        code: "AllocationFailed",
        message: "Allocation failed. We do not have sufficient capacity for the requested VM size in this region.",
      },
      { failure: "capacity", hosts: ["cpu-1"] },
      "Azure has no such machine to give right now (Allocation failed.",
    ],
    [
      "no capacity in the zone",
      "later",
      { status: 409, code: "ZonalAllocationFailed", message: "Allocation failed." },
      { failure: "capacity", hosts: ["cpu-1"] },
      "choose another size or zone",
    ],
    [
      "no quota",
      "at once",
      {
        status: 409,
        code: "OperationNotAllowed",
        message:
          "Operation could not be completed as it results in exceeding approved standardDSv5Family Cores quota. Current Limit: 10, Current Usage: 8, Additional Required: 8.",
      },
      { failure: "quota", hosts: ["cpu-1"] },
      "standardDSv5Family",
    ],
    [
      "no quota by its other name",
      "at once",
      { status: 403, code: "QuotaExceeded", message: "The quota is exceeded." },
      { failure: "quota" },
      "Quotas, Compute",
    ],
    [
      "a conflict",
      "at once",
      { status: 409, code: "Conflict", message: "The request failed due to conflict with a concurrent request." },
      { failure: "failed", hosts: ["cpu-1"] },
      "still doing something else with it",
    ],
    [
      "something that is not allowed, and no quota",
      "at once",
      { status: 409, code: "OperationNotAllowed", message: "Cannot start it now." },
      { failure: "failed" },
      "Cannot start it now.; Azure calls it OperationNotAllowed",
    ],
    [
      "a missing permission",
      "at once",
      { status: 403, code: "AuthorizationFailed", message: "may not" },
      { failure: "permission", hosts: [] },
      "use a role that may",
    ],
    [
      "an expired token",
      "at once",
      { status: 401, code: "ExpiredAuthenticationToken", message: "expired" },
      { failure: "expired" },
      "az login",
    ],
    [
      "an unknown subscription",
      "at once",
      { status: 404, code: "SubscriptionNotFound", message: "not found" },
      { failure: "credentials" },
      "ARM_SUBSCRIPTION_ID",
    ],
    [
      "terms that nobody accepted",
      "later",
      { status: 400, code: "MarketplacePurchaseEligibilityFailed", message: "not accepted" },
      { failure: "permission" },
      "acceptTerms",
    ],
  ] as const)("tells %s as what it is", async (_, when, error, expected, words) => {
    arm.machines[1]!.power = "deallocated";
    (when === "later" ? arm.failLater : arm.refuse).set(when === "later" ? "start" : "POST start", error);
    const told = await failure(power.start(["cpu-1"]));
    expect(told).toMatchObject(expected);
    expect(told.message).toContain(words);
  });

  it("says that there are no credentials, where there are none", async () => {
    const before = process.env;
    process.env = { PATH: "/nowhere", HOME: "/nowhere" };
    try {
      // As DefaultAzureCredential, but for the metadata address, where there is nobody to ask.
      const credential = new ChainedTokenCredential(new EnvironmentCredential(), new AzureCliCredential());
      const nobody = new AzurePower({ cluster: "demo", resourceGroup: "ohpc-demo", ...arm.props, credential });
      expect(await failure(nobody.list())).toMatchObject({
        failure: "credentials",
        remedy: expect.stringContaining("az login") as unknown,
      });
    } finally {
      process.env = before;
    }
  });
});
