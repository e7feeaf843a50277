import { drainForRemoval, type Removal } from "../../../lib/operate/deploy/removal";
import { RemoteError, type HoldingRemote, type RemoteFailure } from "../../../lib/operate/exec/remote/remote";
import { sampleManifest } from "../../support/sample-cluster";
import { job, squeueFlags, squeueRow } from "../../support/squeue";

const manifest = sampleManifest();
const NOBODY = async () => Promise.reject(new Error("nobody may be asked"));
const RUNNING = squeueRow({ on: "cpu-1" });
const TRAIN = job({ hosts: ["cpu-1"] });

describe("nodes whose machines go", () => {
  const titles: string[] = [];
  const progress = {
    phase: async <T>(_: string, work: (report: { title(line: string): void; detail(): void }) => Promise<T>) =>
      work({ title: (line) => titles.push(line), detail: () => undefined }),
    note: () => undefined,
  };
  beforeEach(() => {
    titles.length = 0;
  });

  /** A master, and what is done there: drain.sh by its arguments; `cpu-2` alone is ready when it is asked. */
  function master(failure?: RemoteFailure, jobs = RUNNING) {
    const done: string[] = [];
    const remote: HoldingRemote = {
      host: "master",
      hold: async () => {
        if (failure !== undefined) return Promise.reject(new RemoteError("master", failure, undefined, ""));
        done.push("lock");
        return Promise.resolve({ release: async () => Promise.resolve(void done.push("unlock")) });
      },
      run: async (script, { args = [], input } = {}) => {
        if (script.includes("squeue")) return Promise.resolve(jobs);
        if (script.includes("ask.py")) {
          done.push(`ask ${String(input).trim().split("\n").join(", ")}`);
          const ready = { stage: "ready", ok: true, message: "", generation: 1, since: "", attempts: 1 };
          return Promise.resolve(JSON.stringify({ "cpu-1": { unreachable: "gone" }, "cpu-2": ready }));
        }
        done.push(args.join(" "));
        return Promise.resolve("");
      },
      read: async () => Promise.resolve(undefined),
      write: async () => Promise.resolve(),
    };
    return { remote, done };
  }

  const wanted = (more: Partial<Removal> = {}): Removal => ({
    hosts: ["master", "cpu-1", "cpu-2"],
    command: "ohpc up demo",
    agreed: [TRAIN],
    agreeTo: NOBODY,
    ...more,
  });

  it("are drained while nobody else is at work there, and the jobs end that somebody agreed to lose", async () => {
    const { remote, done } = master();
    await drainForRemoval(manifest, remote, wanted(), progress);
    expect(done).toEqual([
      "lock",
      expect.stringMatching(/^drain cpu-\[1-2\] ohpc stop to replace or remove the machine, by .+@.+$/),
      "end cpu-[1-2] ohpc stop",
      "unlock",
    ]);
    expect(titles).toEqual(["Drain 2 nodes: 1 job ended"]);
  });

  it("are told of by what becomes of their jobs", async () => {
    const { remote } = master(undefined, RUNNING + squeueRow({ id: "13", on: "cpu-2" }) + squeueFlags("13", 1, 1));
    await drainForRemoval(manifest, remote, wanted({ agreeTo: async () => Promise.resolve() }), progress);
    expect(titles).toEqual(["Drain 2 nodes: 1 job went back into the queue, 1 job ended"]);
  });

  it("are undrained if they are there after all, those that are ready and no others", async () => {
    const { remote, done } = master();
    const undrain = await drainForRemoval(manifest, remote, wanted(), progress);
    done.length = 0;
    await undrain();
    expect(done).toEqual(["ask 10.108.250.1 cpu-1, 10.108.250.2 cpu-2", "undrain cpu-2 ohpc stop"]);
  });

  it("are left alone if somebody does not agree to lose a job that began meanwhile", async () => {
    const { remote, done } = master();
    await expect(drainForRemoval(manifest, remote, wanted({ agreed: [] }), progress)).rejects.toThrow(
      "nobody may be asked",
    );
    expect(done.at(-1)).toBe("unlock");
    expect(done).not.toContain("end cpu-[1-2] ohpc stop");
  });

  it("go without a word to a master that does not answer; one that refuses us stops everything", async () => {
    const undrain = await drainForRemoval(manifest, master("unreachable").remote, wanted(), progress);
    await undrain();
    expect(titles).toEqual(["Drain 2 nodes: master does not answer, and was not told"]);
    await expect(drainForRemoval(manifest, master("refused").remote, wanted(), progress)).rejects.toMatchObject({
      failure: "refused",
    });
  });

  it("are none where only the master goes: nobody is disturbed", async () => {
    const { remote, done } = master();
    await drainForRemoval(manifest, remote, wanted({ hosts: ["master"] }), progress);
    expect([...done, ...titles]).toEqual([]);
  });
});
