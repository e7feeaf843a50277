// The app of the scenarios: what they change lies in definition.json beside cdktf.json.
import { App, HttpBackend, TerraformStack } from "cdktf";
import { ComputePool, GpuComputePool, NfsDisk, OpenHpcMaster, Size, Users } from "cdktf-openhpc";
import { LocalCloud } from "cdktf-openhpc/local";
import { readFileSync } from "node:fs";

export interface Definition {
  readonly cluster: string;
  readonly subnet: string;
  readonly sshPort: number;
  /** 0: there is no such pool, as of the other one. */
  readonly cpu: number;
  readonly gpu: number;
  /** Absent: the image that this version of the library makes. */
  readonly image?: string;
  /** Of the master and of the pool "cpu", where it is another. */
  readonly stock?: string;
  /** Of both pools; absent: each has its own. */
  readonly partition?: string;
  /** Whether the partition of the GPUs says that it is the default one. */
  readonly gpuDefault?: boolean;
  /** Of slurm.conf. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Where the state is; absent: in a file of the project. */
  readonly backend?: string;
}

const definition = JSON.parse(readFileSync("definition.json", "utf8")) as Definition;
const {
  cluster,
  subnet,
  sshPort,
  cpu,
  gpu,
  image,
  stock = image,
  partition,
  gpuDefault,
  settings,
  backend,
} = definition;
const app = new App();
const stack = new TerraformStack(app, "scenario");
if (backend !== undefined) new HttpBackend(stack, { address: backend, lockAddress: backend, unlockAddress: backend });
const home = new NfsDisk(stack, "home", { size: Size.gibibytes(20) });
const users = Users.fromFile("users.yaml");
const master = new OpenHpcMaster(stack, "master", {
  cloud: new LocalCloud({ subnet, sshPort }),
  clusterName: cluster,
  home,
  users,
  machine: "small",
  slurm: { settings: settings ?? {} },
  ...(stock !== undefined && { image: stock }),
});
const shared = partition !== undefined && { partition };
if (cpu > 0) {
  new ComputePool(stack, "cpu", {
    master,
    nodes: cpu,
    machine: "small",
    ...shared,
    ...(stock !== undefined && { image: stock }),
  });
}
if (gpu > 0) {
  new GpuComputePool(stack, "gpu", {
    master,
    nodes: gpu,
    machine: "gpu",
    ...(gpuDefault === true ? { partition: { name: "gpu", default: true } } : shared),
    ...(image !== undefined && { image }),
  });
}
app.synth();
