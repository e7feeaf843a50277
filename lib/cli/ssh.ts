import { spawn } from "node:child_process";
import type { Command } from "commander";
import { hostKeySource } from "../operate/access/host-key-source";
import { pinNode } from "../operate/access/host-keys";
import { masterOf } from "../operate/access/master";
import { type Deployment, openDeployment } from "../operate/cluster/deployment";
import { shellWord } from "../operate/exec/remote/ssh-command";
import { SshRemote } from "../operate/exec/remote/ssh-remote";
import { EXIT_CODES } from "../operate/feedback/failure";
import { nodeOf } from "../operate/hosts/nodes";
import { here } from "./options";
import { explain } from "./verb-help";

export function define(command: Command): void {
  command
    .argument("<stack>", "name of the stack")
    .argument("[node]", "a host of the cluster (default: the master)")
    .argument("[command...]", "what to run there instead of a shell, after --")
    .option("--as <user>", "as this user of the cluster (default: the administrator)")
    .action(async (stack: string, ...rest: unknown[]) => {
      const { as } = rest.at(-2) as { as?: string };
      const words = wordsAfterDashes(process.argv);
      // commander does not tell a node from the first word after `--`.
      const operands = command.args.slice(0, command.args.length - words.length);
      const deployment = await openDeployment(stack, here());
      const line = remoteLine([...operands.slice(2), ...words], as, deployment.manifest.master.access.user);
      process.exitCode = await interactive(await (await remoteOf(deployment, operands[1])).session(), line);
    });
  explain(command, {
    examples: [
      ["ohpc ssh demo", "a shell on the master"],
      ["ohpc ssh demo cpu-1", "a shell on a node, through the master"],
      ["ohpc ssh demo --as alice", "as an ordinary user"],
      ["ohpc ssh demo -- sinfo -N", "one command; its exit code is ohpc's"],
      ["ohpc ssh demo -- 'squeue | head -5'", "one word with blanks is a line of shell"],
    ],
    outcomes: ["unreachable"],
  });
}

async function remoteOf(deployment: Deployment, host: string | undefined): Promise<SshRemote> {
  const master = masterOf(deployment);
  if (host === undefined || host === deployment.manifest.master.host) return master;
  await pinNode(deployment, host, hostKeySource(deployment.manifest, here().env));
  return SshRemote.through(master, nodeOf(deployment.manifest, host));
}

function wordsAfterDashes(argv: readonly string[]): readonly string[] {
  const at = argv.indexOf("--");
  return at < 0 ? [] : argv.slice(at + 1);
}

/** The line that the far side's login shell reads; nothing for a shell of the administrator's own. Pure. */
export function remoteLine(
  words: readonly string[],
  as: string | undefined,
  administrator: string,
): string | undefined {
  const [only = ""] = words;
  const wanted = words.length === 0 ? undefined : words.length === 1 ? only : words.map(shellWord).join(" ");
  if (as === undefined || as === administrator) return wanted;
  const become = administrator === "root" ? "" : "sudo -n ";
  return `${become}runuser -l ${shellWord(as)}${wanted === undefined ? "" : ` -c ${shellWord(wanted)}`}`;
}

async function interactive(args: readonly string[], line: string | undefined): Promise<number> {
  // A command's output stays as it is; a shell needs a terminal, if there is one.
  const wantsTerminal = process.stdin.isTTY && process.stdout.isTTY;
  const child = spawn("ssh", [...(wantsTerminal ? ["-t"] : []), ...args, ...(line === undefined ? [] : [line])], {
    stdio: "inherit",
  });
  const exitCode = await new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      resolve(code ?? EXIT_CODES.interrupted);
    });
  });
  return exitCode === SSH_FAILED ? EXIT_CODES.unreachable : exitCode;
}

const SSH_FAILED = 255;
