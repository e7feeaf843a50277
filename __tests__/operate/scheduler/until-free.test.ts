import { RemoteError } from "../../../lib/operate/exec/remote/remote";
import { type StillThere, untilFree } from "../../../lib/operate/scheduler/until-free";
import { Duration } from "../../../lib/units";
import { pretendedMaster } from "../../support/pretended-master";
import { squeueRow } from "../../support/squeue";

describe("waiting until no job runs on nodes", () => {
  /** What is seen, and how it ends, of a master that answers so, one answer after the other; the last one again and again. */
  async function wait(answers: readonly (string | Error)[], limit: Duration) {
    const seen: StillThere[] = [];
    let asked = 0;
    const master = pretendedMaster(async (script) => {
      if (!script.includes("%T")) return Promise.resolve("");
      const answer = answers[Math.min(asked++, answers.length - 1)]!;
      return typeof answer === "string" ? Promise.resolve(answer) : Promise.reject(answer);
    });
    const options = { limit, pause: Duration.seconds(0.01), onSeen: (one: StillThere) => seen.push(one) };
    const ended = await untilFree(master, ["cpu-1", "cpu-2"], options).catch((error: unknown) => error);
    return { seen, ended };
  }

  const elsewhere = squeueRow({ id: "9", on: "cpu-3" });

  it("ends as soon as the last one has left, with what it does there after its end", async () => {
    const answers = [
      squeueRow({ id: "12", on: "cpu-1" }) + elsewhere,
      squeueRow({ id: "12", on: "cpu-1", state: "COMPLETING" }) + elsewhere,
      elsewhere,
    ];
    const { seen, ended } = await wait(answers, Duration.hours(2));
    expect(ended).toEqual([]);
    expect(seen.map((one) => ("jobs" in one ? one.jobs.map(({ state }) => state) : one))).toEqual([
      ["RUNNING"],
      ["COMPLETING"],
      [],
    ]);
  });

  it("ends with the jobs that are still there when the time is over", async () => {
    const { ended } = await wait([squeueRow({ id: "12", on: "cpu-2" })], Duration.seconds(0.05));
    expect(ended).toMatchObject([{ id: "12" }]);
  });

  it("goes on where the master is silent for a while, and says so", async () => {
    const silent = new RemoteError("master", "unreachable", undefined, "");
    const { seen, ended } = await wait([silent, elsewhere], Duration.minutes(1));
    expect(ended).toEqual([]);
    expect(seen[0]).toEqual({ unknown: silent.message });
  });

  it("fails where the master is silent to the end, and at once where it refuses", async () => {
    const silent = new RemoteError("master", "unreachable", undefined, "");
    expect((await wait([silent], Duration.seconds(0.05))).ended).toBe(silent);
    const refused = new RemoteError("master", "refused", undefined, "");
    expect((await wait([refused, elsewhere], Duration.hours(1))).ended).toBe(refused);
  });
});
