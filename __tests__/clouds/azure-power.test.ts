import { AzurePower } from "../../lib/clouds/azure/power";
import { waitForState } from "../../lib/clouds/power";
import { Duration } from "../../lib/units";
import { Arm } from "../support/arm";
import { SUBSCRIPTION } from "../support/arm-answers";
import { demoPower } from "../support/arm-demo";
import { failure } from "../support/power-failure";

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
    power = demoPower(arm);
  });

  async function states(): Promise<Readonly<Record<string, string>>> {
    return Object.fromEntries((await power.list()).map(({ host, state }) => [host, state]));
  }

  it("lists the machines of its own cluster and resource group in the order of their names, over all pages", async () => {
    const machines = await power.list();
    expect(machines.map(({ host }) => host)).toEqual(["cpu-1", "cpu-2", "cpu-10", "master"]);
    expect(machines[3]).toEqual({
      id: `/subscriptions/${SUBSCRIPTION}/resourceGroups/OHPC-DEMO/providers/Microsoft.Compute/virtualMachines/ohpc-demo-master`,
      host: "master",
      role: "master",
      state: "running",
      spot: false,
      address: "10.79.0.10",
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
});
