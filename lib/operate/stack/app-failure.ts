import { type FailureDetails, Failure } from "../feedback/failure";
import { lastLines } from "../feedback/last-lines";

/** What an app that did not synthesize wants to tell, out of all that Node.js printed about it. Pure. */
export function appFailure(command: string, exitCode: number, stdout: string, stderr: string): Failure {
  const problems = messageOf(stderr, "ConfigurationError");
  if (problems !== undefined) return new Failure("usage", problems, { code: "app.configuration" });

  const validation = messageOf(stderr, "Error");
  if (validation !== undefined && CDKTF_REFUSALS.test(validation)) {
    return new Failure("usage", validation, { code: "app.validation" });
  }
  const details: FailureDetails = {
    code: "app.crashed",
    ...(exitCode === 127 && { remedy: "install what it needs (npm install), or correct `app` in cdktf.json" }),
    output: lastLines(stderr.trim() === "" ? stdout : stderr),
  };
  return new Failure("failed", `the app ended with exit code ${exitCode}: ${command}`, details);
}

/** The message of an uncaught error, without Node.js's frame of source before and stack behind it. */
function messageOf(stderr: string, name: string): string | undefined {
  const lines = stderr.replaceAll("\r", "").split("\n");
  const start = lines.findIndex((line) => line.startsWith(`${name}: `));
  if (start < 0) return undefined;
  const rest = lines.slice(start);
  const end = rest.findIndex((line) => /^ {4}at /.test(line));
  const message = (end < 0 ? rest : rest.slice(0, end)).join("\n").trimEnd();
  return message.slice(name.length + 2);
}

/** How cdktf's own refusals begin: validations, and annotations with level error. */
const CDKTF_REFUSALS = /^(App-level validation failed|Validation failed|Encountered Annotations with level "ERROR")/i;
