import { ComputePool, GpuComputePool, NfsDisk, OpenHpcMaster, Size } from "cdktf-openhpc";
import { AwsCloud, AwsMachine } from "cdktf-openhpc/aws";
import type { Construct } from "constructs";
import { operator } from "./operator";

/** The newest of the account's own images of that name: with NVIDIA's driver and the cluster's software. */
const GPU_IMAGE = "self/gpu-node-*";

/** Training over a fast fabric, and spare capacity for what can wait. No port is open: the way in is the Session Manager. */
export function awsGpu(scope: Construct): void {
  const cloud = new AwsCloud({
    region: "us-east-1",
    zone: "us-east-1b",
    access: { sshPublicKey: operator.sshPublicKey, from: "ssm" },
    disks: { state: { iops: 6000, throughput: 250 }, home: { kind: "efs" } },
    tags: { project: "training" },
  });
  const home = new NfsDisk(scope, "home", { size: Size.tebibytes(1) });
  const master = new OpenHpcMaster(scope, "master", { cloud, home, machine: AwsMachine.of("m7a.xlarge") });
  new GpuComputePool(scope, "train", {
    master,
    nodes: 4,
    machine: AwsMachine.of("g6.12xlarge", { efa: true }),
    image: GPU_IMAGE,
    rootDisk: Size.gibibytes(200),
  });
  new ComputePool(scope, "spare", {
    master,
    nodes: 8,
    machine: AwsMachine.of("c7i.4xlarge", { spot: { maxHourly: 0.5 }, cpuOptions: { threadsPerCore: 1 } }),
  });
}
