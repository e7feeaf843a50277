import { z } from "zod";
import { MANIFEST_OUTPUT, MANIFEST_SCHEMA } from "./schema-numbers";
import { readVersioned } from "./versioned";

/**
 * What exists: sites, hosts, addresses, shapes, disks, the way in. One Terraform output with the static id `cluster`.
 * It holds no secret, ever.
 */
export type Manifest = z.infer<typeof manifestSchema>;
export type ManifestMaster = Manifest["master"];
export type ManifestPool = Manifest["pools"][number];
export type ManifestShape = z.infer<typeof shapeSchema>;
export type ManifestDisk = z.infer<typeof diskSchema>;

export { MANIFEST_OUTPUT, MANIFEST_SCHEMA };

const shapeSchema = z.strictObject({
  sockets: z.int().positive(),
  coresPerSocket: z.int().positive(),
  threadsPerCore: z.int().positive(),
  /** As advertised, in MiB. */
  memoryMebibytes: z.int().positive(),
  architecture: z.enum(["x86_64", "arm64"]),
});

const diskSchema = z.discriminatedUnion("kind", [
  /** A device that the master formats (when blank), mounts at `path` and, if it is shared, exports. */
  z.strictObject({ kind: z.literal("block"), device: z.string(), path: z.string() }),
  /** An NFS server outside the cluster that every machine mounts at `path`. */
  z.strictObject({
    kind: z.literal("nfs"),
    server: z.string(),
    export: z.string(),
    path: z.string(),
    /** The newest version of the protocol that the server speaks; absent: 4.1, which every one here does. A client that asks for a newer one is refused. */
    version: z.enum(["4.1", "4.2"]).optional(),
    /** What else whoever runs the server wants it to be mounted with: `["noresvport"]`. */
    mountOptions: z.array(z.string().regex(/^[a-z]+(=[a-z0-9]+)?$/)).optional(),
  }),
  /** The platform has mounted it at `path` already, on every machine that has a share in it. */
  z.strictObject({ kind: z.literal("mounted"), path: z.string() }),
  /** A directory on the master, which exports it. */
  z.strictObject({ kind: z.literal("directory"), path: z.string() }),
]);

/** What clouds may differ in inside rendered files: the only such differences there are. */
export const cloudFactsSchema = z.strictObject({
  /** Seconds until slurmctld calls a silent node down. */
  slurmdTimeout: z.int().positive(),
  /** Whether the kernel lets Slurm confine jobs with cgroups. */
  cgroups: z.boolean(),
  /** Whether nodes may promise other hardware than they see (machines that share one host's cores). */
  configOverrides: z.boolean(),
  /** Whether the platform tells whoever asks on a machine who that is, credentials and all; absent: it does not. */
  metadata: z.boolean().optional(),
});
export type CloudFacts = z.infer<typeof cloudFactsSchema>;

export const manifestSchema = z.strictObject({
  schema: z.literal(MANIFEST_SCHEMA),
  cluster: z.string(),
  /** The mark of the Terraform state that made it; absent: it was deployed before there were marks. */
  owner: z.string().optional(),
  /** SHA-256 of the spec (`cluster.json`) that was synthesized with it, as hex. */
  wish: z.string(),
  sites: z.array(
    z.strictObject({
      name: z.string(),
      /** The kind of cloud: `local`, `aws`, `azure`, `existing`. */
      cloud: z.string(),
      /** Every machine of the site has its address in here. */
      cidr: z.string(),
      /** What the vendor's API needs to find the machines again: `{ region: "us-east-1" }`. */
      place: z.record(z.string(), z.string()).optional(),
      /** `ssh`: its machines were there before, and are told over SSH how to find their cluster; absent: at their first boot. */
      introducedOver: z.literal("ssh").optional(),
      facts: cloudFactsSchema,
    }),
  ),
  master: z.strictObject({
    host: z.string(),
    address: z.string(),
    site: z.string(),
    shape: shapeSchema,
    access: z.strictObject({
      /** Where the operator's SSH goes. */
      host: z.string(),
      port: z.int().positive(),
      user: z.string(),
      /** `cluster`: the key pair in the cluster's private directory; `agent`: the operator's own keys. */
      identity: z.enum(["cluster", "agent"]),
      /**
       * A program that carries the connection where no port is open, word by word, e.g. `aws ssm start-session …`.
       * `%h` and `%p` in it stand for host and port.
       */
      proxy: z.array(z.string()).optional(),
    }),
  }),
  disks: z.strictObject({
    /** Slurm's state, the accounting database, munge key, uid registry: outlives the master, shared with nobody. */
    state: diskSchema,
    /** What the master hands to its nodes. */
    bundle: diskSchema,
    /** `/home`; absent: each machine has its own. */
    home: diskSchema.optional(),
  }),
  pools: z.array(
    z.strictObject({
      name: z.string(),
      site: z.string(),
      /** Slurm hostlist: `cpu-[1-4]`. */
      hosts: z.string(),
      /** One entry per run of consecutive addresses, in the order of the hosts: `10.77.32.1-10.77.32.4`. */
      addresses: z.array(z.string()),
      shape: shapeSchema,
      gres: z.array(
        z.strictObject({
          name: z.string(),
          type: z.string().optional(),
          count: z.int().positive(),
          /** Device files as gres.conf takes them: `/dev/nvidia[0-1]`. */
          files: z.string(),
        }),
      ),
    }),
  ),
});

/** @throws DocumentError naming the schema if it is newer than this version reads, or what in it does not fit */
export function readManifest(document: unknown): Manifest {
  return readVersioned({
    what: "the manifest",
    schema: manifestSchema,
    current: MANIFEST_SCHEMA,
    upgrades: {},
    document,
  });
}
