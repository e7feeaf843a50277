import { describeLosses } from "../../../lib/operate/deploy/losses";
import { judgePlan } from "../../../lib/operate/terraform/plan";
import { planSample } from "../../support/plan-samples";
import { sampleManifest } from "../../support/sample-cluster";
import { job } from "../../support/squeue";

describe("telling people what they would lose", () => {
  const lost = judgePlan(planSample("image-changed")).losses;
  const manifest = sampleManifest();
  const jobs = [
    job({ id: "12", hosts: ["cpu-1"], name: "train", requeue: true }),
    job({ id: "13", user: "bob", requiredHosts: ["cpu-2"] }),
  ];

  it("names the jobs that would end, and counts those that wait", () => {
    const lines = describeLosses(lost, manifest, { jobs });
    expect(lines).toEqual([
      "5 machines would be replaced: cpu-[1-2],gpu-[1-2],master",
      "jobs that would go back into the queue and start anew: their nodes go",
      "  12 alice RUNNING cpu-1 train",
      "jobs that wait in the queue: 1, which stay in it",
      "queue, accounts and job history are on the state disk, and stay",
    ]);
  });

  it("says that a job that requires a node that goes for good ends, also if it waits", () => {
    const lines = describeLosses(judgePlan(planSample("shrunk")).losses, manifest, {
      jobs: [...jobs, job({ id: "14", requiredHosts: ["cpu-2"], name: "pinned" })],
      unreadable: 1,
    });
    expect(lines).toEqual([
      "1 machine would be destroyed: cpu-2",
      "jobs that would be cancelled: they require a node that goes (--nodelist)",
      "  13 bob PENDING",
      "  14 alice PENDING pinned",
      "1 row of squeue could not be read: there may be more jobs",
    ]);
  });

  it("says so when the master does not answer", () => {
    expect(describeLosses(lost, undefined, { unknown: "master does not answer: jobs may be running" })).toContain(
      "master does not answer: jobs may be running",
    );
  });

  it("says that disks go with all data, and the queue with them", () => {
    expect(describeLosses(judgePlan(planSample("destroy")).losses, manifest, { jobs })).toEqual([
      "5 machines would be destroyed: cpu-[1-2],gpu-[1-2],master",
      "3 disks would be destroyed with all data: ohpc-demo-home, ohpc-demo-bundle, ohpc-demo-state",
      "1 network would be destroyed with all machines in it: ohpc-demo",
      "jobs that would end: their nodes go",
      "  12 alice RUNNING cpu-1 train",
      "jobs that wait in the queue: 1, which would be lost",
    ]);
  });
});
