import { Lazy } from "cdktf";
import type { Construct } from "constructs";
import { formatAddress, parseCidr } from "../../model/cidr";
import type { Cloud, NetworkSpec, Site } from "../cloud";
import { TerraformData } from "../terraform-data";
import type { EngineName } from "./engine-prelude";
import { networkName } from "./names";
import { ownedBy, whenDestroyed, whenMade } from "./provisioners";
import { GUARD_METRIC, script } from "./script";
import { specHash } from "./spec-hash";

export interface NetworkSettings {
  readonly cloud: Cloud;
  readonly engine: EngineName | undefined;
  readonly subnet: string;
  readonly internet: boolean;
  /** The master's way in; absent where a bridge publishes no port. */
  readonly sshPort: number | undefined;
}

/** The resources of a bridge, and its name in the engine. */
export class LocalNetwork {
  /** The master, once it is written down: everything waits for it, so nodes are made after it. */
  master: TerraformData | undefined;

  constructor(
    readonly name: string,
    /** The mark of the state that makes the cluster. */
    readonly owner: string,
    readonly network: TerraformData,
    /** Removes containers whose hosts are no longer in the code; machines are made after it. */
    readonly sweep: TerraformData,
  ) {}
}

/** The network that LocalCloud has made for a site. */
export function networkOf({ handle }: Site): LocalNetwork {
  if (handle instanceof LocalNetwork) return handle;
  throw new TypeError("what LocalCloud makes needs a network of LocalCloud");
}

/** A bridge of its own for the cluster, with the keys that open its machines. */
export function makeNetwork(
  scope: Construct,
  id: string,
  { cluster, hosts, owner }: NetworkSpec,
  settings: NetworkSettings,
): Site {
  const { cloud, engine, subnet, internet, sshPort } = settings;
  const name = networkName(cluster, cloud.id);
  const gateway = gatewayOf(subnet);
  const shape = { subnet, gateway, internal: internet ? "" : "yes" };
  const context = { cluster, site: cloud.id, engine };

  const up = script("network-up", context, {
    network: name,
    spec: specHash(shape),
    ...shape,
    guard_metric: GUARD_METRIC,
    ssh_port: sshPort === undefined ? "" : String(sshPort),
  });
  const down = script("network-down", context, { subnet, guard_metric: GUARD_METRIC });
  const network = new TerraformData(scope, id, {
    input: { kind: "network", cluster, name, owner, down: ownedBy(owner, down) },
    triggersReplace: { name, ...shape },
    provisioners: [whenMade("make the network", ownedBy(owner, up)), whenDestroyed("remove the network")],
  });

  // The hosts of pools that are written down after the network.
  const names = () => [...hosts()].sort();
  const sweep = new TerraformData(scope, `${id}-sweep`, {
    triggersReplace: { network: network.getStringAttribute("id"), hosts: Lazy.listValue({ produce: names }) },
    provisioners: [
      whenMade("remove machines that are no longer wanted", ownedBy(owner, script("sweep-up", context, {})), {
        OHPC_HOSTS: Lazy.stringValue({ produce: () => names().join(" ") }),
      }),
    ],
  });

  return {
    name: cloud.id,
    cloud,
    cluster,
    cidr: subnet,
    reserved: [gateway],
    addressesRequired: false,
    place: engine === undefined ? undefined : { engine },
    handle: new LocalNetwork(name, owner, network, sweep),
    dependsOn: [network, sweep],
  };
}

/** The last address but the broadcast address: the first ones are where people look for the master. */
function gatewayOf(subnet: string): string {
  const cidr = parseCidr(subnet);
  if (cidr === undefined) throw new Error(`${subnet} is not a subnet`);
  return formatAddress(cidr.last - 1);
}
