import { runawayJobs } from "../../../../lib/operate/configure/steps/runaway-jobs";

describe("runaway jobs", () => {
  const jobs = (count: number) => Array.from({ length: count }, (_, k) => `${k + 1} alice PENDING`);
  const note = (count: number) => runawayJobs.note?.({ cluster: "demo", jobs: jobs(count) });

  it("are named, whoever they are of", () => {
    expect(note(2)).toMatch(/: 1 alice PENDING, 2 alice PENDING$/);
    expect(note(10)).toMatch(/, 10 alice PENDING$/);
  });

  it("are named to the tenth and counted from there", () => {
    expect(note(12)).toMatch(/, 10 alice PENDING and 2 more$/);
  });
});
