import { GpuComputePool, type GpuComputePoolOptions } from "cdktf-openhpc";
import { FakeCloud, FakeMachine } from "cdktf-openhpc/testing";
import { fakeMaster, problemLines, refusal, refusals, smallCluster } from "../support/clusters";

function gpuPoolProblems(options: Partial<GpuComputePoolOptions>): readonly string[] {
  return refusals((stack) => new GpuComputePool(stack, "gpu", { master: smallCluster(stack), nodes: 2, ...options }));
}

describe("a GpuComputePool refuses", () => {
  it("machines with no GPU", () => {
    expect(gpuPoolProblems({ machine: "large" })).toEqual([
      'machine is "large", but must be a machine with at least one GPU; it has none; the neutral size is "gpu"',
    ]);
  });

  it("machines with no GPU where no size has one, and says what has", () => {
    const cloud = new FakeCloud({ sizes: false });
    const machine = FakeMachine.of({});
    const message = refusal((stack) => {
      new GpuComputePool(stack, "gpu", { master: fakeMaster(stack, { cloud, machine }), nodes: 1, machine });
    });
    expect(problemLines(message)).toEqual([
      'machine is "what you say", but must be a machine with at least one GPU; it has none; what may be said is FakeMachine.of({ … }), which says what the machine has',
    ]);
  });

  it("to hand out no GPU, or more than there are", () => {
    expect(gpuPoolProblems({ gpus: { count: 0 } })).toEqual([
      "gpus.count is 0, but must be a whole number from 1 to 2, which the machine has",
    ]);
    expect(gpuPoolProblems({ gpus: { count: 3 } })).toEqual([
      "gpus.count is 3, but must be a whole number from 1 to 2, which the machine has",
    ]);
  });

  it("a GRES type that Slurm would not match", () => {
    expect(gpuPoolProblems({ gpus: { type: "A10G" } })).toEqual([
      'gpus.type is "A10G", but must be a GRES type: lower case letters, digits and underscores; did you mean "a10g"?',
    ]);
  });

  it("under its own name", () => {
    const message = refusal((stack) => new GpuComputePool(stack, "gpu", { master: smallCluster(stack), nodes: 0 }));
    expect(message).toMatch(/^GpuComputePool "demo\/gpu" cannot be built:\n/);
  });
});
