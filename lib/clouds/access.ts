import { cidrProblems, parseCidr } from "../model/cidr";
import type { Problem } from "../model/problems";
import { needed, type PropertyNames, TEXT } from "../model/properties";

/** Who may reach the master's SSH from outside. */
export interface SshSource {
  /** A subnet, e.g. `198.51.100.0/24`; one address is `198.51.100.7/32`. */
  readonly cidr: string;
  /** Why, for whoever reads the firewall later, e.g. `office`. */
  readonly reason: string;
}

export const SSH_SOURCE_NAMES = { cidr: needed(TEXT), reason: needed(TEXT) } satisfies PropertyNames<SshSource>;

/** Where the firewall is ours, who is not in the list does not get in: an empty one keeps `ohpc` out, too. */
export function noSourceProblems(sources: readonly SshSource[], at: string, instead: string): readonly Problem[] {
  if (sources.length > 0) return [];
  const want = "at least one subnet: with none, nobody gets in, not even ohpc";
  return [{ at, got: sources, want, hint: `"${instead}" opens no port` }];
}

const KEY =
  /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)|sk-ssh-ed25519@openssh\.com) [A-Za-z0-9+/]+=*( [^\r\n]*)?$/;

/** What is wrong with the subnets that SSH is open to. The whole world is a subnet like others, if somebody says why. */
export function sshSourceProblems(sources: readonly SshSource[], at: string): readonly Problem[] {
  return sources.flatMap(({ cidr, reason }, index) => {
    const problems: Problem[] = [];
    if (parseCidr(cidr) === undefined) {
      const near = parseCidr(`${cidr}/32`) === undefined ? undefined : `did you mean "${cidr}/32"?`;
      const [{ hint } = {}] = cidrProblems(at, cidr);
      const want = "an IPv4 subnet such as 198.51.100.0/24";
      problems.push({ at: `${at}[${index}].cidr`, got: cidr, want, hint: near ?? hint });
    }
    if (reason.trim() === "") {
      problems.push({ at: `${at}[${index}].reason`, got: reason, want: 'why SSH is open to it, e.g. "office"' });
    }
    return problems;
  });
}

/** What is wrong with an operator's public key. */
export function sshKeyProblems(key: string, at: string): readonly Problem[] {
  if (KEY.test(key.trim())) return [];
  const isPrivate = key.includes("PRIVATE KEY");
  const want = "the one line of an OpenSSH public key, such as the content of ~/.ssh/id_ed25519.pub";
  return [
    {
      at,
      got: isPrivate ? "a private key" : key.slice(0, 60),
      want,
      ...(isPrivate ? { hint: "never put a private key into a stack" } : {}),
    },
  ];
}

/**
 * What is wrong with a key for a vendor that takes RSA and ed25519 keys only, as AWS and Azure do:
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-key-pairs.html,
 * https://learn.microsoft.com/azure/virtual-machines/linux/mac-create-ssh-keys, November 2026.
 */
export function keyKindProblems(key: string, at: string, vendor: string): readonly Problem[] {
  const [kind = ""] = key.trim().split(" ");
  if (!/^(ecdsa|sk)-/.test(kind)) return [];
  return [{ at, got: kind, want: `a key that ${vendor} takes: ssh-ed25519, or ssh-rsa of at least 2048 bits` }];
}
