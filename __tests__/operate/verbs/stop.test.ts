import { type Power, type PoweredMachine, PowerError, type PowerState } from "../../../lib/clouds/power";
import { STARTED } from "../../../lib/operate/exec/remote/envelope";
import type { Progress } from "../../../lib/operate/feedback/progress";
import { ClusterPower } from "../../../lib/operate/power/cluster-power";
import { describeStop } from "../../../lib/operate/plan/power-changes";
import { stop, type Stopped } from "../../../lib/operate/verbs/stop";
import { Duration } from "../../../lib/units";
import { PretendedStack } from "../../support/pretended-stack";
import { job } from "../../support/squeue";

const QUIET: Progress = {
  phase: async (_, work) => work({ title: () => undefined, detail: () => undefined }),
  note: () => undefined,
};

/** A master whose connection breaks at once, and a vendor that does as EC2 does. */
describe("stopping a whole cluster with spot machines", () => {
  let stack: PretendedStack;
  let asked: string[];
  const pathBefore = process.env["PATH"];

  beforeEach(() => {
    stack = new PretendedStack();
    stack.program("ssh", `echo ${STARTED} >&2; exit 255`);
    process.env["PATH"] = stack.env["PATH"];
    asked = [];
  });
  afterEach(() => {
    process.env["PATH"] = pathBefore;
    jest.restoreAllMocks();
    stack.remove();
  });

  /** Hosts and their states; `spot` ones can only be ended. */
  function vendor(states: Readonly<Record<string, PowerState>>, spot: readonly string[]): Power {
    const machines = new Map<string, PoweredMachine>(
      Object.entries(states).map(([host, state]) => [
        host,
        {
          host,
          id: host,
          state,
          spot: spot.includes(host),
          address: "10.0.0.1",
          role: host === "master" ? "master" : "compute",
        },
      ]),
    );
    const turn = (verb: string, state: PowerState) => async (hosts: readonly string[]) => {
      const refused = hosts.filter((host) => verb === "stop" && spot.includes(host));
      if (refused.length > 0) throw new PowerError("spot", refused, "spot machines cannot be stopped", "end them");
      if (hosts.length > 0) asked.push(`${verb} ${hosts.join(",")}`);
      for (const host of hosts) machines.set(host, { ...machines.get(host)!, state });
      return Promise.resolve();
    };
    return {
      list: async () => Promise.resolve([...machines.values()]),
      start: turn("start", "running"),
      stop: turn("stop", "stopped"),
      end: turn("end", "gone"),
      unprotect: async () => Promise.resolve(),
      console: async () => Promise.resolve(""),
      hostKeys: async () => Promise.resolve([]),
    };
  }

  async function stopAll(states: Readonly<Record<string, PowerState>>, spot: readonly string[]): Promise<Stopped> {
    const power = new ClusterPower([{ power: vendor(states, spot), hosts: Object.keys(states) }]);
    jest.spyOn(ClusterPower, "of").mockReturnValue(power);
    return stop(
      {
        stack: "demo",
        hosts: [],
        pools: [],
        all: true,
        endSpot: true,
        consenter: { yes: true },
        place: { cwd: stack.directory, env: stack.env },
        limit: Duration.seconds(5),
      },
      QUIET,
    );
  }

  it("ends a spot master last", async () => {
    const stopped = await stopAll({ "cpu-1": "running", "gpu-1": "running", master: "running" }, ["gpu-1", "master"]);
    expect(asked).toEqual(["stop cpu-1", "end gpu-1", "end master"]);
    expect(stopped).toMatchObject({ stopped: ["cpu-1"], ended: ["gpu-1", "master"], already: [] });
  });

  it("ends a spot master whose nodes are stopped already", async () => {
    const stopped = await stopAll({ "cpu-1": "stopped", master: "running" }, ["master"]);
    expect(asked).toEqual(["end master"]);
    expect(stopped).toMatchObject({ stopped: [], ended: ["master"], already: ["cpu-1"] });
  });

  it("stops another master last", async () => {
    await stopAll({ "cpu-1": "running", "gpu-1": "running", master: "running" }, ["gpu-1"]);
    expect(asked).toEqual(["stop cpu-1", "end gpu-1", "stop master"]);
  });
});

describe("what people have to know before machines are stopped", () => {
  const jobs = [
    job({ id: "12", hosts: ["cpu-1", "cpu-2"], name: "train", requeue: true }),
    job({ id: "13", user: "bob", requiredHosts: ["cpu-2"] }),
    job({ id: "14", hosts: ["cpu-2"], requeue: false }),
  ];

  it("are the jobs on them, and what waits if the master goes, too", () => {
    expect(describeStop({ jobs }, [], ["cpu-2"], false)).toEqual([
      "jobs that would end: their nodes go, and they may not be requeued",
      "  14 alice RUNNING cpu-2",
      "jobs that would go back into the queue and start anew: their nodes go",
      "  12 alice RUNNING cpu-1,cpu-2 train",
    ]);
    expect(describeStop({ jobs }, [], ["cpu-2"], true)).toContain("jobs that wait in the queue: 1, which stay in it");
  });

  it("is nothing where no job ends", () => {
    expect(describeStop({ jobs }, [], ["cpu-3", "gpu-1"], true)).toEqual([]);
  });

  it("are spot machines that would be gone, and that nobody knows of jobs", () => {
    expect(describeStop({ jobs: [] }, ["cpu-1", "cpu-2"], ["cpu-1", "cpu-2"], false)).toEqual([
      "2 spot machines would be ended, with what is on their own disks: cpu-[1-2]",
      "no job runs on these machines",
    ]);
    expect(describeStop({ unknown: "master does not answer: jobs may be running" }, [], ["cpu-1"], false)).toEqual([
      "master does not answer: jobs may be running",
    ]);
  });
});
