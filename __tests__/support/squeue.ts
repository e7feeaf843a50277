import type { Job } from "../../lib/operate/scheduler/jobs";

/** One line of squeue, as the master prints it for us. */
export function squeueRow({
  id = "12",
  user = "alice",
  account = "users",
  state = "RUNNING",
  partition = "cpu",
  on = "",
  requires = "",
  nodes = "1",
  limit = "UNLIMITED",
  after = "(null)",
  cpus = "1",
  memory = "10M",
  gres = "N/A",
  features = "(null)",
} = {}): string {
  return `${[id, user, account, state, partition, on, requires, nodes, limit, after, cpus, memory, gres, features].join("|")}\n`;
}

/** Whether a job that runs is a batch job, and may be requeued. */
export function squeueFlags(id: string, batch: 0 | 1, requeue: 0 | 1): string {
  return `${id.padEnd(40)}${`${batch}`.padEnd(4)}${`${requeue}`.padEnd(4)}\n`;
}

/** A job, by what matters of it. */
export function job(about: Partial<Job> = {}): Job {
  const waits = about.hosts === undefined;
  return {
    id: "12",
    user: "alice",
    account: "users",
    state: waits ? "PENDING" : "RUNNING",
    partition: "cpu",
    hosts: [],
    ...about,
  };
}
