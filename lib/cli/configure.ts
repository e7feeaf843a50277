import type { Command } from "commander";
import { hostKeySource } from "../operate/access/host-key-source";
import { CommandLock } from "../operate/lock/command-lock";
import { configurePhase } from "../operate/configure/phase";
import { openDeployment, refuseUndeployed } from "../operate/cluster/deployment";
import { introduceMachines } from "../operate/deploy/introduce";
import { count } from "../operate/feedback/count";
import { pinMaster } from "../operate/access/host-keys";
import { lockOwner } from "../operate/lock/lock";
import { masterOf } from "../operate/access/master";
import { Duration } from "../units";
import { here, terminalFor, withJson } from "./options";
import { paint } from "./paint";
import { explain } from "./verb-help";

/** A machine that was just made may not be listening yet. */
const FIRST_CONTACT = Duration.minutes(2);

export function define(command: Command): void {
  command.argument("<stack>", "name of the stack");
  withJson(command).action(async (stack: string, options: { json?: boolean }) => {
    const terminal = terminalFor(options);
    const place = here();
    const commandLock = new CommandLock(place.env, lockOwner(`ohpc configure ${stack}`));
    try {
      const deployment = await openDeployment(stack, place);
      refuseUndeployed(deployment);
      await commandLock.lockCluster(deployment.stack);
      const { manifest } = deployment;
      await pinMaster(deployment, hostKeySource(manifest, place.env), terminal.progress, { limit: FIRST_CONTACT });
      const { changed, unchanged } = await configurePhase(
        deployment,
        masterOf(deployment),
        `ohpc configure ${stack}`,
        terminal.progress,
      );
      const introduced = await introduceMachines(deployment, terminal.progress);
      terminal.result({ ok: true, stack, cluster: deployment.spec.cluster, changed, unchanged, introduced }, () =>
        changed.length + introduced.length === 0
          ? `${paint("green", "configured")}: nothing had to be changed`
          : [
              `${paint("green", "configured")}: ${changed.length} of ${changed.length + unchanged.length} steps carried out`,
              ...changed.map(
                ({ title, effect, differences }) => `  ${title} (${effect}): ${differences.slice(0, 3).join("; ")}`,
              ),
              ...(introduced.length === 0 ? [] : [`  told ${count(introduced.length, "machine")} of the cluster`]),
            ].join("\n"),
      );
    } finally {
      await commandLock.release();
    }
  });
  explain(command, {
    examples: [
      ["npx cdktf deploy demo && ohpc configure demo", "the same as ohpc up demo, in two steps"],
      ["ohpc configure demo", "as the stack was last synthesized; changes only what differs"],
    ],
    outcomes: ["busy", "unreachable"],
  });
}
