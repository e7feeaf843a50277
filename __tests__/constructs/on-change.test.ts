import {
  ComputePool,
  type ComputePoolOptions,
  Duration,
  GpuComputePool,
  type GroupOptions,
  NfsDisk,
  type NfsDiskProps,
  OpenHpcMaster,
  type OpenHpcMasterProps,
  Size,
  type UserOptions,
  Users,
} from "cdktf-openhpc";
import { LocalCloud, type LocalCloudProps, LocalMachine } from "cdktf-openhpc/local";
import { type Synthesized, synthesize } from "cdktf-openhpc/testing";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readClusterSpec } from "../../lib/model/cluster-spec";
import { readManifest } from "../../lib/model/manifest";
import { MASTER_STEPS } from "../../lib/operate/configure/steps/master-steps";
import { type Effect, EFFECTS, effectOfSlurmConf, worstEffect } from "../../lib/slurm/effects";

const root = join(__dirname, "../..");
const sources = ["lib/constructs", "lib/clouds", "lib/testing"].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => `${folder}/${name}`),
);

/** What properties say under `@onChange`, by file and name; of several with one name in a file `name 2` is the second. */
const said = new Map<string, string>();
for (const file of sources) {
  const text = readFileSync(join(root, file), "utf8");
  for (const [, words = "", name = ""] of text.matchAll(/@onChange ((?:(?!\*\/|@)[\s\S])*)\*\/\s*readonly (\w+)/g)) {
    const id = `${file.replace("lib/", "")} ${name}`;
    said.set(said.has(id) ? `${id} 2` : id, words.replaceAll(/\s*\n\s*\*?\s*/g, " ").trim());
  }
}

/** What a text begins with, and the effect that it means: the worst that there is on any cloud. */
const WORDS: readonly (readonly [RegExp, Effect])[] = [
  [/^nothing\b/, "none"],
  [/^live\b/, "live"],
  [/^reconfigures Slurm\b/, "reconfigure"],
  [/^restarts slurmctld\b/, "restart slurmctld"],
  [/^drains the nodes and restarts slurmd\b/, "drain and restart slurmd"],
  [/^replaces the cluster\b/, "replace cluster"],
  [/^replaces (the|all|every) (master|machines?|network|volume|file system|share)\b/, "replace node"],
  // Where it was, with its disks, but its jobs are gone all the same.
  [/^restarts (the|all|every) (master|machines?)\b/, "replace node"],
];

const effectSaid = (text: string) => WORDS.find(([words]) => words.test(text))?.[1];

describe("what properties say of a change", () => {
  it("is found", () => {
    expect(said.size).toBeGreaterThan(90);
    expect(said.get("constructs/compute-pool.ts weight")).toBe("reconfigures Slurm; jobs that run go on");
  });

  it("begins with the words of an effect", () => {
    expect([...said].filter(([, text]) => effectSaid(text) === undefined)).toEqual([]);
  });

  it("is in the words that the documents have for effects", () => {
    const terms = readFileSync(join(root, "docs/terms.md"), "utf8");
    const row = /^\| effect \|[^:]*: ([^|]*) \|/m.exec(terms)?.[1] ?? "";
    expect(row.replaceAll(/ \([^)]*\)/g, "").split(" · ")).toEqual([...EFFECTS]);
  });
});

describe("what properties that are keys of Slurm's say of a change", () => {
  it.each<[string, string, string]>([
    ["partitions.ts name", "PartitionName=a Nodes=n1", "PartitionName=b Nodes=n1"],
    ["partitions.ts default", "PartitionName=a", "PartitionName=a Default=YES"],
    ["partitions.ts maxTime", "PartitionName=a MaxTime=2", "PartitionName=a MaxTime=1"],
    ["partitions.ts defaultTime", "PartitionName=a DefaultTime=2", "PartitionName=a DefaultTime=1"],
    ["partitions.ts allowGroups", "PartitionName=a", "PartitionName=a AllowGroups=g"],
    ["partitions.ts exclusive", "PartitionName=a", "PartitionName=a OverSubscribe=EXCLUSIVE"],
    ["compute-pool.ts nodes", "NodeName=n1", "NodeName=n[1-2]"],
    ["compute-pool.ts partition", "PartitionName=a Nodes=n1", "PartitionName=b Nodes=n1"],
    ["compute-pool.ts features", "NodeName=n1", "NodeName=n1 Feature=x"],
    ["compute-pool.ts weight", "NodeName=n1", "NodeName=n1 Weight=2"],
    ["gpu-compute-pool.ts gpus", "NodeName=n1 Gres=gpu:2", "NodeName=n1 Gres=gpu:1"],
    ["gpu-compute-pool.ts count", "NodeName=n1 Gres=gpu:2", "NodeName=n1 Gres=gpu:1"],
    ["gpu-compute-pool.ts type", "NodeName=n1 Gres=gpu:a:2", "NodeName=n1 Gres=gpu:b:2"],
    ["master-props.ts privateData", "PrivateData=jobs", "PrivateData=jobs,users"],
    ["master-props.ts settings", "MessageTimeout=60", "MessageTimeout=90"],
    ["master-props.ts clusterName", "ClusterName=a", "ClusterName=b"],
  ])("is what the table says: %s", (property, before, after) => {
    const { effect } = effectOfSlurmConf(`${before}\n`, `${after}\n`);
    expect(effectSaid(said.get(`constructs/${property}`) ?? "")).toBe(effect);
  });
});

/** A cluster on this machine in which one property may differ. */
interface Variant {
  readonly cloud?: LocalCloudProps;
  readonly home?: Partial<NfsDiskProps>;
  readonly master?: Partial<Omit<OpenHpcMasterProps, "cloud" | "home">>;
  readonly cpu?: Partial<Omit<ComputePoolOptions, "cloud">> & { readonly cloud?: "master's" };
  readonly gpu?: Partial<ConstructorParameters<typeof GpuComputePool>[2]>;
}

function cluster({ cloud, home, master: props, cpu, gpu }: Variant): Synthesized {
  return synthesize((stack) => {
    const local = new LocalCloud({ subnet: "10.77.0.0/16", sshPort: 20001, ...cloud });
    const master = new OpenHpcMaster(stack, "master", {
      cloud: local,
      home: new NfsDisk(stack, "home", { size: Size.gibibytes(100), ...home }),
      ...props,
    });
    new ComputePool(stack, "cpu", { master, nodes: 2, ...cpu, cloud: cpu?.cloud === undefined ? undefined : local });
    new GpuComputePool(stack, "gpu", { master, nodes: 1, machine: "gpu", ...gpu });
  });
}

/** What Terraform and `ohpc` would do between two synthesized clusters. */
function effectBetween(before: Synthesized, after: Synthesized): Effect {
  return worstEffect([effectOfTerraform(before, after), effectOfSteps(before, after)]);
}

/** Of machines that are there before and after, those that are made anew; a reason that is another resource's counts, too. */
function effectOfTerraform(before: Synthesized, after: Synthesized): Effect {
  const reasons = ({ instances }: Synthesized) => {
    const triggers = new Map([...instances].map(([id, { body, each }]) => [id, [body["triggers_replace"], each]]));
    const all = JSON.stringify;
    const network = [...triggers].find(([id]) => /_network_[0-9A-F]+$/.test(id))?.[1];
    const machine = (id: string) =>
      (instances.get(id)?.body["input"] as { kind?: string } | undefined)?.kind === "machine";
    return new Map([...triggers].filter(([id]) => machine(id)).map(([id, own]) => [id, all([own, network])]));
  };
  const [old, now] = [reasons(before), reasons(after)];
  if ([...old.keys()].every((id) => !now.has(id))) return "replace cluster";
  const anew = [...old].some(([id, reason]) => now.has(id) && now.get(id) !== reason);
  // One of a pool that stays, but under another name, is another machine.
  const moved = [...old.keys()].some((id) => !now.has(id)) && [...now.keys()].some((id) => !old.has(id));
  return anew || moved ? "replace node" : "none";
}

/** The gravest of what the steps of `configure` say of the difference. */
function effectOfSteps(before: Synthesized, after: Synthesized): Effect {
  const [old, now] = [before, after].map(({ manifest, spec }) => {
    // The id of the mark is Terraform's to give.
    const known = JSON.parse(JSON.stringify(manifest).replaceAll(/"\$\{[^"]*\}"/g, '"known-later"')) as unknown;
    return { spec: readClusterSpec(spec), manifest: readManifest(known) };
  });
  if (old === undefined || now === undefined) return "none";
  return worstEffect(
    MASTER_STEPS.flatMap((step) => {
      const [was, is] = [step.desired(old), step.desired(now)];
      return JSON.stringify(was) === JSON.stringify(is) ? [] : [step.effect(was, is)];
    }),
  );
}

const one = (user: Partial<UserOptions>, group: Partial<GroupOptions> = {}) =>
  Users.of([{ name: "alice", uid: 2001, ...user }], [{ name: "team", gid: 3001, ...group }]);

describe("what properties say of a change on this machine", () => {
  const changes: readonly (readonly [string, Variant, Variant])[] = [
    ["constructs/compute-pool.ts nodes", {}, { cpu: { nodes: 3 } }],
    ["constructs/compute-pool.ts hostnames", {}, { cpu: { hostnames: "node-{}" } }],
    ["constructs/compute-pool.ts addresses", {}, { cpu: { addresses: "10.77.9.0/24" } }],
    ["constructs/compute-pool.ts cloud", {}, { cpu: { cloud: "master's" } }],
    ["constructs/compute-pool.ts partition", {}, { cpu: { partition: "batch" } }],
    ["constructs/compute-pool.ts features", {}, { cpu: { features: ["x"] } }],
    ["constructs/compute-pool.ts weight", {}, { cpu: { weight: 5 } }],
    ["constructs/compute-pool.ts image", {}, { cpu: { image: "localhost/own" } }],
    ["constructs/gpu-compute-pool.ts gpus", {}, { gpu: { gpus: { count: 1 } } }],
    ["constructs/gpu-compute-pool.ts count", {}, { gpu: { gpus: { count: 1 } } }],
    ["constructs/gpu-compute-pool.ts type", {}, { gpu: { gpus: { type: "b" } } }],
    ["constructs/partitions.ts name", {}, { cpu: { partition: { name: "batch" } } }],
    ["constructs/partitions.ts default", {}, { gpu: { partition: { name: "gpu", default: true } } }],
    ["constructs/partitions.ts maxTime", {}, { cpu: { partition: { name: "cpu", maxTime: Duration.hours(1) } } }],
    [
      "constructs/partitions.ts defaultTime",
      {},
      { cpu: { partition: { name: "cpu", defaultTime: Duration.hours(1) } } },
    ],
    ["constructs/partitions.ts exclusive", {}, { cpu: { partition: { name: "cpu", exclusive: true } } }],
    [
      "constructs/partitions.ts allowGroups",
      { master: { users: one({}) } },
      { master: { users: one({}) }, cpu: { partition: { name: "cpu", allowGroups: ["team"] } } },
    ],
    ["constructs/master-props.ts clusterName", {}, { master: { clusterName: "other" } }],
    ["constructs/master-props.ts hostname", {}, { master: { hostname: "head" } }],
    ["constructs/master-props.ts address", {}, { master: { address: "10.77.0.11" } }],
    ["constructs/master-props.ts image", {}, { master: { image: "localhost/own" } }],
    ["constructs/master-props.ts settings", {}, { master: { slurm: { settings: { MessageTimeout: "90" } } } }],
    ["constructs/master-props.ts maxSubmitJobs", {}, { master: { slurm: { maxSubmitJobs: 10 } } }],
    ["constructs/master-props.ts privateData", {}, { master: { slurm: { privateData: ["jobs", "users"] } } }],
    ["constructs/master-props.ts stateDisk", {}, { master: { stateDisk: { existing: "other" } } }],
    ["constructs/master-props.ts home", {}, { home: { existing: "other", size: undefined } }],
    ["constructs/master-props.ts existing", {}, { master: { stateDisk: { existing: "other" } } }],
    ["constructs/master-props.ts users", {}, { master: { users: one({}) } }],
    ["constructs/nfs-disk.ts path", {}, { home: { path: "/data" } }],
    ["constructs/nfs-disk.ts existing", {}, { home: { existing: "other", size: undefined } }],
    ["constructs/users.ts name", { master: { users: one({}) } }, { master: { users: one({ name: "bob" }) } }],
    ["constructs/users.ts uid", { master: { users: one({}) } }, { master: { users: one({ uid: 2002 }) } }],
    ["constructs/users.ts gid", { master: { users: one({}) } }, { master: { users: one({ gid: 3002 }) } }],
    ["constructs/users.ts name 2", { master: { users: one({}) } }, { master: { users: one({}, { name: "crew" }) } }],
    ["constructs/users.ts gid 2", { master: { users: one({}) } }, { master: { users: one({}, { gid: 3002 }) } }],
    ["constructs/users.ts groups", { master: { users: one({}) } }, { master: { users: one({ groups: ["team"] }) } }],
    ["constructs/users.ts shell", { master: { users: one({}) } }, { master: { users: one({ shell: "/bin/sh" }) } }],
    ["constructs/users.ts account", { master: { users: one({}) } }, { master: { users: one({ account: "x" }) } }],
    [
      "constructs/users.ts keys",
      { master: { users: one({}) } },
      {
        master: {
          users: one({
            keys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ+DfHTEPpPTeTnfLxOMKHhrjVLHc8LkzPD/1sUfsGmN a@b"],
          }),
        },
      },
    ],
    ["clouds/local/props.ts engine", {}, { cloud: { engine: "docker" } }],
    ["clouds/local/props.ts subnet", {}, { cloud: { subnet: "10.78.0.0/16" } }],
    ["clouds/local/props.ts internet", {}, { cloud: { internet: false, sshPort: undefined } }],
    ["clouds/local/props.ts sshPort", {}, { cloud: { sshPort: 20002 } }],
    ["clouds/local/props.ts id", {}, { cloud: { id: "other" } }],
    [
      "clouds/local/catalogue.ts cpus",
      { cpu: { machine: LocalMachine.of({ cpus: 1 }) } },
      { cpu: { machine: LocalMachine.of({ cpus: 2 }) } },
    ],
    [
      "clouds/local/catalogue.ts memory",
      { cpu: { machine: LocalMachine.of({}) } },
      { cpu: { machine: LocalMachine.of({ memory: Size.gibibytes(8) }) } },
    ],
    [
      "clouds/local/catalogue.ts gpus",
      { gpu: { machine: LocalMachine.of({ gpus: 2 }) } },
      { gpu: { machine: LocalMachine.of({ gpus: 1 }) } },
    ],
  ];

  it.each(changes)("is what Terraform and ohpc do: %s", (property, before, after) => {
    expect(effectSaid(said.get(property) ?? "")).toBe(effectBetween(cluster(before), cluster(after)));
  });

  it("is compared for every property, but for what only vendors do", () => {
    const compared = changes.map(([property]) => property);
    const here = [...said.keys()].filter((property) => /^(constructs|clouds\/local)\//.test(property));
    expect(here.filter((property) => !compared.includes(property) && !ELSEWHERE.includes(property))).toEqual([]);
    expect(ELSEWHERE.filter((property) => compared.includes(property) || !here.includes(property))).toEqual([]);
  });
});

/** What these do on this machine is less than what they say first: what other clouds do. */
const ELSEWHERE = [
  "constructs/compute-pool.ts machine",
  "constructs/compute-pool.ts master",
  "constructs/compute-pool.ts rootDisk",
  "constructs/master-props.ts cloud",
  "constructs/master-props.ts machine",
  "constructs/master-props.ts rootDisk",
  "constructs/master-props.ts size",
  "constructs/nfs-disk.ts size",
];
