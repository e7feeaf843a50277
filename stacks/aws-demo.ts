import { AwsCloud } from "cdktf-openhpc/aws";
import type { Construct } from "constructs";
import { cluster } from "./cluster";
import { gpus, operator } from "./operator";

/** The cluster of `demo`, on EC2: a VPC of its own, the master with a public address, all nodes without. */
export function awsDemo(scope: Construct): void {
  cluster(scope, new AwsCloud({ region: "us-east-1", access: operator }), gpus);
}
