import { runBash } from "./engine";
import { GUARD_METRIC, script } from "./script";

/**
 * Starts machines that do not run. Those that run are left alone.
 *
 * @param hosts all machines of the cluster unless given
 * @throws EngineError, also for a host that the cluster has not got here
 */
export async function startMachines(cluster: string, hosts: readonly string[] = [], env = process.env): Promise<void> {
  await power(cluster, "start", hosts, env);
}

/**
 * Shuts machines down as their own `poweroff` would: nodes first, then the master. They stay down until they are started.
 *
 * @param hosts all machines of the cluster unless given
 * @throws EngineError, also for a host that the cluster has not got here
 */
export async function stopMachines(cluster: string, hosts: readonly string[] = [], env = process.env): Promise<void> {
  await power(cluster, "stop", hosts, env);
}

async function power(
  cluster: string,
  action: "start" | "stop",
  hosts: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const text = script("power", { cluster, site: "" }, { action, hosts, guard_metric: GUARD_METRIC });
  await runBash(text, `${action} ${hosts.length === 0 ? `the machines of ${cluster}` : hosts.join(", ")}`, { env });
}
