import {
  type DescribeInstancesCommandInput,
  EC2Client,
  type EC2ClientConfig,
  GetConsoleOutputCommand,
  type Instance,
  ModifyInstanceAttributeCommand,
  paginateDescribeInstances,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { hostKeysIn } from "../console";
import { type Power, type PoweredMachine, PowerError, type PowerState } from "../power";
import { powerError } from "./power-errors";
import { CLUSTER_TAG, HOST_TAG, ROLE_TAG } from "./tag-names";

export interface AwsPowerProps {
  readonly cluster: string;
  /** Of the site, as in the manifest's `place`. */
  readonly region: string;
  /** For tests and unusual networks; credentials come by the SDK's usual chain. */
  readonly client?: EC2ClientConfig;
}

/** As many as AWS answers quickly, and few enough that one that cannot start keeps few others waiting. */
const BATCH = 50;

/** The machines of a cluster on EC2, found by their tags. */
export class AwsPower implements Power {
  private readonly ec2: EC2Client;
  private readonly cluster: string;

  constructor({ cluster, region, client = {} }: AwsPowerProps) {
    this.cluster = cluster;
    this.ec2 = new EC2Client({ region, maxAttempts: 8, retryMode: "adaptive", ...client });
  }

  async list(): Promise<readonly PoweredMachine[]> {
    const input: DescribeInstancesCommandInput = { Filters: [{ Name: `tag:${CLUSTER_TAG}`, Values: [this.cluster] }] };
    const machines: PoweredMachine[] = [];
    await told([], async () => {
      for await (const { Reservations = [] } of paginateDescribeInstances({ client: this.ec2 }, input)) {
        machines.push(...Reservations.flatMap(({ Instances = [] }) => Instances.flatMap(poweredMachine)));
      }
    });
    return machines.sort((a, b) => a.host.localeCompare(b.host, "en", { numeric: true }));
  }

  async start(hosts: readonly string[]): Promise<void> {
    const asleep = (await this.find(hosts)).filter(({ state }) => state !== "running" && state !== "starting");
    const stopping = asleep.filter(({ state }) => state === "stopping").map(({ host }) => host);
    if (stopping.length > 0)
      throw new PowerError("stopping", stopping, "still stopping", "wait until they are stopped, then start them");
    await this.inBatches(asleep, async (InstanceIds) => this.ec2.send(new StartInstancesCommand({ InstanceIds })));
  }

  async stop(hosts: readonly string[]): Promise<void> {
    const awake = (await this.find(hosts)).filter(({ state }) => state === "running" || state === "starting");
    const spot = awake.filter((machine) => machine.spot).map(({ host }) => host);
    if (spot.length > 0) {
      throw new PowerError(
        "spot",
        spot,
        "spot machines cannot be stopped",
        "have them ended instead (what is on their own disks is lost), or leave them running",
      );
    }
    await this.inBatches(awake, async (InstanceIds) => this.ec2.send(new StopInstancesCommand({ InstanceIds })));
  }

  async unprotect(hosts: readonly string[]): Promise<void> {
    for (const { host, id } of await this.find(hosts)) {
      const command = new ModifyInstanceAttributeCommand({ InstanceId: id, DisableApiTermination: { Value: false } });
      await told([host], async () => this.ec2.send(command));
    }
  }

  async end(hosts: readonly string[]): Promise<void> {
    const machines = await this.find(hosts);
    await this.inBatches(machines, async (InstanceIds) =>
      this.ec2.send(new TerminateInstancesCommand({ InstanceIds })),
    );
  }

  async console(host: string): Promise<string> {
    const [machine] = await this.find([host]);
    const { Output = "" } = await told([host], async () =>
      this.ec2.send(new GetConsoleOutputCommand({ InstanceId: machine?.id, Latest: true })),
    );
    return Buffer.from(Output, "base64").toString("utf8");
  }

  async hostKeys(host: string): Promise<readonly string[]> {
    return hostKeysIn(await this.console(host));
  }

  private async find(hosts: readonly string[]): Promise<readonly PoweredMachine[]> {
    const machines = new Map((await this.list()).map((machine) => [machine.host, machine]));
    const unknown = hosts.filter((host) => !machines.has(host));
    if (unknown.length > 0) {
      const reason = `no machine of the cluster ${JSON.stringify(this.cluster)} is called so`;
      throw new PowerError("unknown host", unknown, reason, "ohpc status shows those that are there");
    }
    return hosts.flatMap((host) => machines.get(host) ?? []);
  }

  /**
   * AWS does all of a request or nothing. Where one of a batch cannot be had, each is asked for alone: then all that can
   * be had are, and the error names the others.
   */
  private async inBatches(
    machines: readonly PoweredMachine[],
    request: (ids: string[]) => Promise<unknown>,
  ): Promise<void> {
    const failed: { readonly host: string; readonly error: PowerError }[] = [];
    const attempt = async (some: readonly PoweredMachine[]): Promise<void> => {
      try {
        await request(some.map(({ id }) => id));
      } catch (thrown) {
        const error = powerError(
          thrown,
          some.map(({ host }) => host),
        );
        if (error.failure !== "capacity" && error.failure !== "quota") throw error;
        if (some.length > 1) for (const machine of some) await attempt([machine]);
        else failed.push(...some.map(({ host }) => ({ host, error })));
      }
    };
    for (let first = 0; first < machines.length; first += BATCH) await attempt(machines.slice(first, first + BATCH));
    const [one] = failed;
    if (one === undefined) return;
    const { failure, reason, remedy, cause } = one.error;
    throw new PowerError(
      failure,
      failed.map(({ host }) => host),
      reason,
      remedy,
      { cause },
    );
  }
}

async function told<T>(hosts: readonly string[], request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    throw powerError(error, hosts);
  }
}

const STATES: Readonly<Record<string, PowerState>> = {
  pending: "starting",
  running: "running",
  stopping: "stopping",
  stopped: "stopped",
};

/** Nothing for machines that were ended: AWS shows them for another hour. */
function poweredMachine({
  InstanceId = "",
  State,
  Tags = [],
  PrivateIpAddress = "",
  InstanceLifecycle,
}: Instance): PoweredMachine[] {
  const state = STATES[State?.Name ?? ""];
  const tag = (key: string) => Tags.find(({ Key }) => Key === key)?.Value ?? "";
  const host = tag(HOST_TAG);
  if (state === undefined || host === "") return [];
  const role = tag(ROLE_TAG) === "master" ? "master" : "compute";
  return [
    {
      host,
      id: InstanceId,
      role,
      state,
      spot: InstanceLifecycle === "spot",
      address: PrivateIpAddress,
    },
  ];
}
