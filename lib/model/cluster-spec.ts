import { z } from "zod";
import { CLUSTER_SPEC_SCHEMA, SPEC_FILE } from "./schema-numbers";
import { readVersioned } from "./versioned";

/**
 * What the user wants of the cluster and no cloud has to make: users, partitions, Slurm's own settings.
 * Written beside the synthesized Terraform as `cluster.json`; it holds no secret.
 */
export type ClusterSpec = z.infer<typeof clusterSpecSchema>;
export type PartitionSpec = ClusterSpec["partitions"][number];
export type PoolSpec = ClusterSpec["pools"][number];
export type UserSpec = ClusterSpec["users"]["users"][number];
export type GroupSpec = ClusterSpec["users"]["groups"][number];

export { CLUSTER_SPEC_SCHEMA };

const userSchema = z.strictObject({
  name: z.string(),
  uid: z.int(),
  gid: z.int(),
  /** Supplementary groups, by name. */
  groups: z.array(z.string()),
  shell: z.string(),
  /** OpenSSH public keys that may log in to the master. */
  keys: z.array(z.string()),
  /** Slurm account that the user's jobs are charged to. */
  account: z.string(),
});

export const clusterSpecSchema = z.strictObject({
  schema: z.literal(CLUSTER_SPEC_SCHEMA),
  cluster: z.string(),
  partitions: z.array(
    z.strictObject({
      name: z.string(),
      pools: z.array(z.string()),
      default: z.boolean(),
      /** That the stack itself says that this is the default one; absent: it is not, or was chosen. */
      explicitDefault: z.literal(true).optional(),
      /** As slurm.conf takes it, e.g. `1-00:00:00`; absent: no limit. */
      maxTime: z.string().optional(),
      defaultTime: z.string().optional(),
      /** Unix groups whose members may submit; absent: everybody. */
      allowGroups: z.array(z.string()).optional(),
      /** One job per node. */
      exclusive: z.boolean(),
    }),
  ),
  pools: z.array(
    z.strictObject({
      name: z.string(),
      features: z.array(z.string()),
      /** Slurm fills nodes of lower weight first. */
      weight: z.int().optional(),
    }),
  ),
  slurm: z.strictObject({
    /** slurm.conf keys that the user set, beyond those the library owns. */
    settings: z.record(z.string(), z.string()),
    /** Of each user, pending and running; absent: the library's own limit. */
    maxSubmitJobs: z.int().min(1).optional(),
    /** As slurm.conf takes it; absent: what the library thinks fit. */
    privateData: z.array(z.string()).optional(),
  }),
  users: z.strictObject({
    groups: z.array(z.strictObject({ name: z.string(), gid: z.int() })),
    users: z.array(userSchema),
  }),
});

/** @throws Error naming the schema if it is newer than this version reads, or what in it does not fit */
export function readClusterSpec(document: unknown): ClusterSpec {
  return readVersioned({
    what: SPEC_FILE,
    schema: clusterSpecSchema,
    current: CLUSTER_SPEC_SCHEMA,
    upgrades: {},
    document,
  });
}
