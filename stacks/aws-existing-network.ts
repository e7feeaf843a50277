import { ComputePool, NfsDisk, OpenHpcMaster } from "cdktf-openhpc";
import { AwsCloud } from "cdktf-openhpc/aws";
import type { Construct } from "constructs";
import { operator } from "./operator";

/** What others have made, and a cluster only uses. */
export interface Surroundings {
  readonly vpcId: string;
  readonly masterSubnet: { readonly id: string; readonly cidr: string };
  readonly poolSubnet: { readonly id: string; readonly cidr: string };
  readonly securityGroups: { readonly master: readonly string[]; readonly compute: readonly string[] };
  /** An EBS volume with the data of the users. */
  readonly home: string;
}

const EXAMPLE: Surroundings = {
  vpcId: "vpc-0a1b2c3d4e5f60718",
  masterSubnet: { id: "subnet-0a1b2c3d4e5f60701", cidr: "172.31.16.0/24" },
  poolSubnet: { id: "subnet-0a1b2c3d4e5f60702", cidr: "172.31.32.0/20" },
  securityGroups: { master: ["sg-0a1b2c3d4e5f60701"], compute: ["sg-0a1b2c3d4e5f60702"] },
  home: "vol-0a1b2c3d4e5f60701",
};

/** Graviton machines in a VPC that was there before, reached by their private addresses, with a volume of its own past. */
export function awsExistingNetwork(scope: Construct, { home: volume, ...network }: Surroundings = EXAMPLE): void {
  const cloud = new AwsCloud({ region: "eu-west-1", architecture: "arm64", access: operator, network });
  const home = new NfsDisk(scope, "home", { existing: volume });
  const master = new OpenHpcMaster(scope, "master", { cloud, home, address: "172.31.16.20" });
  new ComputePool(scope, "cpu", { master, nodes: 4, machine: "large", addresses: "172.31.33.0/24" });
}
