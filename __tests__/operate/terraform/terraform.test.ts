import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeEvent } from "../../../lib/operate/deploy/apply-plan";
import { describeLosses } from "../../../lib/operate/deploy/losses";
import { Failure } from "../../../lib/operate/feedback/failure";
import { isOlder, terraformBinary, versionFailure } from "../../../lib/operate/terraform/binary";
import { type Diagnostic, terraformEvent } from "../../../lib/operate/terraform/events";
import { terraformFailure, wantsInit } from "../../../lib/operate/terraform/failure";
import { judgePlan } from "../../../lib/operate/terraform/plan";
import { sampleManifest } from "../../support/sample-cluster";

/** What `terraform show -json` printed of plans of a stack with 2 + 2 nodes (without configuration and state). */
function sample(name: string): { resource_changes: { type: string; change: { before: unknown } }[] } {
  return JSON.parse(readFileSync(join(__dirname, "samples", `${name}.json`), "utf8")) as ReturnType<typeof sample>;
}

function losses(name: string, gone: readonly string[] = []): string[] {
  return judgePlan(sample(name), gone).losses.map(({ kind, name: what, action }) => `${action} ${kind} ${what}`);
}

describe("judging a plan", () => {
  it("finds no loss in a first deployment", () => {
    const { changes, losses: lost } = judgePlan(sample("first-up"));
    expect(lost).toEqual([]);
    expect(changes.map(({ name, kind }) => `${kind} ${name}`)).toEqual([
      "machine cpu-1",
      "machine cpu-2",
      "machine gpu-1",
      "machine gpu-2",
      "disk ohpc-demo-home",
      "disk ohpc-demo-bundle",
      "machine master",
      "glue terraform_data.master_network-sweep_FA0DD803",
      "network ohpc-demo",
      "disk ohpc-demo-state",
    ]);
    expect(new Set(changes.map(({ action }) => action))).toEqual(new Set(["create"]));
  });

  it("finds nothing at all where nothing changes", () => {
    expect(judgePlan(sample("nothing"))).toEqual({ changes: [], losses: [] });
  });

  it("lets a pool grow without asking, although the list of hosts is made anew", () => {
    const { changes, losses: lost } = judgePlan(sample("grown"));
    expect(lost).toEqual([]);
    expect(changes.map(({ action, name }) => `${action} ${name}`)).toEqual([
      "create cpu-3",
      "replace terraform_data.master_network-sweep_FA0DD803",
    ]);
  });

  it("asks before a machine is destroyed", () => {
    expect(losses("shrunk")).toEqual(["delete machine cpu-2"]);
  });

  it("asks before another image replaces machines, and names no disk", () => {
    const machines = ["cpu-1", "cpu-2", "gpu-1", "gpu-2", "master"].map((host) => `replace machine ${host}`);
    expect(losses("image-changed")).toEqual(machines);
  });

  it("asks before the network is replaced with all machines in it", () => {
    expect(losses("network-changed")).toContain("replace network ohpc-demo");
    expect(losses("network-changed")).toHaveLength(6);
  });

  it("does not ask for a machine that somebody had removed by hand, but would if it were there", () => {
    const address = 'terraform_data.cpu_machines_81FAE51B["cpu-1"]';
    expect(losses("removed-by-hand", [address])).toEqual([]);
    expect(losses("removed-by-hand")).toEqual(["replace machine cpu-1"]);
  });

  it("does not ask for a machine whose creation never succeeded", () => {
    expect(losses("tainted")).toEqual([]);
    expect(judgePlan(sample("tainted")).changes).toHaveLength(1);
  });

  it("lists machines, disks and network when everything goes", () => {
    expect(losses("destroy")).toHaveLength(9);
    expect(losses("destroy")).toContain("delete disk ohpc-demo-state");
  });

  it.each([
    ["aws_instance", "machine"],
    ["azurerm_linux_virtual_machine", "machine"],
    ["aws_ebs_volume", "disk"],
    ["azurerm_managed_disk", "disk"],
    ["aws_subnet", "network"],
    ["aws_db_instance", "other"],
  ])("asks before a %s is destroyed: it is a %s", (type, kind) => {
    expect(judgePlan(deletionOf(type)).losses.map((loss) => loss.kind)).toEqual([kind]);
  });

  it.each([
    "aws_vpc_security_group_ingress_rule",
    "aws_volume_attachment",
    "azurerm_network_security_rule",
    "null_resource",
  ])("does not ask before a %s is destroyed: it can be made again at any time", (type) => {
    expect(judgePlan(deletionOf(type)).losses).toEqual([]);
  });
});

function deletionOf(type: string): object {
  const change = { actions: ["delete"], before: { name: "x" }, after: null };
  return { resource_changes: [{ address: `${type}.x`, mode: "managed", type, change }] };
}

describe("telling people what they would lose", () => {
  const lost = judgePlan(sample("image-changed")).losses;
  const manifest = sampleManifest();
  const jobs = [
    { id: "12", user: "alice", state: "RUNNING", name: "train", hosts: ["cpu-1"] },
    { id: "13", user: "bob", state: "PENDING", name: "wait", hosts: [] },
  ];

  it("names the jobs that would end, and counts those that wait", () => {
    const lines = describeLosses(lost, manifest, { jobs });
    expect(lines).toEqual([
      "5 machines would be replaced: cpu-[1-2],gpu-[1-2],master",
      "jobs that would end; batch jobs go back into the queue and start anew:",
      "  12 alice RUNNING cpu-1 train",
      "jobs that wait in the queue: 1, which stay in it",
      "queue, accounts and job history are on the state disk, and stay",
    ]);
  });

  it("says so when the master does not answer", () => {
    expect(describeLosses(lost, undefined, { unknown: "master does not answer: jobs may be running" })).toContain(
      "master does not answer: jobs may be running",
    );
  });

  it("says that disks go with all data, and the queue with them", () => {
    expect(describeLosses(judgePlan(sample("destroy")).losses, manifest, { jobs })).toEqual([
      "5 machines would be destroyed: cpu-[1-2],gpu-[1-2],master",
      "3 disks would be destroyed with all data: ohpc-demo-home, ohpc-demo-bundle, ohpc-demo-state",
      "1 network would be destroyed with all machines in it: ohpc-demo",
      "jobs that would end:",
      "  12 alice RUNNING cpu-1 train",
      "jobs that wait in the queue: 1, which would be lost",
    ]);
  });
});

describe("Terraform's stream", () => {
  const resource = { addr: 'terraform_data.cpu["cpu-1"]' };
  const event = (document: object) => terraformEvent(JSON.stringify(document));

  it("tells which machine was made, in its own name", () => {
    const completed = event({ type: "apply_complete", hook: { resource, action: "create", elapsed_seconds: 1 } });
    expect(completed).toEqual({ kind: "completed", address: resource.addr, action: "create", seconds: 1 });
    expect(completed === undefined ? undefined : describeEvent(completed)).toBe("cpu-1 created");
  });

  it("leaves out the program that a provisioner runs, and shows what it writes", () => {
    const said = (output: string) =>
      event({ type: "provision_progress", hook: { resource, provisioner: "local-exec", output } });
    expect(said('Executing: ["/bin/sh" "-c" "true"]')).toBeUndefined();
    expect(said("hello")).toEqual({ kind: "provisioner", address: resource.addr, output: "hello" });
  });

  it("knows both programs by their first line", () => {
    expect(event({ type: "version", terraform: "1.11.4", ui: "1.2" })).toMatchObject({
      program: "terraform",
      version: "1.11.4",
    });
    expect(event({ type: "version", tofu: "1.8.0", ui: "1.2" })).toMatchObject({ program: "tofu", version: "1.8.0" });
  });

  it("hands over the outputs once they have values", () => {
    const planned = event({ type: "outputs", outputs: { cluster: { sensitive: false, action: "create" } } });
    const applied = event({ type: "outputs", outputs: { cluster: { sensitive: false, type: "string", value: "x" } } });
    expect(planned).toStrictEqual({ kind: "outputs", values: {} });
    expect(applied).toEqual({ kind: "outputs", values: { cluster: "x" } });
  });

  it.each(["", "not JSON", "{}", '{"type":"refresh_start"}', "null"])("passes over %j", (line) => {
    expect(terraformEvent(line)).toBeUndefined();
  });
});

describe("what Terraform complains about", () => {
  const provisioner = (output: string, host = "master"): Diagnostic => ({
    severity: "error",
    summary: "local-exec provisioner error",
    detail: `Error running command 'host='master'\nlots of script': exit status 1. Output: ${output}`,
    address: `terraform_data.x["${host}"]`,
  });

  it("names the machine, the cause and the remedy that our scripts print, and shows no script", () => {
    const failure = terraformFailure(
      "apply",
      [
        provisioner(
          'Port 20000 on 127.0.0.1, the way in to the cluster "demo", is taken by another program.\nChoose another: new LocalCloud({ sshPort: 20001 })\n',
        ),
      ],
      "",
    );
    expect(failure.message).toBe("terraform apply failed at master");
    expect(failure.details).toMatchObject({
      code: "local.port-taken",
      cause: 'Port 20000 on 127.0.0.1, the way in to the cluster "demo", is taken by another program',
      remedy: "Choose another: new LocalCloud({ sshPort: 20001 })",
    });
    expect(failure.details.output?.join("\n")).not.toContain("lots of script");
  });

  it.each([
    [
      'The subnet 10.77.0.0/16 of the cluster "demo" is taken: 10.77.0.0/16 is the podman network "clnet".',
      "local.subnet-taken",
      "failed",
    ],
    ["No container engine: neither podman nor docker is installed.", "local.engine-missing", "usage"],
    [
      "you have no permission to use docker: permission denied while trying to connect",
      "local.engine-permission",
      "usage",
    ],
    ['The image localhost/ohpc-node:abc is not in podman: "ohpc up" builds it.', "local.image-missing", "failed"],
    ["write /x: no space left on device", "disk-full", "failed"],
  ])("recognizes %j", (line, code, kind) => {
    const failure = terraformFailure("apply", [provisioner(`${line}\nDo this.`)], "");
    expect(failure).toMatchObject({ kind, details: { code } });
  });

  it("names only some of very many machines", () => {
    const many = Array.from({ length: 40 }, (_, k) => provisioner("no", `cpu-${k + 1}`));
    expect(terraformFailure("apply", many, "").message).toBe(
      "terraform apply failed at cpu-1, cpu-2, cpu-3, cpu-4, cpu-5 and 35 more",
    );
  });

  it("says that somebody else is at work when the state is locked", () => {
    const locked = {
      severity: "error",
      summary: "Error acquiring the state lock",
      detail: "Lock Info:\n  Who: root@host",
    } as const;
    expect(terraformFailure("plan", [locked], "")).toMatchObject({
      kind: "busy",
      details: { code: "terraform.locked" },
    });
  });

  it("shows what a command without JSON wrote", () => {
    expect(terraformFailure("init", [], "\nError: no such provider\n").details.output).toEqual([
      "Error: no such provider",
    ]);
  });

  it("knows when only `terraform init` is wanted", () => {
    const wants = (summary: string) => wantsInit([{ severity: "error", summary, detail: "" }]);
    expect(wants('Backend initialization required, please run "terraform init"')).toBe(true);
    expect(wants("Inconsistent dependency lock file")).toBe(true);
    expect(wants("Invalid reference")).toBe(false);
  });
});

describe("which program runs", () => {
  let path: string;
  beforeEach(() => {
    path = mkdtempSync(join(tmpdir(), "ohpc-path-"));
  });
  afterEach(() => {
    rmSync(path, { recursive: true });
  });
  const install = (name: string) => {
    writeFileSync(join(path, name), "#!/bin/sh\n");
    chmodSync(join(path, name), 0o755);
  };

  it("is terraform, or tofu where there is no terraform", () => {
    install("tofu");
    expect(terraformBinary({ PATH: path })).toBe("tofu");
    install("terraform");
    expect(terraformBinary({ PATH: path })).toBe("terraform");
  });

  it("is what TERRAFORM_BINARY_NAME says", () => {
    install("terraform");
    install("tofu");
    expect(terraformBinary({ PATH: path, TERRAFORM_BINARY_NAME: "tofu" })).toBe("tofu");
    expect(() => terraformBinary({ PATH: path, TERRAFORM_BINARY_NAME: "terragrunt" })).toThrow(
      /"terragrunt", which is not on the PATH/,
    );
  });

  it("is told to be installed when there is none", () => {
    expect(() => terraformBinary({ PATH: path })).toThrow(
      new Failure("usage", "there is neither terraform nor tofu on the PATH", { code: "x" }),
    );
  });

  it.each([
    ["1.9.0", "1.9.0", false],
    ["1.8.9", "1.9.0", true],
    ["1.10.0-beta1", "1.9.0", false],
    ["1.9", "1.9.0", false],
    ["2.0.0", "1.9.0", false],
  ])("%s is older than %s: %s", (version, than, expected) => {
    expect(isOlder(version, than)).toBe(expected);
  });

  it("must not be too old", () => {
    expect(versionFailure("terraform", "1.8.5")?.message).toBe("terraform 1.8.5 is too old");
    expect(versionFailure("tofu", "1.8.0")).toBeUndefined();
  });
});
