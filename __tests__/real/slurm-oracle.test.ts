import { join } from "node:path";
import fc from "fast-check";
import { runEngine } from "../../lib/clouds/local/engine";
import { buildNodeImage } from "../../lib/clouds/local/image";
import { effectOfSlurmConf } from "../../lib/slurm/effects";
import { expandHosts, foldHosts } from "../../lib/slurm/hostlist";
import { hostsOfPool } from "../../lib/slurm/hosts";
import { cpusOf, realMemory } from "../../lib/slurm/memory";
import { renderSlurmConf } from "../../lib/slurm/slurm-conf";
import { CLUSTERS, PRODUCTION } from "../slurm/clusters";
import { hostLists } from "../slurm/host-lists";
import { Place } from "../support/place";

/** One container with Slurm 24.11 and no network, in which the golden files are read as they are. */
const place = Place.take("slurm", { containers: true });
const CONTAINER = `ohpc-${place.name}`;
const TESTS = join(__dirname, "..");

async function oracle(args: readonly string[], input = ""): Promise<string> {
  return runEngine(["exec", "-i", CONTAINER, "bash", "/oracle.sh", ...args], { input, timeoutSeconds: 280 });
}

/** What a script prints while slurmctld and slurmdbd run with the golden files of a cluster. */
async function whileRunning(cluster: string, script: string): Promise<readonly string[]> {
  return linesOf(await oracle(["controller", cluster], script));
}

function linesOf(text: string): readonly string[] {
  return text.split("\n").filter((line) => line !== "");
}

/** `Key=Value Key=Value` as scontrol prints it. */
function fieldsOf(line: string): ReadonlyMap<string, string> {
  return new Map([...line.matchAll(/(\S+?)=(\S*)/g)].map(([, key = "", value = ""]) => [key, value]));
}

beforeAll(async () => {
  const { image } = await buildNodeImage();
  await runEngine([
    ...["run", "-d", "--name", CONTAINER, "--network", "none", "--hostname", "master", "--cap-add", "NET_ADMIN"],
    ...["--device", "/dev/null:/dev/nvidia0", "--device", "/dev/null:/dev/nvidia1"],
    ...[
      "-v",
      `${join(TESTS, "golden", "slurm")}:/golden:ro`,
      "-v",
      `${join(TESTS, "support", "slurm-oracle.sh")}:/oracle.sh:ro`,
    ],
    ...[image, "sleep", "infinity"],
  ]);
  await oracle(["prepare"]);
}, 600_000);

afterAll(async () => {
  await runEngine(["rm", "-f", "-t", "0", CONTAINER], { timeoutSeconds: 240 });
  place.release();
});

describe("scontrol", () => {
  const samples = fc.sample(
    hostLists.filter((hosts) => hosts.length > 0),
    200,
  );

  test("expands what we fold to the same hosts in the same order", async () => {
    const answer = await oracle(["hostnames"], samples.map((hosts) => `${foldHosts(hosts)}\n`).join(""));
    expect(linesOf(answer)).toEqual(samples.map((hosts) => hosts.join(" ")));
  });

  test("folds hosts to what we expand to the same hosts", async () => {
    const answer = await oracle(["hostlists"], samples.map((hosts) => `${hosts.join(",")}\n`).join(""));
    const expanded = linesOf(answer).map((list) => [...expandHosts(list)].sort());
    expect(expanded).toEqual(samples.map((hosts) => [...hosts].sort()));
  });
});

describe("slurmctld", () => {
  test.each(Object.entries(CLUSTERS))(
    "runs with the files of %s and sees every node as it is meant",
    async (name, { manifest, spec }) => {
      const lines = await whileRunning(name, "scontrol show nodes -o\nscontrol show partitions -o\n");
      const nodes = lines.filter((line) => line.startsWith("NodeName=")).map(fieldsOf);
      const wanted = manifest.pools.flatMap((pool) =>
        hostsOfPool(pool).map((host) => ({
          ...host,
          cpus: String(cpusOf(pool.shape)),
          memory: String(realMemory(pool.shape)),
          gres: pool.gres
            .map(({ count, name: gres, type }) => [gres, type, count].filter((part) => part !== undefined).join(":"))
            .join(","),
        })),
      );
      const seen = nodes.map((node) => ({
        name: node.get("NodeName"),
        address: node.get("NodeAddr"),
        cpus: node.get("CPUTot"),
        memory: node.get("RealMemory"),
        gres: (node.get("Gres") ?? "").replace("(null)", ""),
      }));
      expect(sortedByName(seen)).toEqual(sortedByName(wanted));

      const partitions = lines.filter((line) => line.startsWith("PartitionName=")).map(fieldsOf);
      expect(partitions.map((partition) => [partition.get("PartitionName"), partition.get("Default")]).sort()).toEqual(
        spec.partitions.map((partition) => [partition.name, partition.default ? "YES" : "NO"]).sort(),
      );
    },
  );

  test("takes the user's settings in place of the library's, and in addition where they are lists", async () => {
    const config = (await whileRunning("production", "scontrol show config")).map((line) => line.split(/\s+=\s*/));
    expect(Object.fromEntries(config)).toMatchObject({
      MessageTimeout: "90 sec",
      PriorityWeightFairShare: "10000",
      SlurmctldParameters: "enable_configless,conmgr_max_connections=4096,max_dbd_msg_action=exit",
      AccountingStorageEnforce: "associations,limits,qos,safe",
    });
  });

  test("lets users of the users file submit, and nobody else", async () => {
    const [alice, mallory] = await whileRunning(
      "cpu-and-gpu",
      'for user in alice mallory; do { runuser -u "$user" -- sbatch --wrap true 2>&1 || true; } | paste -sd" "; done',
    );
    expect(alice).toMatch(/^Submitted batch job/);
    expect(mallory).toContain("Invalid account or account/partition combination specified");
  });

  test("gives jobs as many GPUs as nodes have, and no more", async () => {
    const [two, three] = await whileRunning(
      "cpu-and-gpu",
      'for count in 2 3; do { runuser -u alice -- sbatch -p gpu --gres="gpu:$count" --wrap true 2>&1 || true; } | paste -sd" "; done',
    );
    expect(two).toMatch(/^Submitted batch job/);
    expect(three).toContain("Requested node configuration is not available");
  });

  test("spreads no job over sites, even in a partition that has pools in both", async () => {
    const [four, five] = await whileRunning(
      "two-sites",
      'for count in 4 5; do { runuser -u alice -- sbatch -p both -N "$count" --wrap true 2>&1 || true; } | paste -sd" "; done',
    );
    expect(four).toMatch(/^Submitted batch job/);
    expect(five).toContain("Requested topology configuration is not available");
  });

  test.each([
    ["a key that Slurm does not know", "s/^SelectType=/SelectTipe=/", "unrecognized key: SelectTipe"],
    ["a value of the wrong kind", "s/RealMemory=/RealMemory=x/", "is not a valid number"],
    [
      "more hosts than addresses",
      "s/NodeName=cpu-.1-2./NodeName=cpu-[1-3]/",
      "NodeAddr count must equal that of NodeName",
    ],
    [
      "a partition of nodes that are not there",
      "s/ Nodes=cpu-.1-2./ Nodes=nope/",
      "Invalid node names in partition cpu",
    ],
    ["a plugin that is not there", "s#select/cons_tres#select/none#", "Can't find plugin for select/none"],
  ])("refuses %s", async (_what, edit, message) => {
    const said = await oracle(["refused", "cpu-and-gpu", edit]);
    expect(said).toContain("fatal: ");
    expect(said).toContain(message);
    expect(said).not.toContain("slurmctld ended well");
  });
});

describe("slurmd", () => {
  test("finds the devices of gres.conf, and refuses when one is missing", async () => {
    const lines = await whileRunning(
      "cpu-and-gpu",
      "slurmd -N gpu-1 -G 2>&1\nmv /dev/nvidia1 /dev/gone\nslurmd -N gpu-1 -G 2>&1 || true\nmv /dev/gone /dev/nvidia1\n",
    );
    expect(lines).toContainEqual(expect.stringMatching(/Gres Name=gpu .*Count=2 .*File=\/dev\/nvidia\[0-1\]/));
    expect(lines).toContainEqual(expect.stringContaining("fatal: can't stat gres.conf file /dev/nvidia1"));
  });
});

describe("the effects of changes", () => {
  const before = renderSlurmConf(PRODUCTION.spec, PRODUCTION.manifest);
  const effectOf = (edit: RegExp, replacement: string) =>
    effectOfSlurmConf(before, before.replace(edit, replacement)).effect;
  const edit = (from: string, to: string) => `sed -i 's#${from}#${to}#' /etc/slurm/slurm.conf`;

  test("that we say need only a reconfigure are carried out by it, and the queue is kept", async () => {
    expect(effectOf(/RealMemory=\d+/g, "RealMemory=1000")).toBe("reconfigure");
    expect(effectOf(/^MessageTimeout=.*$/m, "MessageTimeout=91\nSchedulerType=sched/builtin\nSelectType=x")).toBe(
      "reconfigure",
    );
    expect(effectOf(/s\[01-03\] NodeAddr=\S+/, "s[01-04] NodeAddr=10.20.200.[7,9,8,11]")).toBe("reconfigure");
    const lines = await whileRunning(
      "production",
      [
        "runuser -u alice -- sbatch -p whole --wrap true >/dev/null",
        edit("^MessageTimeout=.*", "MessageTimeout=91\\nSchedulerType=sched/builtin"),
        edit("RealMemory=[0-9]*", "RealMemory=1000"),
        edit("NodeName=s.01-03. NodeAddr=[^ ]*", "NodeName=s[01-04] NodeAddr=10.20.200.[7,9,8,11]"),
        "scontrol reconfigure",
        // With -D, slurmctld answers before the new process has taken over.
        "for _ in $(seq 600); do scontrol show node s04 >/dev/null 2>&1 && break; sleep 0.1; done",
        "scontrol show config | grep -E '^(MessageTimeout|SchedulerType) '",
        "scontrol show node s04 -o",
        "squeue -h -o '%P'",
      ].join("\n"),
    );
    expect(lines.map((line) => line.replace(/\s+/g, " "))).toEqual([
      "MessageTimeout = 91 sec",
      "SchedulerType = sched/builtin",
      expect.stringMatching(/NodeAddr=10\.20\.200\.11 .*RealMemory=1000 /),
      "whole",
    ]);
  });

  test("that we say replace the cluster stop slurmctld", async () => {
    expect(effectOf(/^ClusterName=.*$/m, "ClusterName=other")).toBe("replace cluster");
    const lines = await whileRunning(
      "production",
      `${edit("^ClusterName=.*", "ClusterName=other")}\nrunuser -u slurm -- slurmctld -D 2>&1 || true\n`,
    );
    expect(lines).toContainEqual(expect.stringContaining("fatal: CLUSTER NAME MISMATCH"));
  });

  test("that we say need all daemons restarted are refused by a reconfigure", async () => {
    expect(effectOf(/^AuthType=.*$/m, "AuthType=auth/none")).toBe("drain and restart slurmd");
    const lines = await whileRunning(
      "production",
      `${edit("^AuthType=.*", "AuthType=auth/none")}\nscontrol reconfigure 2>&1 || true\n`,
    );
    expect(lines).toEqual([expect.stringContaining("Protocol authentication error")]);
  });
});

function sortedByName<T extends { readonly name: string | undefined }>(items: readonly T[]): readonly T[] {
  return [...items].sort((a, b) => ((a.name ?? "") < (b.name ?? "") ? -1 : 1));
}
