import type { Command } from "commander";
import { wayIn } from "../operate/access/way-in";
import { up, type UpResult } from "../operate/verbs/up";
import type { Effect } from "../slurm/effects";
import type { Duration } from "../units";
import { answeredText } from "./answered-text";
import { consenterAt } from "./consenter";
import { loginLines } from "./login-lines";
import {
  here,
  minutes,
  terminalFor,
  treatmentIn,
  type TreatmentOptions,
  wholeNumber,
  withJson,
  withMaxEffect,
  withTreatment,
} from "./options";
import { paint } from "./paint";
import { platformFor } from "./platform";
import { explain } from "./verb-help";

interface UpVerbOptions extends TreatmentOptions {
  readonly batch?: number;
  readonly maxEffect?: Effect;
  readonly yes?: boolean;
  readonly timeout?: Duration;
  readonly takeOver?: boolean;
  readonly json?: boolean;
}

export function define(command: Command): void {
  command
    .argument("<stack>", "name of the stack")
    .option("--yes", "agree beforehand to losing machines, disks or networks, users, and jobs")
    .option(
      "--timeout <minutes>",
      "how long nodes may take until they are ready (default: 30; on local clusters from the node image 2)",
      minutes,
    )
    .option(
      "--batch <nodes>",
      "make nodes anew so many at a time, each until it takes jobs again (default: all)",
      wholeNumber,
    )
    .option("--take-over", "make a cluster of this name yours that another Terraform state has made");
  withJson(withMaxEffect(withTreatment(command))).action(async (stack: string, options: UpVerbOptions) => {
    const terminal = terminalFor(options);
    const result = await up(
      {
        stack,
        place: here(),
        consenter: consenterAt(terminal, options.yes === true, treatmentIn(options)),
        platformFor: (synthesized) => platformFor(synthesized, options.takeOver),
        takeOver: options.takeOver,
        limit: options.timeout,
        maxEffect: options.maxEffect,
        batch: options.batch,
      },
      terminal.progress,
    );
    terminal.result(upDocument(stack, result), () => upSummary(stack, result));
  });
  explain(command, {
    examples: [
      ["ohpc up demo", "from nothing to a cluster; again: only what has changed"],
      ["ohpc up demo --yes", "also where that replaces or destroys something"],
      [
        "ohpc up demo --yes --wait 2h",
        "the same, but no job is ended: what is in the way may take two hours to its own end",
      ],
      ["ohpc up demo --max-effect reconfigure", "nothing that restarts or replaces anything"],
      ["ohpc up demo --json > up.json", "in a pipeline"],
    ],
    outcomes: ["consent", "busy", "unreachable"],
  });
}

/** What `--json` tells of a cluster that is up. */
export function upDocument(stack: string, { deployment, readiness, ...rest }: UpResult): object {
  const { manifest } = deployment;
  const login = wayIn(deployment, deployment);
  return {
    ok: true,
    stack,
    cluster: manifest.cluster,
    access: manifest.master.access,
    login,
    nodes: readiness,
    ...rest,
  };
}

/** What people read of it. */
export function upSummary(stack: string, result: UpResult): readonly string[] {
  const { deployment, readiness, phases, seconds, changes, configured, introduced, started } = result;
  const { spec, manifest } = deployment;
  const nothing = changes.length + configured.length + introduced.length + started.length === 0;
  const headline = [
    `${paint("green", "up")}: ${paint("bold", spec.cluster)}, ${answeredText(readiness)}`,
    nothing ? "; nothing had to be changed" : "",
  ];
  const hosts = manifest.pools.map((pool) => pool.hosts).join(" ");
  const partitions = spec.partitions.map(({ name }) => name).join(", ");
  const [user] = spec.users.users;
  const rows = [
    ["nodes", `${hosts} in ${spec.partitions.length === 1 ? "partition" : "partitions"} ${partitions}`],
    ["log in", `ohpc ssh ${stack}`],
    // Proofs are jobs of an ordinary user.
    ...(user === undefined
      ? [["try", `ohpc status ${stack}`]]
      : [
          ["as a user", `ohpc ssh ${stack} --as ${user.name}`],
          ["try", `ohpc smoke ${stack} hello    ohpc smoke ${stack} hpl    ohpc status ${stack}`],
        ]),
    ["took", `${seconds.toFixed(1)} s: ${phases.map(timeOf).join(", ")}`],
  ];
  return [
    headline.join(""),
    ...rows.map(([what = "", text = ""]) => `  ${paint("dim", what.padEnd(9))}  ${text}`),
    ...loginLines(wayIn(deployment, deployment)),
  ];
}

/** The first word of a phase's title tells which it is. */
function timeOf({ phase, seconds }: UpResult["phases"][number]): string {
  return `${(phase.split(" ")[0] ?? "").toLowerCase()} ${seconds.toFixed(1)}`;
}
