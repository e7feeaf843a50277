import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { broughtUpToDate } from "../operate/access/committed-host-keys";
import { hostKeySource } from "../operate/access/host-key-source";
import { type Deployment, openDeployment } from "../operate/cluster/deployment";
import { Failure } from "../operate/feedback/failure";
import { pinNodes } from "../operate/access/host-keys";
import { renderKnownHosts } from "../operate/access/known-hosts";
import { nodesOf } from "../operate/hosts/nodes";
import type { Progress } from "../operate/feedback/progress";
import { RemoteError } from "../operate/exec/remote/remote";
import { here, terminalFor, withJson } from "./options";
import { explain } from "./verb-help";

export function define(command: Command): void {
  command.argument("<stack>", "name of the stack").option("--out <file>", "write them to a file instead");
  withJson(command).action(async (stack: string, options: { out?: string; json?: boolean }) => {
    const terminal = terminalFor(options);
    const deployment = await openDeployment(stack, here());
    const { manifest, knownHosts } = deployment;
    const { progress } = terminal;
    const pinned =
      knownHosts === undefined
        ? await pinnedHere(deployment, progress)
        : await broughtUpToDate(deployment, knownHosts, hostKeySource(manifest, here().env), progress);
    const text = renderKnownHosts(manifest, pinned);
    if (options.out !== undefined) writeFileSync(options.out, text);
    const lines = text.split("\n").filter((line) => line !== "");
    terminal.result({ ok: true, file: options.out, lines }, () =>
      options.out === undefined ? text : `${lines.length} lines written to ${options.out}`,
    );
  });
  explain(command, {
    examples: [
      ["ohpc known-hosts demo", "the keys, under every name of every machine"],
      [
        "ohpc known-hosts demo --out demo.known_hosts",
        "to commit beside cdktf.json: only these keys are accepted then; again: brings it up to date",
      ],
    ],
  });
}

/** The host keys that this machine knows by itself, with those of nodes that it did not know yet. */
async function pinnedHere(deployment: Deployment, progress: Progress): Promise<string> {
  const { manifest, privateDirectory, stack } = deployment;
  const pinned = join(privateDirectory, "known_hosts");
  if (!existsSync(pinned)) {
    throw new Failure("failed", `no host keys of ${manifest.cluster} are pinned on this machine`, {
      code: "known-hosts.none",
      remedy: `whoever made the cluster has them: ohpc known-hosts ${stack.name} --out ${stack.name}.known_hosts`,
    });
  }
  try {
    await pinNodes(deployment, nodesOf(manifest));
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error;
    progress.note("nodes that are not known yet are left out: the master cannot be asked");
  }
  return readFileSync(pinned, "utf8");
}
