import type { Duration } from "../../../units";
import { shellWord } from "./ssh-command";

/** Printed to standard error once the far side has a shell; what comes before it is OpenSSH's. */
export const STARTED = "__ohpc_started__";

/** What a script that ends with 255 ends with: 255 is OpenSSH's own, "no connection". */
export const INSTEAD_OF_255 = 254;

/** What `timeout` ends with. */
export const TIMED_OUT = 124;

/**
 * The command line for the far side: always the same text, because the login shell parses it, whichever that is.
 * Only single quotes, no backslash, no exclamation mark: bash, dash, csh and fish read it alike.
 *
 * The script comes as the first line of standard input; what follows the line is the script's own standard input,
 * so nothing in the script (srun!) can swallow the script, and neither values nor secrets are in any argument.
 */
export function remoteCommand(user: string, timeout?: Duration): string {
  const become = user === "root" ? "" : "sudo -n ";
  const limit = timeout === undefined ? "" : `timeout --kill-after=5 ${timeout.toSeconds()} `;
  const receive = [
    `echo ${STARTED} >&2`,
    "IFS= read -r script || exit 1",
    '(eval "$(base64 -d <<<"$script")")',
    "code=$?",
    `[ $code -ne 255 ] || code=${INSTEAD_OF_255}`,
    "exit $code",
  ].join("; ");
  return `${become}${limit}bash -c '${receive}'`;
}

/** What to send on standard input: the script, with its positional parameters, and then its own standard input. */
export function envelope(script: string, args: readonly string[], input: string): Buffer {
  const text = [
    "set -euo pipefail",
    "export LC_ALL=C.UTF-8",
    'export PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH"',
    ["set --", ...args.map(argument)].join(" "),
    script,
    "",
  ].join("\n");
  return Buffer.concat([Buffer.from(`${Buffer.from(text).toString("base64")}\n`), Buffer.from(input)]);
}

function argument(value: string): string {
  if (value.includes("\0")) throw new RangeError("a value for a script cannot hold the character NUL");
  return shellWord(value);
}
