import { ComputePool, OpenHpcMaster, Size } from "cdktf-openhpc";
import { AzureCloud } from "cdktf-openhpc/azure";
import { synthesize, type TerraformBlock } from "cdktf-openhpc/testing";
import { billedTier, volumeProblems } from "../../lib/clouds/azure/volume";
import { readManifest } from "../../lib/model/manifest";
import { COMPUTE, demo, PROPS, SUBSCRIPTION } from "../support/azure";
import { blocks, dataOf, named, only } from "../support/terraform";
import { told } from "../support/told";

/** Azure Files speaks NFS 4.1, and no newer. */
const MOUNT = { version: "4.1", mountOptions: ["sec=sys", "nconnect=4", "noresvport"] } as const;

describe("disks on Azure", () => {
  it("are found by the numbers they are attached under, which no other disk changes", () => {
    const { terraform, manifest } = synthesize(demo());
    const { state, home } = readManifest(manifest).disks;
    expect([state, home]).toEqual([
      { kind: "block", device: "/dev/disk/azure/data/by-lun/0", path: "/srv/ohpc/state" },
      { kind: "block", device: "/dev/disk/azure/data/by-lun/1", path: "/home" },
    ]);
    const attached = blocks(terraform, "azurerm_virtual_machine_data_disk_attachment").map((one) => [
      one["lun"],
      /managed_disk\.(\w+?)_/.exec(String(one["managed_disk_id"]))?.[1],
      one["caching"],
    ]);
    expect(attached.sort()).toEqual([
      [0, "master", "None"],
      [1, "home", "None"],
    ]);
    const alone = synthesize((root) => {
      const master = new OpenHpcMaster(root, "master", { cloud: new AzureCloud(PROPS) });
      new ComputePool(root, "cpu", { master, nodes: 1 });
    });
    expect(only(alone.terraform, "azurerm_virtual_machine_data_disk_attachment")["lun"]).toBe(0);
  });

  it("can be read by nobody through a link, and are what the user chose", () => {
    const encryptionSet = `${COMPUTE}/diskEncryptionSets/mine`;
    const { terraform } = synthesize(
      demo({
        cloud: {
          zone: "1",
          disks: {
            home: { type: "PremiumV2_LRS", iops: 8000, throughput: 400, encryptionSet },
            state: { type: "Premium_ZRS" },
          },
        },
      }),
    );
    expect(named(terraform, "azurerm_managed_disk", "ohpc-demo-home")).toMatchObject({
      storage_account_type: "PremiumV2_LRS",
      disk_iops_read_write: 8000,
      disk_mbps_read_write: 400,
      disk_encryption_set_id: encryptionSet,
      zone: "1",
      disk_size_gb: 100,
      create_option: "Empty",
      network_access_policy: "DenyAll",
      public_network_access_enabled: false,
    });
    // A disk with copies in all zones is in none.
    expect(named(terraform, "azurerm_managed_disk", "ohpc-demo-state")).not.toHaveProperty("zone");
  });

  it("keep, lose or refuse to lose their data, as the user chose", () => {
    const home = (whenRemoved: "snapshot" | "delete" | "refuse") => {
      const { terraform } = synthesize(demo({ cloud: { disks: { home: { whenRemoved } } } }));
      const snapshots = blocks(terraform, "terraform_data").filter(
        (block) => (block["input"] as TerraformBlock)["name"] === "ohpc-demo-home",
      );
      const disk = named(terraform, "azurerm_managed_disk", "ohpc-demo-home");
      return [snapshots.length, (disk?.["lifecycle"] as TerraformBlock | undefined)?.["prevent_destroy"]];
    };
    expect(home("snapshot")).toEqual([1, undefined]);
    expect(home("delete")).toEqual([0, undefined]);
    expect(home("refuse")).toEqual([0, true]);
  });

  it("are taken off the machine before the last snapshot is made, and only then deleted", () => {
    const { terraform } = synthesize(demo());
    const [name = "", snapshot] =
      Object.entries(terraform.resource?.["terraform_data"] ?? {}).find(([id]) =>
        id.startsWith("master_machine-home-last-snapshot_"),
      ) ?? [];
    const attachment = blocks(terraform, "azurerm_virtual_machine_data_disk_attachment").find(
      (one) => one["lun"] === 1,
    );
    // Terraform destroys in the opposite order of what depends on what.
    expect(attachment?.["depends_on"]).toEqual([`terraform_data.${name}`]);
    expect((snapshot?.["input"] as TerraformBlock)["disk"]).toMatch(/^\$\{azurerm_managed_disk\.home_.*\.id\}$/);
  });

  it("may be a share of Azure Files, which only the subnets reach, or one that was there before", () => {
    const { terraform, manifest } = synthesize(demo({ cloud: { disks: { home: { kind: "azure-files" } } } }));
    const account = only(terraform, "azurerm_storage_account");
    expect(account["name"]).toMatch(/^ohpcdemo[0-9a-f]{10}$/);
    expect(account).toMatchObject({
      account_kind: "FileStorage",
      account_tier: "Premium",
      shared_access_key_enabled: false,
      network_rules: { default_action: "Deny" },
    });
    expect(only(terraform, "azurerm_storage_share")).toMatchObject({
      name: "home",
      enabled_protocol: "NFS",
      quota: 100,
    });
    expect(blocks(terraform, "azurerm_subnet").map((subnet) => subnet["service_endpoints"])).toEqual([
      ["Microsoft.Storage"],
      ["Microsoft.Storage"],
    ]);
    expect(readManifest(manifest).disks.home).toEqual({
      kind: "nfs",
      path: "/home",
      export: `/${account["name"] as string}/home`,
      server: expect.stringMatching(/^\$\{azurerm_storage_account\..*\.primary_file_host\}$/) as string,
      ...MOUNT,
    });
    const share = `${SUBSCRIPTION}/resourceGroups/data/providers/Microsoft.Storage/storageAccounts/campus/fileServices/default/shares/home`;
    expect(readManifest(synthesize(demo({ home: share })).manifest).disks.home).toEqual({
      kind: "nfs",
      path: "/home",
      server: "campus.file.core.windows.net",
      export: "/campus/home",
      ...MOUNT,
    });
  });

  it("keep a share unless the user says that its data may go, and are locked against slips as other disks are", () => {
    const share = (whenRemoved?: "refuse" | "delete", protect = true) => {
      const home = { kind: "azure-files", ...(whenRemoved !== undefined && { whenRemoved }) } as const;
      const { terraform } = synthesize(demo({ cloud: { protect, disks: { home } } }));
      const kept = ["azurerm_storage_account", "azurerm_storage_share"].map(
        (type) => (only(terraform, type)["lifecycle"] as TerraformBlock | undefined)?.["prevent_destroy"],
      );
      const locks = blocks(terraform, "azurerm_management_lock").map(({ scope }) => String(scope).split(".")[0]);
      return [...kept, locks.includes("${azurerm_storage_account")];
    };
    expect(share()).toEqual([true, true, true]);
    expect(share("refuse", false)).toEqual([true, true, false]);
    expect(share("delete")).toEqual([undefined, undefined, true]);
  });

  it("that were there before are compared with what the cluster needs before anything is made", () => {
    const { terraform } = synthesize(demo({ home: `${COMPUTE}/disks/home`, cloud: { zone: "2" } }));
    const [disk] = dataOf(terraform, "azurerm_managed_disk");
    expect(disk).toMatchObject({ name: "home", resource_group_name: "data" });
    expect(JSON.stringify(disk)).toContain('contains(self.zones, \\"2\\")');
    expect(blocks(terraform, "azurerm_managed_disk")).toHaveLength(1);
    expect(blocks(terraform, "azurerm_management_lock")).toHaveLength(2);
  });

  it.each([
    ["Premium_LRS", 1, "P1"],
    ["Premium_LRS", 128, "P10"],
    ["Premium_LRS", 129, "P15"],
    ["StandardSSD_LRS", 1024, "E30"],
    ["Standard_LRS", 8, "S4"],
    ["PremiumV2_LRS", 100, undefined],
  ] as const)("a %s of %d GiB is billed as %s", (type, gibibytes, tier) => {
    expect(billedTier(type, Size.gibibytes(gibibytes))).toBe(tier);
  });

  it("have only the speed that they can have", () => {
    expect(told(volumeProblems({ type: "PremiumV2_LRS", iops: 100, throughput: 1.5 }, "home", "1"))).toEqual([
      "home.iops is 100, but must be a whole number from 3000, in operations per second",
      "home.throughput is 1.5, but must be a whole number from 125, in MB per second",
    ]);
    expect(volumeProblems({ type: "PremiumV2_LRS", iops: 3000, caching: "None" }, "home", "1")).toEqual([]);
    expect(told(volumeProblems({ type: "gp3" as "Premium_LRS" }, "home", "1"))[0]).toContain(
      "one of Premium_LRS, PremiumV2_LRS",
    );
    expect(told(volumeProblems({ encryptionSet: "mine" }, "home", "1"))[0]).toContain(
      "Microsoft.Compute/diskEncryptionSets/NAME",
    );
  });
});
