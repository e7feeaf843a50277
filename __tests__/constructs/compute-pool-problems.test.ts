import { App, TerraformCount, TerraformStack, TerraformVariable } from "cdktf";
import { ComputePool, type ComputePoolOptions, Duration, type OpenHpcMasterProps, Size } from "cdktf-openhpc";
import { FakeCloud, FakeMachine, type FakeMachines, synthesize } from "cdktf-openhpc/testing";
import { Construct } from "constructs";
import { fakeMaster, problemLines, refusal, refusals, smallCluster } from "../support/clusters";

/** The lines of a refusal, without its first, for a second pool `new` beside `cpu`. */
function poolProblems(options: Record<string, unknown>): readonly string[] {
  return refusals((stack) => {
    const master = smallCluster(stack);
    new ComputePool(stack, "new", { master, nodes: 2, ...(options as Partial<ComputePoolOptions>) });
  });
}

function masterProblems(props: Partial<OpenHpcMasterProps<FakeMachines>>): readonly string[] {
  return refusals((stack) => fakeMaster(stack, props));
}

describe("a ComputePool refuses", () => {
  it.each([0, -1, 10_001, 1.5, Number.NaN])("%p nodes", (nodes) => {
    expect(poolProblems({ nodes })).toEqual([`nodes is ${nodes}, but must be a whole number from 1 to 10000`]);
  });

  it("{ min, max }, and says that elastic pools come later", () => {
    expect(poolProblems({ nodes: { min: 0, max: 4 } })).toEqual([
      'nodes is {"min":0,"max":4}, but must be a whole number from 1 to 10000; elastic pools, { min, max }, come later',
    ]);
  });

  it("the name of something else in the stack, as of the master", () => {
    const told = refusal((stack) => {
      const master = fakeMaster(stack);
      new ComputePool(stack, "master", { master, nodes: 1 });
    });
    expect(told).toMatch(
      /^ComputePool "demo\/master".*\n.*id is "master", but must be one that nothing else in "demo" has; its OpenHpcMaster is called so; the id of a pool is its name$/s,
    );
  });

  it("a number of nodes that only Terraform knows", () => {
    const told =
      "nodes is a value that is known only to Terraform, but must be a whole number from 1 to 10000 when the stack is synthesized";
    expect(poolProblems({ nodes: TerraformCount.of(3).index })).toEqual([told.replace(/is (a value.*?),/, 'is "$1",')]);
    const message = refusal((stack) => {
      const nodes = new TerraformVariable(stack, "nodes", { type: "number" }).numberValue;
      new ComputePool(stack, "cpu", { master: fakeMaster(stack), nodes });
    });
    expect(message).toContain("known only to Terraform");
  });

  it("a size that the cloud has not, and says what was meant", () => {
    expect(poolProblems({ machine: "meduim" })).toEqual([
      'machine is "meduim", but must be one of small, medium, large, gpu, fake.huge; did you mean "medium"?',
    ]);
  });

  it("another cloud than its master's, also one that is called as that one is", () => {
    expect(poolProblems({ cloud: new FakeCloud() })).toEqual([
      'cloud is "another cloud \\"fake\\"", but must be the very cloud that the master has: what another one says would be ignored; leave it out',
    ]);
    expect(poolProblems({ cloud: new FakeCloud({ id: "tokyo" }) })).toEqual([
      'cloud is "tokyo", but must be the master\'s cloud, which is "fake"; joining sites comes with VirtualRouterVpn',
    ]);
    expect(() =>
      synthesize((stack) => {
        const master = smallCluster(stack);
        new ComputePool(stack, "new", { master, nodes: 1, cloud: master.cloud });
      }),
    ).not.toThrow();
  });

  it("a name that something else in its scope has", () => {
    const message = refusal((stack) => {
      const master = fakeMaster(stack);
      new ComputePool(stack, "master", { master, nodes: 1 });
    });
    expect(message).toBe(
      'ComputePool "demo/master" cannot be built:\n  - id is "master", but must be one that nothing else in "demo" has; its OpenHpcMaster is called so; the id of a pool is its name',
    );
  });

  it("a machine of another vendor", () => {
    expect(poolProblems({ machine: { cloud: "aws", type: "hpc7a.96xlarge" } })).toEqual([
      'machine is "hpc7a.96xlarge", but must be a machine of the fake cloud; "hpc7a.96xlarge" is one of aws',
    ]);
  });

  it("no machine, where the cloud chooses none, together with everything else", () => {
    const cloud = new FakeCloud({ sizes: false });
    const message = refusal((stack) => {
      const master = fakeMaster(stack, { cloud, machine: FakeMachine.of({}) });
      new ComputePool(stack, "cpu", { master, nodes: 0 });
    });
    expect(problemLines(message)).toEqual([
      "nodes is 0, but must be a whole number from 1 to 10000",
      'machine is missing, but must be FakeMachine.of({ … }), which says what the machine has: the cloud "fake" chooses none by itself',
    ]);
  });

  it("a size, where the cloud sells none", () => {
    expect(masterProblems({ cloud: new FakeCloud({ sizes: false }), machine: { default: "small" } })).toEqual([
      'machine is "small", but must be FakeMachine.of({ … }), which says what the machine has',
    ]);
  });

  it("a choice per cloud that says nothing for this one", () => {
    expect(poolProblems({ machine: { aws: "hpc7a.96xlarge" } })).toEqual([
      'machine is {"aws":"hpc7a.96xlarge"}, but must be something for the cloud "fake"; add fake: … or default: …',
    ]);
  });

  it("addresses outside the subnet", () => {
    expect(poolProblems({ addresses: "10.78.1.0/24" }).join("\n")).toMatch(
      /addresses is "10.78.1.0\/24", but must be .*inside .*10\.77/,
    );
  });

  it("an address twice", () => {
    expect(poolProblems({ addresses: ["10.77.40.1", "10.77.40.1"] }).join("\n")).toMatch(/10\.77\.40\.1.* twice/);
  });

  it("the master's address", () => {
    expect(poolProblems({ addresses: ["10.77.0.9", "10.77.0.10"] }).join("\n")).toMatch(
      /10\.77\.0\.10\b.*the address of the master|10\.77\.0\.10\b.*the master's/,
    );
  });

  it("another pool's addresses, and prints the line to paste", () => {
    const [problem = ""] = poolProblems({ addresses: "10.77.250.0/24" });
    expect(problem).toMatch(/addresses is "10\.77\.250\.0\/24", but must be .*pool "cpu"/);
    const line = /addresses: "([0-9./]+)"/.exec(problem);
    expect(line?.[1]).toBeDefined();
    expect(() =>
      synthesize(
        (stack) => new ComputePool(stack, "new", { master: smallCluster(stack), nodes: 2, addresses: line?.[1] }),
      ),
    ).not.toThrow();
  });

  it("to guess addresses in a network that was there before", () => {
    const cloud = new FakeCloud({ addressesRequired: true });
    const message = refusal((stack) => {
      const master = fakeMaster(stack, { cloud, address: "10.77.0.20" });
      new ComputePool(stack, "cpu", { master, nodes: 2 });
    });
    expect(problemLines(message)[0]).toMatch(
      /^addresses is missing, but must be given, because the network was there before/,
    );
  });

  it("host names that another pool gives too", () => {
    const [problem = ""] = poolProblems({ hostnames: "cpu-{}" });
    expect(problem).toMatch(/^hostnames is .*cpu-1, cpu-2.*pool "cpu"/);
  });

  it("host names that meet another pool's only at a higher number", () => {
    const message = refusal((stack) => {
      const master = fakeMaster(stack);
      new ComputePool(stack, "a", { master, nodes: 12, hostnames: "c{}" });
      new ComputePool(stack, "b", { master, nodes: 2, hostnames: "c1{}" });
    });
    expect(message).toMatch(/hostnames is .*c11, c12.*pool "a"/);
  });

  it("the master's host name", () => {
    const message = refusal((stack) => {
      const master = fakeMaster(stack, { hostname: "c1" });
      new ComputePool(stack, "cpu", { master, nodes: 2, hostnames: "c{}" });
    });
    expect(message).toMatch(/hostnames is .*c1.*the master/);
  });

  it("a template without a place for the number", () => {
    expect(poolProblems({ hostnames: "node" })[0]).toMatch(
      /^hostnames is "node", but must be text that ends with .*did you mean "node\{\}"\?$/,
    );
  });

  it.each(["all", "default"])("the name %p, which Slurm reserves", (id) => {
    const message = refusal((stack) => new ComputePool(stack, id, { master: fakeMaster(stack), nodes: 1 }));
    expect(message).toContain(
      `ComputePool "demo/${id}" cannot be built:\n  - id is "${id}", but must be another name; Slurm reads it as`,
    );
    expect(problemLines(message)).toHaveLength(1);
  });

  it("a name that cannot be a host's, once, and not again as the beginning of its host names", () => {
    const message = refusal((stack) => new ComputePool(stack, "CPU", { master: fakeMaster(stack), nodes: 1 }));
    expect(problemLines(message)).toEqual([expect.stringMatching(/^id is "CPU", but must be .*did you mean "cpu"\?$/)]);
  });

  it("partitions that Slurm reserves", () => {
    expect(poolProblems({ partition: "DEFAULT" })[0]).toContain(
      'partition is "DEFAULT", but must be another name; Slurm reads it as',
    );
    expect(poolProblems({ partition: { name: "ALL" } })[0]).toContain(
      'partition.name is "ALL", but must be another name',
    );
  });

  it("the name of another pool, once", () => {
    const message = refusal((stack) => {
      const master = smallCluster(stack);
      new ComputePool(new Construct(stack, "other"), "cpu", { master, nodes: 1 });
    });
    expect(message).toBe(
      'ComputePool "demo/other/cpu" cannot be built:\n  - id is "cpu", but must be a name that no other pool of the cluster has',
    );
  });

  it("to be in another stack than its master", () => {
    const message = refusal((stack) => {
      const master = fakeMaster(stack);
      new ComputePool(new TerraformStack(App.of(stack), "elsewhere"), "cpu", { master, nodes: 1 });
    });
    expect(message).toBe(
      'ComputePool "elsewhere/cpu" cannot be built:\n' +
        '  - scope is "elsewhere", but must be in the stack of its master, which is "demo"; a cluster and its pools are one stack',
    );
  });

  it("another cloud than its master's, until sites can be joined", () => {
    expect(poolProblems({ cloud: new FakeCloud({ id: "tokyo" }) })).toEqual([
      'cloud is "tokyo", but must be the master\'s cloud, which is "fake"; joining sites comes with VirtualRouterVpn',
    ]);
  });

  it("a second default partition", () => {
    const message = refusal((stack) => {
      const master = smallCluster(stack, { partition: { name: "short", default: true } });
      new ComputePool(stack, "new", { master, nodes: 2, partition: { name: "long", default: true } });
    });
    expect(problemLines(message)).toEqual([
      'partition.default is true, but must be left out, because pool "cpu" makes "short" the default partition',
    ]);
  });

  it("groups and times that slurm.conf cannot have, or that mean something else there", () => {
    const allowGroups = ["physics", "All", "", "a,b", "a\nNodeName=x", 'a"b', "domain users"];
    expect(poolProblems({ partition: { name: "work", allowGroups } })).toEqual([
      'partition.allowGroups[1] is "All", but must be the name of a group; Slurm reads it as everybody: leave allowGroups out for that',
      ...["", "a,b", "a\nNodeName=x", 'a"b'].map(
        (group, k) =>
          `partition.allowGroups[${k + 2}] is ${JSON.stringify(group)}, but must be the name of one group, without , " # or \\ in it`,
      ),
    ]);
    const longest = { name: "work", maxTime: Duration.days(24_855), defaultTime: Duration.days(24_855) };
    expect(() => poolProblems({ partition: longest })).toThrow("it was built without a problem");
    expect(poolProblems({ partition: { ...longest, maxTime: Duration.days(24_856) } })).toEqual([
      'partition.maxTime is "2147558400 s", but must be at most 24855-00:00:00, which is the longest that Slurm reads; leave maxTime out for no limit',
    ]);
  });

  it("a partition that another pool has with other settings", () => {
    const message = refusal((stack) => {
      const master = smallCluster(stack, { partition: { name: "work", maxTime: Duration.hours(1) } });
      new ComputePool(stack, "new", { master, nodes: 2, partition: { name: "work", maxTime: Duration.hours(2) } });
    });
    expect(problemLines(message)).toEqual([
      'partition is {"maxTime":"02:00:00","exclusive":false}, but must be what pool "cpu" says of the same partition; write partition: "work" to join it',
    ]);
  });

  it("time limits that make no sense", () => {
    const partition = { name: "work", maxTime: Duration.seconds(30), defaultTime: Duration.hours(2), allowGroups: [] };
    expect(poolProblems({ partition })).toEqual([
      'partition.maxTime is "30 s", but must be at least one minute, in which Slurm counts time limits',
      'partition.defaultTime is "02:00:00", but must be at most maxTime, which is 00:00:30',
      "partition.allowGroups is [], but must be at least one group; leave it out to let everybody submit",
    ]);
  });

  it.each(["all", "ALL"])("a partition for the group %s, which would be everybody's", (group) => {
    const partition = { name: "work", allowGroups: ["physics", group] };
    expect(poolProblems({ partition })).toEqual([
      `partition.allowGroups[1] is "${group}", but must be the name of a group; Slurm reads it as everybody: leave allowGroups out for that`,
    ]);
  });

  it("a root disk of less than 20 GiB", () => {
    expect(poolProblems({ rootDisk: Size.gibibytes(19) })).toEqual([
      'rootDisk is "19 GiB", but must be at least 20 GiB',
    ]);
  });

  it("features and weights that Slurm cannot read", () => {
    expect(poolProblems({ features: ["avx512", "a&b"], weight: 0 })).toEqual([
      expect.stringMatching(/^features\[1\] is "a&b", but must be letters/),
      "weight is 0, but must be a whole number from 1 to 4294967280",
    ]);
  });

  it("everything that is wrong with it at once", () => {
    const wrong = {
      nodes: 0,
      machine: "meduim",
      hostnames: "x",
      addresses: "10.78.1.0/24",
      rootDisk: Size.gibibytes(1),
      weight: -1,
    };
    const problems = poolProblems(wrong);
    expect(new Set(problems.map((problem) => problem.split(" ", 1)[0]))).toEqual(new Set(Object.keys(wrong)));
  });

  it("without leaving a trace that later pools would trip over", () => {
    const { manifest } = synthesize((stack) => {
      const master = fakeMaster(stack);
      expect(
        () => new ComputePool(stack, "broken", { master, nodes: 2, machine: "none", hostnames: "cpu-{}" }),
      ).toThrow();
      new ComputePool(stack, "cpu", { master, nodes: 2 });
    });
    expect(manifest).toMatchObject({ pools: [{ name: "cpu" }] });
  });
});
