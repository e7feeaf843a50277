import { type Remote, RemoteError } from "../../../lib/operate/exec/remote/remote";
import { interrupt } from "../../../lib/operate/feedback/interruption";
import { drain } from "../../../lib/operate/scheduler/drain";
import { type Job, readJobs } from "../../../lib/operate/scheduler/jobs";
import { pretendedMaster } from "../../support/pretended-master";
import { Duration } from "../../../lib/units";
import { squeueFlags, squeueRow } from "../../support/squeue";

const never = async () => Promise.reject(new Error("nobody may be asked"));

describe("draining", () => {
  const wait = { kind: "wait", limit: Duration.seconds(60) } as const;
  /** A master whose answers to squeue come one after the other, the last again and again. */
  function changing(...answers: readonly string[]) {
    const asked: string[] = [];
    let k = 0;
    const remote = pretendedMaster(async (script, { args = [] } = {}) => {
      if (script.includes("squeue")) return Promise.resolve(answers[Math.min(k++, answers.length - 1)] ?? "");
      asked.push(args.join(" "));
      return Promise.resolve(args[0] === "drain" ? "cpu-1\n" : "");
    });
    return { remote, asked };
  }

  it("waits for jobs to their own end, and ends none", async () => {
    const running = squeueRow({ on: "cpu-1" });
    const { remote, asked } = changing(running, running, "");
    const told: string[] = [];
    const report = { detail: (line: string) => void told.push(line) };
    expect(
      await drain(remote, ["cpu-1"], { why: "by eve@desk", agreed: [], agreeTo: never, treatment: wait, report }),
    ).toEqual([]);
    expect(asked).toEqual(["drain cpu-1 ohpc stop by eve@desk"]);
    expect(told).toEqual(["waits for 1 job on cpu-1, 1m at most"]);
  });

  it("goes on waiting where the master is silent for a while", async () => {
    const running = squeueRow({ on: "cpu-1" });
    const { remote, asked } = changing(running, running, "silent", "");
    const quiet: Remote = {
      ...remote,
      run: async (script, options) => {
        const said = await remote.run(script, options);
        if (said === "silent") throw new RemoteError("master", "unreachable", 255, "");
        return said;
      },
    };
    await drain(quiet, ["cpu-1"], { why: "by eve@desk", agreed: [], agreeTo: never, treatment: wait });
    expect(asked).toEqual(["drain cpu-1 ohpc stop by eve@desk"]);
  });

  it("gives the nodes back to who presses Ctrl-C while jobs are waited for", async () => {
    const { remote, asked } = changing(squeueRow({ on: "cpu-1" }));
    const report = { detail: () => void interrupt() };
    await expect(
      drain(remote, ["cpu-1"], { why: "by eve@desk", agreed: [], agreeTo: never, treatment: wait, report }),
    ).rejects.toMatchObject({ kind: "interrupted", message: expect.stringContaining("nothing was changed") as string });
    expect(asked.at(-1)).toBe("undrain cpu-1 ohpc stop");
  });

  it("gives the nodes back where a job is not over in time, or may not be requeued", async () => {
    const { remote, asked } = changing(squeueRow({ on: "cpu-1" }) + squeueFlags("12", 1, 0));
    const soon = { kind: "wait", limit: Duration.seconds(0) } as const;
    const options = { why: "by eve@desk", agreed: [], agreeTo: never };
    for (const treatment of [soon, { kind: "requeue" } as const]) {
      asked.length = 0;
      await expect(drain(remote, ["cpu-1"], { ...options, treatment })).rejects.toMatchObject({ kind: "consent" });
      expect(asked).toEqual(["drain cpu-1 ohpc stop by eve@desk", "undrain cpu-1 ohpc stop"]);
    }
  });

  /** A master on which these jobs run, and what drain.sh was told there. */
  function master(squeue: string) {
    const asked: string[] = [];
    const remote = pretendedMaster(async (script, { args = [] } = {}) => {
      if (script.includes("squeue")) return Promise.resolve(squeue);
      asked.push(args.join(" "));
      // Somebody has drained gpu-1 before.
      return Promise.resolve(args[0] === "drain" ? "cpu-1,cpu-2\n" : "");
    });
    return { remote, asked };
  }

  const HOSTS = ["cpu-1", "cpu-2", "gpu-1"];

  it("ends no job where none runs", async () => {
    const { remote, asked } = master(squeueRow({ id: "13", state: "PENDING" }) + squeueRow({ id: "14", on: "cpu-3" }));
    expect(await drain(remote, HOSTS, { why: "by eve@desk", agreed: [], agreeTo: never })).toEqual([]);
    expect(asked).toEqual(["drain cpu-[1-2],gpu-1 ohpc stop by eve@desk"]);
  });

  it("ends the jobs that somebody has agreed to lose, without asking again", async () => {
    const running = squeueRow({ on: "cpu-[1-2]" });
    const { remote, asked } = master(running);
    const ended = await drain(remote, HOSTS, { why: "by eve@desk", agreed: readJobs(running).jobs, agreeTo: never });
    expect(ended.map(({ id }) => id)).toEqual(["12"]);
    expect(asked[1]).toBe("end cpu-[1-2],gpu-1 ohpc stop");
  });

  it("asks about jobs that began meanwhile; if nobody agrees, the nodes are undrained that it has drained", async () => {
    const { remote, asked } = master(squeueRow({ on: "cpu-1" }) + squeueRow({ id: "15", user: "bob", on: "cpu-2" }));
    const shown: string[] = [];
    const agreeTo = async (fresh: readonly Job[]) => {
      shown.push(...fresh.map(({ id }) => id));
      return Promise.reject(new Error("no"));
    };
    const agreed = readJobs(squeueRow({ on: "cpu-1" })).jobs;
    await expect(drain(remote, HOSTS, { why: "by eve@desk", agreed, agreeTo })).rejects.toThrow("no");
    expect(shown).toEqual(["15"]);
    expect(asked.slice(1)).toEqual(["undrain cpu-[1-2] ohpc stop"]);
  });
});
