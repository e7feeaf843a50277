import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Manifest, readManifest } from "../../lib/model/manifest";
import { renewedHostKeys } from "../../lib/operate/access/renewed-host-keys";
import type { HostKeySource } from "../../lib/operate/access/host-key-source";
import { pinKnown, pinMaster, pinNode, pinNodes } from "../../lib/operate/access/host-keys";
import { masterOf } from "../../lib/operate/access/master";
import type { MasterAccess } from "../../lib/operate/access/master-access";
import { SshRemote } from "../../lib/operate/exec/remote/ssh-remote";
import type { Progress } from "../../lib/operate/feedback/progress";
import { nodeOf, nodesOf } from "../../lib/operate/hosts/nodes";
import { Duration } from "../../lib/units";
import { Place } from "../support/place";
import { sampleManifest } from "../support/sample-cluster";
import { Sshd } from "../support/sshd";

const place = Place.take("sshd");
/** Nodes have no other port than SSH's own. */
const [NODE, SILENT] = [place.loopback(23), place.loopback(24)];
const PATIENCE = { limit: Duration.minutes(2), patience: Duration.seconds(0.2) };

describe("host keys of a machine that was just made", () => {
  let sshd: Sshd;
  let access: MasterAccess;
  let notes: string[];
  let progress: Progress;

  beforeAll(async () => {
    const port = place.port();
    sshd = new Sshd([`127.0.0.1:${port}`, `${NODE}:22`]);
    access = { manifest: manifestWith(port), privateDirectory: sshd.privateDirectory };
    await sshd.start();
  });
  afterAll(async () => {
    await sshd.end();
    place.release();
  });

  beforeEach(() => {
    notes = [];
    progress = {
      phase: async (_, work) => work({ title: () => undefined, detail: () => undefined }),
      note: (line) => notes.push(line),
    };
  });
  afterEach(async () => {
    await masterOf(access).close();
    rmSync(knownHosts(), { force: true });
  });

  const knownHosts = () => join(sshd.privateDirectory, "known_hosts");
  const pinned = () => (existsSync(knownHosts()) ? readFileSync(knownHosts(), "utf8") : "");

  /** A console that shows nothing at first. */
  function consoleWith(keys: readonly string[], after = 0): HostKeySource & { asked: number } {
    return {
      asked: 0,
      async hostKeys() {
        return Promise.resolve(this.asked++ < after ? [] : keys);
      },
    };
  }

  function manifestWith(port: number): Manifest {
    const manifest = readManifest(sampleManifest());
    const { master, pools } = manifest;
    const [cpu, gpu] = pools;
    return {
      ...manifest,
      master: { ...master, access: { ...master.access, port } },
      // Those of the sample are a real demo's, which may be up.
      pools: [
        { ...cpu!, hosts: "cpu-1", addresses: [NODE] },
        { ...gpu!, hosts: "gpu-1", addresses: [SILENT] },
      ],
    };
  }

  async function login(): Promise<string> {
    return masterOf(access, Duration.seconds(0)).run("echo in");
  }

  it("are those that its console shows, which is waited for: then nobody else's are taken", async () => {
    const source = consoleWith([sshd.hostKey()], 1);
    await pinMaster(access, source, progress, { ...PATIENCE, patience: Duration.minutes(2) });
    expect(source.asked).toBe(2);
    expect(notes).toEqual([]);
    expect(await login()).toBe("in\n");
  });

  it("are no others: a machine that shows another key than its console did is refused", async () => {
    await pinMaster(access, consoleWith([sshd.hostKey("other_key")]), progress, PATIENCE);
    await expect(login()).rejects.toMatchObject({ failure: "refused" });
    await pinMaster(access, consoleWith([sshd.hostKey()]), progress, PATIENCE);
    await expect(login()).rejects.toMatchObject({ failure: "refused" });
  });

  it.each<[string, HostKeySource | undefined, string]>([
    ["shows none", consoleWith([]), "its console shows no host keys after 0.2 s"],
    [
      "cannot be read",
      { hostKeys: async () => Promise.reject(new Error("the credentials may not do that")) },
      "its console cannot be read (the credentials may not do that)",
    ],
    ["does not exist", undefined, "no console can be asked"],
  ])(
    "are learned at the first contact where the console %s, and the operator is told which",
    async (_, source, why) => {
      await pinMaster(access, source, progress, PATIENCE);
      const [, fingerprint = ""] = execFileSync("ssh-keygen", ["-lf", join(sshd.scratch, "host_key.pub")], {
        encoding: "utf8",
      }).split(" ");
      expect(notes).toEqual([
        `${why}: the host key of master is what it showed at the first contact, ssh-ed25519 ${fingerprint}`,
      ]);
      expect(await login()).toBe("in\n");
      await masterOf(access).close();

      // From then on it is known, and another is refused.
      await sshd.stop();
      await sshd.start("other_key");
      await pinMaster(access, source, progress, PATIENCE);
      await expect(login()).rejects.toMatchObject({ failure: "refused" });
      expect(notes).toHaveLength(1);
      await sshd.stop();
      await sshd.start();
    },
  );

  it("are not asked for where they are known, or where some were committed", async () => {
    const source = consoleWith([sshd.hostKey("other_key")]);
    writeFileSync(knownHosts(), `* ${sshd.hostKey()}\n`);
    await pinMaster(access, source, progress, PATIENCE);
    await pinKnown(access, "master", source);
    rmSync(knownHosts());
    const committed = join(sshd.scratch, "committed");
    writeFileSync(committed, "");
    await pinMaster({ ...access, knownHosts: committed }, source, progress, PATIENCE);
    expect([source.asked, pinned(), readFileSync(committed, "utf8")]).toEqual([0, "", ""]);
  });

  it("of a node are its console's, or what the master sees", async () => {
    await pinKnown(access, "master", consoleWith([sshd.hostKey()]));
    await pinNode(access, "cpu-1", consoleWith([]));
    const node = SshRemote.through(masterOf(access), nodeOf(access.manifest, "cpu-1"));
    expect(await node.run("echo in")).toBe("in\n");
    await node.close();

    rmSync(knownHosts());
    await pinKnown(access, "master", consoleWith([sshd.hostKey()]));
    await pinNode(access, "cpu-1", consoleWith([sshd.hostKey("other_key")]));
    await expect(node.run("echo in")).rejects.toMatchObject({ failure: "refused" });
  });

  it("of all nodes are asked of the master at once; those that do not answer stay unknown", async () => {
    await pinKnown(access, "master", consoleWith([sshd.hostKey()]));
    await pinNodes(access, [...nodesOf(access.manifest).slice(0, 1), { host: "gpu-1", pool: "gpu", address: SILENT }]);
    const lines = pinned().trim().split("\n");
    expect(lines.slice(1)).toEqual([`${NODE},cpu-1 ${sshd.hostKey().split(" ").slice(0, 2).join(" ")}`]);
  });

  it("that were committed are brought up to date with those of new nodes, if the master is the committed one", async () => {
    const committed = join(sshd.scratch, "demo.known_hosts");
    const source = consoleWith([]);
    await pinKnown(access, "master", consoleWith([sshd.hostKey()]));
    writeFileSync(committed, pinned());
    const renewed = await renewedHostKeys(access, committed, source, progress);
    const line = `${NODE},cpu-1 ${sshd.hostKey().split(" ").slice(0, 2).join(" ")}\n`;
    expect(renewed).toBe(`${pinned()}${line}`);
    expect(notes).toEqual([]);
    await masterOf(access).close();

    writeFileSync(committed, pinned().replaceAll(sshd.hostKey(), sshd.hostKey("other_key")));
    expect(await renewedHostKeys(access, committed, source, progress)).toBe(readFileSync(committed, "utf8"));
    expect(notes).toContain(
      "master is refused: if its machine was made anew, remove demo.known_hosts and run this again",
    );
  });

  it("that were never pinned let nobody in", async () => {
    await pinKnown(access, "master", consoleWith([]));
    expect(pinned()).toBe("");
    await expect(login()).rejects.toMatchObject({ failure: "refused" });
  });
});
