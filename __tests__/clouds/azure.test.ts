import {
  openIngress,
  secretsInUserData,
  synthesize,
  unencryptedDisks,
  type Synthesized,
  type TerraformJson,
} from "cdktf-openhpc/testing";
import { azureDemo } from "../../stacks/azure-demo";
import { azureExistingNetwork } from "../../stacks/azure-existing-network";
import { azureGpu } from "../../stacks/azure-gpu";
import { demo, machineOf } from "../support/azure";
import { expectGolden } from "../support/golden";
import { blocks } from "../support/terraform";

const IDENTITY =
  "/subscriptions/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9/resourceGroups/x/providers/Microsoft.ManagedIdentity/userAssignedIdentities/y";

const STACKS = {
  "azure-demo": azureDemo,
  "azure-gpu": azureGpu,
  "azure-existing-network": azureExistingNetwork,
} as const;

describe("stacks on Azure", () => {
  const synthesized = Object.fromEntries(
    Object.entries(STACKS).map(([name, build]) => [name, synthesize(build, name)]),
  );
  const stack = (name: keyof typeof STACKS): Synthesized => synthesized[name]!;
  const names = Object.keys(STACKS) as (keyof typeof STACKS)[];

  it.each(names)("%s keeps its Terraform", (name) => {
    expectGolden(`stacks/${name}/cdk.tf.json`, `${JSON.stringify(stack(name).terraform, undefined, 2)}\n`);
  });

  it.each(names)("%s lets nobody in from everywhere, encrypts its disks, and tells no secret", (name) => {
    const { terraform } = stack(name);
    for (const look of [openIngress, unencryptedDisks, secretsInUserData]) expect(look(terraform)).toEqual([]);
  });

  it.each(names)("%s tags everything that can be tagged, with its cluster", (name) => {
    const untaggable =
      /^(azurerm_(subnet.*|network_security_rule|.*_association|management_lock|role_.*|virtual_machine_data_disk_attachment|storage_share)|terraform_data)$/;
    const untagged = Object.entries(stack(name).terraform.resource ?? {}).flatMap(([type, some]) =>
      untaggable.test(type)
        ? []
        : Object.entries(some).flatMap(([id, { tags }]) =>
            (tags as Record<string, string> | undefined)?.["ohpc:cluster"] === name ? [] : [`${type}.${id}`],
          ),
    );
    expect(untagged).toEqual([]);
  });

  it.each(names)(
    "%s gives everything an alias of the provider, and every machine a key for its only way in",
    (name) => {
      const { terraform } = stack(name);
      for (const [type, some] of Object.entries(terraform.resource ?? {})) {
        if (type === "terraform_data") continue;
        for (const [id, { provider }] of Object.entries(some))
          expect([`${type}.${id}`, provider]).toEqual([`${type}.${id}`, "azurerm.azure"]);
      }
      for (const machine of blocks(terraform, "azurerm_linux_virtual_machine")) {
        expect(machine).toMatchObject({
          disable_password_authentication: true,
          admin_username: "ohpc",
          allow_extension_operations: false,
          boot_diagnostics: {},
        });
        expect(machine).not.toHaveProperty("admin_password");
      }
    },
  );

  it("freeze what would replace machines", () => {
    const { terraform } = stack("azure-gpu");
    for (const machine of blocks(terraform, "azurerm_linux_virtual_machine")) {
      expect(machine["lifecycle"]).toEqual({
        ignore_changes: ["source_image_id", "source_image_reference", "plan", "custom_data", "admin_ssh_key"],
      });
    }
  });

  it("may do nothing in Azure: no role and no identity is made, and only the master has the one that it is given", () => {
    for (const name of names) {
      const { terraform } = stack(name);
      const types = Object.keys(terraform.resource ?? {});
      expect(types.filter((type) => /_(role_|user_assigned_identity)/.test(type))).toEqual([]);
      for (const machine of blocks(terraform, "azurerm_linux_virtual_machine"))
        expect(machine["identity"]).toBeUndefined();
    }
    const { terraform } = synthesize(demo({ cloud: { identity: IDENTITY } }));
    expect(machineOf(terraform, "master")["identity"]).toEqual({ type: "UserAssigned", identity_ids: [IDENTITY] });
    expect(machineOf(terraform, "cpu")["identity"]).toBeUndefined();
  });

  it("lock the master and its disks, unless told otherwise", () => {
    const locks = (terraform: TerraformJson) =>
      blocks(terraform, "azurerm_management_lock").map((lock) => [
        lock["lock_level"],
        String(lock["scope"]).split(".")[0],
      ]);
    expect(locks(stack("azure-demo").terraform).sort()).toEqual([
      ["CanNotDelete", "${azurerm_linux_virtual_machine"],
      ["CanNotDelete", "${azurerm_managed_disk"],
      ["CanNotDelete", "${azurerm_managed_disk"],
    ]);
    expect(locks(synthesize(demo({ cloud: { protect: false } })).terraform)).toEqual([]);
  });
});
