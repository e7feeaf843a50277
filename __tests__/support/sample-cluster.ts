/**
 * A cluster of 4 + 2 nodes, as its manifest and its spec tell it.
 *
 * @param port the way in. By default that of the demo, so that only text is made of it: a real demo may be up on this machine
 */
export function sampleManifest(port = 29852): object {
  const shape = (cores: number, threadsPerCore: number, memoryMebibytes: number) => ({
    sockets: 1,
    coresPerSocket: cores,
    threadsPerCore,
    memoryMebibytes,
    architecture: "x86_64",
  });
  return {
    schema: 1,
    cluster: "demo",
    wish: "0".repeat(64),
    sites: [
      {
        name: "local",
        cloud: "local",
        cidr: "10.108.0.0/16",
        facts: { slurmdTimeout: 30, cgroups: false, configOverrides: true },
      },
    ],
    master: {
      host: "master",
      address: "10.108.0.10",
      site: "local",
      shape: shape(1, 1, 2048),
      access: { host: "127.0.0.1", port, user: "root", identity: "cluster" },
    },
    disks: {
      state: { kind: "mounted", path: "/srv/ohpc/state" },
      bundle: { kind: "mounted", path: "/srv/ohpc/bundle" },
      home: { kind: "mounted", path: "/home" },
    },
    pools: [
      {
        name: "cpu",
        site: "local",
        hosts: "cpu-[1-4]",
        addresses: ["10.108.250.1-10.108.250.4"],
        shape: shape(8, 2, 16384),
        gres: [],
      },
      {
        name: "gpu",
        site: "local",
        hosts: "gpu-[1-2]",
        addresses: ["10.108.10.1-10.108.10.2"],
        shape: shape(1, 1, 4096),
        gres: [{ name: "gpu", count: 2, files: "/dev/nvidia[0-1]" }],
      },
    ],
  };
}

export function sampleSpec(): object {
  return {
    schema: 1,
    cluster: "demo",
    partitions: [
      { name: "cpu", pools: ["cpu"], default: true, exclusive: false },
      { name: "gpu", pools: ["gpu"], default: false, exclusive: false },
    ],
    pools: [
      { name: "cpu", features: [] },
      { name: "gpu", features: [] },
    ],
    slurm: { settings: {} },
    users: {
      groups: [{ name: "alice", gid: 2001 }],
      users: [{ name: "alice", uid: 2001, gid: 2001, groups: [], shell: "/bin/bash", keys: [], account: "users" }],
    },
  };
}
