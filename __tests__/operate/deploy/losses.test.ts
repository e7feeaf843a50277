import { describeLosses } from "../../../lib/operate/deploy/losses";
import { judgePlan } from "../../../lib/operate/terraform/plan";
import { planSample } from "../../support/plan-samples";
import { sampleManifest } from "../../support/sample-cluster";

describe("telling people what they would lose", () => {
  const lost = judgePlan(planSample("image-changed")).losses;
  const manifest = sampleManifest();
  const jobs = [
    { id: "12", user: "alice", state: "RUNNING", name: "train", hosts: ["cpu-1"] },
    { id: "13", user: "bob", state: "PENDING", name: "wait", hosts: [] },
  ];

  it("names the jobs that would end, and counts those that wait", () => {
    const lines = describeLosses(lost, manifest, { jobs });
    expect(lines).toEqual([
      "5 machines would be replaced: cpu-[1-2],gpu-[1-2],master",
      "jobs that would end; batch jobs go back into the queue and start anew:",
      "  12 alice RUNNING cpu-1 train",
      "jobs that wait in the queue: 1, which stay in it",
      "queue, accounts and job history are on the state disk, and stay",
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
      "jobs that would end:",
      "  12 alice RUNNING cpu-1 train",
      "jobs that wait in the queue: 1, which would be lost",
    ]);
  });
});
