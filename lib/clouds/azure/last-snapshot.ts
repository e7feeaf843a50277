import type { Construct } from "constructs";
import { textBeside } from "../../package/text-beside";
import { TerraformData } from "../terraform-data";
import { literal } from "../terraform-text";

export interface SnapshotOptions {
  /** The id of the disk; absent where there is none that would have to be kept. */
  readonly disk: string | undefined;
  /** What the disk is called, or would be. */
  readonly name: string;
  readonly location: string;
  /** The resource group that snapshots are kept in. */
  readonly group: string;
}

/**
 * Makes a snapshot of a disk just before Terraform deletes it, which azurerm cannot; if that fails, the disk stays.
 *
 * It has to be in the stack before, with and after the disk: what is no longer written down runs nothing when it is
 * destroyed, while one that is replaced, because there is another disk or none, does with what it remembers.
 * So what runs is kept in the state, and a newer version of this library can destroy an older cluster.
 */
export function lastSnapshot(scope: Construct, id: string, options: SnapshotOptions): TerraformData {
  const { disk = "", name, location, group } = options;
  const down = textBeside(__dirname, "last-snapshot.sh");
  return new TerraformData(scope, id, {
    input: { down: literal(down), disk, name, group, location },
    triggersReplace: { disk },
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
