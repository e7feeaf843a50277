import type { Command } from "commander";
import { Argument, Option } from "commander";
import { count } from "../operate/feedback/count";
import type { HelloResult } from "../operate/smoke/hello";
import type { HplResult } from "../operate/smoke/hpl";
import { smoke, type SmokeChoice } from "../operate/verbs/smoke";
import { here, positiveNumber, terminalFor, wholeNumber, withJson } from "./options";
import { paint } from "./paint";
import { explain } from "./verb-help";

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
  withJson(command).action(async (stack: string, proof: "hello" | "hpl", options: SmokeChoice & { json?: boolean }) => {
    const terminal = terminalFor(options);
    const { user, ...proved } = await smoke({ ...options, stack, proof, place: here() }, terminal.progress);
    terminal.result({ ok: true, proof, user, ...proved }, () =>
      "runs" in proved ? proved.runs.flatMap((run) => helloText(run, user)) : hplText(proved.run, user),
    );
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

function helloText({ partition, ranks, hosts, mpi, job }: HelloResult, user: string): readonly string[] {
  return [
    `${paint("green", "PASSED")}  MPI hello, partition ${paint("bold", partition)}: ${count(ranks, "rank")} on ${count(hosts.length, "node")} heard from each other`,
    `        ${mpi}; job ${job} of ${user} on ${hosts.join(" ")}`,
  ];
}

function hplText(
  { size, block, rows, columns, seconds, gflops, residual, partition, hosts, job, directory }: HplResult,
  user: string,
): readonly string[] {
  return [
    `${paint("green", "PASSED")}  HPL, partition ${partition}: ${paint("bold", `${gflops.toPrecision(4)} Gflop/s`)}`,
    `        residual ${residual.toExponential(2)} (PASSED), ${seconds.toFixed(1)} s`,
    `        N ${size}, NB ${block}, ${rows} x ${columns} ranks; job ${job} of ${user} on ${hosts}`,
    `        input and output: ${directory} on the master`,
  ];
}
