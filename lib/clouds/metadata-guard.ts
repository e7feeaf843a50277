import { textBeside } from "../package/text-beside";
import type { FirstBoot } from "./user-data";

const PROGRAM = "/usr/local/lib/ohpc/metadata-guard";
const UNIT = "ohpc-metadata-guard.service";

/** Where AWS, Azure and most others answer machines that ask who they are. */
export const METADATA_ADDRESS = "169.254.169.254";

/**
 * Makes the metadata address reachable only for root and the power service, from the first boot on and before users can
 * log in: users work on the master, and whoever asks there gets the master's credentials.
 */
export function metadataGuard(addresses: readonly string[] = [METADATA_ADDRESS]): Required<FirstBoot> {
  const program = textBeside(__dirname, "metadata-guard.sh");
  const unit = [
    "[Unit]",
    "Description=Only root and the power service may ask the cloud who this machine is",
    "Before=sshd.service ssh.service slurmd.service",
    "",
    "[Service]",
    "Type=oneshot",
    "RemainAfterExit=yes",
    `ExecStart=${PROGRAM} ${addresses.join(" ")}`,
    "",
    "[Install]",
    "WantedBy=multi-user.target",
    "",
  ].join("\n");
  return {
    files: [
      { path: PROGRAM, mode: "0755", content: program },
      { path: `/etc/systemd/system/${UNIT}`, mode: "0644", content: unit },
    ],
    commands: [["systemctl", "enable", "--now", UNIT]],
  };
}
