import { type Power, type PoweredMachine, PowerError, type PowerState } from "../../../lib/clouds/power";
import { ClusterPower } from "../../../lib/operate/power/cluster-power";

/** A vendor that remembers what it was asked for, and refuses some of it. */
function vendor(refused?: PowerError): Power & { readonly asked: string[] } {
  const asked: string[] = [];
  const ask = (verb: string) => async (hosts: readonly string[]) => {
    asked.push(`${verb} ${hosts.join()}`);
    if (refused !== undefined) throw refused;
    return Promise.resolve();
  };
  return {
    asked,
    list: async () => Promise.resolve([machine(asked.length === 0 ? "x-1" : "x-2", "running")]),
    start: ask("start"),
    stop: ask("stop"),
    unprotect: ask("unprotect"),
    end: ask("end"),
    console: async (host) => Promise.resolve(`console of ${host}`),
    hostKeys: async (host) => Promise.resolve([host]),
  };
}

function machine(host: string, state: PowerState): PoweredMachine {
  return { host, id: host, role: "compute", state, spot: false, address: "10.0.0.1" };
}

describe("machines at several sites", () => {
  it("are asked for where they are, and no site for what it has not got", async () => {
    const [here, there, idle] = [vendor(), vendor(), vendor()];
    const power = new ClusterPower([
      { power: here, hosts: ["master", "cpu-1"] },
      { power: there, hosts: ["gpu-1", "gpu-2"] },
      { power: idle, hosts: ["x-1"] },
    ]);
    await power.stop(["cpu-1", "gpu-2", "gpu-1"]);
    expect([here.asked, there.asked, idle.asked]).toEqual([["stop cpu-1"], ["stop gpu-2,gpu-1"], []]);
    expect(await power.hostKeys("gpu-1")).toEqual(["gpu-1"]);
    expect(await power.console("gpu-1")).toBe("console of gpu-1");
    expect((await power.list()).map(({ host }) => host)).toEqual(["x-2", "x-2", "x-1"]);
  });

  it("fail together where they fail, and the others are stopped all the same", async () => {
    const [one, two, three] = [
      vendor(new PowerError("capacity", ["a-1"], "AWS has none", "wait")),
      vendor(),
      vendor(new PowerError("quota", ["c-1"], "Azure gives no more", "ask for more")),
    ];
    const sites = [one, two, three].map((power, k) => ({ power, hosts: [`${"abc"[k] ?? ""}-1`] }));
    await expect(new ClusterPower(sites).start(["a-1", "b-1", "c-1"])).rejects.toMatchObject({
      failure: "capacity",
      hosts: ["a-1", "c-1"],
      reason: "AWS has none; Azure gives no more",
      remedy: "wait; ask for more",
    });
    expect(two.asked).toEqual(["start b-1"]);
  });
});
