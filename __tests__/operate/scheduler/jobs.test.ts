import { RemoteError, type RemoteFailure } from "../../../lib/operate/exec/remote/remote";
import { jobsOn, jobsSeen, readJobs } from "../../../lib/operate/scheduler/jobs";
import { pretendedMaster } from "../../support/pretended-master";

describe("unfinished jobs", () => {
  const jobs = readJobs("12|alice|RUNNING|cpu-[1-2]|train\n13|bob|PENDING||a|b c\n\n");

  it("are read with the nodes they run on, whatever they are called", () => {
    expect(jobs).toEqual([
      { id: "12", user: "alice", state: "RUNNING", name: "train", hosts: ["cpu-1", "cpu-2"] },
      { id: "13", user: "bob", state: "PENDING", name: "a|b c", hosts: [] },
    ]);
  });

  it("end when one of their nodes goes", () => {
    expect(jobsOn(jobs, ["cpu-2", "gpu-1"]).map(({ id }) => id)).toEqual(["12"]);
    expect(jobsOn(jobs, ["gpu-1"])).toEqual([]);
  });
});

describe("jobs of a cluster that is about to lose something", () => {
  const master = (failure: RemoteFailure) =>
    pretendedMaster(async () => Promise.reject(new RemoteError("master", failure, undefined, "")));

  it("are unknown where the master does not answer", async () => {
    expect(await jobsSeen(master("unreachable"))).toEqual({
      unknown: "master does not answer: jobs may be running",
    });
  });

  it("are not taken for unknown where the master refuses us: it is there", async () => {
    await expect(jobsSeen(master("refused"))).rejects.toMatchObject({ failure: "refused" });
  });
});
