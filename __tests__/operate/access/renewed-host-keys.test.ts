import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { renewedHostKeys } from "../../../lib/operate/access/renewed-host-keys";
import type { HostKeySource } from "../../../lib/operate/access/host-key-source";
import { sampleManifest } from "../../support/sample-cluster";

const manifest = sampleManifest();

/** A master that tells what nodes show to it, behind an `ssh` that only remembers which host keys it was to accept. */
describe("a committed file of host keys", () => {
  const [MASTER, ONE, TWO] = ["[127.0.0.1]:29852,master,10.108.0.10", "10.108.250.1,cpu-1", "10.108.250.2,cpu-2"];
  const pathBefore = process.env["PATH"];
  let directory: string;
  let notes: string[];

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "committed-"));
    notes = [];
    process.env["PATH"] = `${directory}:${pathBefore ?? ""}`;
  });
  afterEach(() => {
    process.env["PATH"] = pathBefore;
    rmSync(directory, { recursive: true });
  });

  /** Consoles that show these keys, and nothing for anybody else. */
  function consoles(keys: Readonly<Record<string, string>>): HostKeySource {
    return { hostKeys: async (host) => Promise.resolve(keys[host] === undefined ? [] : [keys[host]]) };
  }

  /** The lines that the file would have, if the master saw these of nodes, or `ssh` ended otherwise. */
  async function renewed(
    committed: readonly string[],
    source: HostKeySource | undefined,
    seen: readonly string[] | { readonly refusal: string },
  ): Promise<readonly string[]> {
    const known = join(directory, "demo.known_hosts");
    writeFileSync(known, `${committed.join("\n")}\n`);
    writeFileSync(join(directory, "seen"), "refusal" in seen ? "" : seen.map((line) => `${line}\n`).join(""));
    const script = `for word; do case $word in UserKnownHostsFile=*) file=\${word#*=} ;; esac; done
[ -z "\${file-}" ] || cp "$(tr -d '"' <<<"$file")" ${directory}/accepted
${"refusal" in seen ? `echo '${seen.refusal}' >&2; exit 255` : `cat >/dev/null; cat ${directory}/seen`}
`;
    writeFileSync(join(directory, "ssh"), `#!/bin/bash\n${script}`);
    chmodSync(join(directory, "ssh"), 0o755);
    const access = { manifest, privateDirectory: join(directory, "private"), knownHosts: known };
    const text = await renewedHostKeys(access, known, source, {
      phase: async () => Promise.reject(new Error("there are none")),
      note: (line) => notes.push(line),
    });
    expect(readFileSync(known, "utf8")).toBe(`${committed.join("\n")}\n`);
    return text.trimEnd().split("\n");
  }

  const committed = [`${MASTER} ssh-ed25519 M root@master`, `${ONE} ssh-ed25519 A`];
  const accepted = () => readFileSync(join(directory, "accepted"), "utf8").trimEnd().split("\n");

  it("gets the nodes that it lacks, as the master sees them", async () => {
    const lines = await renewed(committed, consoles({ master: "ssh-ed25519 M" }), [
      "10.108.250.1 ssh-ed25519 A",
      "10.108.250.2 ssh-ed25519 B",
    ]);
    expect(lines).toEqual([...committed, `${TWO} ssh-ed25519 B`]);
    expect(accepted()).toEqual(committed);
    expect(notes).toEqual([]);
  });

  it("gets the new keys of a master whose console shows others, and of nodes alike; then the master is known", async () => {
    const source = consoles({ master: "ssh-ed25519 M2", "cpu-1": "ssh-ed25519 A2 root@cpu-1" });
    const lines = await renewed(committed, source, ["10.108.250.1 ssh-ed25519 A2"]);
    expect(lines).toEqual([`${MASTER} ssh-ed25519 M2`, `${ONE} ssh-ed25519 A2`]);
    expect(accepted()).toEqual([committed[1], `${MASTER} ssh-ed25519 M2`]);
    expect(notes).toEqual([]);
  });

  it("gets the master that it lacks", async () => {
    const lines = await renewed(committed.slice(1), consoles({ master: "ssh-ed25519 M" }), []);
    expect(lines).toEqual([committed[1], `${MASTER} ssh-ed25519 M`]);
  });

  it("keeps what no console gainsays; a node that shows another key is told, with what to do", async () => {
    const source = consoles({ "cpu-1": "ssh-ed25519 A" });
    expect(await renewed(committed, source, ["10.108.250.1 ssh-ed25519 EVIL"])).toEqual(committed);
    expect(notes).toEqual([
      "cpu-1 shows another host key than demo.known_hosts has: if its machine was made anew, take its line out (ssh-keygen -R cpu-1 -f demo.known_hosts) and run this again",
    ]);
    const unreadable = { hostKeys: async () => Promise.reject(new Error("the credentials may not do that")) };
    expect(await renewed(committed, unreadable, ["10.108.250.1 ssh-ed25519 EVIL"])).toEqual(committed);
    expect(notes).toHaveLength(2);
  });

  it("keeps what it has where the master lets nobody in, which is told, with what to do", async () => {
    expect(await renewed(committed, undefined, { refusal: "Host key verification failed." })).toEqual(committed);
    expect(notes).toEqual([
      "nodes that are not known yet are left out: the master cannot be asked",
      "master is refused: if its machine was made anew, remove demo.known_hosts and run this again",
    ]);
  });
});
