import { AzureCliCredential, ChainedTokenCredential, EnvironmentCredential } from "@azure/identity";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pinAzure } from "../../lib/clouds/azure/pins";
import { AzurePower } from "../../lib/clouds/azure/power";
import { PowerError, waitForState } from "../../lib/clouds/power";
import { Duration } from "../../lib/units";
import { Arm, SUBSCRIPTION } from "../support/arm";

const WAIT = { deadline: Duration.seconds(20), pause: Duration.seconds(0.05) };

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
    arm.reset();
    power = new AzurePower({ cluster: "demo", resourceGroup: "ohpc-demo", ...arm.props });
    arm.add("master", "running");
    for (const host of ["cpu-1", "cpu-2", "cpu-10"]) arm.add(host, "running");
    arm.add("cpu-1", "running", { cluster: "other" });
    arm.add("cpu-1", "deallocated", { group: "elsewhere" });
  });

  async function states(): Promise<Readonly<Record<string, string>>> {
    return Object.fromEntries((await power.list()).map(({ host, state }) => [host, state]));
  }

  async function failure(promise: Promise<unknown>): Promise<PowerError> {
    const error = await promise.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (error instanceof PowerError) return error;
    throw new Error(`it did not fail as it should: ${String(error)}`);
  }

  it("lists the machines of its own cluster and resource group in the order of their names, over all pages", async () => {
    const machines = await power.list();
    expect(machines.map(({ host }) => host)).toEqual(["cpu-1", "cpu-2", "cpu-10", "master"]);
    expect(machines[3]).toEqual({
      id: `/subscriptions/${SUBSCRIPTION}/resourceGroups/OHPC-DEMO/providers/Microsoft.Compute/virtualMachines/ohpc-demo-master`,
      ...{ host: "master", role: "master", state: "running", spot: false, address: "10.79.0.10" },
    });
    expect(arm.count(/skiptoken/)).toBeGreaterThan(0);
    // The state of all machines with one question, not one each.
    expect(arm.count(/instanceView$/)).toBe(0);
  });

  it.each([
    ["starting", "starting"],
    ["running", "running"],
    ["stopping", "stopping"],
    ["deallocating", "stopping"],
    ["deallocated", "stopped"],
    // Shut down from inside: Azure goes on to bill it.
    ["stopped", "stopping"],
    ["", "starting"],
  ])("calls a machine that Azure calls %p %s", async (azures, ours) => {
    arm.machines[1]!.power = azures;
    expect((await states())["cpu-1"]).toBe(ours);
  });

  it("asks each machine where it may not ask about the subscription, as the master may not", async () => {
    arm.forbidStatusOnly = {
      status: 403,
      code: "AuthorizationFailed",
      message: "The client has no authorization over scope '/subscriptions/…'.",
    };
    arm.machines[2]!.power = "deallocated";
    expect(await states()).toEqual({ "cpu-1": "running", "cpu-2": "stopped", "cpu-10": "running", master: "running" });
    expect(arm.count(/instanceView\?/)).toBe(4);
  });

  it("deallocates, and does not merely stop: what is stopped is billed on", async () => {
    arm.machines[2]!.power = "stopped";
    await power.stop(["cpu-1", "cpu-2"]);
    expect(
      arm.asked
        .map(({ what }) => what.replace(/^(\w+) .*\/(ohpc-demo-\S+)\?.*$/, "$1 $2"))
        .filter((what) => what.startsWith("POST"))
        .sort(),
    ).toEqual(["POST ohpc-demo-cpu-1/deallocate", "POST ohpc-demo-cpu-2/deallocate"]);
    expect(await states()).toEqual({ "cpu-1": "stopped", "cpu-2": "stopped", "cpu-10": "running", master: "running" });
  });

  it("starts what is deallocated and leaves alone what runs", async () => {
    arm.machines[1]!.power = "deallocated";
    await power.start(["cpu-1", "cpu-2"]);
    expect(arm.count(/^POST .*\/start/)).toBe(1);
    expect((await waitForState(power, ["cpu-1", "cpu-2"], "running", WAIT)).map(({ host }) => host)).toEqual([
      "cpu-1",
      "cpu-2",
    ]);
  });

  it("follows an operation to its end, however many looks that takes", async () => {
    arm.looks = 4;
    await power.stop(["cpu-1"]);
    expect(arm.count(/^GET \/operations\/\d+\?api/)).toBe(4);
    expect((await states())["cpu-1"]).toBe("stopped");
  });

  it("refuses to start what is still on its way down", async () => {
    arm.machines[1]!.power = "deallocating";
    expect(await failure(power.start(["cpu-1"]))).toMatchObject({
      failure: "stopping",
      hosts: ["cpu-1"],
      reason: "still stopping",
    });
  });

  it("waits as long as Azure asks for when it is throttled, and then goes on", async () => {
    arm.throttle.set("POST deallocate", { times: 1, seconds: 1 });
    await power.stop(["cpu-1"]);
    const times = arm.asked.filter(({ what }) => what.includes("/deallocate")).map(({ at }) => at);
    expect(times).toHaveLength(2);
    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(990);
    expect((await states())["cpu-1"]).toBe("stopped");
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

  it("starts all that can be had, and names those that cannot", async () => {
    for (const machine of arm.machines) machine.power = "deallocated";
    const error = { status: 409, code: "AllocationFailed", message: "Allocation failed." };
    for (const host of ["cpu-10", "cpu-2"]) arm.failLater.set(`ohpc-demo-${host}/start`, error);
    expect(await failure(power.start(["cpu-1", "cpu-2", "cpu-10"]))).toMatchObject({
      failure: "capacity",
      hosts: ["cpu-2", "cpu-10"],
    });
    expect((await states())["cpu-1"]).toBe("running");
  });

  it("asks for many machines at the same time, but not for all at once", async () => {
    arm.pageSize = 500;
    for (let k = 1; k <= 60; k++) arm.add(`many-${k}`, "running");
    const hosts = Array.from({ length: 60 }, (_, k) => `many-${k + 1}`);
    await power.stop(hosts);
    expect(arm.mostAtOnce).toBeGreaterThan(4);
    expect(arm.mostAtOnce).toBeLessThanOrEqual(24);
    await waitForState(power, hosts, "stopped", WAIT);
  });

  it("does not know machines of others", async () => {
    expect(await failure(power.stop(["cpu-3"]))).toMatchObject({ failure: "unknown host", hosts: ["cpu-3"] });
    expect(await failure(power.end(["cpu-1", "gpu-1"]))).toMatchObject({ failure: "unknown host", hosts: ["gpu-1"] });
    expect(arm.count(/^(POST|DELETE)/)).toBe(0);
  });

  it("ends a machine together with its own disk, and says what keeps it from that", async () => {
    await power.end(["cpu-2"]);
    expect(await states()).not.toHaveProperty("cpu-2");
    expect(arm.disks).not.toContain("ohpc-demo-cpu-2-os");
    expect(arm.disks).toContain("ohpc-demo-cpu-1-os");
    arm.refuse.set("DELETE ohpc-demo-master", {
      status: 409,
      code: "ScopeLocked",
      message: "The scope cannot perform delete operation.",
    });
    expect(await failure(power.end(["master"]))).toMatchObject({
      failure: "permission",
      remedy: expect.stringContaining("protect: false") as unknown,
    });
  });

  it("has nothing to do to let machines be ended", async () => {
    await power.unprotect(["cpu-1"]);
    expect(arm.count(/^(POST|DELETE|PUT|PATCH)/)).toBe(0);
  });

  it("reads host keys from the console", async () => {
    arm.console =
      "[   12.3] cloud-init: x\r\n-----BEGIN SSH HOST KEY KEYS-----\r\nssh-ed25519 AAAAC3Nz root@master\r\n-----END SSH HOST KEY KEYS-----\r\n";
    expect(await power.hostKeys("master")).toEqual(["ssh-ed25519 AAAAC3Nz"]);
    arm.console = "";
    expect(await power.hostKeys("master")).toEqual([]);
  });

  it("says how to tell it which subscription it is, and what is wrong with that", () => {
    const before = process.env;
    const { client, credential } = arm.props;
    const make = (subscription?: string) => () =>
      new AzurePower({ cluster: "demo", resourceGroup: "x", subscription, client, credential });
    try {
      process.env = { ...before, ARM_SUBSCRIPTION_ID: undefined, AZURE_SUBSCRIPTION_ID: undefined };
      expect(make()).toThrow("it is not known which subscription the cluster is in; set ARM_SUBSCRIPTION_ID");
      expect(make("my subscription")).toThrow(
        '"my subscription" is no subscription; az account show --query id prints it',
      );
      process.env = { ...before, ARM_SUBSCRIPTION_ID: SUBSCRIPTION };
      expect(make()).not.toThrow();
    } finally {
      process.env = before;
    }
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
