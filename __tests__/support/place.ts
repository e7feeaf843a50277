import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { enginePrelude } from "../../lib/clouds/local/engine";
import { GUARD_METRIC } from "../../lib/clouds/local/script";
import { type AddressRange, overlaps, parseAddress, parseCidr } from "../../lib/model/cidr";

/**
 * What a test needs of this machine and shares with nobody, whatever clusters, checks and containers are there besides: a
 * name, a block of addresses, ports. Each place has a number, and all that it is made of follows from the number. The kernel
 * keeps the number for this process, and gives it back when the process ends, however it ends. So whoever has a place knows
 * that what still carries its name was left by a dead one, and removes it.
 */
export class Place {
  private readonly ports: readonly number[];
  private used = 0;

  private constructor(
    private readonly number: number,
    private readonly title: string,
    private readonly holder: Server,
  ) {
    this.ports = portsOf(number);
  }

  /**
   * The first place that is free. For a test that starts containers, what the dead have left in it is removed before.
   *
   * @param title in a word, what it is for: a part of names
   * @param options.from the number to begin with: where a test is about places, beyond those that others take
   */
  static take(
    title: string,
    { containers = false, from = 0 }: { readonly containers?: boolean; readonly from?: number } = {},
  ): Place {
    for (let number = from; number < COUNT; number++) {
      const holder = hold(`ohpc-selftest-${number}`);
      if (holder === undefined) continue;
      if (containers) removeLeftovers(nameOf(number));
      const taken = portsOf(number).some((port) => listening().has(port)) || (containers && isInUse(blockOf(number)));
      if (!taken) return new Place(number, title, holder);
      holder.close();
    }
    throw new Error(`all ${COUNT - from} places for tests on this machine are taken`);
  }

  /** For clusters, containers and images. */
  get name(): string {
    return `${nameOf(this.number)}-${this.title}`;
  }

  /** 256 × 256 addresses, outside of those that clusters have by default. */
  get subnet(): string {
    return blockOf(this.number);
  }

  /** One of the four quarters of the subnet, from 0. */
  quarter(k: 0 | 1 | 2 | 3): string {
    return blockOf(this.number).replace("0.0/16", `${64 * k}.0/18`);
  }

  /** A port of 127.0.0.1 that it has not given yet; below those that Linux gives to outgoing connections. */
  port(): number {
    const port = this.ports[this.used++];
    if (port === undefined) throw new Error(`a place has no more than ${this.ports.length} ports`);
    return port;
  }

  /** An address of this machine alone, on which every port is the place's. */
  loopback(k: number): string {
    return `127.77.${this.number}.${k}`;
  }

  release(): void {
    this.holder.close();
  }
}

const COUNT = 128;
const PORTS_EACH = 16;

/** No cluster of anybody is called so, or a test would remove it. */
function nameOf(number: number): string {
  return `selftest${number}`;
}

function blockOf(number: number): string {
  return `10.${128 + number}.0.0/16`;
}

function portsOf(number: number): readonly number[] {
  return Array.from({ length: PORTS_EACH }, (_, k) => 30_000 + PORTS_EACH * number + k);
}

/** A socket without a file, whose name the kernel gives to one process at a time. */
function hold(name: string): Server | undefined {
  const server = createServer();
  server.on("error", () => undefined);
  // A local name is bound at once.
  server.listen({ path: `\0${name}`, exclusive: true });
  if (!server.listening) return undefined;
  return server.unref();
}

/** Ports on which some program listens, whatever its address. */
function listening(): ReadonlySet<number> {
  const lines = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((file) => readFileSync(file, "utf8").split("\n").slice(1));
  const LISTEN = "0A";
  const fields = lines.map((line) => line.trim().split(/\s+/)).filter(([, , , state]) => state === LISTEN);
  return new Set(fields.map(([, local = ""]) => Number.parseInt(local.split(":")[1] ?? "", 16)));
}

/** Whether an address, a route or a network of the engine lies in the block. */
function isInUse(block: string): boolean {
  const ranges = inEngine(SUBNETS).split(/\s+/).map(rangeOf);
  return ranges.some((range) => range !== undefined && overlaps(range, parseCidr(block)!));
}

/** A subnet, or an address with or without the prefix of its interface. Routes to half of the world say nothing. */
function rangeOf(text: string): AddressRange | undefined {
  const subnet = parseCidr(text);
  if (subnet !== undefined) return subnet.prefix > 8 ? subnet : undefined;
  const address = parseAddress(text.replace(/\/.*/, ""));
  return address === undefined ? undefined : { first: address, last: address };
}

/** Nothing that is asked of an engine takes minutes; a test must not wait for one that hangs. */
const ENGINE_MILLISECONDS = 120_000;

function inEngine(script: string, ...args: readonly string[]): string {
  return execFileSync("bash", ["-c", `set -euo pipefail\n${enginePrelude({})}${script}`, "place", ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    timeout: ENGINE_MILLISECONDS,
    killSignal: "SIGKILL",
  });
}

function removeLeftovers(name: string): void {
  inEngine(REMOVE, `ohpc-${name}-`, GUARD_METRIC);
}

const SUBNETS_OF = `
subnets_of() {
  case $engine_name in
    podman) engine network inspect --format '{{range .Subnets}}{{.Subnet}} {{end}}' "$1" ;;
    *) engine network inspect --format '{{range .IPAM.Config}}{{.Subnet}} {{end}}' "$1" ;;
  esac
}
`;

/** A network may go while they are listed. */
const SUBNETS = `${SUBNETS_OF}
ip -4 -o address show | awk '{ print $4 }'
ip -4 route show | awk '{ print $1 == "unreachable" ? $2 : $1 }'
for network in $(engine network ls --format '{{.Name}}'); do subnets_of "$network" 2>/dev/null || true; done
`;

const REMOVE = `${SUBNETS_OF}
# A list without any is no failure of grep's.
own() { grep "^$1" || true; }
containers=$(engine ps -a --format '{{.Names}}' | own "$1")
[ -z "$containers" ] || { engine kill $containers >/dev/null 2>&1 || true; engine rm -f -v $containers >/dev/null; }
for network in $(engine network ls --format '{{.Name}}' | own "$1"); do
  subnets=$(subnets_of "$network")
  engine network rm "$network" >/dev/null
  for subnet in $subnets; do ip route del unreachable "$subnet" metric "$2" 2>/dev/null || true; done
done
volumes=$(engine volume ls --format '{{.Name}}' | own "$1")
[ -z "$volumes" ] || engine volume rm $volumes >/dev/null
# Not by force: where an image has other names, this one goes and no container with it. The newest come first, and stand on others.
for image in $(engine images --format '{{.Repository}}:{{.Tag}}' | own "localhost/$1"); do
  engine rmi "$image" >/dev/null 2>&1 || true
done
`;
