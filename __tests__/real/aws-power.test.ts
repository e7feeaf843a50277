import {
  DescribeInstanceAttributeCommand,
  EC2Client,
  ModifyInstanceAttributeCommand,
  RunInstancesCommand,
  type RunInstancesCommandInput,
} from "@aws-sdk/client-ec2";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pinAws } from "../../lib/clouds/aws/pins";
import { AwsPower } from "../../lib/clouds/aws/power";
import { PowerError, waitForState } from "../../lib/clouds/power";
import { Duration } from "../../lib/units";
import { DEBIAN, Moto } from "../support/moto";

const REGION = "us-east-1";
const WAIT = { deadline: Duration.minutes(2), pause: Duration.seconds(0.1) };

describe("power on EC2, against a server that speaks its API", () => {
  let moto: Moto;
  let ec2: EC2Client;
  let power: AwsPower;

  beforeAll(async () => {
    moto = await Moto.start();
    ec2 = new EC2Client({ region: REGION, ...moto.client });
    power = new AwsPower({ cluster: "demo", region: REGION, client: moto.client });
  }, 600_000);
  afterAll(async () => {
    await moto.stop();
  });

  beforeEach(async () => {
    await moto.reset();
    await machine("demo", "master", "master");
    for (const host of ["cpu-1", "cpu-2", "cpu-10"]) await machine("demo", "compute", host);
    await machine("other", "compute", "cpu-1");
  });

  async function machine(
    cluster: string,
    role: string,
    host: string,
    more: Partial<RunInstancesCommandInput> = {},
  ): Promise<void> {
    const tags = {
      "ohpc:cluster": cluster,
      "ohpc:role": role,
      "ohpc:group": host.replace(/-.*/, ""),
      "ohpc:host": host,
    };
    const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
    const input = { ImageId: DEBIAN[0]!.id, MinCount: 1, MaxCount: 1, InstanceType: "m7a.large" } as const;
    await ec2.send(
      new RunInstancesCommand({ ...input, TagSpecifications: [{ ResourceType: "instance", Tags }], ...more }),
    );
  }

  async function states(): Promise<Readonly<Record<string, string>>> {
    return Object.fromEntries((await power.list()).map(({ host, state }) => [host, state]));
  }

  async function failure(promise: Promise<unknown>): Promise<PowerError> {
    return promise.then(
      () => {
        throw new Error("it did not fail");
      },
      (error: unknown) => {
        if (error instanceof PowerError) return error;
        throw error;
      },
    );
  }

  it("lists the machines of its own cluster, in the order in which people count", async () => {
    const machines = await power.list();
    expect(machines.map(({ host }) => host)).toEqual(["cpu-1", "cpu-2", "cpu-10", "master"]);
    expect(machines.at(-1)).toMatchObject({ role: "master", state: "running", spot: false });
    expect(machines[0]).toMatchObject({ role: "compute", state: "running" });
    expect(machines[0]?.id).toMatch(/^i-[0-9a-f]{17}$/);
  });

  it("stops what it is told and nothing else, and starts it again as the same machines", async () => {
    const before = await power.list();
    await power.stop(["cpu-1", "cpu-2"]);
    await waitForState(power, ["cpu-1", "cpu-2"], "stopped", WAIT);
    expect(await states()).toEqual({ "cpu-1": "stopped", "cpu-2": "stopped", "cpu-10": "running", master: "running" });
    const others = new AwsPower({ cluster: "other", region: REGION, client: moto.client });
    expect((await others.list()).map(({ state }) => state)).toEqual(["running"]);

    await power.start(["cpu-1", "cpu-2", "cpu-10"]);
    await waitForState(power, ["cpu-1", "cpu-2"], "running", WAIT);
    expect(await power.list()).toEqual(before);
  });

  it("stops and starts twice without an error", async () => {
    for (const verb of ["stop", "stop", "start", "start"] as const) {
      await power[verb](["cpu-1"]);
      await waitForState(power, ["cpu-1"], verb === "stop" ? "stopped" : "running", WAIT);
    }
  });

  it("refuses to stop spot machines by their names, and stops no other with them; it ends them when told so", async () => {
    await machine("demo", "compute", "spare-1", { InstanceMarketOptions: { MarketType: "spot" } });
    const error = await failure(power.stop(["cpu-1", "spare-1"]));
    expect(error).toMatchObject({ failure: "spot", hosts: ["spare-1"] });
    expect(await states()).toMatchObject({ "cpu-1": "running", "spare-1": "running" });
    await power.end(["spare-1"]);
    expect(Object.keys(await states())).not.toContain("spare-1");
  });

  it("does not end a protected machine, until the protection was taken away on purpose", async () => {
    const id = (await power.list()).find(({ host }) => host === "master")?.id;
    // moto forgets what RunInstances says of it.
    await ec2.send(new ModifyInstanceAttributeCommand({ InstanceId: id, DisableApiTermination: { Value: true } }));
    const error = await failure(power.end(["master"]));
    expect(error.failure).toBe("failed");
    expect(error.message).toContain("disableApiTermination");
    expect(await states()).toMatchObject({ master: "running" });

    await power.unprotect(["master"]);
    const attribute = await ec2.send(
      new DescribeInstanceAttributeCommand({ InstanceId: id, Attribute: "disableApiTermination" }),
    );
    expect(attribute.DisableApiTermination?.Value).toBe(false);
    await power.end(["master"]);
    expect(Object.keys(await states())).not.toContain("master");
  });

  it("names hosts that are not there, before it does anything", async () => {
    const error = await failure(power.stop(["cpu-1", "cpu-3", "cpu-4"]));
    expect(error).toMatchObject({ failure: "unknown host", hosts: ["cpu-3", "cpu-4"] });
    expect(await states()).toMatchObject({ "cpu-1": "running" });
  });

  it("tells at once when a machine that is waited for is gone", async () => {
    await power.end(["cpu-1"]);
    const error = await failure(waitForState(power, ["cpu-1", "cpu-2"], "running", WAIT));
    expect(error).toMatchObject({ failure: "unknown host", hosts: ["cpu-1"] });
  });

  it("gives up waiting at its deadline, and says what the machines are doing", async () => {
    const short = { deadline: Duration.seconds(0.5), pause: Duration.seconds(0.1) };
    const error = await failure(waitForState(power, ["cpu-1", "cpu-2"], "stopped", short));
    expect(error).toMatchObject({ failure: "timeout", hosts: ["cpu-1", "cpu-2"] });
    expect(error.message).toContain("still running after 0.5 s, but should be stopped");
  });

  it("has no host keys where the console shows none", async () => {
    expect(await power.hostKeys("master")).toEqual([]);
  });

  describe("the pin file", () => {
    let folder: string;

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "pins-"));
    });
    afterEach(() => {
      rmSync(folder, { recursive: true, force: true });
    });

    it("gets the newest image per architecture, and keeps what is in it already", async () => {
      const file = join(folder, "ohpc.lock.json");
      const ask = async (architecture: "x86_64" | "arm64") =>
        pinAws({ region: REGION, images: [{ image: "debian-13", architecture }], file, client: moto.client });
      await ask("x86_64");
      await ask("arm64");
      expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({
        aws: {
          [REGION]: {
            "136693071363/debian-13-amd64-* x86_64": {
              id: DEBIAN[1]!.id,
              architecture: "x86_64",
              name: DEBIAN[1]!.name,
            },
            "136693071363/debian-13-arm64-* arm64": { id: DEBIAN[2]!.id, architecture: "arm64", name: DEBIAN[2]!.name },
          },
        },
      });
    });

    it("says which image there is not, and writes nothing", async () => {
      const file = join(folder, "ohpc.lock.json");
      const images = [{ image: "self/no-such-*", architecture: "x86_64" as const }];
      await expect(pinAws({ region: REGION, images, file, client: moto.client })).rejects.toThrow(
        "self/no-such-* x86_64",
      );
      expect(() => readFileSync(file)).toThrow("ENOENT");
    });
  });
});
