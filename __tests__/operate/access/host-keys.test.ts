import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { forgetHostKeys, seenBy } from "../../../lib/operate/access/host-keys";
import type { SshRemote } from "../../../lib/operate/exec/remote/ssh-remote";
import { pretendedMaster } from "../../support/pretended-master";
import { sampleManifest } from "../../support/sample-cluster";

const manifest = sampleManifest();

describe("host keys", () => {
  let privateDirectory: string;

  beforeEach(() => {
    privateDirectory = mkdtempSync(join(tmpdir(), "keys-"));
  });
  afterEach(() => {
    rmSync(privateDirectory, { recursive: true });
  });

  const file = () => join(privateDirectory, "known_hosts");

  it("of machines that were made anew are forgotten, under all their names, and no others", () => {
    const lines = [
      ...["* ssh-ed25519 ALL", "[127.0.0.1]:29852,master,10.108.0.10 ssh-ed25519 MASTER"],
      ...["[127.0.0.1]:29852 ssh-ed25519 LEARNED", "10.108.250.1,cpu-1 ssh-ed25519 ONE"],
      ...["10.108.250.2,cpu-2 ssh-ed25519 TWO", "# a comment", ""],
    ];
    writeFileSync(file(), lines.join("\n"));
    const left = () => readFileSync(file(), "utf8").split("\n");
    forgetHostKeys({ manifest, privateDirectory }, []);
    expect(left()).toEqual(lines);
    forgetHostKeys({ manifest, privateDirectory }, ["master", "cpu-2", "gone-1"]);
    expect(left()).toEqual(["* ssh-ed25519 ALL", "10.108.250.1,cpu-1 ssh-ed25519 ONE", "# a comment", ""]);
  });

  it("are forgotten where there are none", () => {
    expect(() => {
      forgetHostKeys({ manifest, privateDirectory }, ["master"]);
    }).not.toThrow();
  });

  it("are keys, whatever else is said to the master", async () => {
    const printed = [
      ...[
        "10.0.0.1 ssh-ed25519 AAAA+/==",
        "10.0.0.1 ssh-ed25519 AA,* ssh-ed25519 BBBB",
        "10.0.0.2 ssh-ed25519 A\u001b[2J",
      ],
      ...["10.0.0.2 ssh-ed25519 A\r* ssh-ed25519 B", "10.0.0.2 @cert-authority A", "* ssh-ed25519 CCCC", ""],
    ];
    const master = pretendedMaster(async () => Promise.resolve(printed.join("\n"))) as unknown as SshRemote;
    const nodes = [1, 2].map((k) => ({ host: `cpu-${k}`, address: `10.0.0.${k}`, pool: "cpu" }));
    expect([...(await seenBy(master, nodes))]).toEqual([
      ["cpu-1", ["ssh-ed25519 AAAA+/=="]],
      ["cpu-2", []],
    ]);
  });
});
