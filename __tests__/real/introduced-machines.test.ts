import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildNodeImage } from "../../lib/clouds/local/image";
import { configure } from "../../lib/operate/configure/configure";
import { introduceMachines } from "../../lib/operate/deploy/introduce";
import type { Progress } from "../../lib/operate/feedback/progress";
import { clusterStatus } from "../../lib/operate/scheduler/status";
import { Duration } from "../../lib/units";
import { eventually, HandMadeCluster } from "../support/hand-made-cluster";

/**
 * Machines that were there before their cluster: a plain Debian with sshd, without user-data, becomes a node because it is
 * introduced over SSH. One story: each test goes on where the one before left it.
 */
const cluster = new HandMadeCluster("introduced");
const plain = cluster.view({ pools: { cpu: 2 }, users: [{ name: "alice" }] });
const view = {
  ...plain,
  manifest: {
    ...plain.manifest,
    sites: plain.manifest.sites.map((site) => ({ ...site, introducedOver: "ssh" as const })),
  },
};
const access = { manifest: view.manifest, privateDirectory: cluster.privateDirectory };

const notes: string[] = [];
const progress: Progress = {
  phase: async (_, work) => work({ title: () => undefined, detail: () => undefined }),
  note: (line) => notes.push(line),
};

beforeAll(async () => {
  await buildNodeImage({ folder: "debian-13" });
  await cluster.prepare();
  // Only the master is known, by its way in; nodes are to be pinned as it sees them.
  const file = join(cluster.privateDirectory, "known_hosts");
  writeFileSync(file, readFileSync(file, "utf8").replace(/^\*/, `[127.0.0.1]:${plain.manifest.master.access.port}`));
  await cluster.startMaster();
  await configure(view, cluster.remote());
}, 900_000);
afterAll(async () => {
  await cluster.end();
});

async function bash(host: string, command: string): Promise<string> {
  return (await cluster.inside(host, "bash", "-c", command)).trim();
}

async function sshRuns(host: string): Promise<void> {
  await eventually(
    async () => bash(host, "systemctl is-active ssh").catch(() => "not yet"),
    (state) => state === "active",
  );
}

describe("a machine that was there before its cluster", () => {
  it("knows nothing of it, and nothing on it looks for one", async () => {
    await cluster.startStranger("cpu", 1);
    await sshRuns("cpu-1");
    expect(
      await bash("cpu-1", "ls -d /etc/ohpc /usr/lib/ohpc 2>&1 | grep -c 'No such file'; env | grep OHPC_ || true"),
    ).toBe("2");
  });

  it("is introduced over SSH, through a master who saw its host key; who is not there yet is noted", async () => {
    expect(await introduceMachines(access, progress)).toEqual(["master", "cpu-1"]);
    expect(notes).toEqual(["cpu-2 does not answer: if it does not know its cluster yet, run this again when it does"]);
    expect(await bash("cpu-1", "systemctl is-enabled ohpc-node.timer ohpc-node-answer.socket")).toBe(
      "enabled\nenabled",
    );
    expect(await bash("cpu-1", "cat /etc/ohpc/boot.env")).toContain(`OHPC_CLUSTER=${cluster.name}\n`);
    const known = readFileSync(join(cluster.privateDirectory, "known_hosts"), "utf8").split("\n");
    const names = `${cluster.address("cpu", 1)},cpu-1`;
    expect(known.filter((line) => line.startsWith(`${names} `))).toHaveLength(1);
  });

  it("becomes a node, by the roles that it fetches from the master", async () => {
    await eventually(
      async () => {
        const { nodes } = await clusterStatus(view.manifest, cluster.remote());
        return nodes.find(({ host }) => host === "cpu-1");
      },
      (node) => node?.slurm?.state === "idle" && "ok" in node.unit && node.unit.ok,
      Duration.minutes(25),
    );
    const job = "runuser -u alice -- srun --chdir=/ --nodelist=cpu-1 bash -c 'hostname; id -un'";
    expect(await bash("master", job)).toBe("cpu-1\nalice");
  }, 1_600_000);

  it("is not touched by a second introduction", async () => {
    const look = "find /etc/ohpc /usr/lib/ohpc /etc/systemd/system -maxdepth 1 -printf '%p %i %T@\\n' | sort";
    const before = await bash("cpu-1", look);
    const pid = await bash("cpu-1", "systemctl show --property MainPID --value slurmd");
    expect(await introduceMachines(access, progress)).toEqual([]);
    expect(await bash("cpu-1", look)).toBe(before);
    expect(await bash("cpu-1", "systemctl show --property MainPID --value slurmd")).toBe(pid);
  });

  it("still knows its cluster after a reboot", async () => {
    await bash("cpu-1", "touch /run/before; systemctl reboot").catch(() => undefined);
    await eventually(
      async () => bash("cpu-1", "[ -e /run/before ] || cat /run/ohpc/node.json").catch(() => ""),
      (said) => said.includes('"stage":"ready","ok":true'),
      Duration.minutes(10),
    );
  }, 900_000);

  it("is left alone where it has another name", async () => {
    await cluster.startStranger("cpu", 2);
    await sshRuns("cpu-2");
    await bash("cpu-2", "hostname host17");
    await expect(introduceMachines(access, progress)).rejects.toMatchObject({
      details: { output: [expect.stringMatching(/^cpu-2: it is called host17, not cpu-2: rename it/)] },
    });
    expect(await bash("cpu-2", "ls -A /etc/ohpc 2>&1 || true")).toContain("No such file");
  });
});
