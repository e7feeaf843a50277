/** Traffic that must get through, as every cloud's firewall takes it. */
export interface PortRule {
  /** Kebab-case; names the rule in the cloud. */
  readonly name: string;
  readonly protocol: "tcp" | "udp" | "all";
  readonly from: number;
  readonly to: number;
  /** What stops working without it. */
  readonly why: string;
}

export type PortSide = "operator" | "master" | "compute";

export interface PortFlow {
  readonly from: PortSide;
  readonly to: PortSide;
  readonly ports: readonly PortRule[];
}

export const SSH_PORT = 22;
export const NFS_PORT = 2049;
// Below 1024, where no user can be in their place, and below 665, from where on the kernel's NFS client takes its own (ADR 18).
export const SLURMCTLD_PORT = 617;
export const SLURMD_PORT = 618;
export const SLURMDBD_PORT = 619;
export const NODE_ANSWER_PORT = 630;
export const NODE_EXPORTER_PORT = 610;
/** Ports below it are root's, and of daemons that systemd gives them to: all of ours, and NFS. */
export const FIRST_USER_PORT = 2050;
/** Where srun listens for the tasks it started; narrow, so that a firewall can name it. */
export const SRUN_PORTS = { from: 60001, to: 63000 } as const;
/**
 * Where the operator's own srun listens, which asks all nodes: a user can take all of the others. Two for each 48 nodes.
 * What the kernel's NFS client has of them is left out by both.
 */
export const OWN_SRUN_PORTS = { from: 640, to: 699 } as const;

/** Who may talk to whom, and why: the one table from which all firewalls are made. What is not in it is closed. */
export const PORT_MATRIX: readonly PortFlow[] = [
  {
    from: "operator",
    to: "master",
    ports: [tcp("ssh", SSH_PORT, "ohpc and users log in")],
  },
  {
    from: "compute",
    to: "master",
    ports: [
      tcp("slurmctld", SLURMCTLD_PORT, "nodes register, fetch slurm.conf and report jobs; sbatch inside jobs"),
      tcp("slurmdbd", SLURMDBD_PORT, "sacct inside jobs"),
      tcp("nfs", NFS_PORT, "home directories and the bundle"),
      {
        ...tcp("srun", SRUN_PORTS.from, "output of tasks reaches the srun that was started on the master"),
        to: SRUN_PORTS.to,
      },
      {
        ...tcp("own-srun", OWN_SRUN_PORTS.from, "ohpc up hears from every node"),
        to: OWN_SRUN_PORTS.to,
      },
    ],
  },
  {
    from: "master",
    to: "compute",
    ports: [
      tcp("ssh", SSH_PORT, "ohpc ssh NODE, through the master"),
      tcp("slurmd", SLURMD_PORT, "jobs are started"),
      tcp("node-answer", NODE_ANSWER_PORT, "ohpc status asks nodes how they are"),
      tcp("node-exporter", NODE_EXPORTER_PORT, "metrics are collected"),
    ],
  },
  {
    from: "compute",
    to: "compute",
    ports: [{ name: "mpi", protocol: "all", from: 0, to: 65535, why: "MPI, and Slurm's message tree, use any port" }],
  },
];

/** What may go from one side to the other; nothing if the matrix does not say. */
export function portsBetween(from: PortSide, to: PortSide): readonly PortRule[] {
  return PORT_MATRIX.filter((flow) => flow.from === from && flow.to === to).flatMap((flow) => flow.ports);
}

function tcp(name: string, port: number, why: string): PortRule {
  return { name, protocol: "tcp", from: port, to: port, why };
}
