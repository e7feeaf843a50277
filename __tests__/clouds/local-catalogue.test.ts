import { LocalCloud, LocalMachine } from "../../lib/clouds/local";
import { describeProblem } from "../../lib/model/problems";
import { Size } from "../../lib/units";

describe("machines of LocalCloud", () => {
  const cloud = new LocalCloud();

  it("are the four sizes, of one core each", () => {
    const shapes = ["small", "medium", "large", "gpu"].map((size) => cloud.shapeOf(size).shape);
    expect(shapes.map((shape) => [shape?.coresPerSocket, String(shape?.memory), shape?.gpus?.count])).toEqual([
      [1, "2 GiB", undefined],
      [1, "4 GiB", undefined],
      [1, "8 GiB", undefined],
      [1, "4 GiB", 2],
    ]);
  });

  it("promise what they are told to", () => {
    const machine = LocalMachine.of({ cpus: 2, memory: Size.gibibytes(3), gpus: 1 });
    expect(cloud.shapeOf(machine).shape).toMatchObject({
      coresPerSocket: 2,
      memory: Size.gibibytes(3),
      gpus: { count: 1 },
    });
    expect(machine.type).toBe("2 CPUs, 3 GiB, 1 GPUs");
  });

  it("are refused with all that is wrong with them, and what would be right", () => {
    const said = (machine: Parameters<LocalCloud["shapeOf"]>[0]) =>
      cloud.shapeOf(machine).problems.map(describeProblem);
    expect(said("medum")).toEqual([
      'machine is "medum", but must be one of small, medium, large, gpu, or LocalMachine.of({ cpus, memory, gpus }); did you mean "medium"?',
    ]);
    expect(said({ cloud: "aws", type: "c7a.large" })).toEqual([
      'machine is "c7a.large", but must be a machine of the local cloud, such as LocalMachine.of({ cpus: 2 }); this is one of aws',
    ]);
    expect(said(LocalMachine.of({ cpus: 0, memory: Size.mebibytes(100), gpus: 1.5 }))).toEqual([
      "machine.cpus is 0, but must be a whole number from 1 to 1024",
      'machine.memory is "100 MiB", but must be at least 512 MiB',
      "machine.gpus is 1.5, but must be a whole number from 0 to 64",
    ]);
  });
});
