import { execFileSync } from "node:child_process";
import { METADATA_ADDRESS, metadataGuard } from "../../lib/clouds/metadata-guard";
import { eventually, HandMadeCluster } from "../support/hand-made-cluster";

/**
 * The machines of a local cluster, and behind their network a stand-in for the metadata service of a cloud. In the order
 * of their life: each test goes on where the one before left it.
 */
const cluster = new HandMadeCluster("guard");
const MACHINES = ["master", "cpu-1"] as const;
const STAND_IN = "stand-in-2";
/** Its addresses in the network of the machines. */
const VIA = { 4: cluster.address("stand-in", 2), 6: "fd09::52" } as const;
const ADDRESSES = [METADATA_ADDRESS, "fd00:ec2::254"] as const;
/** Time servers of AWS and others answer there: no secret. */
const NEIGHBOUR = "169.254.169.123";

jest.setTimeout(120_000);

beforeAll(async () => {
  await cluster.prepare();
  await cluster.startNode("stand-in", 2);
  for (const address of [...ADDRESSES, NEIGHBOUR]) await ip(STAND_IN, "address", "add", address, "dev", "lo");
  await ip(STAND_IN, "address", "add", `${VIA[6]}/64`, "dev", "eth0", "nodad");
  await cluster.inside(STAND_IN, "systemd-run", "--unit=stand-in", "/usr/bin/python3", "-c", SERVER);
  await cluster.startMaster();
  await cluster.startNode("cpu", 1);
  for (const [k, machine] of MACHINES.entries()) await connect(machine, k);
}, 900_000);
afterAll(async () => {
  await cluster.end();
}, 60_000);

const SERVER = `
import http.server, socket
class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"secret")
Server(("::", 80), Answer).serve_forever()
`;

/** Asks as that user, who is root no more then. */
const CLIENT = `
import encodings.idna, os, sys, urllib.error, urllib.request
user, address = int(sys.argv[1]), sys.argv[2]
if os.getuid() != user:
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
try:
    host = "[" + address + "]" if ":" in address else address
    print(urllib.request.urlopen("http://" + host + "/latest/meta-data/iam", timeout=5).read().decode())
except OSError as error:
    print(type(getattr(error, "reason", error)).__name__)
`;

/** In the machine's network, but from outside of it: containers may not change all that machines may. */
async function ip(machine: string, ...words: readonly string[]): Promise<void> {
  const pid = (await cluster.engine("inspect", "--format", "{{.State.Pid}}", cluster.container(machine))).trim();
  const here = ["--net", `--target=${pid}`];
  for (const link of ["lo", "eth0"])
    execFileSync("nsenter", [...here, "sysctl", "-qw", `net.ipv6.conf.${link}.disable_ipv6=0`]);
  execFileSync("nsenter", [...here, "ip", ...(words.some((word) => word.includes("::")) ? ["-6"] : []), ...words]);
}

/** As machines of a cloud are: the metadata addresses are behind the network's router. */
async function connect(machine: string, k: number): Promise<void> {
  await ip(machine, "address", "add", `fd09::${k + 1}/64`, "dev", "eth0", "nodad");
  await ip(machine, "route", "add", "169.254.169.0/24", "via", VIA[4]);
  await ip(machine, "route", "add", "fd00:ec2::/64", "via", VIA[6]);
  await eventually(
    async () => Promise.all(ADDRESSES.map(async (address) => ask(machine, 0, address))),
    (answers) => answers.every((answer) => answer === "secret"),
  );
}

async function ask(machine: string, user: number, address: string): Promise<string> {
  return (await cluster.inside(machine, "/usr/bin/python3", "-c", CLIENT, String(user), address)).trim();
}

/** What each of the users gets from each of the addresses. */
async function answers(machine: string, users: readonly number[], addresses: readonly string[] = ADDRESSES) {
  const asked = users.flatMap((user) => addresses.map((address) => [user, address] as const));
  return Promise.all(asked.map(async ([user, address]) => `${user} ${address} ${await ask(machine, user, address)}`));
}

function all(users: readonly number[], answer: string): readonly string[] {
  return users.flatMap((user) => ADDRESSES.map((address) => `${user} ${address} ${answer}`));
}

/** What cloud-init does with it at the first boot. */
async function firstBoot(machine: string): Promise<void> {
  const { files, commands } = metadataGuard(ADDRESSES);
  for (const { path, mode, content } of files) {
    const write = 'mkdir -p "$(dirname "$1")" && printf %s "$3" >"$1" && chmod "$2" "$1"';
    await cluster.inside(machine, "sh", "-c", write, "sh", path, mode, content);
  }
  for (const command of commands) await cluster.inside(machine, ...command);
}

describe.each(MACHINES)("the metadata address, asked on %s,", (machine) => {
  const nobody = [1, 1000, 65534, 4294967294];

  it("answers everybody before the guard has run: the stand-in works, and so would theft", async () => {
    expect(await answers(machine, [0, 1000])).toEqual(all([0, 1000], "secret"));
  });

  it("answers root alone afterwards, over IPv4 and IPv6", async () => {
    await firstBoot(machine);
    expect(await answers(machine, [0, ...nobody])).toEqual([...all([0], "secret"), ...all(nobody, "PermissionError")]);
  });

  it("does so however often the guard runs, with as many rules", async () => {
    const rules = async () =>
      (await cluster.inside(machine, "sh", "-c", "ip -4 rule show; ip -6 rule show")).trim().split("\n");
    const before = await rules();
    await firstBoot(machine);
    await cluster.inside(machine, "systemctl", "restart", "ohpc-metadata-guard.service");
    expect(await rules()).toEqual(before);
  });

  it("keeps no container of a user's from being refused, which has the user's id", async () => {
    const inner = ["unshare", "--user", "--map-root-user", "/usr/bin/python3", "-c", CLIENT, "0", METADATA_ADDRESS];
    const words = ["setpriv", "--reuid=1000", "--regid=1000", "--clear-groups", ...inner];
    expect((await cluster.inside(machine, ...words)).trim()).toBe("PermissionError");
  });

  it("answers the power service, too, once there is one", async () => {
    await cluster.inside(machine, "useradd", "--system", "--uid", "400", "--shell", "/bin/false", "ohpc-power");
    await cluster.inside(machine, "systemctl", "restart", "ohpc-metadata-guard.service");
    expect(await answers(machine, [0, 399, 400, 401, 1000])).toEqual([
      ...all([0], "secret"),
      ...all([399], "PermissionError"),
      ...all([400], "secret"),
      ...all([401, 1000], "PermissionError"),
    ]);
  });

  it("is guarded again after a reboot, before anybody can log in", async () => {
    await cluster.engine("restart", cluster.container(machine));
    await eventually(
      async () =>
        cluster.inside(machine, "systemctl", "is-active", "ohpc-metadata-guard", "ssh").catch((error: unknown) => {
          return String(error);
        }),
      (states) => states === "active\nactive\n",
    );
    await connect(machine, MACHINES.indexOf(machine));
    expect(await answers(machine, [0, 400, 1000])).toEqual([
      ...all([0, 400], "secret"),
      ...all([1000], "PermissionError"),
    ]);
    const order = await cluster.inside(
      machine,
      ...["systemctl", "show", "--value", "-p", "Before", "ohpc-metadata-guard.service"],
    );
    expect(order.trim().split(" ")).toContain("ssh.service");
  });

  it("leaves every other address alone", async () => {
    expect(await answers(machine, [1000], [NEIGHBOUR])).toEqual([`1000 ${NEIGHBOUR} secret`]);
  });
});
