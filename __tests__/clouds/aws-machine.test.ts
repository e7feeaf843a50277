import { shapeOf } from "../../lib/clouds/aws/catalogue";
import { AwsMachine } from "../../lib/clouds/aws/machine";
import { Size } from "../../lib/units";
import { told } from "../support/told";

const shape = (machine: string | AwsMachine) => shapeOf(machine, "x86_64");

describe("AwsMachine", () => {
  it("is what the user says where the catalogue does not know it", () => {
    const own = {
      sockets: 2,
      coresPerSocket: 100,
      threadsPerCore: 1,
      memory: Size.gibibytes(900),
      architecture: "x86_64",
    } as const;
    expect(shape(AwsMachine.of("hpc9z.200xlarge", { shape: own }))).toEqual({ shape: own, problems: [] });
  });

  it("shows half the threads when hyper-threading is off, and fewer cores when told so", () => {
    const off = AwsMachine.of("c7i.8xlarge", { cpuOptions: { threadsPerCore: 1 } });
    expect(shape(off).shape).toMatchObject({ coresPerSocket: 16, threadsPerCore: 1 });
    const few = AwsMachine.of("c7i.8xlarge", { cpuOptions: { cores: 8 } });
    expect(shape(few).shape).toMatchObject({ coresPerSocket: 8, threadsPerCore: 2 });
  });

  it.each<[string, string | AwsMachine, string]>([
    [
      "an unknown type",
      "hpc7a.95xlarge",
      'machine is "hpc7a.95xlarge", but must be small, medium, large, gpu or an instance type that the catalogue knows; did you mean "hpc7a.96xlarge"? if it is new, say what it has: AwsMachine.of("hpc7a.95xlarge", { shape: … })',
    ],
    [
      "EFA on a type that has none",
      AwsMachine.of("g6.xlarge", { efa: true }),
      "machine.efa is true, but must be left out: g6.xlarge takes no Elastic Fabric Adapter; of its family g6.12xlarge, g6.16xlarge, g6.24xlarge, g6.48xlarge, g6.8xlarge have it",
    ],
    [
      "EFA where the whole family has none",
      AwsMachine.of("t3.large", { efa: true }),
      "machine.efa is true, but must be left out: t3.large takes no Elastic Fabric Adapter; hpc7a, c7i, c7gn and p5 have it in their large sizes",
    ],
    [
      "a placement group for a type that cannot be in one",
      AwsMachine.of("t3.large", { placementGroup: true }),
      "machine.placementGroup is true, but must be left out: t3.large cannot be in a cluster placement group",
    ],
    [
      "spot where there is none",
      AwsMachine.of("hpc7a.96xlarge", { spot: true }),
      "machine.spot is true, but must be left out: hpc7a.96xlarge is not sold as spot",
    ],
    [
      "threads that are not there",
      AwsMachine.of("m7a.large", { cpuOptions: { threadsPerCore: 2 } }),
      "machine.cpuOptions.threadsPerCore is 2, but must be 1 or left out: its cores have one thread each",
    ],
    [
      "more cores than there are",
      AwsMachine.of("c7i.8xlarge", { cpuOptions: { cores: 17 } }),
      "machine.cpuOptions.cores is 17, but must be a whole number from 1 to 16",
    ],
    [
      "a reservation by a name that is no id",
      AwsMachine.of("c7i.8xlarge", { capacityReservation: "mine" }),
      'machine.capacityReservation is "mine", but must be the id of a capacity reservation: cr-…',
    ],
    [
      "reserved and spare at once",
      AwsMachine.of("c7i.8xlarge", { capacityReservation: "cr-0123456789abcdef0", spot: true }),
      "machine.spot is true, but must be left out: reserved capacity is not spare capacity",
    ],
    [
      "a price of nothing",
      AwsMachine.of("c7i.8xlarge", { spot: { maxHourly: 0 } }),
      "machine.spot.maxHourly is 0, but must be a price above 0, in US dollars",
    ],
    [
      "iops on gp2, which has none to choose",
      AwsMachine.of("c7i.8xlarge", { rootVolume: { type: "gp2", iops: 6000 } }),
      'machine.rootVolume.iops is 6000, but must be left out for gp2, whose speed follows from its size; gp3, io1 and io2 take it; type: "gp3" is cheaper than gp2, too',
    ],
  ])("refuses %s, and says what would be right", (_, machine, message) => {
    expect(shape(machine).shape).toBeUndefined();
    expect(told(shape(machine).problems)).toEqual([message]);
  });
});
