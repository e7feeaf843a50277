import { App, TerraformStack } from "cdktf";
import { LocalCloud, LocalMachine, type LocalCloudProps } from "../../lib/clouds/local";
import { defaultSshPort, defaultSubnet } from "../../lib/clouds/local/defaults";
import { compare, expectedIn } from "../../lib/clouds/local/drift";
import { stockImage } from "../../lib/images/image";
import { runSpec, type ContainerOptions } from "../../lib/clouds/local/run-spec";
import { contains, parseCidr } from "../../lib/model/cidr";
import { describeProblem } from "../../lib/model/problems";
import { synthesize, type TerraformInstance } from "../../lib/testing";
import { Size } from "../../lib/units";
import fc from "fast-check";
import { cpuMilliseconds } from "../support/cpu-time";
import { buildSketch, type Sketch } from "../support/local-workbench";

const IMAGE = "localhost/ohpc-node:0123";

describe("what LocalCloud synthesizes", () => {
  it("gives every reason to replace a machine as a trigger, for depends_on hands none on", () => {
    const { triggers } = resource({ pools: { cpu: 1 } }, 'terraform_data.cpu["cpu-1"]');
    expect(triggers).toEqual({
      network: "${terraform_data.network.id}",
      spec: expect.stringMatching(/^[0-9a-f]{16}$/) as unknown,
      image: IMAGE,
      address: "${each.value}",
    });
  });

  it("has another run spec when what a container is run with changes, and only then", () => {
    const spec = (sketch: Partial<Sketch>, name = 'cpu["cpu-1"]') =>
      (resource({ pools: { cpu: 1 }, ...sketch }, `terraform_data.${name}`).triggers as { spec: string }).spec;
    const usual = spec({});

    expect(spec({ pools: { cpu: 40 }, homeSize: Size.tebibytes(1), image: "localhost/other:1" })).toBe(usual);
    expect(spec({ gpus: 1 })).not.toBe(usual);
    expect(spec({ existingHome: "other" })).not.toBe(usual);
    // The way in is the master's only.
    expect(spec({ cloud: { subnet: "10.64.0.0/16", sshPort: 4022 } })).toBe(usual);
    expect(spec({ cloud: { subnet: "10.64.0.0/16", sshPort: 4022 } }, 'master["master"]')).not.toBe(
      spec({}, 'master["master"]'),
    );
  });

  it("replaces a volume for nothing but its name", () => {
    expect(resource({}, "terraform_data.home").triggers).toEqual({ name: "ohpc-demo-home" });
  });

  it("destroys with what the state holds, which names no file of this checkout", () => {
    for (const address of ["network", "home", 'master["master"]']) {
      const { body } = resource({}, `terraform_data.${address}`);
      const { down } = body["input"] as { down: string };
      const destroy = (body["provisioner"] as { "local-exec": Record<string, unknown> }[])[1]!["local-exec"];
      expect(destroy).toMatchObject({ when: "destroy", environment: { OHPC_SCRIPT: "${self.input.down}" } });
      expect(destroy["command"]).toMatch(/^eval "\$OHPC_SCRIPT" # remove the \w+$/);
      expect(down).not.toContain(process.cwd());
      // Every plan shows it for every machine.
      expect(down.split("\n").length).toBeLessThan(30);
    }
  });

  it("sweeps after all hosts are known, also those of pools that come later, and before machines are made", () => {
    const { body, triggers } = resource({ pools: { big: 1, cpu: 2 } }, "terraform_data.network-sweep");
    expect((triggers as { hosts: string[] }).hosts).toEqual(["big-1", "cpu-1", "cpu-2", "master"]);
    const create = (body["provisioner"] as { "local-exec": { environment: Record<string, string> } }[])[0]!;
    expect(create["local-exec"].environment["OHPC_HOSTS"]).toBe("big-1 cpu-1 cpu-2 master");

    const machines = resource({ pools: { cpu: 2 } }, 'terraform_data.cpu["cpu-1"]').body;
    expect(machines["depends_on"]).toEqual(
      ["network", "network-sweep", "home", "bundle"].map((name) => `terraform_data.${name}`),
    );
  });

  it("makes stock machines of debian-13: another image, no environment, and user-data as on other clouds", () => {
    const made = (image: string) => {
      const { body, triggers } = resource({ pools: { cpu: 1 }, image }, 'terraform_data.cpu["cpu-1"]');
      const [up] = body["provisioner"] as { "local-exec": { environment: Record<string, string> } }[];
      return { triggers, script: up!["local-exec"].environment["OHPC_SCRIPT"] ?? "" };
    };
    const stock = made("debian-13");
    expect(stock.triggers).toMatchObject({ image: stockImage() });
    expect(stock.script).not.toContain("'OHPC_CLUSTER=demo'");
    expect(stock.script).toContain("      OHPC_CLUSTER=demo\n");
    expect(stock.script).toContain("  - path: /usr/lib/ohpc/ohpc-node\n");
    // What is no part of our own script keeps its comments.
    expect(stock.script).toContain("      #!/usr/bin/python3\n");
    const baked = made(IMAGE);
    expect(baked.script).toContain("'OHPC_CLUSTER=demo'");
    expect(baked.script).toContain("user_data=''\n");
  });

  it("makes as many resources for a pool of 5,000 as for one of 2, in less than a second", () => {
    const many = (nodes: number) => {
      const stack = new TerraformStack(new App({ stackTraces: false }), "demo");
      buildSketch(stack, "demo", { cloud: { subnet: "10.0.0.0/8" }, image: IMAGE, pools: { cpu: nodes } });
      return stack.node.findAll().length;
    };
    const time = cpuMilliseconds(() => {
      expect(many(5000)).toBe(many(2));
    });
    expect(time).toBeLessThan(1000);
  });

  it("leads to the master by 127.0.0.1, or by its own address where no port is published", () => {
    expect(access({ sshPort: 4022 })).toEqual({ host: "127.0.0.1", port: 4022, user: "root", identity: "cluster" });
    expect(access({})).toMatchObject({ port: defaultSshPort("demo", "local") });
    expect(access({ internet: false })).toEqual({ host: "10.64.0.10", port: 22, user: "root", identity: "cluster" });
  });
});

describe("what a container is run with", () => {
  it("is the state for the master alone, and the bundle read-only for everybody else", () => {
    expect(mountsOf("master")).toEqual([
      "v-state:/srv/ohpc/state:rw",
      "v-bundle:/srv/ohpc/bundle:rw",
      "v-home:/home:rw",
    ]);
    expect(mountsOf("compute")).toEqual(["v-bundle:/srv/ohpc/bundle:ro", "v-home:/home:rw"]);
  });

  it("tells the machine at boot what it is and where its master and its bundle are", () => {
    const environment = valuesOf(spec({ role: "compute" }).flags, "-e");
    expect(environment).toEqual([
      "OHPC_CLUSTER=demo",
      "OHPC_ROLE=compute",
      "OHPC_MASTER_HOST=master",
      "OHPC_MASTER_ADDRESS=10.64.0.10",
      "OHPC_BUNDLE=mounted:/srv/ohpc/bundle",
    ]);
    const bundle = { kind: "nfs", server: "10.64.0.10", export: "/srv/b", path: "/srv/ohpc/bundle" } as const;
    expect(valuesOf(spec({ bundle }).flags, "-e")).toContain("OHPC_BUNDLE=nfs:10.64.0.10:/srv/b");
  });

  it("is a device file for each GPU, and a port on 127.0.0.1 only", () => {
    const { flags } = spec({ gpus: 2, sshPort: 4022 });
    expect(valuesOf(flags, "--device")).toEqual(["/dev/null:/dev/nvidia0", "/dev/null:/dev/nvidia1"]);
    expect(valuesOf(flags, "-p")).toEqual(["127.0.0.1:4022:22"]);
  });

  it("refuses what another cloud made", () => {
    const disk = {
      purpose: "home",
      manifest: { kind: "mounted", path: "/home" },
      handle: "vol-1",
      dependsOn: [],
    } as const;
    const specs: ContainerOptions = { role: "master", boot: boot(), disks: [disk], gpus: 0, sshPort: undefined };
    expect(() => runSpec(specs)).toThrow("only disks of LocalCloud");
  });
});

describe("machines of LocalCloud", () => {
  const cloud = new LocalCloud();

  it("are the four sizes, of one core each", () => {
    const shapes = ["small", "medium", "large", "gpu"].map((size) => cloud.shapeOf(size).shape);
    expect(shapes.map((shape) => [shape?.coresPerSocket, String(shape?.memory), shape?.gpus?.count])).toEqual([
      [1, "2 GiB", undefined],
      [1, "4 GiB", undefined],
      [1, "8 GiB", undefined],
      [1, "4 GiB", 2],
    ]);
  });

  it("promise what they are told to", () => {
    const machine = LocalMachine.of({ cpus: 2, memory: Size.gibibytes(3), gpus: 1 });
    expect(cloud.shapeOf(machine).shape).toMatchObject({
      coresPerSocket: 2,
      memory: Size.gibibytes(3),
      gpus: { count: 1 },
    });
    expect(machine.type).toBe("2 CPUs, 3 GiB, 1 GPUs");
  });

  it("are refused with all that is wrong with them, and what would be right", () => {
    const said = (machine: Parameters<LocalCloud["shapeOf"]>[0]) =>
      cloud.shapeOf(machine).problems.map(describeProblem);
    expect(said("medum")).toEqual([
      'machine is "medum", but must be one of small, medium, large, gpu, or LocalMachine.of({ cpus, memory, gpus }); did you mean "medium"?',
    ]);
    expect(said({ cloud: "aws", type: "c7a.large" })).toEqual([
      'machine is "c7a.large", but must be a machine of the local cloud, such as LocalMachine.of({ cpus: 2 }); this is one of aws',
    ]);
    expect(said(LocalMachine.of({ cpus: 0, memory: Size.mebibytes(100), gpus: 1.5 }))).toEqual([
      "machine.cpus is 0, but must be a whole number from 1 to 1024",
      'machine.memory is "100 MiB", but must be at least 512 MiB',
      "machine.gpus is 1.5, but must be a whole number from 0 to 64",
    ]);
  });
});

describe("properties of LocalCloud", () => {
  const said = (props: LocalCloudProps) => new LocalCloud(props).problems().map(describeProblem);

  it("are accepted where they can be built", () => {
    expect(said({})).toEqual([]);
    expect(said({ engine: "docker", subnet: "172.20.0.0/22", internet: true, sshPort: 65_535, id: "left" })).toEqual(
      [],
    );
  });

  it.each<[LocalCloudProps, string]>([
    [{ engine: "lxc" as "podman" }, 'engine is "lxc", but must be podman or docker'],
    [
      { subnet: "10.77.1.0/16" },
      'subnet is "10.77.1.0/16", but must be an IPv4 subnet such as 10.77.0.0/16, with no bit set behind its prefix; did you mean "10.77.0.0/16"?',
    ],
    [
      { subnet: "8.8.0.0/16" },
      'subnet is "8.8.0.0/16", but must be inside one of the private networks 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16',
    ],
    [
      { subnet: "172.16.0.0/8" },
      'subnet is "172.16.0.0/8", but must be an IPv4 subnet such as 10.77.0.0/16, with no bit set behind its prefix; did you mean "172.0.0.0/8"?',
    ],
    [
      { subnet: "10.0.0.0/24" },
      'subnet is "10.0.0.0/24", but must be at least a /22: every pool has a block of 256 addresses',
    ],
    [{ sshPort: 65_536 }, "sshPort is 65536, but must be a whole number from 1 to 65535"],
    [
      { sshPort: 4022, internet: false },
      "sshPort is 4022, but must be left out where internet is false: such a bridge publishes no port, the master is reached by its own address",
    ],
  ])("%j is refused", (props, message) => {
    expect(said(props)).toEqual([message]);
  });

  it("are by default a private subnet and a port that depend on the cluster's name alone", () => {
    const whole = parseCidr("10.64.0.0/10")!;
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z][a-z0-9-]{0,39}$/), (cluster) => {
        const subnet = parseCidr(defaultSubnet(cluster, "local"))!;
        expect(contains(whole, subnet.first) && contains(whole, subnet.last)).toBe(true);
        const port = defaultSshPort(cluster, "local");
        expect(port >= 20_000 && port < 30_000).toBe(true);
      }),
    );
    // Another answer would move clusters that exist.
    expect([defaultSubnet("demo", "local"), defaultSshPort("demo", "local")]).toEqual(["10.108.0.0/16", 29_852]);
    expect(defaultSubnet("demo", "left")).not.toBe(defaultSubnet("demo", "local"));
  });
});

describe("comparing the state with the engine", () => {
  const state = {
    values: {
      root_module: {
        resources: [
          data("terraform_data.network", { kind: "network", cluster: "demo", name: "ohpc-demo", down: "…" }),
          data('terraform_data.cpu["cpu-1"]', {
            kind: "machine",
            cluster: "demo",
            name: "ohpc-demo-cpu-1",
            host: "cpu-1",
          }),
          data('terraform_data.cpu["cpu-2"]', {
            kind: "machine",
            cluster: "demo",
            name: "ohpc-demo-cpu-2",
            host: "cpu-2",
          }),
          data("terraform_data.home", { kind: "volume", cluster: "demo", name: "ohpc-demo-home" }),
          data("terraform_data.users-own", "anything"),
          { address: "null_resource.x", type: "null_resource", values: {} },
        ],
      },
    },
  };

  it("names what is missing by its address, and machines that do not run by their host", () => {
    const container = { role: "compute", site: "local", address: "10.64.1.1", image: IMAGE };
    const containers = [
      { ...container, name: "ohpc-demo-cpu-1", host: "cpu-1", running: false, status: "exited" },
      { ...container, name: "ohpc-demo-stray", host: "stray", running: false, status: "exited" },
    ];
    expect(compare(expectedIn(state), { containers, networks: ["ohpc-demo"], volumes: [] })).toEqual({
      missing: ['terraform_data.cpu["cpu-2"]', "terraform_data.home"],
      stopped: ["cpu-1"],
    });
  });

  it("expects nothing of an empty state", () => {
    expect(expectedIn({ format_version: "1.0" })).toEqual([]);
  });
});

function data(address: string, input: unknown) {
  return { address, type: "terraform_data", values: { input } };
}

function resource(sketch: Partial<Sketch>, address: string): TerraformInstance & { triggers: unknown } {
  const whole: Sketch = { cloud: { subnet: "10.64.0.0/16" }, image: IMAGE, ...sketch };
  const { instances } = synthesize((stack) => {
    buildSketch(stack, "demo", whole);
  });
  const instance = instances.get(address)!;
  return { ...instance, triggers: instance.body["triggers_replace"] };
}

function access(props: LocalCloudProps) {
  const cloud = new LocalCloud({ subnet: "10.64.0.0/16", ...props });
  const stack = new TerraformStack(new App({ stackTraces: false }), "demo");
  const site = cloud.network(stack, "network", { cluster: "demo", hosts: () => ["master"] });
  return cloud
    .machines(stack, "master", {
      site,
      role: "master",
      group: "master",
      hosts: [{ name: "master", address: "10.64.0.10" }],
      machine: "small",
      shape: cloud.shapeOf("small").shape!,
      rootDisk: Size.gibibytes(20),
      image: IMAGE,
      disks: [],
      boot: boot(),
    })
    .access();
}

function boot(
  bundle: ContainerOptions["boot"]["bundle"] = { kind: "mounted", path: "/srv/ohpc/bundle" },
  role: "master" | "compute" = "compute",
) {
  return { cluster: "demo", role, master: { name: "master", address: "10.64.0.10" }, bundle };
}

interface Wanted {
  readonly role?: "master" | "compute";
  readonly gpus?: number;
  readonly sshPort?: number;
  readonly bundle?: ContainerOptions["boot"]["bundle"];
}

function spec({ role = "compute", gpus = 0, sshPort, bundle }: Wanted) {
  const stack = new TerraformStack(new App({ stackTraces: false }), "demo");
  const cloud = new LocalCloud({ subnet: "10.64.0.0/16" });
  const site = cloud.network(stack, "network", { cluster: "demo", hosts: () => ["master"] });
  const paths = { state: "/srv/ohpc/state", bundle: "/srv/ohpc/bundle", home: "/home" };
  const disks = (["state", "bundle", "home"] as const).map((purpose) =>
    cloud.disk(stack, purpose, { site, purpose, path: paths[purpose], existing: `v-${purpose}` }),
  );
  return runSpec({ role, boot: boot(bundle, role), disks, gpus, sshPort });
}

function mountsOf(role: "master" | "compute"): string[] {
  return valuesOf(spec({ role }).flags, "-v");
}

function valuesOf(flags: readonly string[], flag: string): string[] {
  return flags.filter((_, k) => flags[k - 1] === flag);
}
