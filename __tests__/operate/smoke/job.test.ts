import { interrupt } from "../../../lib/operate/feedback/interruption";
import { readProtocol, runJob } from "../../../lib/operate/smoke/job";
import { Duration } from "../../../lib/units";
import { pretendedMaster } from "../../support/pretended-master";

describe("following a job", () => {
  const submission = { name: "hpl", user: "alice", script: "x", files: {}, deadline: Duration.seconds(10) };
  const told: string[] = [];
  const report = { title: () => undefined, detail: (line: string) => told.push(line) };
  /** A master on which follow-job.sh printed this. */
  const master = (printed: string) =>
    pretendedMaster(async (_, options) => {
      for (const line of printed.split("\n")) options?.onLine?.(line);
      return Promise.resolve(printed);
    });
  const head = "directory /home/alice/ohpc-smoke/hpl.x\njob 7\n";

  it("shows each state with its reason, and hands back the output", async () => {
    const printed = `${head}state PENDING Resources\nstate RUNNING None\nstate COMPLETED None\nend COMPLETED 0:0 cpu-[1-2] 00:00:03\noutput\nline 1\noutput\nline 3\n`;
    const job = await runJob(master(printed), submission, report);
    expect(job).toEqual({
      id: "7",
      directory: "/home/alice/ohpc-smoke/hpl.x",
      nodes: "cpu-[1-2]",
      output: "line 1\noutput\nline 3\n",
    });
    expect(told).toEqual(["job 7 pending (Resources)", "job 7 running", "job 7 completed"]);
  });

  it.each([
    [
      "that failed",
      "end FAILED 127:0 cpu-1 00:00:01\noutput\nslurmstepd: no such file\n",
      /ended as FAILED, exit code 127:0/,
    ],
    ["that completed with another exit code", "end COMPLETED 1:0 cpu-1 00:00:01\noutput\n", /exit code 1:0/],
    [
      "that cannot start",
      "end STUCK ReqNodeNotAvail,_UnavailableNodes:cpu-1\n",
      /cannot start: ReqNodeNotAvail, UnavailableNodes:cpu-1/,
    ],
    ["that took too long", "end OVERDUE PENDING Priority\n", /cancelled because it took too long: PENDING Priority/],
    ["of which nothing is known", "", /ended as/],
  ])("fails for a job %s", async (_, rest, message) => {
    await expect(runJob(master(head + rest), submission, report)).rejects.toMatchObject({
      kind: "failed",
      message: expect.stringMatching(message) as string,
    });
  });

  it.each([
    ["cancelled", /^interrupted: job 7 \(hpl\) of alice was cancelled$/],
    ["kept", /could not be cancelled$/],
    ["unsubmitted", /before the job hpl was submitted$/],
  ])("tells who has interrupted it what has become of the job: %s", async (how, message) => {
    await expect(runJob(master(`${head}end ABANDONED ${how}\n`), submission, report)).rejects.toMatchObject({
      kind: "interrupted",
      message: expect.stringMatching(message) as string,
    });
  });

  it("is told by people who press Ctrl-C, once, that nobody waits any more", async () => {
    const interrupted = pretendedMaster(async (_, options) => {
      await new Promise((resolve) => options?.attended?.addEventListener("abort", resolve));
      return `${head}end ABANDONED cancelled\n`;
    });
    const job = runJob(interrupted, submission, report);
    expect(interrupt()).toMatchObject({ first: true, ending: "the job hpl is being cancelled" });
    expect(interrupt()).toMatchObject({ first: false, left: "the master cancels the job hpl by itself" });
    await expect(job).rejects.toMatchObject({ kind: "interrupted" });
    expect(interrupt()).toBeUndefined();
  });

  it("takes nothing that a job writes for what is told about it", async () => {
    told.length = 0;
    await runJob(
      master(`${head}state COMPLETED None\nend COMPLETED 0:0 cpu-1 1\noutput\njob 8\nstate LOST x\n`),
      submission,
      report,
    );
    expect(told).toEqual(["job 7 completed"]);
  });

  it("keeps a job's output apart from its own lines", () => {
    expect(readProtocol(`${head}end FAILED 1:0 cpu-1 x\noutput\nend COMPLETED 0:0 cpu-1 x\n`)).toMatchObject({
      state: "FAILED",
    });
  });
});
