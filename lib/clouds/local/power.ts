import { type Power, type PoweredMachine, PowerError, type PowerState } from "../power";
import { listContainers, type LocalContainer } from "./containers";
import { EngineError, type EngineName, runBash, runEngineScript } from "./engine";
import { marksOf } from "./ownership";
import { GUARD_METRIC, script } from "./script";

export interface LocalPowerProps {
  readonly cluster: string;
  /** The mark of the state that the cluster belongs to, as in the manifest. @default - it was deployed before there were marks */
  readonly owner?: string | undefined;
  /** Of the site, as in the manifest's `place`. @default - the engine that the cluster was made with */
  readonly engine?: EngineName;
  /** @default - this process's environment */
  readonly env?: NodeJS.ProcessEnv;
}

/** The containers of a cluster on this machine, found by their labels. */
export class LocalPower implements Power {
  private readonly props: LocalPowerProps;

  constructor(props: LocalPowerProps) {
    this.props = props;
  }

  async list(): Promise<readonly PoweredMachine[]> {
    const { cluster, owner, engine, env } = this.props;
    const options = { engine, env };
    const [containers, marks] = await told([], async () =>
      Promise.all([listContainers(cluster, options), marksOf(cluster, options)]),
    );
    if (containers.length > 0 && marks.some((mark) => mark !== owner)) {
      throw new PowerError(
        "another's",
        [],
        `the cluster ${cluster} on this machine belongs to another Terraform state`,
        "work where it was made; to take it over on purpose: ohpc up STACK --take-over",
      );
    }
    return containers.map(poweredMachine).sort((a, b) => a.host.localeCompare(b.host, "en", { numeric: true }));
  }

  /** The master first, in one go. */
  async start(hosts: readonly string[]): Promise<void> {
    await this.act("start", hosts);
  }

  /** Shuts machines down as their own `poweroff` would: nodes first, then the master. They stay down until they are started. */
  async stop(hosts: readonly string[]): Promise<void> {
    await this.act("stop", hosts);
  }

  /** Nothing: containers have no protection of their own. */
  async unprotect(hosts: readonly string[]): Promise<void> {
    await this.find(hosts);
  }

  async end(hosts: readonly string[]): Promise<void> {
    await this.act("end", hosts);
  }

  /** What the engine knows of it, and, as containers have no console, its journal for as long as it runs. */
  async console(host: string): Promise<string> {
    const { cluster, engine, env } = this.props;
    const options = { cluster, engine, env, timeoutSeconds: 30 };
    const machine = (await this.list()).find((one) => one.host === host);
    if (machine === undefined) return "";
    return told([host], async () => runEngineScript(CONSOLE, [machine.id], options));
  }

  /** None: whoever makes a machine here gives it its key. */
  async hostKeys(host: string): Promise<readonly string[]> {
    await this.find([host]);
    return [];
  }

  private async find(hosts: readonly string[]): Promise<void> {
    const { cluster } = this.props;
    const there = new Set((await this.list()).map(({ host }) => host));
    const unknown = hosts.filter((host) => !there.has(host));
    if (unknown.length === 0) return;
    const reason = `no machine of the cluster ${JSON.stringify(cluster)} on this computer is called so`;
    throw new PowerError("unknown host", unknown, reason, "ohpc up makes what is missing");
  }

  private async act(action: "start" | "stop" | "end", hosts: readonly string[]): Promise<void> {
    if (hosts.length === 0) return;
    await this.find(hosts);
    const { cluster, owner = "", engine, env } = this.props;
    const text = script("power", { cluster, site: "", engine }, { owner, action, hosts, guard_metric: GUARD_METRIC });
    await told(hosts, async () => runBash(text, `${action} ${hosts.join(", ")}`, { env }));
  }
}

const CONSOLE = `
engine container inspect --format '{{json .State}}' "$1"
engine logs --tail 2000 "$1" 2>&1 || true
engine exec "$1" timeout 15 journalctl --quiet --no-pager --lines 5000 2>/dev/null || true
`;

/** What the engine did not do, in the words that all clouds share. */
async function told<T>(hosts: readonly string[], request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    const [first = "", ...rest] = error.message.trim().split("\n");
    const last = rest.at(-1);
    if (error.kind === "failed") {
      const reason = last === undefined ? first : `${first} ${last}`;
      throw new PowerError("failed", hosts, reason, "look at the containers: podman ps -a, or docker ps -a", {
        cause: error,
      });
    }
    const failure = error.kind === "permission" ? "permission" : "failed";
    throw new PowerError(failure, [], first.replace(/\.$/, ""), last ?? "install podman or docker", { cause: error });
  }
}

/** Both engines' words; what is made but never ran is as good as stopped. */
const STATES: Readonly<Record<string, PowerState>> = {
  running: "running",
  paused: "running",
  restarting: "starting",
  stopping: "stopping",
  removing: "stopping",
};

function poweredMachine({ host, name, role, status, address }: LocalContainer): PoweredMachine {
  return {
    host,
    id: name,
    role: role === "master" ? "master" : "compute",
    state: STATES[status] ?? "stopped",
    spot: false,
    address,
  };
}
