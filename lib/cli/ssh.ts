import { spawn } from "node:child_process";
import { constants } from "node:os";
import type { Command } from "commander";
import { hostKeySource } from "../operate/access/host-key-source";
import { pinNode } from "../operate/access/host-keys";
import { masterOf } from "../operate/access/master";
import { type Deployment, openDeployment } from "../operate/cluster/deployment";
import { shellWord } from "../operate/exec/remote/ssh-command";
import { SshRemote } from "../operate/exec/remote/ssh-remote";
import { EXIT_CODES, Failure } from "../operate/feedback/failure";
import { interruptible } from "../operate/feedback/interruption";
import { nodeOf } from "../operate/hosts/nodes";
import { textBeside } from "../package/text-beside";
import { here } from "./options";
import { explain } from "./verb-help";

export function define(command: Command): void {
  command
    .argument("<stack>", "name of the stack")
    .argument("[node]", "a host of the cluster (default: the master)")
    .argument("[command...]", "what to run there instead of a shell, after --")
    .option("--as <user>", "as this user of the cluster (default: the administrator)")
    .option(
      "-A, --forward-agent",
      "let the administrator's programs there use your SSH agent, as long as you are there",
    )
    .action(async (stack: string, ...rest: unknown[]) => {
      const { as, forwardAgent = false } = rest.at(-2) as { as?: string; forwardAgent?: boolean };
      const words = wordsAfterDashes(process.argv);
      // commander does not tell a node from the first word after `--`.
      const operands = command.args.slice(0, command.args.length - words.length);
      const deployment = await openDeployment(stack, here());
      const administrator = deployment.manifest.master.access.user;
      const forwardedAgent = forwardAgent ? agentFor(as, administrator, here().env) : undefined;
      // A command's output stays as it is; a shell needs a terminal, if there is one.
      const terminal = process.stdin.isTTY && process.stdout.isTTY;
      const line = remoteLine([...operands.slice(2), ...words], { as, administrator, terminal });
      const remote = await remoteOf(deployment, operands[1]);
      const session = await remote.session({ forwardedAgent });
      process.exitCode = await interactive([...(terminal ? ["-t"] : []), ...session], line);
    });
  explain(command, {
    examples: [
      ["ohpc ssh demo", "a shell on the master"],
      ["ohpc ssh demo cpu-1", "a shell on a node, through the master"],
      ["ohpc ssh demo --as alice", "as an ordinary user"],
      ["ohpc ssh -A demo", "git and ssh there may use the keys of your agent"],
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

/**
 * The socket of the operator's agent. A user of the cluster never gets it: with it, their programs could do whatever the
 * operator's keys can.
 *
 * @throws Failure
 */
function agentFor(as: string | undefined, administrator: string, env: NodeJS.ProcessEnv): string {
  if (as !== undefined && as !== administrator) {
    throw new Failure("usage", `your SSH agent is not forwarded to ${as}`, {
      code: "ssh.agent-of-another",
      cause: `programs of ${as} could use all of your keys`,
      remedy: `leave out --as, or let ${as} log in with \`ssh -A\` and an agent of their own`,
    });
  }
  const socket = env["SSH_AUTH_SOCK"];
  if (socket !== undefined && socket !== "") return socket;
  throw new Failure("usage", "there is no SSH agent to forward", {
    code: "ssh.no-agent",
    cause: "SSH_AUTH_SOCK is not set",
    remedy: 'start one (eval "$(ssh-agent)"; ssh-add), or leave out --forward-agent',
  });
}

export interface LineOptions {
  readonly as: string | undefined;
  readonly administrator: string;
  /** Whether there is one, which ends what runs on it with its connection. */
  readonly terminal: boolean;
}

/** The line that the far side's login shell reads; nothing for a shell of the administrator's own. Pure. */
export function remoteLine(words: readonly string[], { as, administrator, terminal }: LineOptions): string | undefined {
  const [only = ""] = words;
  const wanted = words.length === 0 ? undefined : words.length === 1 ? only : words.map(shellWord).join(" ");
  const itself = as === undefined || as === administrator;
  if (itself && wanted === undefined) return undefined;
  // Without a terminal a session of its own would only be out of reach of what ends it.
  const command = terminal ? "-c " : "--session-command=";
  const line = itself
    ? (wanted ?? "")
    : `runuser -l ${shellWord(as)}${wanted === undefined ? "" : ` ${command}${shellWord(wanted)}`}`;
  const become = itself || administrator === "root" ? "" : "sudo -n ";
  if (terminal || wanted === undefined) return `${become}${line}`;
  // In letters that bash, dash, csh and fish read alike.
  const attended = Buffer.from(textBeside(__dirname, "attended.sh")).toString("base64");
  return `${become}bash -c 'eval "$(base64 -d <<<$0)"' ${attended} ${shellWord(line)}`;
}

/** OpenSSH's exit code, which is the command's. Who ends us ends the session, and what runs in it. */
async function interactive(args: readonly string[], line: string | undefined): Promise<number> {
  const words = {
    ending: "the session is being ended, with what runs in it",
    left: "what was started there may go on for some seconds",
  };
  return interruptible(words, async (stopped) => {
    const child = spawn("ssh", [...args, ...(line === undefined ? [] : [line])], { stdio: "inherit" });
    stopped.addEventListener("abort", () => child.kill("SIGTERM"));
    const exitCode = await new Promise<number>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code, signal) => {
        resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
      });
    });
    if (stopped.aborted) return EXIT_CODES.interrupted;
    return exitCode === SSH_FAILED ? EXIT_CODES.unreachable : exitCode;
  });
}

const SSH_FAILED = 255;
