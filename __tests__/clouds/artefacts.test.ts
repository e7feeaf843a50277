import { synthesize } from "cdktf-openhpc/testing";
import { isDeepStrictEqual } from "node:util";
import { decodeAddresses } from "../../lib/model/address-runs";
import { readClusterSpec } from "../../lib/model/cluster-spec";
import { type Manifest, readManifest } from "../../lib/model/manifest";
import type { Json } from "../../lib/operate/configure/step/step";
import { MASTER_STEPS } from "../../lib/operate/configure/steps/master-steps";
import { expandHosts } from "../../lib/slurm/hostlist";
import { cluster } from "../../stacks/cluster";
import { CLOUDS } from "../support/clouds";
import type { CloudSample } from "./contract";

/** Something in which what machines are given may differ between clouds. What is not here is the same, byte for byte. */
interface CloudFact {
  readonly what: string;
  /** The step and the file that it is in. */
  readonly in: string;
  readonly found: RegExp;
  /** What is put in its place before artefacts are compared. */
  readonly as: string;
}

/** What even two vendors of real machines differ in: which machines they sell, and what their disks are called. */
const BETWEEN_VENDORS: readonly CloudFact[] = [
  { what: "addresses", in: "slurm-conf/slurm.conf", found: /NodeAddr=\S+/g, as: "NodeAddr=<addresses>" },
  { what: "cores", in: "slurm-conf/slurm.conf", found: /\b(CoresPerSocket|ThreadsPerCore)=\d+/g, as: "$1=<cores>" },
  { what: "memory", in: "slurm-conf/slurm.conf", found: /\b(RealMemory|DefMemPerCPU)=\d+/g, as: "$1=<memory>" },
  { what: "GPUs", in: "slurm-conf/slurm.conf", found: /Gres=gpu:\S+/g, as: "Gres=<GPUs>" },
  { what: "GPUs", in: "slurm-conf/gres.conf", found: / (Type=\S+ )?File=\S+/g, as: " <GPUs>" },
  { what: "the state disk's name", in: "state-disk/device", found: /^.*$/s, as: "<device>" },
  { what: "the home disk's name", in: "home-disk/device", found: /^.*$/s, as: "<device>" },
];

/** What containers on one computer differ in besides: they share its kernel, its cores and its disks. */
const OF_THIS_MACHINE: readonly CloudFact[] = [
  {
    what: "how long a silent node is waited for",
    in: "slurm-conf/slurm.conf",
    found: /SlurmdTimeout=\d+/,
    as: "SlurmdTimeout=<timeout>",
  },
  {
    what: "whether nodes may promise other hardware",
    in: "slurm-conf/slurm.conf",
    found: /SlurmdParameters=config_overrides\n/,
    as: "",
  },
  {
    what: "cgroups",
    in: "slurm-conf/slurm.conf",
    found: /ProctrackType=\S+\nTaskPlugin=\S+\n(PrologFlags=\S+\n)?/,
    as: "<cgroups>\n",
  },
  { what: "cgroups", in: "slurm-conf/slurm.conf", found: /JobAcctGatherType=\S+/, as: "JobAcctGatherType=<cgroups>" },
  { what: "cgroups", in: "slurm-conf/cgroup.conf", found: /CgroupPlugin=[^]*$/, as: "<cgroups>" },
  { what: "GPUs", in: "bundle/files/node.json", found: /"\/dev\/nvidia0"(,\s+"\/dev\/nvidia1")?/g, as: "<GPUs>" },
  { what: "whose disks they are", in: "state-disk/kind", found: /^\w+$/, as: "<kind>" },
  { what: "whose disks they are", in: "state-disk/device", found: /^.*$/s, as: "" },
  { what: "whose disks they are", in: "home-disk/kind", found: /^\w+$/, as: "<kind>" },
  { what: "whose disks they are", in: "home-disk/device", found: /^.*$/s, as: "" },
  { what: "who shares them", in: "exports/exports", found: /^[^]*$/, as: "<exports>" },
  { what: "who shares them", in: "exports/settings", found: /^[^]*$/, as: "<settings>" },
  { what: "who shares them", in: "exports/serving", found: /^\w+$/, as: "<serving>" },
  { what: "whether they have a cloud identity", in: "metadata-guard/needed", found: /^\w+$/, as: "<identity>" },
  {
    what: "whether they have a cloud identity",
    in: "bundle/files/node.json",
    found: /"metadata": \w+/,
    as: '"metadata": <identity>',
  },
  { what: "who shares them", in: "bundle/files/node.json", found: /"home": \{[^}]*\}/, as: '"home": <home>' },
];

/** The text of everything that the master and its nodes are given, by the step and the file that it is of. */
type Artefacts = Readonly<Record<string, string>>;

interface Given {
  readonly spec: string;
  readonly artefacts: Artefacts;
}

function givenOn({ make, gpuImage: image }: CloudSample): Given {
  const synthesized = synthesize((stack) => {
    cluster(stack, make(), { image });
  }, "demo");
  const manifest = readManifest(synthesized.manifest);
  const view = { spec: readClusterSpec(synthesized.spec), manifest };
  const named = namer(manifest);
  const files = MASTER_STEPS.flatMap((step) => leaves(step.desired(view), step.id));
  const spec = synthesized.files.get("stacks/demo/cluster.json") ?? "";
  return { spec, artefacts: Object.fromEntries(files.map(([path, text]) => [path, named(text)])) };
}

function leaves(json: Json, path: string): [string, string][] {
  if (typeof json !== "object" || json === null) return [[path, String(json)]];
  return Object.entries(json).flatMap(([key, inner]) => leaves(inner, `${path}/${key}`));
}

/** Says whose an address is instead of the address itself, so that nobody can have another's. */
function namer({ master, pools, sites }: Manifest): (text: string) => string {
  const addresses = pools.flatMap(({ hosts, addresses: runs }) => {
    const all = decodeAddresses(runs);
    return expandHosts(hosts).map((host, k) => [all[k] ?? "", `<address of ${host}>`] as const);
  });
  const known = new Map([
    [master.address, "<address of master>"],
    ...addresses,
    ...sites.map(({ cidr }) => [cidr, "<subnet>"] as const),
  ]);
  const name = (text: string) =>
    text.replaceAll(/\d+\.\d+\.\d+\.\d+(\/(?!32\b)\d+)?/g, (address) => known.get(address) ?? address);
  // Who has the lower address comes first in exports; whose that is, follows from the subnet.
  return (text) =>
    name(text).replaceAll(/(?<=^\/\S+ )<address of .*$/gm, (clients) =>
      clients
        .split(/ (?=<)/)
        .sort()
        .join(" "),
    );
}

/** What is left of the differences when those are put aside. An empty artefact is one that a cloud has no need of. */
function without(facts: readonly CloudFact[], artefacts: Artefacts): Artefacts {
  const masked = Object.entries(artefacts).map(([path, text]) => {
    const own = facts.filter((fact) => fact.in === path);
    return [path, own.reduce((rest, { found, as }) => rest.replace(found, as), text)] as const;
  });
  return Object.fromEntries(masked.filter(([, text]) => text !== ""));
}

describe("artefacts are the same", () => {
  const given = Object.entries(CLOUDS).map(([name, sample]) => ({ name, ...givenOn(sample) }));
  const everything = [...BETWEEN_VENDORS, ...OF_THIS_MACHINE];
  /** Every two clouds, and in what they may differ. */
  const PAIRS = given.flatMap((one, k) =>
    given.slice(k + 1).map((other) => {
      const facts = [one.name, other.name].includes("local") ? everything : BETWEEN_VENDORS;
      return [one.name, other.name, one, other, facts] as const;
    }),
  );

  it("from one spec, whatever the cloud", () => {
    expect([...new Set(given.map(({ spec }) => spec))]).toEqual([expect.stringContaining('"cluster": "demo"')]);
  });

  it.each(PAIRS)("on %s and %s, but for the listed facts", (_, __, one, other, facts) => {
    expect(without(facts, other.artefacts)).toEqual(without(facts, one.artefacts));
  });

  it("in every step and file, of which nothing is left out", () => {
    for (const { artefacts } of given) {
      const paths = Object.keys(artefacts);
      for (const { id } of MASTER_STEPS)
        expect(paths.filter((path) => path.startsWith(`${id}/`)).length).toBeGreaterThan(0);
      expect(paths).toEqual(
        expect.arrayContaining([
          "slurm-conf/slurm.conf",
          "exports/exports",
          "hosts/hosts",
          "bundle/files/hosts",
          "bundle/files/accounts.json",
        ]),
      );
    }
  });

  it.each(everything.map((fact) => [fact.what, fact.in, fact] as const))(
    "needs %s in %s to be on the list",
    (_, __, fact) => {
      const unequal = PAIRS.some(([, , one, other, facts]) => {
        const rest = facts.filter((listed) => listed !== fact);
        return (
          rest.length < facts.length && !isDeepStrictEqual(without(rest, one.artefacts), without(rest, other.artefacts))
        );
      });
      expect(unequal).toBe(true);
    },
  );
});
