import { renderBatchScript } from "../../../lib/operate/smoke/batch-script";
import { Duration } from "../../../lib/units";
import { expectGolden } from "../../support/golden";

describe("the batch script", () => {
  it("asks for nodes and tasks, and starts them through PMIx", () => {
    const script = renderBatchScript({
      name: "ohpc-hpl",
      partition: "cpu",
      nodes: 2,
      tasksPerNode: 48,
      threaded: true,
      timeLimit: Duration.minutes(30),
      environment: { OMP_NUM_THREADS: "1" },
      command: "/opt/ohpc/pub/hpl/bin/xhpl",
    });
    expectGolden("operate/hpl-job.sh", script);
  });
});
