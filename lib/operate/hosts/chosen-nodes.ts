import type { Manifest } from "../../model/manifest";
import { Failure } from "../feedback/failure";
import { chosenHosts, type HostChoice } from "./chosen-hosts";

/**
 * The nodes that are meant, of which some must be named: for what nobody does to all of them without a thought.
 *
 * @throws Failure of kind `usage` naming everything that the cluster has not got, or telling that none is named
 */
export function namedNodes(manifest: Manifest, choice: HostChoice): readonly string[] {
  if (choice.hosts.length + choice.pools.length === 0) {
    throw new Failure("usage", "no nodes are named", {
      code: "hosts.none",
      remedy: `name hosts, or --pool NAME: it has ${manifest.pools.map((pool) => `${pool.hosts} (pool ${pool.name})`).join(", ")}`,
    });
  }
  const chosen = chosenHosts(manifest, choice);
  if (!chosen.includes(manifest.master.host)) return chosen;
  throw new Failure("usage", `${manifest.master.host} is the master, which runs no jobs`, {
    code: "usage.master",
    remedy: "name nodes",
  });
}
