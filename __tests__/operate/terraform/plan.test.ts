import { judgePlan } from "../../../lib/operate/terraform/plan";
import { planSample } from "../../support/plan-samples";

function losses(name: string, gone: readonly string[] = []): string[] {
  return judgePlan(planSample(name), gone).losses.map(({ kind, name: what, action }) => `${action} ${kind} ${what}`);
}

describe("judging a plan", () => {
  it("finds no loss in a first deployment", () => {
    const { changes, losses: lost } = judgePlan(planSample("first-up"));
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
    expect(judgePlan(planSample("nothing"))).toEqual({ changes: [], losses: [] });
  });

  it("lets a pool grow without asking, although the list of hosts is made anew", () => {
    const { changes, losses: lost } = judgePlan(planSample("grown"));
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
    expect(judgePlan(planSample("tainted")).changes).toHaveLength(1);
  });

  it("does not ask before a master's rights go that nothing used, but before somebody's own do", () => {
    const gone = (address: string) => ({
      address,
      mode: "managed",
      type: address.split(".")[0],
      change: { actions: ["delete"], before: {}, after: null },
    });
    const ours = [
      "aws_iam_role.master_machine-identity_role_0A1B2C3D",
      "aws_iam_role_policy.master_machine-identity_power_0A1B2C3D",
      "aws_iam_instance_profile.master_machine-identity_profile_0A1B2C3D",
      "azurerm_user_assigned_identity.master_machine-identity_0A1B2C3D",
      "azurerm_user_assigned_identity.master_machine-identity_identity_0A1B2C3D",
      "azurerm_role_definition.head_machine-identity_role_0A1B2C3D",
      "azurerm_role_assignment.master_machine-identity_assignment_0A1B2C3D",
    ];
    const theirs = ["aws_iam_role.reports_0A1B2C3D", "azurerm_user_assigned_identity.reports_0A1B2C3D"];
    const { losses: lost } = judgePlan({ resource_changes: [...ours, ...theirs].map(gone) });
    expect(lost.map(({ address }) => address)).toEqual(theirs);
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
    ["aws_efs_file_system", "disk"],
    ["azurerm_storage_share", "disk"],
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

describe("what is changed in place", () => {
  const updated = (type: string, before: object, after: object, name = "cpu-1") =>
    judgePlan({
      resource_changes: [
        { address: `${type}.x["${name}"]`, mode: "managed", type, change: { actions: ["update"], before, after } },
      ],
    });

  it("is asked about where a vendor stops machines for it", () => {
    const { losses, changes } = updated(
      "aws_instance",
      { instance_type: "m7i.large" },
      { instance_type: "m7i.xlarge" },
    );
    expect(losses).toEqual(changes);
    expect(changes).toMatchObject([{ action: "update", kind: "machine", name: "cpu-1", stops: true }]);
    expect(updated("azurerm_linux_virtual_machine", { size: "a" }, { size: "b" }).losses).toHaveLength(1);
    expect(updated("azurerm_managed_disk", { disk_size_gb: 1 }, { disk_size_gb: 2 }).losses).toMatchObject([
      { kind: "disk", stops: true },
    ]);
  });

  it("is not, where it only gets other tags", () => {
    for (const type of ["aws_instance", "azurerm_linux_virtual_machine", "azurerm_managed_disk"])
      expect(updated(type, { size: "a", tags: {} }, { size: "a", tags: { a: "b" } }).losses).toEqual([]);
  });

  it("is asked about where another disk comes in the place of one that is in use, unless its machine goes, too", () => {
    const attachment = {
      address: "aws_volume_attachment.home",
      mode: "managed",
      type: "aws_volume_attachment",
      change: { actions: ["delete", "create"], before: {}, after: {} },
    };
    const machine = {
      address: 'aws_instance.x["master"]',
      mode: "managed",
      type: "aws_instance",
      change: { actions: ["delete", "create"], before: {}, after: {} },
    };
    expect(judgePlan({ resource_changes: [attachment] }).losses).toMatchObject([
      { kind: "attachment", action: "replace" },
    ]);
    expect(judgePlan({ resource_changes: [attachment, machine] }).losses).toMatchObject([{ kind: "machine" }]);
  });
});
