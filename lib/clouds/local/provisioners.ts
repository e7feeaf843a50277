import type { LocalExecProvisioner } from "cdktf";
import { literal } from "../terraform-text";

/**
 * Runs a script when the resource is made. The script travels as a variable:
 * Terraform repeats the command when it starts and when it fails, and would bury the message under the script.
 *
 * @param title what Terraform's messages call it
 */
export function whenMade(
  title: string,
  script: string,
  environment: Readonly<Record<string, string>> = {},
): LocalExecProvisioner {
  return { ...bash(title), environment: { ...environment, [SCRIPT]: script } };
}

/**
 * Runs what the resource's input calls `down` when it is destroyed.
 * It comes from the state, not from the code: a newer version of the code destroys what an older one made as that one wanted.
 */
export function whenDestroyed(title: string): LocalExecProvisioner {
  return { ...bash(title), environment: { [SCRIPT]: "${self.input.down}" }, when: "destroy" };
}

/** A script that knows which state it works for: Terraform fills in the state's mark. */
export function ownedBy(owner: string, text: string): string {
  return `owner='${owner}'\n${literal(text)}`;
}

/** The host's name and address as the scripts of machines read them; Terraform fills them in for each instance. */
export function perHost(owned: string): string {
  return `host='\${each.key}' address='\${each.value}'\n${owned}`;
}

const SCRIPT = "OHPC_SCRIPT";

function bash(title: string): LocalExecProvisioner {
  return { type: "local-exec", interpreter: ["bash", "-c"], command: `eval "$${SCRIPT}" # ${title}` };
}
