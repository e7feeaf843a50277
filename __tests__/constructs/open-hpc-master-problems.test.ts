import { App, TerraformStack } from "cdktf";
import { NfsDisk, type OpenHpcMasterProps, Size } from "cdktf-openhpc";
import { FakeCloud, type FakeMachines, synthesize } from "cdktf-openhpc/testing";
import { Construct } from "constructs";
import { fakeMaster, problemLines, refusal, refusals, smallCluster } from "../support/clusters";

function masterProblems(props: Partial<OpenHpcMasterProps<FakeMachines>>): readonly string[] {
  return refusals((stack) => fakeMaster(stack, props));
}

describe("an OpenHpcMaster refuses", () => {
  it("a stack that has a master already", () => {
    const message = refusal((stack) => {
      fakeMaster(stack);
      fakeMaster(new Construct(stack, "second"));
    });
    expect(message).toBe(
      'OpenHpcMaster "demo/second/master" cannot be built:\n' +
        '  - id is "master", but must be the only master of the stack, which has "master"; put each cluster into a stack of its own',
    );
  });

  it("a cluster name that accounting cannot have", () => {
    expect(masterProblems({ clusterName: "Demo" })[0]).toMatch(
      /^clusterName is "Demo", but must be a lower case letter .*did you mean "demo"\?$/,
    );
  });

  it("a host name that is none", () => {
    expect(masterProblems({ hostname: "head_node" })[0]).toMatch(/^hostname is "head_node", but must be a host name/);
    expect(masterProblems({ hostname: "localhost" })[0]).toContain("every machine takes it for itself");
    expect(masterProblems({ hostname: "ip6-loopback" })[0]).toContain("every machine's /etc/hosts has it for itself");
  });

  it("an address outside the subnet, or the platform's", () => {
    expect(masterProblems({ address: "10.78.0.10" })).toEqual([
      'address is "10.78.0.10", but must be inside the subnet 10.77.0.0/16',
    ]);
    expect(masterProblems({ address: "10.77.0.0" })[0]).toContain("it is the network address of the subnet");
    const cloud = new FakeCloud({ reserved: ["10.77.0.10"] });
    expect(masterProblems({ cloud })[0]).toMatch(
      /^address is "10\.77\.0\.10", but must be another address: it is reserved by the platform/,
    );
  });

  it("to guess an address in a network that was there before", () => {
    expect(masterProblems({ cloud: new FakeCloud({ addressesRequired: true }) })).toEqual([
      "address is missing, but must be given, because the network was there before the cluster and may hold other machines",
    ]);
    expect(masterProblems({ cloud: new FakeCloud({ cidr: "10.77.0.0/29" }) })).toEqual([
      "address is missing, but must be given, because the subnet 10.77.0.0/29 has too few addresses for a default",
    ]);
  });

  it("a cloud with wrong properties, together with everything else", () => {
    expect(
      masterProblems({ cloud: new FakeCloud({ cidr: "10.77.0.1/16" }), machine: "smal", rootDisk: Size.gibibytes(19) }),
    ).toEqual([
      expect.stringMatching(
        /^cidr is "10\.77\.0\.1\/16", but must be an IPv4 subnet.*did you mean "10\.77\.0\.0\/16"\?$/,
      ),
      'machine is "smal", but must be one of small, medium, large, gpu, fake.huge; did you mean "small"?',
      'rootDisk is "19 GiB", but must be at least 20 GiB',
    ]);
  });

  it("a state disk that is too small", () => {
    expect(masterProblems({ stateDisk: { size: Size.gibibytes(7) } })).toEqual([
      'stateDisk.size is "7 GiB", but must be at least 8 GiB',
    ]);
  });

  it("settings of slurm.conf that are not the user's", () => {
    expect(masterProblems({ slurm: { settings: { ClusterName: "x", SchedulerTyp: "sched/builtin" } } })).toEqual([
      'slurm.settings.ClusterName is "x", but must be left out; it is clusterName',
      'slurm.settings is "SchedulerTyp", but must be a key of slurm.conf; did you mean "SchedulerType"?',
    ]);
  });

  it("limits that are none", () => {
    expect(masterProblems({ slurm: { maxSubmitJobs: 0.5, privateData: ["job" as "jobs", "usage"] } })).toEqual([
      "slurm.maxSubmitJobs is 0.5, but must be a whole number of jobs from 1 to 4294967293",
      'slurm.privateData is "job", but must be some of accounts, events, jobs, nodes, partitions, reservations, usage, users; did you mean "jobs"?',
    ]);
    expect(masterProblems({ slurm: { settings: { PrivateData: "jobs" } } })).toEqual([
      'slurm.settings.PrivateData is "jobs", but must be left out; it is slurm.privateData, which slurmdbd is told, too',
    ]);
  });

  it("a disk of another stack", () => {
    const message = refusal((stack) => {
      const home = new NfsDisk(new TerraformStack(App.of(stack), "elsewhere"), "home", { size: Size.gibibytes(16) });
      fakeMaster(stack, { home });
    });
    expect(problemLines(message)).toEqual([
      'home is "elsewhere/home", but must be a disk in the master\'s own stack, "demo"',
    ]);
  });
});

describe("when the stack is synthesized", () => {
  it("a master without a pool is refused", () => {
    expect(() => synthesize((stack) => fakeMaster(stack))).toThrow(
      'OpenHpcMaster "demo/master" has no pool: give it to a ComputePool as master',
    );
  });

  it("a disk that no master has is refused", () => {
    expect(() =>
      synthesize((stack) => {
        smallCluster(stack);
        new NfsDisk(stack, "home", { size: Size.gibibytes(16) });
      }),
    ).toThrow('NfsDisk "demo/home" belongs to no cluster: pass it to a master as home');
  });
});
