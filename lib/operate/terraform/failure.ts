import { Failure } from "../feedback/failure";
import { lastLines } from "../feedback/last-lines";
import type { Diagnostic } from "./events";
import { KNOWN_FAILURES, type KnownFailure } from "./known-failures";
import { hostKey } from "./plan";
import { VENDOR_FAILURES } from "./vendor-failures";

/** Turns what Terraform complained about into what people can act on. Pure. */
export function terraformFailure(command: string, diagnostics: readonly Diagnostic[], stderr: string): Failure {
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  const [first] = errors;
  const output = errors.length === 0 ? lastLines(stderr, MOST_LINES) : errors.flatMap(linesOf).slice(-MOST_LINES);
  const lines = errors.length === 0 ? stderr.split("\n") : errors.flatMap(plainLines);
  const { kind = "failed", ...details } = recognize(lines) ?? { code: "terraform.failed" };
  const subjects = [...new Set(errors.flatMap(({ address }) => (address === undefined ? [] : [subjectOf(address)])))];
  const message =
    first === undefined
      ? `terraform ${command} failed`
      : subjects.length === 0
        ? `terraform ${command}: ${first.summary}`
        : `terraform ${command} failed at ${someOf(subjects)}`;
  return new Failure(kind, message, { ...details, output });
}

/** Whether Terraform only wants `init` to be run. Pure. */
export function wantsInit(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some(
    ({ severity, summary, detail }) => severity === "error" && WANTS_INIT.test(`${summary}\n${detail}`),
  );
}

const WANTS_INIT =
  /backend initialization required|inconsistent dependency lock file|required plugins are not installed|module not installed|backend configuration changed/i;

const MOST_LINES = 50;

function recognize(
  lines: readonly string[],
): (Omit<KnownFailure, "when" | "remedy"> & { cause: string; remedy: string }) | undefined {
  for (const { when, code, kind, remedy } of [...KNOWN_FAILURES, ...VENDOR_FAILURES]) {
    const at = lines.findIndex((line) => when.test(line));
    if (at < 0) continue;
    const line = lines[at] ?? "";
    const cause = (when.exec(line)?.groups?.["cause"] ?? line).trim().replace(/\.$/, "");
    // Our own scripts say in the next line what to do.
    return {
      code,
      kind,
      cause,
      remedy: remedy ?? (lines[at + 1] ?? "").trim().replace(/\.$/, ""),
    };
  }
  return undefined;
}

function subjectOf(address: string): string {
  return hostKey(address) ?? address;
}

function someOf(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(", ");
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}

function linesOf(diagnostic: Diagnostic): string[] {
  const who = diagnostic.address === undefined ? "" : `${subjectOf(diagnostic.address)}: `;
  return plainLines(diagnostic).map((line) => who + line);
}

/** Of a failed provisioner people need what it wrote, not the program that we gave it. */
function plainLines({ summary, detail }: Diagnostic): string[] {
  const written = /exit status \d+\. Output: ?([\s\S]*)$/.exec(detail)?.[1];
  const lines = (written ?? `${summary}\n${detail}`).split("\n");
  return lines.map((line) => line.trimEnd()).filter((line) => line !== "");
}
