import { CommanderError } from "commander";
import { PowerError, type PowerFailure } from "../clouds/power";
import { DocumentError } from "../model/document-error";
import { ConfigurationError } from "../model/problems";
import { RemoteError } from "../operate/exec/remote/remote";
import { OpenSocketDirectoryError } from "../operate/exec/remote/socket-directory";
import { EXIT_CODES, Failure, type FailureKind } from "../operate/feedback/failure";
import { printableLines } from "../operate/feedback/printable";
import { foldHosts } from "../slurm/hostlist";

/** A failure in the words of people, and as numbers and codes for programs. */
export interface DescribedFailure {
  readonly kind: FailureKind;
  readonly code: string;
  /** What did not work. */
  readonly message: string;
  /** The machine that it happened on. */
  readonly host?: string;
  readonly cause?: string;
  readonly remedy?: string;
  /** The end of what the failed program wrote. */
  readonly output?: readonly string[];
}

export function exitCodeOf({ kind }: Pick<DescribedFailure, "kind">): number {
  return EXIT_CODES[kind];
}

/** Whatever was thrown, described. What we did not foresee is a fault of ours, and shows where. */
export function describeFailure(error: unknown): DescribedFailure {
  if (error instanceof Failure) {
    const host = "host" in error && typeof error.host === "string" ? { host: error.host } : {};
    return { kind: error.kind, message: error.message, ...host, ...error.details };
  }
  if (error instanceof RemoteError) return describeRemote(error);
  if (error instanceof OpenSocketDirectoryError) return describeOpenDirectory(error);
  if (error instanceof PowerError) return describePower(error);
  if (error instanceof ConfigurationError) return { kind: "usage", code: "configuration", message: error.message };
  if (error instanceof DocumentError) return { kind: "usage", code: "document", message: error.message };
  if (error instanceof CommanderError) return describeUsage(error);
  const message = error instanceof Error ? error.message : String(error);
  const stack = error instanceof Error ? (error.stack ?? "").split("\n").slice(1, 6) : [];
  return {
    kind: "failed",
    code: "unforeseen",
    message,
    remedy: "this should not happen: please report it with the lines above",
    output: stack.map((line) => line.trim()),
  };
}

/** Failures whose message is a list of ours, a line for each problem; every other message is one line. */
const LISTS: ReadonlySet<string> = new Set([
  "configuration",
  "document",
  "app.configuration",
  "app.validation",
  "users.problems",
]);

/** The lines that people read on standard error. */
export function failureLines(
  failure: DescribedFailure,
  highlight: (text: string) => string = String,
): readonly string[] {
  const { message, host, cause, remedy, output = [], code } = failure;
  const [first = "", ...problems] = LISTS.has(code) ? printableLines(message) : [message];
  const field = (name: string, value: string | undefined) =>
    value === undefined || value === "" ? [] : [`  ${name.padEnd(6)} ${value}`];
  return [
    `${highlight("error:")} ${first}`,
    ...problems,
    ...output.flatMap((lines) => printableLines(lines)).map((line) => `  | ${line}`),
    ...field("where", host),
    ...field("why", cause),
    ...field("mend", remedy),
    ...field("code", code),
  ];
}

/** The document that `--json` prints instead of a result. */
export function failureDocument(failure: DescribedFailure): object {
  return { ok: false, exitCode: exitCodeOf(failure), error: failure };
}

function describeRemote({ host, failure, exitCode, output }: RemoteError): DescribedFailure {
  const [kind, message, remedy] = REMOTE[failure];
  return {
    kind,
    code: `remote.${failure}`,
    message: `${host} ${message}${failure === "failed" && exitCode !== undefined ? ` (exit code ${exitCode})` : ""}`,
    host,
    remedy,
    output: output.split("\n").filter((line) => line !== ""),
  };
}

const REMOTE: Readonly<Record<RemoteError["failure"], readonly [kind: FailureKind, message: string, remedy: string]>> =
  {
    unreachable: ["unreachable", "does not answer", "`ohpc up` brings back what has stopped"],
    refused: [
      "unreachable",
      "refuses the connection, or shows another host key than the pinned one",
      "check who made the cluster, and with which keys; if its machine was made anew, `ohpc known-hosts STACK --out STACK.known_hosts` brings a committed file up to date",
    ],
    timeout: ["failed", "took too long and was stopped", "`ohpc status` shows how the cluster is"],
    failed: ["failed", "could not do what it was told", "`ohpc status` shows how the cluster is"],
  };

function describeOpenDirectory({ message, remedy }: OpenSocketDirectoryError): DescribedFailure {
  return {
    kind: "usage",
    code: "ssh.open-directory",
    message: `live SSH connections would not be ours alone: ${message}`,
    cause: "whoever gets at their sockets can do on the cluster what you can",
    remedy,
  };
}

function describePower({ failure, hosts, reason, remedy }: PowerError): DescribedFailure {
  return {
    kind: POWER[failure],
    code: `power.${failure.replaceAll(" ", "-").replaceAll("'", "")}`,
    message: hosts.length === 0 ? reason : `${foldHosts(hosts)}: ${reason}`,
    host: hosts.length === 1 ? hosts[0] : undefined,
    remedy,
  };
}

/** What the operator has to put right himself counts as wrong use; the rest is the vendor's. */
const POWER: Readonly<Record<PowerFailure, FailureKind>> = {
  capacity: "failed",
  quota: "failed",
  credentials: "usage",
  expired: "usage",
  permission: "usage",
  throttled: "failed",
  spot: "usage",
  stopping: "failed",
  "another's": "usage",
  "unknown host": "failed",
  timeout: "failed",
  failed: "failed",
};

/** commander tells a suggestion in a second line, in brackets. */
function describeUsage({ message, code }: CommanderError): DescribedFailure {
  const [first = "", ...rest] = message.split("\n");
  const suggestion = /\(Did you mean (.*?)\?\)/.exec(rest.join(" "))?.[1];
  return {
    kind: "usage",
    code: code.replace("commander.", "usage."),
    message: first.replace(/^error: /, "").replace("unknown command", "there is no verb"),
    remedy:
      suggestion === undefined
        ? "ohpc --help shows what there is"
        : `did you mean ${suggestion}? (ohpc --help shows what there is)`,
  };
}
