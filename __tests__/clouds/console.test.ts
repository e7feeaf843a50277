import { hostKeysIn } from "../../lib/clouds/console";

describe("the console of a machine", () => {
  const keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA==", "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY="];
  const printed = (lines: readonly string[]) =>
    [
      "[   12.3] cloud-init[512]: -----BEGIN SSH HOST KEY KEYS-----",
      ...lines.map((line) => `[   12.3] cloud-init[512]: ${line} root@ip`),
      "-----END SSH HOST KEY KEYS-----",
    ].join("\r\n");

  it("shows the host keys, the last time that they were printed", () => {
    const text = `Booting\n${printed(["ssh-ed25519 OLDOLDOLD"])}\nlogin:\n${printed(keys)}\nlogin: `;
    expect(hostKeysIn(text)).toEqual(keys);
  });

  it("shows none when it has forgotten them", () => {
    expect(hostKeysIn("login: ssh-ed25519 AAAA not one of its own\n")).toEqual([]);
  });
});
