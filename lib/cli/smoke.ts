import type { Command } from "commander";
import { Argument, Option } from "commander";
import { type Deployment, openDeployment } from "../operate/cluster/deployment";
import { count } from "../operate/feedback/count";
import { Failure } from "../operate/feedback/failure";
import { masterOf } from "../operate/access/master";
import { type HelloResult, smokeHello } from "../operate/smoke/hello";
import { type HplResult, smokeHpl } from "../operate/smoke/hpl";
import { type Placement, placementIn, placementsEverywhere } from "../operate/scheduler/placement";
import { Duration } from "../units";
import { here, positiveNumber, terminalFor, wholeNumber, withJson } from "./options";
import { paint } from "./paint";
import { explain } from "./verb-help";

interface SmokeOptions {
  readonly user?: string;
  readonly nodes?: number;
  readonly partition?: string;
  readonly full?: boolean;
  readonly seconds?: number;
  readonly timeout?: number;
  readonly threshold?: number;
  readonly json?: boolean;
}

export function define(command: Command): void {
  command
    .argument("<stack>", "name of the stack")
    .addArgument(
      new Argument("<proof>", "hello: MPI over all nodes; hpl: High Performance Linpack").choices(["hello", "hpl"]),
    )
    .option("--user <user>", "who submits the job (default: the stack's first user)")
    .option("--partition <partition>", "where it runs (default: hello all, hpl the default one)")
    .option("--nodes <n>", "over how many nodes (default: hello all, hpl 2)", wholeNumber)
    .option(
      "--seconds <n>",
      "hpl: what the run may be predicted to take (default: 120; on local clusters 15)",
      positiveNumber,
    )
    .option("--full", "hpl: as large as memory allows, however long it takes")
    .option(
      "--timeout <minutes>",
      "how long a job may take with all waiting (default: 30; with --full 720)",
      positiveNumber,
    )
    .addOption(
      new Option("--threshold <residual>", "hpl: what residual is wrong").argParser(positiveNumber).hideHelp(),
    );
  withJson(command).action(async (stack: string, proof: "hello" | "hpl", options: SmokeOptions) => {
    const terminal = terminalFor(options);
    const deployment = await openDeployment(stack, here());
    const user = options.user ?? firstUser(deployment);
    const deadline = Duration.minutes(options.timeout ?? (options.full === true ? 720 : 30));
    const master = masterOf(deployment);
    if (proof === "hello") {
      const placements = helloPlacements(deployment, options);
      const runs = await smokeHello(master, { user, placements, deadline }, terminal.progress);
      terminal.result({ ok: true, proof, user, runs }, () => runs.map((run) => helloText(run, user)).join("\n"));
    } else {
      const run = await smokeHpl(master, { ...hplOptions(deployment, options), user, deadline }, terminal.progress);
      terminal.result({ ok: true, proof, user, run }, () => hplText(run, user));
    }
  });
  explain(command, {
    examples: [
      ["ohpc smoke demo hello", "every node takes part in one MPI job per partition"],
      ["ohpc smoke demo hpl", "two nodes, about 15 s on a local cluster; Gflop/s, residual, PASSED"],
      ["ohpc smoke demo hpl --nodes 4 --full", "as large as the memory of four nodes allows"],
      ["ohpc smoke demo hpl --user bob --partition gpu", "as another user, elsewhere"],
    ],
    outcomes: ["unreachable", "proof"],
  });
}

const NODES_FOR_HPL = 2;

function helloPlacements({ spec, manifest }: Deployment, { partition, nodes }: SmokeOptions): readonly Placement[] {
  if (partition === undefined && nodes === undefined) return placementsEverywhere(spec, manifest);
  return [placementIn(spec, manifest, partition, nodes)];
}

function hplOptions(
  { spec, manifest }: Deployment,
  { partition, nodes, full, seconds, threshold }: SmokeOptions,
): { placement: Placement; seconds?: number; threshold?: number } {
  const most = placementIn(spec, manifest, partition, nodes);
  const placement = { ...most, nodes: nodes ?? Math.min(NODES_FOR_HPL, most.nodes) };
  return {
    placement,
    // Machines that share one host's cores are for trying things out.
    ...(full !== true && { seconds: seconds ?? (placement.sharesCores ? 15 : 120) }),
    ...(threshold !== undefined && { threshold }),
  };
}

function firstUser({ spec }: Deployment): string {
  const [first] = spec.users.users;
  if (first !== undefined) return first.name;
  throw new Failure("usage", `the cluster ${spec.cluster} has no users, and proofs are jobs of an ordinary user`, {
    code: "smoke.no-user",
    remedy: "add one to the stack's `users` and run `ohpc up`, or name one with --user",
  });
}

function helloText({ partition, ranks, hosts, mpi, job }: HelloResult, user: string): string {
  return [
    `${paint("green", "PASSED")}  MPI hello, partition ${paint("bold", partition)}: ${count(ranks, "rank")} on ${count(hosts.length, "node")} heard from each other`,
    `        ${mpi}; job ${job} of ${user} on ${hosts.join(" ")}`,
  ].join("\n");
}

function hplText(
  { size, block, rows, columns, seconds, gflops, residual, partition, hosts, job, directory }: HplResult,
  user: string,
): string {
  return [
    `${paint("green", "PASSED")}  HPL, partition ${partition}: ${paint("bold", `${gflops.toPrecision(4)} Gflop/s`)}`,
    `        residual ${residual.toExponential(2)} (PASSED), ${seconds.toFixed(1)} s`,
    `        N ${size}, NB ${block}, ${rows} x ${columns} ranks; job ${job} of ${user} on ${hosts}`,
    `        input and output: ${directory} on the master`,
  ].join("\n");
}
