/** What cloud-init prints between, when it has made a machine's host keys. */
const KEYS = /-----BEGIN SSH HOST KEY KEYS-----\r?\n([\s\S]*?)-----END SSH HOST KEY KEYS-----/g;
/** The kernel's time stamp, or the name of a service, may stand before each line. */
const KEY = /(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp\d+) ([A-Za-z0-9+/]+=*)/;

/**
 * The host keys that a machine has printed on its console, e.g. `ssh-ed25519 AAAA…`: the only way to learn them that
 * nobody between us and the machine can forge. Consoles forget; then there are none.
 */
export function hostKeysIn(console: string): readonly string[] {
  const last = [...console.matchAll(KEYS)].at(-1)?.[1] ?? "";
  return last.split("\n").flatMap((line) => {
    const [, type, key] = KEY.exec(line) ?? [];
    return type === undefined || key === undefined ? [] : [`${type} ${key}`];
  });
}
