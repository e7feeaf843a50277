import {
  ComputeManagementClient,
  type ComputeManagementClientOptionalParams,
  type InstanceViewStatus,
  type VirtualMachine,
} from "@azure/arm-compute";
import { DefaultAzureCredential } from "@azure/identity";
import { hostKeysIn } from "../console";
import { type Power, type PoweredMachine, PowerError, type PowerState } from "../power";
import { environmentSubscription, subscriptionProblems } from "./names";
import { powerError } from "./power-errors";
import { ADDRESS_TAG, CLUSTER_TAG, HOST_TAG, ROLE_TAG } from "./tag-names";

export interface AzurePowerProps {
  readonly cluster: string;
  /** Of the site, as in the manifest's `place`. */
  readonly resourceGroup: string;
  /** @default - what ARM_SUBSCRIPTION_ID or AZURE_SUBSCRIPTION_ID says */
  readonly subscription?: string;
  /** For tests and unusual networks. */
  readonly client?: ComputeManagementClientOptionalParams;
  /** @default - the SDK's usual chain: environment, managed identity, `az login` */
  readonly credential?: ConstructorParameters<typeof ComputeManagementClient>[0];
}

/** Few enough not to be throttled: https://learn.microsoft.com/azure/virtual-machines/compute-throttling-limits, November 2026. */
const AT_ONCE = 24;

/** Between looks at an operation, where Azure does not say how long to wait. */
const POLLING = { updateIntervalInMs: 2000 };

/** A machine, and what only Azure's own words tell. */
interface Found extends PoweredMachine {
  readonly name: string;
  /** Azure's word for what it is doing, e.g. `deallocated`. */
  readonly power: string;
  readonly systemDisk: string | undefined;
}

/** The virtual machines of a cluster in its resource group, found by their tags. */
export class AzurePower implements Power {
  private readonly compute: ComputeManagementClient;
  private readonly cluster: string;
  private readonly group: string;

  /** @throws PowerError if no subscription is known */
  constructor({
    cluster,
    resourceGroup,
    subscription = environmentSubscription(),
    client = {},
    credential,
  }: AzurePowerProps) {
    if (subscription === undefined) {
      throw new PowerError(
        "credentials",
        [],
        "it is not known which subscription the cluster is in",
        "set ARM_SUBSCRIPTION_ID, or give the cloud its subscriptionId",
      );
    }
    const [wrong] = subscriptionProblems(subscription, "subscription");
    if (wrong !== undefined)
      throw new PowerError(
        "credentials",
        [],
        `${JSON.stringify(subscription)} is no subscription`,
        wrong.hint ?? wrong.want,
      );
    this.cluster = cluster;
    this.group = resourceGroup;
    this.compute = new ComputeManagementClient(credential ?? new DefaultAzureCredential(), subscription, {
      retryOptions: { maxRetries: 8 },
      ...client,
    });
  }

  async list(): Promise<readonly PoweredMachine[]> {
    const machines = await this.found();
    return machines.map(({ name: _name, power: _power, systemDisk: _disk, ...machine }) => machine);
  }

  /** Starts machines that are deallocated, or only shut down, and is done when they have been given a place. */
  async start(hosts: readonly string[]): Promise<void> {
    const asleep = (await this.find(hosts)).filter(({ state }) => state !== "running" && state !== "starting");
    const leaving = asleep
      .filter(({ power }) => power === "deallocating" || power === "stopping")
      .map(({ host }) => host);
    if (leaving.length > 0)
      throw new PowerError("stopping", leaving, "still stopping", "wait until they are stopped, then start them");
    await this.each(asleep, async ({ name }) =>
      this.compute.virtualMachines.beginStartAndWait(this.group, name, POLLING),
    );
  }

  /** Gives the machines back, so that only their disks and addresses cost money: what is only shut down is billed on. */
  async stop(hosts: readonly string[]): Promise<void> {
    const awake = (await this.find(hosts)).filter(({ state }) => state !== "stopped");
    await this.each(awake, async ({ name }) =>
      this.compute.virtualMachines.beginDeallocateAndWait(this.group, name, POLLING),
    );
  }

  /** Nothing: Terraform takes the locks away before what they protect. */
  async unprotect(hosts: readonly string[]): Promise<void> {
    await this.find(hosts);
  }

  async end(hosts: readonly string[]): Promise<void> {
    await this.each(await this.find(hosts), async ({ name, systemDisk }) => {
      await this.compute.virtualMachines.beginDeleteAndWait(this.group, name, POLLING);
      if (systemDisk !== undefined) await this.compute.disks.beginDeleteAndWait(this.group, systemDisk, POLLING);
    });
  }

  async console(host: string): Promise<string> {
    const [machine] = await this.find([host]);
    return told([host], async () => {
      const { serialConsoleLogBlobUri } = await this.compute.virtualMachines.retrieveBootDiagnosticsData(
        this.group,
        machine?.name ?? "",
      );
      if (serialConsoleLogBlobUri === undefined) return "";
      const answer = await fetch(serialConsoleLogBlobUri);
      return answer.ok ? answer.text() : "";
    });
  }

  async hostKeys(host: string): Promise<readonly string[]> {
    return hostKeysIn(await this.console(host));
  }

  private async found(): Promise<readonly Found[]> {
    return told([], async () => {
      const machines: VirtualMachine[] = [];
      for await (const machine of this.compute.virtualMachines.list(this.group)) {
        if (machine.tags?.[CLUSTER_TAG] === this.cluster && machine.tags[HOST_TAG] !== undefined)
          machines.push(machine);
      }
      const powers = await this.powers(machines);
      return machines
        .map((machine) => foundMachine(machine, powers.get(machine.name ?? "") ?? ""))
        .sort((a, b) => byNumber(a.host, b.host));
    });
  }

  /**
   * What the machines are doing, by name. One question tells it of the whole subscription, which the master may not ask:
   * it asks each machine.
   */
  private async powers(machines: readonly VirtualMachine[]): Promise<ReadonlyMap<string, string>> {
    const names = new Set(machines.map(({ name }) => name));
    const powers = new Map<string, string>();
    try {
      for await (const { id = "", name = "", instanceView } of this.compute.virtualMachines.listAll({
        statusOnly: "true",
      })) {
        const here = id.toLowerCase().includes(`/resourcegroups/${this.group.toLowerCase()}/`);
        if (here && names.has(name)) powers.set(name, powerOf(instanceView?.statuses));
      }
    } catch (error) {
      if (powerError(error, []).failure !== "permission") throw error;
    }
    const missing = machines.filter(({ name = "" }) => !powers.has(name));
    await inParallel(missing, async ({ name = "" }) => {
      powers.set(name, powerOf((await this.compute.virtualMachines.instanceView(this.group, name)).statuses));
    });
    return powers;
  }

  private async find(hosts: readonly string[]): Promise<readonly Found[]> {
    const machines = new Map((await this.found()).map((machine) => [machine.host, machine]));
    const unknown = hosts.filter((host) => !machines.has(host));
    if (unknown.length > 0) {
      const reason = `no machine of the cluster ${JSON.stringify(this.cluster)} is called so`;
      throw new PowerError("unknown host", unknown, reason, "ohpc status shows those that are there");
    }
    return hosts.flatMap((host) => machines.get(host) ?? []);
  }

  /** Asks for each by itself: where some cannot be had, all others are, and the error names those. */
  private async each(machines: readonly Found[], request: (machine: Found) => Promise<unknown>): Promise<void> {
    const failed: { readonly host: string; readonly error: PowerError }[] = [];
    await inParallel(machines, async (machine) => {
      try {
        await request(machine);
      } catch (error) {
        failed.push({ host: machine.host, error: powerError(error, [machine.host]) });
      }
    });
    const [first] = failed;
    if (first === undefined) return;
    const worst = failed.find(({ error }) => error.failure !== "capacity" && error.failure !== "quota") ?? first;
    const { failure, reason, remedy, cause, hosts } = worst.error;
    const alike =
      hosts.length === 0 ? [] : failed.filter(({ error }) => error.failure === failure).map(({ host }) => host);
    throw new PowerError(failure, alike.sort(byNumber), reason, remedy, { cause });
  }
}

/** `cpu-2` before `cpu-10`. */
function byNumber(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}

async function told<T>(hosts: readonly string[], request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    throw powerError(error, hosts);
  }
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
}

/** Of a machine that was shut down from inside, Azure keeps the place, and goes on to bill it: it is on its way, no more. */
const STATES: Readonly<Record<string, PowerState>> = {
  starting: "starting",
  running: "running",
  stopping: "stopping",
  stopped: "stopping",
  deallocating: "stopping",
  deallocated: "stopped",
};

function powerOf(statuses: readonly InstanceViewStatus[] = []): string {
  return (
    statuses.map(({ code = "" }) => /^PowerState\/(.+)$/.exec(code)?.[1]).find((power) => power !== undefined) ?? ""
  );
}

function foundMachine({ id = "", name = "", tags = {}, storageProfile }: VirtualMachine, power: string): Found {
  const tag = (key: string) => tags[key] ?? "";
  return {
    host: tag(HOST_TAG),
    id,
    name,
    role: tag(ROLE_TAG) === "master" ? "master" : "compute",
    // Between being made and being started a machine has no power state.
    state: STATES[power] ?? "starting",
    // Azure's spare capacity can be given back and asked for again.
    spot: false,
    address: tag(ADDRESS_TAG),
    power,
    systemDisk: storageProfile?.osDisk?.name,
  };
}
