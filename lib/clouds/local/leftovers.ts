import { runBash } from "./engine";
import { GUARD_METRIC, script } from "./script";

/**
 * Removes everything that carries the cluster's label, with all data, and its keys.
 * For after `terraform destroy`: a terraform that was killed may have made things that its state never heard of.
 * Does nothing where nothing is left.
 *
 * @throws EngineError
 */
export async function removeLeftovers(cluster: string, env: NodeJS.ProcessEnv = process.env): Promise<void> {
  const text = script("leftovers", { cluster, site: "" }, { guard_metric: GUARD_METRIC });
  await runBash(text, `remove what is left of ${cluster}`, { env });
}
