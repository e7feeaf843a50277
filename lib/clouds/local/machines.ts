import type { ITerraformDependable } from "cdktf";
import type { Construct } from "constructs";
import type { ManifestMaster } from "../../model/manifest";
import { SSH_PORT } from "../../model/ports";
import type { MachineGroup, MachinesSpec } from "../cloud";
import { TerraformData } from "../terraform-data";
import { literal } from "../terraform-text";
import { userData } from "../user-data";
import type { EngineName } from "./engine-prelude";
import { containerName } from "./names";
import { networkOf } from "./network";
import { ownedBy, perHost, whenDestroyed, whenMade } from "./provisioners";
import { runSpec } from "./run-spec";
import { script } from "./script";
import { specHash } from "./spec-hash";

export interface MachineSettings {
  readonly engine: EngineName | undefined;
  /** The master's way in; absent where a bridge publishes no port. */
  readonly sshPort: number | undefined;
  /** Images of this version. Asked only for what a spec names. */
  readonly image: { readonly node: () => string; readonly stock: () => string };
}

/** Machines that are as a cloud sells them, and converge: the name that other clouds have for it, too. */
export const STOCK = "debian-13";

/** Equal containers with systemd as their first process: one resource with `for_each` by host name. */
export class LocalMachines implements MachineGroup {
  readonly containers: TerraformData;
  private readonly way: ManifestMaster["access"];

  constructor(scope: Construct, id: string, spec: MachinesSpec, settings: MachineSettings) {
    const { site, role, hosts, shape, disks, boot } = spec;
    const { engine } = settings;
    const stock = spec.image === STOCK;
    const image = stock ? settings.image.stock() : (spec.image ?? settings.image.node());
    const network = networkOf(site);
    const sshPort = role === "master" ? settings.sshPort : undefined;
    const { flags, volumes } = runSpec({ role, boot, disks, gpus: shape.gpus?.count ?? 0, stock, sshPort });
    const run = { network: network.name, role, flags };
    const context = { cluster: site.cluster, site: site.name, engine };
    const up = script("machine-up", context, {
      role,
      image,
      made: stock ? ["image", "build", "--stock"] : spec.image === undefined ? ["image", "build"] : [],
      network: network.name,
      spec: specHash(run),
      run_flags: flags,
      volumes,
      // Read at the first boot only: other user-data replace nobody.
      user_data: stock ? userData(boot) : "",
      ssh_port: sshPort === undefined ? "" : String(sshPort),
    });

    this.containers = new TerraformData(scope, id, {
      forEach: Object.fromEntries(hosts.map(({ name, address }) => [name, address])),
      input: {
        kind: "machine",
        cluster: site.cluster,
        host: "${each.key}",
        name: containerName(site.cluster, "${each.key}"),
        owner: network.owner,
        down: perHost(ownedBy(network.owner, script("machine-down", context, { role }))),
      },
      // A changed input alone runs nothing, and depends_on hands no replacement on: these are all the reasons for a new container.
      triggersReplace: {
        network: network.network.getStringAttribute("id"),
        spec: specHash(run),
        image: literal(image),
        address: "${each.value}",
      },
      provisioners: [
        whenMade("start the machine", perHost(ownedBy(network.owner, up))),
        whenDestroyed("remove the machine"),
      ],
      dependsOn: [
        ...site.dependsOn,
        ...disks.flatMap((disk) => disk.dependsOn),
        ...(role === "compute" && network.master !== undefined ? [network.master] : []),
      ],
    });
    if (role === "master") network.master = this.containers;
    this.way = {
      host: sshPort === undefined ? (hosts[0]?.address ?? "") : "127.0.0.1",
      port: sshPort ?? SSH_PORT,
      user: "root",
      identity: "cluster",
    };
  }

  get dependsOn(): readonly ITerraformDependable[] {
    return [this.containers];
  }

  access(): ManifestMaster["access"] {
    return this.way;
  }
}
