import { App, TerraformStack } from "cdktf";
import { LocalCloud, type LocalCloudProps } from "../../lib/clouds/local";
import { defaultSshPort } from "../../lib/clouds/local/defaults";
import { stockImage } from "../../lib/images/image";
import { synthesize, type TerraformInstance } from "../../lib/testing";
import { Size } from "../../lib/units";
import { boot } from "../support/boot";
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
      expect(down.split("\n").length).toBeLessThan(50);
    }
  });

  it("sweeps after all hosts are known, also those of pools that come later, and before machines are made", () => {
    const { body, triggers } = resource({ pools: { big: 1, cpu: 2 } }, "terraform_data.network-sweep");
    expect((triggers as { hosts: string[] }).hosts).toEqual(["big-1", "cpu-1", "cpu-2", "master"]);
    const create = (body["provisioner"] as { "local-exec": { environment: Record<string, string> } }[])[0]!;
    expect(create["local-exec"].environment["OHPC_HOSTS"]).toBe("big-1 cpu-1 cpu-2 master");

    const machines = resource({ pools: { cpu: 2 } }, 'terraform_data.cpu["cpu-1"]').body;
    expect(machines["depends_on"]).toEqual(
      // Everything waits for the master: it boots while the nodes are made.
      ["network", "network-sweep", "home", "bundle", "master"].map((name) => `terraform_data.${name}`),
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
    expect(stock.script).toContain('  - path: "/usr/lib/ohpc/ohpc-node"\n');
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
  const site = cloud.network(stack, "network", { cluster: "demo", owner: "mark", hosts: () => ["master"] });
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
