import { ComputePool, NfsDisk, OpenHpcMaster } from "cdktf-openhpc";
import { AzureCloud } from "cdktf-openhpc/azure";
import type { Construct } from "constructs";
import { operator } from "./operator";

/** What others have made, and a cluster only uses. */
export interface Surroundings {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly masterSubnet: { readonly id: string; readonly cidr: string };
  readonly poolSubnet: { readonly id: string; readonly cidr: string };
  /** A managed disk with the data of the users. */
  readonly home: string;
}

const SUBSCRIPTION = "/subscriptions/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9";
const NETWORK = `${SUBSCRIPTION}/resourceGroups/network/providers/Microsoft.Network/virtualNetworks/campus`;
const EXAMPLE: Surroundings = {
  subscriptionId: "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9",
  resourceGroup: "chemistry",
  masterSubnet: { id: `${NETWORK}/subnets/login`, cidr: "172.29.16.0/24" },
  poolSubnet: { id: `${NETWORK}/subnets/compute`, cidr: "172.29.32.0/20" },
  home: `${SUBSCRIPTION}/resourceGroups/chemistry/providers/Microsoft.Compute/disks/home`,
};

/** Ampere machines in subnets that were there before, reached by their private addresses, with a disk of its own past. */
export function azureExistingNetwork(scope: Construct, surroundings: Surroundings = EXAMPLE): void {
  const { subscriptionId, resourceGroup, home: disk, ...network } = surroundings;
  const cloud = new AzureCloud({
    subscriptionId,
    resourceGroup,
    network,
    location: "northeurope",
    architecture: "arm64",
    access: operator,
  });
  const home = new NfsDisk(scope, "home", { existing: disk });
  const master = new OpenHpcMaster(scope, "master", { cloud, home, address: "172.29.16.20" });
  new ComputePool(scope, "cpu", { master, nodes: 4, machine: "large", addresses: "172.29.33.0/24" });
}
