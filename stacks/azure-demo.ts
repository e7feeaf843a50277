import { AzureCloud } from "cdktf-openhpc/azure";
import type { Construct } from "constructs";
import { cluster } from "./cluster";
import { gpus, operator } from "./operator";

/** The cluster of `demo`, on Azure: a virtual network of its own, the master with a public address, all nodes without. */
export function azureDemo(scope: Construct): void {
  cluster(scope, new AzureCloud({ location: "westeurope", access: operator }), gpus);
}
