import { ComputePool, Duration, OpenHpcMaster } from "cdktf-openhpc";
import { LocalCloud, LocalMachine } from "cdktf-openhpc/local";
import type { Construct } from "constructs";

/** What else pools can say: names of hosts, shared and limited partitions, features, weights, own machines, addresses. */
export function lab(scope: Construct): void {
  const cloud = new LocalCloud({ subnet: "10.90.0.0/16", internet: false });
  const master = new OpenHpcMaster(scope, "master", {
    cloud,
    hostname: "head",
    slurm: { settings: { PriorityType: "priority/multifactor" } },
  });
  const work = { name: "work", default: true, defaultTime: Duration.hours(1), maxTime: Duration.days(2) };
  new ComputePool(scope, "old", {
    master,
    nodes: 2,
    hostnames: "c{:02}",
    partition: work,
    features: ["gen1"],
    weight: 10,
  });
  const machine = LocalMachine.of({ cpus: 2 });
  new ComputePool(scope, "new", {
    master,
    nodes: 1,
    machine,
    partition: "work",
    features: ["gen2"],
    weight: 20,
    addresses: "10.90.40.0/24",
  });
  new ComputePool(scope, "long", { master, nodes: 1, partition: { name: "long", exclusive: true } });
}
