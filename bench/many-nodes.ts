// How long it takes until 100 nodes have a changed setting: from the beginning of `configure`, which gives slurmctld the new
// slurm.conf, until every slurmd works with it. One node is a container, the others are emulated in it: each slurmd has a
// network, a name, and directories of its own. Needs a container engine and the node image.
//
//   npm run build && node -r tsx/cjs bench/many-nodes.ts [NODES]
import { HandMadeCluster } from "../__tests__/support/hand-made-cluster";
import { configure } from "../lib/operate/configure/configure";
import { Duration } from "../lib/units";

const NODES = Number(process.argv[2] ?? 100);
const RUNS = 5;
const LIMIT_SECONDS = 15;

/** Standard input: a line for each node, `ADDRESS NAME`. */
const EMULATE = String.raw`set -euo pipefail
mkdir -p /emulated/cpu-1
ln -s /var/spool/slurmd /emulated/cpu-1/spool
ln -s /var/log/slurm /emulated/cpu-1/log
while read -r address host; do
  own=/emulated/$host
  mkdir -p "$own/run/munge" "$own/spool" "$own/log"
  ip netns add "$host"
  ip link add link eth0 name emulated netns "$host" type macvlan mode bridge
  ip -n "$host" address add "$address/24" dev emulated
  ip -n "$host" link set lo up
  ip -n "$host" link set emulated up
  systemd-run --quiet --collect --unit="emulated-$host" ip netns exec "$host" unshare --uts --mount bash -c '
    hostname "$0"
    mount --bind /run/munge "$1/run/munge"
    mount --rbind "$1/run" /run
    mount --bind "$1/spool" /var/spool/slurmd
    mount --bind "$1/log" /var/log/slurm
    exec slurmd -D --conf-server "$2"' "$host" "$own" "$(sed 's/.*--conf-server \([^ "]*\).*/\1/' /etc/default/slurmd)"
done`;

/** How many slurmds have the file with that line, and have begun to work with it since their logs were emptied. */
const SEEN = String.raw`seen=0
for own in /emulated/*; do
  if grep -qx "$0" "$own/spool/conf-cache/slurm.conf" && grep -q 'slurmd started on' "$own/log/slurmd.log"; then seen=$((seen + 1)); fi
done 2>/dev/null
echo "$seen"`;

async function main(): Promise<void> {
  const cluster = new HandMadeCluster("many");
  const apply = async (killWait: number) =>
    configure(cluster.view({ pools: { cpu: NODES }, settings: { KillWait: String(killWait) } }), cluster.remote());
  const states = async () => cluster.remote().run("sinfo --noheader --Node --format=%T | sort | uniq -c");
  const onNodes = async (script: string, ...words: readonly string[]) =>
    (await cluster.inside("cpu-1", "bash", "-c", script, ...words)).trim();
  const measured: number[] = [];
  try {
    await cluster.prepare();
    await cluster.startMaster();
    await cluster.startNode("cpu", 1);
    await apply(29);
    await until("cpu-1 is a node", async () => onNodes("systemctl is-active slurmd || true"), "active");
    const others = Array.from({ length: NODES - 1 }, (_, k) => `${cluster.address("cpu", k + 2)} cpu-${k + 2}`);
    await onNodes(`${EMULATE} <<<'${others.join("\n")}'`);
    await until("all nodes are idle", async () => (await states()).trim(), `${NODES} idle`);
    for (let round = 0; round < RUNS; round++) {
      const killWait = 30 + round;
      await onNodes("truncate --size=0 /emulated/*/log/slurmd.log");
      const started = performance.now();
      const elapsed = () => (performance.now() - started) / 1000;
      const { changed } = await apply(killWait);
      const configured = elapsed();
      await until("every slurmd has it", async () => onNodes(SEEN, `KillWait=${killWait}`), String(NODES));
      measured.push(elapsed());
      await until("all nodes are idle", async () => (await states()).trim(), `${NODES} idle`);
      const [effect] = changed.map((step) => `${step.title}: ${step.effect}`);
      console.log(
        `${effect ?? "nothing changed"}; configure ${configured.toFixed(2)} s, seen by ${NODES} after ${measured.at(-1)?.toFixed(2) ?? "?"} s, registered after ${elapsed().toFixed(2)} s`,
      );
    }
  } finally {
    await cluster.end();
  }
  const slowest = Math.max(...measured);
  console.log(`slowest of ${RUNS}: ${slowest.toFixed(2)} s (limit ${LIMIT_SECONDS} s)`);
  if (slowest > LIMIT_SECONDS) process.exitCode = 1;
}

async function until(what: string, ask: () => Promise<string>, wanted: string): Promise<void> {
  const deadline = Date.now() + Duration.minutes(3).toMilliseconds();
  for (;;) {
    const seen = await ask();
    if (seen === wanted) return;
    if (Date.now() > deadline) throw new Error(`${what}: not so after three minutes; last seen: ${seen}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

void main();
