import { packageJson } from "../../package/package-json";
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
  const amount = messageOf(stderr, "RangeError");
  if (amount !== undefined && OUR_AMOUNTS.test(amount)) {
    return new Failure("usage", amount, { code: "app.configuration", cause: placeIn(stderr) });
  }
  const missing = MISSING.exec(stderr)?.[1];
  if (missing !== undefined) {
    return new Failure("usage", `the app needs the package ${missing}, which is not installed`, {
      code: "app.package",
      remedy: `npm install "${missing}@${packageJson().peerDependencies[missing] ?? "*"}"`,
    });
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

/** How `Size` and `Duration` refuse, which know nothing of what they are for. */
const OUR_AMOUNTS = /^a (size|duration) must be /;

/** How Node.js tells of a package; what begins with a dot or a slash is a file. */
const MISSING = /Cannot find (?:module|package) '((?:@[^/']+\/)?[^@./'][^/']*)(?:\/[^']*)?'/;

/** Where in the app an error comes from: the first line of the stack that is no package's and not Node.js's own. */
function placeIn(stderr: string): string | undefined {
  const places = [...stderr.matchAll(/^ {4}at (?:.*\()?(?:file:\/\/)?(\/.*?:\d+):\d+\)?$/gm)].map(
    (match) => match[1] ?? "",
  );
  const place = places.find((candidate) => !candidate.includes("/node_modules/"));
  return place === undefined ? undefined : `it is in ${place}`;
}
