import type { Problem } from "../../model/problems";
import { textBeside } from "../../package/text-beside";
import type { Boot } from "../cloud";
import { metadataGuard } from "../metadata-guard";
import { type FirstBoot, userData } from "../user-data";

/** Azure takes no more custom data, counted before it is encoded. */
const MOST_BYTES = 64 * 1024 - 1;

export interface AzureFirstBoot {
  readonly boot: Boot;
  /** The user's own additions. */
  readonly extra: FirstBoot;
}

/** What machines of a group do at their first boot; the same text for all of them. Azure itself tells them their names. */
export function azureUserData({ boot, extra }: AzureFirstBoot): string {
  const guard = metadataGuard(boot.role);
  const disks = boot.role === "master" ? diskLinks() : { files: [], commands: [] };
  return userData(boot, {
    files: [...guard.files, ...disks.files, ...(extra.files ?? [])],
    commands: [...guard.commands, ...disks.commands, ...(extra.commands ?? [])],
  });
}

/** What is wrong with its length. */
export function userDataProblems(text: string): readonly Problem[] {
  const bytes = Buffer.byteLength(text);
  if (bytes <= MOST_BYTES) return [];
  const want = `at most ${MOST_BYTES} bytes together with what the cluster needs, which is all that Azure takes`;
  return [{ at: "firstBoot", got: `${bytes} bytes`, want, hint: "put it into an image, or let the machine fetch it" }];
}

/** Makes `/dev/disk/azure/data/by-lun/0` and so on, in images that do not do it themselves. */
function diskLinks(): Required<FirstBoot> {
  const content = textBeside(__dirname, "disks.rules");
  return {
    files: [{ path: "/etc/udev/rules.d/67-ohpc-azure-disks.rules", mode: "0644", content }],
    commands: [
      ["udevadm", "control", "--reload"],
      ["udevadm", "trigger", "--subsystem-match=block", "--action=change"],
    ],
  };
}
