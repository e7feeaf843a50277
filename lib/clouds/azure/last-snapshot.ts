import type { ManagedDisk } from "@cdktf/provider-azurerm/lib/managed-disk";
import type { Construct } from "constructs";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { TerraformData } from "../terraform-data";
import { literal } from "../terraform-text";

export interface SnapshotWish {
  readonly disk: ManagedDisk;
  readonly location: string;
  /** The resource group that snapshots are kept in. */
  readonly group: string;
}

/**
 * Makes a snapshot of a disk just before Terraform deletes it, which azurerm cannot; if that fails, the disk stays.
 * What runs is kept in the state, so that a newer version of this library can destroy an older cluster.
 */
export function lastSnapshot(scope: Construct, id: string, { disk, location, group }: SnapshotWish): TerraformData {
  const down = readFileSync(join(__dirname, "last-snapshot.sh"), "utf8");
  return new TerraformData(scope, id, {
    input: { down: literal(down), disk: disk.id, name: disk.nameInput, group, location },
    triggersReplace: { disk: disk.id },
    provisioners: [
      {
        type: "local-exec",
        when: "destroy",
        command: "${self.input.down}",
        environment: {
          OHPC_DISK: "${self.input.disk}",
          OHPC_DISK_NAME: "${self.input.name}",
          OHPC_SNAPSHOTS: "${self.input.group}",
          OHPC_LOCATION: "${self.input.location}",
        },
      },
    ],
  });
}
