import { execFileSync } from "node:child_process";
import { metadataGuard } from "../../lib/clouds/metadata-guard";
import { configure } from "../../lib/operate/configure/configure";
import { Duration } from "../../lib/units";
import { eventually, HandMadeCluster } from "../support/hand-made-cluster";

/**
 * The machines of a local cluster, and behind their network a stand-in for the metadata services of the clouds. In the
 * order of their life: each test goes on where the one before left it.
 */
const cluster = new HandMadeCluster("guard");
const MACHINES = ["master", "cpu-1"] as const;
const STAND_IN = "stand-in-2";
/** Its addresses in the network of the machines. */
const VIA = { 4: cluster.address("stand-in", 2), 6: "fd09::52" } as const;
/** What only root may ask: metadata of AWS and Azure, over IPv6 too, and Azure's host agent. */
const CLOSED = ["169.254.169.254:80", "[fd00:ec2::254]:80", "168.63.129.16:80", "168.63.129.16:32526"] as const;
/** Name and time servers answer there: no secret. */
const OPEN = ["168.63.129.16:53", "169.254.169.253:53", "169.254.169.123:53"] as const;
const STAND_INS = ["169.254.169.254", "fd00:ec2::254", "168.63.129.16", "169.254.169.253", "169.254.169.123"] as const;
const NOBODIES = [1, 1000, 65534, 4294967294] as const;

/** Of containers, which have an identity for once. */
const FACTS = { slurmdTimeout: 30, cgroups: false, configOverrides: true, metadata: true } as const;

beforeAll(async () => {
  await cluster.prepare();
  await cluster.startNode("stand-in", 2);
  for (const address of STAND_INS) await ip(STAND_IN, "address", "add", address, "dev", "lo");
  await ip(STAND_IN, "address", "add", `${VIA[6]}/64`, "dev", "eth0", "nodad");
  // systemd-run does not wait until there is somebody to ask.
  await eventually(
    async () => cluster.inside(STAND_IN, "systemctl", "is-active", "basic.target").catch(String),
    (state) => state === "active\n",
  );
  await cluster.inside(STAND_IN, "systemd-run", "--unit=stand-in", "/usr/bin/python3", "-c", SERVER);
  await cluster.startMaster();
  await cluster.startNode("cpu", 1);
  for (const [k, machine] of MACHINES.entries()) {
    await manageLinks(machine);
    await connect(machine, k);
  }
}, 900_000);
afterAll(async () => {
  await cluster.end();
});

const SERVER = `
import http.server, socket, threading
class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"secret")
for port in (53, 32526):
    threading.Thread(target=Server(("::", port), Answer).serve_forever).start()
Server(("::", 80), Answer).serve_forever()
`;

/** Asks as that user, who is root no more then. */
const CLIENT = `
import encodings.idna, os, sys, urllib.error, urllib.request
user = int(sys.argv[1])
if os.getuid() != user:
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
for address in sys.argv[2:]:
    try:
        print(urllib.request.urlopen("http://" + address + "/latest/meta-data/iam", timeout=30).read().decode())
    except OSError as error:
        print("refused" if getattr(getattr(error, "reason", error), "errno", 0) else error)
`;

/** In the machine's network, but from outside of it: containers may not change all that machines may. */
async function ip(machine: string, ...words: readonly string[]): Promise<void> {
  const pid = (await cluster.engine("inspect", "--format", "{{.State.Pid}}", cluster.container(machine))).trim();
  const here = ["--net", `--target=${pid}`];
  for (const link of ["lo", "eth0"])
    execFileSync("nsenter", [...here, "sysctl", "-qw", `net.ipv6.conf.${link}.disable_ipv6=0`]);
  execFileSync("nsenter", [...here, "ip", ...(words.some((word) => word.includes("::")) ? ["-6"] : []), ...words]);
}

/** As machines of a cloud are: only where it has a link of its own does systemd-networkd look after rules. */
async function manageLinks(machine: string): Promise<void> {
  const link = "[Match]\nName=lo\n[Network]\nAddress=198.51.100.1/32\n";
  const write = 'mkdir -p /etc/systemd/network && printf %s "$1" >/etc/systemd/network/10-test.network';
  await cluster.inside(machine, "sh", "-c", write, "sh", link);
}

/** As machines of a cloud are: the metadata addresses are behind the network's router. */
async function connect(machine: string, k: number): Promise<void> {
  await ip(machine, "address", "add", `fd09::${k + 1}/64`, "dev", "eth0", "nodad");
  for (const range of ["169.254.169.0/24", "168.63.129.16/32"]) await ip(machine, "route", "add", range, "via", VIA[4]);
  await ip(machine, "route", "add", "fd00:ec2::/64", "via", VIA[6]);
  await eventually(
    async () => answers(machine, [0]),
    (got) => got.every((answer) => answer.endsWith(" secret")),
  );
}

/** What each of the users gets from each of the addresses. */
async function answers(machine: string, users: readonly number[], addresses: readonly string[] = CLOSED) {
  const asked = users.map(async (user) => {
    const said = await cluster.inside(machine, "/usr/bin/python3", "-c", CLIENT, String(user), ...addresses);
    return said
      .trim()
      .split("\n")
      .map((answer, k) => `${user} ${addresses[k] ?? ""} ${answer}`);
  });
  return (await Promise.all(asked)).flat();
}

function all(users: readonly number[], answer: string, addresses: readonly string[] = CLOSED): readonly string[] {
  return users.flatMap((user) => addresses.map((address) => `${user} ${address} ${answer}`));
}

/** What everybody gets where the guard is in force. */
const GUARDED = [...all([0], "secret"), ...all(NOBODIES, "refused")];

/** What cloud-init does with it at the first boot. */
async function firstBoot(machine: string): Promise<void> {
  const { files, commands } = metadataGuard("master");
  for (const { path, mode, content } of files) {
    const write = 'mkdir -p "$(dirname "$1")" && printf %s "$3" >"$1" && chmod "$2" "$1"';
    await cluster.inside(machine, "sh", "-c", write, "sh", path, mode, content);
  }
  for (const command of commands) await cluster.inside(machine, ...command);
}

describe.each(MACHINES)("the metadata services, asked on %s,", (machine) => {
  it("answer everybody before the guard has run: the stand-in works, and so would theft", async () => {
    expect(await answers(machine, [0, 1000])).toEqual(all([0, 1000], "secret"));
  });

  it("answer root alone afterwards, over IPv4 and IPv6", async () => {
    await firstBoot(machine);
    expect(await answers(machine, [0, ...NOBODIES])).toEqual(GUARDED);
  });

  it("leave name and time servers to everybody", async () => {
    expect(await answers(machine, [0, 1000], OPEN)).toEqual(all([0, 1000], "secret", OPEN));
  });

  it("answer root alone after systemd-networkd is restarted, which takes away what routing rules others have made", async () => {
    await cluster.inside(machine, "ip", "rule", "add", "to", "192.0.2.1", "prohibit");
    await cluster.inside(machine, "systemctl", "restart", "systemd-networkd");
    await eventually(
      async () => cluster.inside(machine, "ip", "rule", "show"),
      (rules) => !rules.includes("192.0.2.1"),
    );
    expect(await answers(machine, [0, ...NOBODIES])).toEqual(GUARDED);
  });

  it.each([
    ["nftables is started, which forgets all rules", ["start", "nftables"]],
    ["nftables is restarted", ["restart", "nftables"]],
    ["nftables is reloaded", ["reload", "nftables"]],
    ["nftables is stopped", ["stop", "nftables"]],
  ])("answer root alone at once after %s", async (_what, words) => {
    await cluster.inside(machine, "systemctl", ...words);
    expect(await answers(machine, [0, ...NOBODIES])).toEqual(GUARDED);
  });

  it("leave rules of others as they are, and have theirs once, however often the guard runs", async () => {
    await cluster.inside(machine, "nft", "add table inet others; add chain inet others mine");
    const tables = async () => (await cluster.inside(machine, "nft", "list", "tables")).trim().split("\n").sort();
    const rules = await cluster.inside(machine, "nft", "list", "table", "inet", "ohpc_metadata");
    await firstBoot(machine);
    await cluster.inside(machine, "systemctl", "start", "ohpc-metadata-guard.service");
    expect(await tables()).toEqual(["table inet ohpc_metadata", "table inet others"]);
    expect(await cluster.inside(machine, "nft", "list", "table", "inet", "ohpc_metadata")).toBe(rules);
  });

  it("are guarded by runs at the same time, of which none fails", async () => {
    const guard = "/usr/lib/ohpc/metadata-guard";
    // By number: `wait -n` knows nothing of one that had ended before it was asked.
    const many = `nft flush ruleset; for k in {1..20}; do ${guard} & all+=($!); done; for one in "\${all[@]}"; do wait "$one" || exit 1; done`;
    await cluster.inside(machine, "bash", "-c", many);
    await cluster.inside(machine, guard, "check");
    expect(await cluster.inside(machine, "sh", "-c", "ls -d /run/ohpc-metadata-guard*")).toBe(
      "/run/ohpc-metadata-guard\n",
    );
  });

  it("refuse containers of a user's, which have the user's id", async () => {
    const inner = ["unshare", "--user", "--map-root-user", "/usr/bin/python3", "-c", CLIENT, "0", ...CLOSED];
    const words = ["setpriv", "--reuid=1000", "--regid=1000", "--clear-groups", ...inner];
    expect((await cluster.inside(machine, ...words)).trim().split("\n")).toEqual(CLOSED.map(() => "refused"));
  });

  it("are guarded again after a reboot, before there is a network or anybody can log in", async () => {
    await cluster.engine("restart", cluster.container(machine));
    await eventually(
      async () => cluster.inside(machine, "systemctl", "is-active", "ssh").catch(String),
      (state) => state === "active\n",
    );
    await connect(machine, MACHINES.indexOf(machine));
    expect(await answers(machine, [0, ...NOBODIES])).toEqual(GUARDED);
    const order = await cluster.inside(
      machine,
      ...["systemctl", "show", "--value", "-p", "Before", "ohpc-metadata-guard.service"],
    );
    const before = ["network-pre.target", "ssh.service", "slurmd.service", "systemd-user-sessions.service"];
    expect(order.trim().split(" ")).toEqual(expect.arrayContaining(before));
  });
});

describe("when somebody's program makes the kernel forget all rules", () => {
  const forget = async (machine: string, ...stopped: readonly string[]) => {
    if (stopped.length > 0) await cluster.inside(machine, "systemctl", "stop", ...stopped);
    // A timer that is not stopped may come between, now and then.
    await eventually(
      async () => {
        await cluster.inside(machine, "nft", "flush", "ruleset");
        return answers(machine, [1000]);
      },
      (got) => got.join() === all([1000], "secret").join(),
    );
  };
  const guardedAgain = async (machine: string) =>
    eventually(
      async () => answers(machine, [0, ...NOBODIES]),
      (got) => got.join() === GUARDED.join(),
      Duration.seconds(120),
    );

  it("they are there again within a minute, on every machine", async () => {
    await Promise.all(MACHINES.map(async (machine) => forget(machine)));
    await Promise.all(MACHINES.map(guardedAgain));
  });

  const view = cluster.view({
    sites: [{ cidr: VIA[4].replace(/\.\d+$/, ".0/24"), facts: FACTS }],
    pools: { cpu: 1 },
    users: [{ name: "alice" }],
  });

  it("`configure` makes them again on the master, and needs it only then", async () => {
    await forget("master", "ohpc-metadata-guard.timer");
    const changed = async () => (await configure(view, cluster.remote())).changed.map(({ id }) => id);
    expect(await changed()).toContain("metadata-guard");
    expect(await answers("master", [0, ...NOBODIES])).toEqual(GUARDED);
    expect(await changed()).toEqual([]);
    // With the timer, which may be the first to make them now and then: the rules alone are reason enough.
    const changedByRules = await eventually(
      async () => {
        await forget("master");
        return changed();
      },
      (ids) => ids.length > 0,
    );
    expect(changedByRules).toEqual(["metadata-guard"]);
  });

  it("the node unit makes them on a node, where nothing else has started it", async () => {
    const units = ["ohpc-metadata-guard.timer", "ohpc-metadata-guard.service"];
    // A run that has looked before they are disabled would not enable them.
    await cluster.inside("cpu-1", "systemctl", "stop", "ohpc-node.timer", "ohpc-node.service");
    await forget("cpu-1", "ohpc-metadata-guard.timer");
    await cluster.inside("cpu-1", "systemctl", "disable", "--quiet", ...units);
    await cluster.inside("cpu-1", "systemctl", "start", "--no-block", "ohpc-node.service");
    await guardedAgain("cpu-1");
    expect(await cluster.inside("cpu-1", "systemctl", "is-enabled", ...units)).toBe("enabled\nenabled\n");
    await cluster.inside("cpu-1", "systemctl", "start", "ohpc-node.timer");
  });

  it("a node on which they cannot be made says so, and has no accounts of new users", async () => {
    await cluster.inside("cpu-1", "mv", "/usr/sbin/nft", "/usr/sbin/nft.gone");
    await configure(
      cluster.view({
        sites: view.manifest.sites,
        pools: { cpu: 1 },
        users: [{ name: "alice" }, { name: "bob" }],
      }),
      cluster.remote(),
    );
    const state = await eventually(
      async () => JSON.parse(await cluster.inside("cpu-1", "cat", "/run/ohpc/node.json")) as { message: string },
      ({ message }) => message.includes("cloud identity"),
    );
    expect(state).toMatchObject({ stage: "accounts", ok: false });
    await expect(cluster.inside("cpu-1", "id", "bob")).rejects.toThrow("no such user");
    await cluster.inside("cpu-1", "mv", "/usr/sbin/nft.gone", "/usr/sbin/nft");
    await eventually(
      async () => cluster.inside("cpu-1", "id", "bob").catch(String),
      (said) => said.startsWith("uid="),
    );
  });

  it("alice gets nothing by a forwarding of her SSH connection: her process asks", async () => {
    const key = "/root/alice";
    await cluster.inside("master", "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key);
    await cluster.inside(
      "master",
      "sh",
      "-c",
      `cat ${key}.pub >>/etc/ssh/authorized_keys.d/alice && chmod 644 /etc/ssh/authorized_keys.d/alice`,
    );
    const options = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"];
    const ports = new Map<string, number>([OPEN[2], ...CLOSED].map((address, k) => [address, 18_080 + k]));
    const ways = [...ports].flatMap(([address, port]) => ["-L", `${port}:${address}`]);
    await cluster.inside("master", "ssh", ...options, "-fNT", ...ways, "-i", key, "alice@127.0.0.1");
    const asked = async (address: string) => {
      const through = `127.0.0.1:${ports.get(address) ?? 0}`;
      return (await cluster.inside("master", "/usr/bin/python3", "-c", CLIENT, "0", through)).trim();
    };
    await eventually(
      async () => asked(OPEN[2]),
      (answer) => answer === "secret",
    );
    for (const address of CLOSED) expect(await asked(address)).not.toContain("secret");
  });
});
