import { textBeside } from "../../package/text-beside";
import { literal } from "../terraform-text";
import { needed, type PropertyNames, TEXT } from "../../model/properties";

/** A Bastion, made by us or not. */
export interface BastionReference {
  readonly name: string;
  readonly resourceGroup: string;
}

/**
 * The program that carries SSH through a Bastion, word by word. The operator needs `az` for it, no port of the master is
 * open to anybody else.
 */
export function bastionProxy({ name, resourceGroup }: BastionReference, machineId: string): string[] {
  const program = textBeside(__dirname, "bastion-proxy.sh").replaceAll(/^#.*\n/gm, "");
  // OpenSSH reads %.
  return ["bash", "-c", literal(program.replaceAll("%", "%%")), "ohpc-bastion", name, resourceGroup, machineId, "%p"];
}

export const BASTION_NAMES = {
  name: needed(TEXT),
  resourceGroup: needed(TEXT),
} satisfies PropertyNames<BastionReference>;
