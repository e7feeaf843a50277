import fc from "fast-check";
import type { ClusterSpec } from "../../lib/model/cluster-spec";
import type { ClusterView } from "../../lib/model/cluster-view";
import type { Manifest } from "../../lib/model/manifest";
import { renderCgroupConf } from "../../lib/slurm/cgroup-conf";
import { renderGresConf } from "../../lib/slurm/gres-conf";
import { renderMpiConf } from "../../lib/slurm/mpi-conf";
import { renderSlurmConf } from "../../lib/slurm/slurm-conf";
import { renderSlurmdbdConf } from "../../lib/slurm/slurmdbd-conf";
import { renderTopologyConf } from "../../lib/slurm/topology-conf";
import { cpuMilliseconds } from "../support/cpu-time";
import { expectGolden } from "../support/golden";
import { CLUSTERS, CPU_AND_GPU, NO_POOLS, PRODUCTION, TWO_SITES } from "./clusters";

const FILES: Readonly<Record<string, (spec: ClusterSpec, manifest: Manifest) => string | undefined>> = {
  "slurm.conf": renderSlurmConf,
  "gres.conf": renderGresConf,
  "cgroup.conf": renderCgroupConf,
  "mpi.conf": renderMpiConf,
  "topology.conf": renderTopologyConf,
  "slurmdbd.conf": renderSlurmdbdConf,
};

function slurmConf({ manifest, spec }: ClusterView): string {
  return renderSlurmConf(spec, manifest);
}

function linesOf(text: string, key: string): readonly string[] {
  return text.split("\n").filter((line) => line.startsWith(`${key}=`));
}

function withFacts(cluster: ClusterView, facts: Partial<Manifest["sites"][number]["facts"]>): ClusterView {
  const sites = cluster.manifest.sites.map((site) => ({ ...site, facts: { ...site.facts, ...facts } }));
  return { ...cluster, manifest: { ...cluster.manifest, sites } };
}

describe.each(Object.entries(CLUSTERS))("%s", (name, { manifest, spec }) => {
  test.each(Object.entries(FILES))("has the %s that was reviewed", (file, render) => {
    expectGolden(`slurm/${name}/${file}`, render(spec, manifest));
  });
});

describe("slurm.conf", () => {
  test("confines jobs with cgroups only where all sites with pools have them", () => {
    const confined = slurmConf(PRODUCTION);
    expect(confined).toContain(
      "ProctrackType=proctrack/cgroup\nTaskPlugin=task/affinity,task/cgroup\nPrologFlags=Alloc,Contain\n",
    );
    const free = slurmConf(withFacts(PRODUCTION, { cgroups: false }));
    expect(free).toContain("ProctrackType=proctrack/linuxproc\nTaskPlugin=task/none\n");
    expect(free).not.toContain("PrologFlags");
  });

  test("waits twice as long for a silent node when a network between sites may be at fault", () => {
    expect(linesOf(slurmConf(PRODUCTION), "SlurmdTimeout")).toEqual(["SlurmdTimeout=300"]);
    expect(linesOf(slurmConf(TWO_SITES), "SlurmdTimeout")).toEqual(["SlurmdTimeout=600"]);
  });

  test("writes a NodeName line for each network that the pool's addresses are in", () => {
    const lines = linesOf(slurmConf(PRODUCTION), "NodeName").filter((line) => line.includes("large-"));
    expect(lines.map((line) => line.split(" ").slice(0, 2).join(" "))).toEqual([
      "NodeName=large-[1-255] NodeAddr=10.20.16.[1-255]",
      "NodeName=large-[256-300] NodeAddr=10.20.17.[0-44]",
    ]);
  });

  test("pairs hosts and addresses in the order that the user chose", () => {
    expect(linesOf(slurmConf(PRODUCTION), "NodeName")).toContainEqual(
      expect.stringMatching(/^NodeName=s\[01-03\] NodeAddr=10\.20\.200\.\[7,9,8\] /),
    );
  });

  test("writes single nodes without brackets", () => {
    expect(slurmConf(PRODUCTION)).toContain("NodeName=a100-1 NodeAddr=10.20.64.1 ");
  });

  test("gives a job its CPUs' share of the memory of the smallest machine in the partition", () => {
    const [batch] = linesOf(slurmConf(PRODUCTION), "PartitionName");
    // 96 CPUs and 373299 MiB in large, 1 CPU and 3635 MiB in spare.
    expect(batch).toContain("DefMemPerCPU=3635");
    const [, , whole] = linesOf(slurmConf(PRODUCTION), "PartitionName");
    expect(whole).toContain(`DefMemPerCPU=${Math.floor(373299 / 96)}`);
  });

  test("has the user's settings in the order of their keys, in place of the library's", () => {
    const text = slurmConf(PRODUCTION);
    expect(linesOf(text, "MessageTimeout")).toEqual(["MessageTimeout=90"]);
    expect(text).toContain("\n\nMessageTimeout=90\nPriorityWeightFairshare=10000\n\n");
  });

  test("adds the user's settings to lists that the library begins", () => {
    expect(linesOf(slurmConf(PRODUCTION), "SlurmctldParameters")).toEqual([
      "SlurmctldParameters=enable_configless,conmgr_max_connections=4096,max_dbd_msg_action=exit",
    ]);
  });

  test("has no line for nodes or partitions while there is no pool", () => {
    expect(slurmConf(NO_POOLS)).not.toMatch(/NodeName|PartitionName/);
  });

  test("keeps the lines of thousands of nodes few", () => {
    const pool = { ...PRODUCTION.manifest.pools[0]!, hosts: "large-[1-5000]", addresses: ["10.20.16.1-10.20.35.136"] };
    let text = "";
    const time = cpuMilliseconds(() => {
      text = renderSlurmConf(PRODUCTION.spec, { ...PRODUCTION.manifest, pools: [pool] });
    });
    expect(time).toBeLessThan(1000);
    expect(linesOf(text, "NodeName")).toHaveLength(20);
  });
});

describe("gres.conf", () => {
  test("names the device files of each pool that has any", () => {
    const { manifest, spec } = CPU_AND_GPU;
    expect(renderGresConf(spec, manifest)).toContain("\nNodeName=gpu-[1-2] Name=gpu File=/dev/nvidia[0-1]\n");
  });
});

describe("topology.conf", () => {
  test("is not needed for one site", () => {
    expect(renderTopologyConf(PRODUCTION.spec, PRODUCTION.manifest)).toBeUndefined();
    expect(slurmConf(PRODUCTION)).not.toContain("TopologyPlugin");
  });

  test("puts each site under a switch of its own, with none above", () => {
    const text = renderTopologyConf(TWO_SITES.spec, TWO_SITES.manifest);
    expect(text).toMatch(/\nSwitchName=osaka Nodes=far-\[1-2\]\nSwitchName=tokyo Nodes=near-\[1-4\]\n$/);
    expect(slurmConf(TWO_SITES)).toContain("TopologyPlugin=topology/tree\n");
  });
});

describe("all files", () => {
  const shuffled = ({ manifest, spec }: ClusterView): fc.Arbitrary<ClusterView> =>
    fc
      .record({
        pools: fc.shuffledSubarray([...manifest.pools], { minLength: manifest.pools.length }),
        sites: fc.shuffledSubarray([...manifest.sites], { minLength: manifest.sites.length }),
        specPools: fc.shuffledSubarray([...spec.pools], { minLength: spec.pools.length }),
        partitions: fc.shuffledSubarray([...spec.partitions], { minLength: spec.partitions.length }),
      })
      .map(({ partitions, pools, sites, specPools }) => ({
        manifest: { ...manifest, pools, sites },
        spec: { ...spec, partitions, pools: specPools },
      }));

  test.each(Object.entries(CLUSTERS))(
    "of %s do not depend on the order of pools, partitions and sites",
    (_name, cluster) => {
      fc.assert(
        fc.property(shuffled(cluster), (other) => {
          for (const render of Object.values(FILES)) {
            expect(render(other.spec, other.manifest)).toBe(render(cluster.spec, cluster.manifest));
          }
        }),
        { numRuns: 30 },
      );
    },
  );

  test("say who wrote them", () => {
    for (const render of Object.values(FILES)) {
      expect(render(TWO_SITES.spec, TWO_SITES.manifest)).toMatch(
        /^# Written by ohpc for cluster joined; change the stack, not this file\.\n/,
      );
    }
  });
});

describe("golden files", () => {
  const environment = { ...process.env };

  afterEach(() => {
    process.env = { ...environment };
  });

  test("are never written by CI", () => {
    process.env = { ...environment, UPDATE_GOLDEN: "1", CI: "true" };
    expect(() => {
      expectGolden("slurm/cpu-and-gpu/slurm.conf", "other");
    }).toThrow("CI does not write golden files");
    process.env = { ...environment, UPDATE_GOLDEN: "" };
    expectGolden("slurm/cpu-and-gpu/slurm.conf", slurmConf(CPU_AND_GPU));
  });

  test("that are missing, or that nothing is rendered for, are told", () => {
    process.env = { ...environment, UPDATE_GOLDEN: "" };
    expect(() => {
      expectGolden("slurm/cpu-and-gpu/nothing.conf", "text");
    }).toThrow("there is no golden file slurm/cpu-and-gpu/nothing.conf");
    expect(() => {
      expectGolden("slurm/cpu-and-gpu/slurm.conf", undefined);
    }).toThrow();
  });
});
