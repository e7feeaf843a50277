import { App, TerraformStack } from "cdktf";
import { LocalCloud } from "../../lib/clouds/local";
import { type ContainerOptions, runSpec } from "../../lib/clouds/local/run-spec";
import { boot } from "../support/boot";

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

interface Wanted {
  readonly role?: "master" | "compute";
  readonly gpus?: number;
  readonly sshPort?: number;
  readonly bundle?: ContainerOptions["boot"]["bundle"];
}

function spec({ role = "compute", gpus = 0, sshPort, bundle }: Wanted) {
  const stack = new TerraformStack(new App({ stackTraces: false }), "demo");
  const cloud = new LocalCloud({ subnet: "10.64.0.0/16" });
  const site = cloud.network(stack, "network", { cluster: "demo", owner: "mark", hosts: () => ["master"] });
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
