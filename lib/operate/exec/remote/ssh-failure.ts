import type { RemoteFailure } from "./remote";

/** What OpenSSH itself ends with when there is no connection, or no more. */
export const SSH_FAILED = 255;

/** What OpenSSH says when the other side answers but will not have us, or we will not have it. Waiting does not mend it. */
const REFUSALS = [
  /Permission denied/,
  /Host key verification failed/,
  /REMOTE HOST IDENTIFICATION HAS CHANGED/,
  /No \S+ host key is known/,
  /Too many authentication failures/,
  /Unable to negotiate|no matching host key type/,
  /Load key .*: /,
];

/** Why OpenSSH could not connect, from what it wrote to standard error. */
export function connectionFailure(stderr: string): RemoteFailure {
  return REFUSALS.some((refusal) => refusal.test(stderr)) ? "refused" : "unreachable";
}
