import type { LocalExecProvisioner } from "cdktf";
import { literal } from "../terraform-text";

/** Terraform would print the whole script before it runs. cdktf's type does not know of it yet. */
type QuietProvisioner = LocalExecProvisioner & { readonly quiet: true };

/**
 * Runs `up` when the resource is made, and what its input calls `down` when it is destroyed.
 * The second comes from the state, not from the code: a newer version of the code destroys what an older one made as that one wanted.
 */
export function provisioners(up: string, environment?: Record<string, string>): QuietProvisioner[] {
  const bash = { type: "local-exec", interpreter: ["bash", "-c"], quiet: true } as const;
  return [
    { ...bash, interpreter: [...bash.interpreter], command: up, ...(environment === undefined ? {} : { environment }) },
    { ...bash, interpreter: [...bash.interpreter], command: "${self.input.down}", when: "destroy" },
  ];
}

/** The host's name and address as the scripts of machines read them; Terraform fills them in for each instance. */
export function forEachHost(script: string): string {
  return `host='\${each.key}' address='\${each.value}'\n${literal(script)}`;
}
