import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { METADATA_ADDRESS, metadataGuard } from "../../lib/clouds/metadata-guard";

/** A machine of its own as far as the network goes, and behind its only cable a stand-in for the cloud's metadata service. */
const MACHINE = `
set -eu
unshare --net sleep 600 &
cloud=$!
ip link set lo up
ip link add cable type veth peer name other
tries=0
until [ "$(readlink /proc/$cloud/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do
  tries=$((tries + 1)); [ $tries -lt 100 ] || exit 8; sleep 0.1
done
ip link set other netns $cloud
ip address add 10.9.9.1/24 dev cable
ip -6 address add fd09::1/64 dev cable nodad
ip link set cable up
ip route add 169.254.169.0/24 via 10.9.9.2
ip -6 route add fd00:ec2::/64 via fd09::2
there() { nsenter --net=/proc/$cloud/ns/net "$@"; }
there ip link set lo up
there ip address add 10.9.9.2/24 dev other
there ip -6 address add fd09::2/64 dev other nodad
for address in ${METADATA_ADDRESS} 169.254.169.123; do there ip address add $address/32 dev lo; done
there ip -6 address add fd00:ec2::254/128 dev lo nodad
there ip link set other up
cd "$1"
there /usr/bin/python3 -c '
import http.server, socket
class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
Server(("::", 80), http.server.SimpleHTTPRequestHandler).serve_forever()
' >/dev/null 2>&1 &
cat >client.py <<'PYTHON'
import encodings.idna, os, sys, urllib.error, urllib.request
def ask(user, address):
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.setgid(user)
        os.setuid(user)
        try:
            answer = urllib.request.urlopen("http://" + address + "/credentials", timeout=5).read().decode().strip()
        except OSError as error:
            answer = type(getattr(error, "reason", error)).__name__
        os.write(writer, answer.encode())
        os._exit(0)
    os.close(writer)
    answer = os.read(reader, 1000).decode()
    os.wait()
    return answer
for question in sys.argv[1:]:
    user, address = question.split("@")
    print(user, address, ask(int(user), address))
PYTHON
tries=0
until /usr/bin/python3 client.py '0@${METADATA_ADDRESS}' | grep -q secret; do
  tries=$((tries + 1)); [ $tries -lt 200 ] || exit 9; sleep 0.1
done
`;

/** Runs a script in namespaces (network, mounts, processes) that end with it, and everything in them. */
async function onMachine(script: string, folder: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)(
    "unshare",
    [
      "--net",
      "--mount",
      "--propagation",
      "private",
      "--pid",
      "--fork",
      "--mount-proc",
      "--kill-child",
      "sh",
      "-c",
      MACHINE + script,
      "sh",
      folder,
    ],
    { timeout: 60_000 },
  );
  return stdout.trim().split("\n");
}

describe("the metadata address", () => {
  let folder: string;
  let guard: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "metadata-"));
    guard = join(folder, "guard");
    writeFileSync(join(folder, "credentials"), "secret\n", { mode: 0o644 });
    const [program] = metadataGuard().files;
    writeFileSync(guard, program?.content ?? "", { mode: 0o755 });
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const addresses = [METADATA_ADDRESS, "[fd00:ec2::254]"];
  const ask = (...questions: readonly string[]) => `/usr/bin/python3 client.py ${questions.join(" ")}`;
  const askAll = (...users: readonly number[]) =>
    ask(...users.flatMap((user) => addresses.map((address) => `${user}@${address}`)));

  it("answers everybody before the guard has run: the stand-in works, and so would theft", async () => {
    expect(await onMachine(askAll(1000), folder)).toEqual(addresses.map((address) => `1000 ${address} secret`));
  }, 60_000);

  it("answers root alone afterwards, over IPv4 and IPv6, however often the guard runs", async () => {
    const script = [
      `"${guard}" ${METADATA_ADDRESS} fd00:ec2::254`,
      `"${guard}" ${METADATA_ADDRESS} fd00:ec2::254`,
      askAll(0, 1, 1000, 65534, 4294967294),
    ];
    expect(await onMachine(script.join("\n"), folder)).toEqual([
      ...addresses.map((address) => `0 ${address} secret`),
      ...[1, 1000, 65534, 4294967294].flatMap((user) =>
        addresses.map((address) => `${user} ${address} PermissionError`),
      ),
    ]);
  }, 60_000);

  it("answers the power service, too, where there is one", async () => {
    const passwd = join(folder, "passwd");
    writeFileSync(passwd, "root:x:0:0::/root:/bin/sh\nohpc-power:x:400:400::/nonexistent:/bin/false\n");
    const script = [
      `mount --bind "${passwd}" /etc/passwd`,
      `"${guard}" ${METADATA_ADDRESS}`,
      ask(...[399, 400, 401].map((user) => `${user}@${METADATA_ADDRESS}`)),
    ];
    expect(await onMachine(script.join("\n"), folder)).toEqual([
      `399 ${METADATA_ADDRESS} PermissionError`,
      `400 ${METADATA_ADDRESS} secret`,
      `401 ${METADATA_ADDRESS} PermissionError`,
    ]);
  }, 60_000);

  it("leaves every other address alone", async () => {
    const script = [`"${guard}" ${METADATA_ADDRESS}`, ask("1000@169.254.169.123")];
    expect(await onMachine(script.join("\n"), folder)).toEqual(["1000 169.254.169.123 secret"]);
  }, 60_000);
});
