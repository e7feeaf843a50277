import { createHash } from "node:crypto";
import type { Problem } from "./problems";

/** What sshd of Debian 13 and EL9 takes; DSA is gone. */
const KEY_TYPES: readonly string[] = [
  "ssh-ed25519",
  "ssh-rsa",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "sk-ssh-ed25519@openssh.com",
  "sk-ecdsa-sha2-nistp256@openssh.com",
];

const WANT = `an OpenSSH public key as ssh-keygen writes it: ${KEY_TYPES[0] ?? ""} AAAA… comment`;

/** What is wrong with one line of public key; options in front of it are not taken. */
export function publicKeyProblem(line: string, at: string): readonly Problem[] {
  if (line.includes("PRIVATE KEY")) {
    return [
      {
        at,
        got: "a private key",
        want: WANT,
        hint: "give the file that ends with .pub, and keep this one to yourself",
      },
    ];
  }
  // A comment is text of one line: what other programs break lines at, or cannot write as UTF-8, is no part of it.
  const [, type = "", body = ""] =
    /^(\S+) ([A-Za-z0-9+/]+={0,2})(?: (?:\t|[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}])*)?$/u.exec(line) ?? [];
  return KEY_TYPES.includes(type) && embeddedType(body) === type ? [] : [{ at, got: shortened(line), want: WANT }];
}

/** A key's data begin with the length and the name of its type, so that a damaged line shows. */
function embeddedType(body: string): string | undefined {
  const data = Buffer.from(body, "base64");
  if (data.length < 4) return undefined;
  const length = data.readUInt32BE(0);
  // A key has at least 32 bytes behind its type.
  return data.length < 4 + length + 32 ? undefined : data.toString("latin1", 4, 4 + length);
}

function shortened(line: string): string {
  return line.length > 40 ? `${line.slice(0, 37)}…` : line;
}

/** What people know a public key by. */
export interface KeyDescription {
  /** `ssh-ed25519` */
  readonly type: string;
  /** As `ssh-keygen -l` shows it: `SHA256:…`. */
  readonly fingerprint: string;
  /** Often whose it is; empty: it has none. */
  readonly comment: string;
}

/** Describes a line that `publicKeyProblem` finds nothing wrong with. */
export function describeKey(line: string): KeyDescription {
  const [type = "", body = "", ...comment] = line.split(" ");
  const hash = createHash("sha256").update(Buffer.from(body, "base64")).digest("base64").replace(/=+$/, "");
  return { type, fingerprint: `SHA256:${hash}`, comment: comment.join(" ") };
}
