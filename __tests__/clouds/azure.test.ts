import type { TerraformStack } from "cdktf";
import {
  ComputePool,
  type ComputePoolOptions,
  GpuComputePool,
  NfsDisk,
  OpenHpcMaster,
  type OpenHpcMasterProps,
  Size,
} from "cdktf-openhpc";
import { AzureCloud, type AzureCloudProps, AzureMachine } from "cdktf-openhpc/azure";
import {
  openIngress,
  secretsInUserData,
  type Synthesized,
  synthesize,
  type TerraformBlock,
  type TerraformJson,
  unencryptedDisks,
} from "cdktf-openhpc/testing";
import fc from "fast-check";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { azureCost } from "../../lib/clouds/azure/cost";
import { withFacts, writeLockFile } from "../../lib/clouds/lock-file";
import { readManifest } from "../../lib/model/manifest";
import { PORT_MATRIX } from "../../lib/model/ports";
import { azureDemo } from "../../stacks/azure-demo";
import { azureExistingNetwork } from "../../stacks/azure-existing-network";
import { azureGpu } from "../../stacks/azure-gpu";
import { refusal } from "../support/clusters";
import { expectGolden } from "../support/golden";

/** Nobody has its other half any more. */
const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDcoZYu1y+cBrkaXEcQ6/mFhispMwt96r9TMucwaJFyG test";
const PROPS: AzureCloudProps = {
  location: "westeurope",
  access: { sshPublicKey: KEY, from: [{ cidr: "192.0.2.0/24", reason: "a test" }] },
};
const STACKS = {
  "azure-demo": azureDemo,
  "azure-gpu": azureGpu,
  "azure-existing-network": azureExistingNetwork,
} as const;
const SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000000";
const COMPUTE = `${SUBSCRIPTION}/resourceGroups/data/providers/Microsoft.Compute`;
const SUBNETS = `${SUBSCRIPTION}/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/campus/subnets`;

interface Variant {
  readonly cloud?: Partial<AzureCloudProps>;
  readonly master?: Partial<OpenHpcMasterProps>;
  readonly pool?: Partial<ComputePoolOptions>;
  readonly home?: string;
}

/** A master and a pool `cpu` of two machines. */
function demo({ cloud = {}, master: more = {}, pool = {}, home: existing }: Variant = {}): (
  stack: TerraformStack,
) => void {
  return (stack) => {
    const home = new NfsDisk(stack, "home", existing === undefined ? { size: Size.gibibytes(100) } : { existing });
    const master = new OpenHpcMaster(stack, "master", { cloud: new AzureCloud({ ...PROPS, ...cloud }), home, ...more });
    new ComputePool(stack, "cpu", { master, nodes: 2, machine: "medium", ...pool });
  };
}

function blocks(terraform: TerraformJson, type: string): readonly TerraformBlock[] {
  return Object.values(terraform.resource?.[type] ?? {});
}

function only(terraform: TerraformJson, type: string): TerraformBlock {
  const [first, ...more] = blocks(terraform, type);
  if (first === undefined || more.length > 0) throw new Error(`${more.length} more than one, or no ${type}`);
  return first;
}

/** The block of that type that was made for a group of machines. */
function ofGroup(terraform: TerraformJson, type: string, group: string): TerraformBlock {
  const found = blocks(terraform, type).find(({ tags }) => (tags as Record<string, string>)["ohpc:group"] === group);
  if (found === undefined) throw new Error(`no ${type} of ${group}`);
  return found;
}

const machineOf = (terraform: TerraformJson, group: string) =>
  ofGroup(terraform, "azurerm_linux_virtual_machine", group);
const named = (terraform: TerraformJson, type: string, name: string) =>
  blocks(terraform, type).find((block) => block["name"] === name);
const dataOf = (terraform: TerraformJson, type: string) =>
  Object.values((terraform as { data?: Record<string, Record<string, TerraformBlock>> }).data?.[type] ?? {});

function userDataOf(terraform: TerraformJson, group: string): string {
  return Buffer.from(machineOf(terraform, group)["custom_data"] as string, "base64").toString("utf8");
}

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

  it("freeze what would replace machines, and give only the master an identity", () => {
    const { terraform } = stack("azure-gpu");
    for (const machine of blocks(terraform, "azurerm_linux_virtual_machine")) {
      expect(machine["lifecycle"]).toEqual({
        ignore_changes: ["source_image_id", "source_image_reference", "plan", "custom_data", "admin_ssh_key"],
      });
    }
    expect(machineOf(terraform, "master")["identity"]).toMatchObject({ type: "UserAssigned" });
    for (const group of ["train", "mpi", "spare"]) expect(machineOf(terraform, group)["identity"]).toBeUndefined();
  });

  it("open exactly what the port matrix says, SSH to the operator alone, and close the rest", () => {
    const { terraform } = stack("azure-demo");
    const rules = blocks(terraform, "azurerm_network_security_rule");
    const side = (ids: unknown) =>
      /network-firewall_(master|compute)_/.exec(String((ids as string[] | undefined)?.[0]))?.[1] ?? "operator";
    const opened = rules
      .filter((rule) => rule["access"] === "Allow")
      .map((rule) => {
        const [from, to] = [
          side(rule["source_application_security_group_ids"]),
          side(rule["destination_application_security_group_ids"]),
        ];
        return [from, to, rule["protocol"], rule["destination_port_range"]].join(" ");
      });
    const wanted = PORT_MATRIX.flatMap(({ from, to, ports }) =>
      ports.map((port) => {
        if (port.protocol === "all") return [from, to, "*", "*"].join(" ");
        return [
          from,
          to,
          port.protocol === "tcp" ? "Tcp" : "Udp",
          port.from === port.to ? port.from : `${port.from}-${port.to}`,
        ].join(" ");
      }),
    );
    expect(opened.sort()).toEqual(wanted.sort());
    expect(
      rules
        .filter((rule) => rule["source_address_prefix"] !== undefined)
        .map((rule) => [rule["source_address_prefix"], rule["access"], rule["priority"]]),
    ).toEqual(
      expect.arrayContaining([
        ["*", "Deny", 4096],
        ["192.0.2.0/24", "Allow", 1000],
      ]),
    );
    expect(rules.filter((rule) => rule["source_address_prefix"] !== undefined)).toHaveLength(2);
  });

  it("have a priority of its own for every rule, which Azure accepts, however many pools and sources there are", () => {
    const from = Array.from({ length: 40 }, (_, k) => ({ cidr: `198.51.100.${k}/32`, reason: `office ${k}` }));
    const { terraform } = synthesize((root) => {
      const master = new OpenHpcMaster(root, "master", {
        cloud: new AzureCloud({ ...PROPS, access: { sshPublicKey: KEY, from } }),
      });
      for (const name of ["a", "b", "c", "d"]) new ComputePool(root, name, { master, nodes: 1 });
    });
    const priorities = blocks(terraform, "azurerm_network_security_rule").map((rule) => rule["priority"] as number);
    expect(priorities).toHaveLength(9 + 40 + 1);
    expect(new Set(priorities).size).toBe(priorities.length);
    expect(Math.min(...priorities)).toBeGreaterThanOrEqual(100);
    expect(Math.max(...priorities)).toBe(4096);
    const descriptions = blocks(terraform, "azurerm_network_security_rule").map(
      (rule) => (rule["description"] as string).length,
    );
    expect(Math.max(...descriptions)).toBeLessThanOrEqual(140);
  });

  it("give the master's role no more than the machines of its resource group", () => {
    const { terraform } = stack("azure-demo");
    const { permissions, scope, assignable_scopes: scopes } = only(terraform, "azurerm_role_definition");
    expectGolden(
      "azure/master-role.json",
      `${JSON.stringify({ permissions, scope, assignable_scopes: scopes }, undefined, 2)}\n`,
    );
    expect(only(terraform, "azurerm_role_assignment")["scope"]).toBe(scope);
    expect(scope).toMatch(/^\$\{azurerm_resource_group\..*\.id\}$/);
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

  it("need no port that is open to the world with a Bastion, and a way in that ohpc can use", () => {
    const { terraform, manifest } = stack("azure-gpu");
    const sources = blocks(terraform, "azurerm_network_security_rule").flatMap((rule) =>
      rule["access"] === "Allow" ? [rule["source_address_prefix"] ?? "a group"] : [],
    );
    expect(new Set(sources)).toEqual(new Set(["a group", "10.79.64.0/26"]));
    expect(only(terraform, "azurerm_bastion_host")).toMatchObject({ sku: "Standard", tunneling_enabled: true });
    const { access } = readManifest(manifest).master;
    expect(access).toMatchObject({ user: "root", host: "10.79.0.10", port: 22 });
    expect(access.proxy?.slice(0, 2)).toEqual(["bash", "-c"]);
    const machine = expect.stringMatching(/^\$\{azurerm_linux_virtual_machine\.\w[\w-]*\["master"\]\.id\}$/) as string;
    expect(access.proxy?.slice(3)).toEqual([
      "ohpc-bastion",
      expect.stringContaining("azurerm_bastion_host") as string,
      expect.any(String),
      machine,
      "%p",
    ]);
    const addresses = blocks(terraform, "azurerm_public_ip").map(({ name }) => name);
    expect(addresses.sort()).toEqual(["ohpc-azure-gpu-bastion", "ohpc-azure-gpu-nat"]);
  });

  it("make no network where there is one, and compare what was said of it with what it is", () => {
    const { terraform, manifest } = stack("azure-existing-network");
    for (const type of [
      "azurerm_resource_group",
      "azurerm_virtual_network",
      "azurerm_subnet",
      "azurerm_public_ip",
      "azurerm_nat_gateway",
      "azurerm_role_definition",
    ]) {
      expect([type, blocks(terraform, type)]).toEqual([type, []]);
    }
    const subnets = dataOf(terraform, "azurerm_subnet");
    expect(
      subnets.map((subnet) => [subnet["resource_group_name"], subnet["virtual_network_name"], subnet["name"]]),
    ).toEqual([
      ["network", "campus", "login"],
      ["network", "campus", "compute"],
    ]);
    expect(JSON.stringify(subnets)).toContain('contains(self.address_prefixes, \\"172.29.32.0/20\\")');
    expect(JSON.stringify(dataOf(terraform, "azurerm_managed_disk"))).toContain("is it in another subscription?");
    // The rules are ours, and on the machines: the subnets' own are not touched.
    expect(blocks(terraform, "azurerm_network_interface_security_group_association")).toHaveLength(2);
    expect(blocks(terraform, "azurerm_subnet_network_security_group_association")).toEqual([]);
    expect(readManifest(manifest).master.access).toMatchObject({ host: "172.29.16.20" });
    expect(readManifest(manifest).sites[0]?.place).toEqual({
      location: "northeurope",
      resourceGroup: "chemistry",
      subscription: "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9",
    });
  });

  it("leave the rules of an existing network to the user, if the user says so", () => {
    const masterSubnet = { id: `${SUBNETS}/login`, cidr: "10.0.1.0/24" };
    const group = (name: string) =>
      `${SUBSCRIPTION}/resourceGroups/net/providers/Microsoft.Network/networkSecurityGroups/${name}`;
    const build = (securityGroups: "subnet" | { master: string; compute: string }) =>
      synthesize(
        demo({
          cloud: { network: { masterSubnet, securityGroups } },
          master: { address: "10.0.1.20" },
          pool: { addresses: "10.0.1.32-10.0.1.40" },
        }),
      ).terraform;
    for (const type of [
      "azurerm_network_security_group",
      "azurerm_network_security_rule",
      "azurerm_application_security_group",
    ]) {
      for (const given of ["subnet", { master: group("a"), compute: group("b") }] as const)
        expect(blocks(build(given), type)).toEqual([]);
    }
    expect(blocks(build("subnet"), "azurerm_network_interface_security_group_association")).toEqual([]);
    const used = blocks(
      build({ master: group("a"), compute: group("b") }),
      "azurerm_network_interface_security_group_association",
    );
    expect(used.map((one) => one["network_security_group_id"]).sort()).toEqual([group("a"), group("b")]);
  });
});

describe("machines on Azure", () => {
  it("cost no construct each: a thousand are synthesized in under a second and a half of work", () => {
    const before = process.cpuUsage();
    const { instances } = synthesize(demo({ pool: { nodes: 1000 } }));
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(1500);
    expect(
      [...instances.keys()].filter((address) => address.startsWith("azurerm_linux_virtual_machine.")),
    ).toHaveLength(1001);
  });

  it("of other pools, their interfaces and all disks stay byte for byte what they are when one pool changes, comes or goes", () => {
    const pool = fc.record({
      nodes: fc.integer({ min: 1, max: 5 }),
      machine: fc.constantFrom(
        "small",
        "medium",
        "Standard_HB120rs_v3",
        AzureMachine.of("Standard_F8s_v2", { spot: true }),
      ),
      rootDisk: fc.constantFrom(Size.gibibytes(40), Size.gibibytes(80)),
    });
    const pools = fc.dictionary(fc.constantFrom("cpu", "hb", "post", "viz"), pool, {
      minKeys: 2,
      noNullPrototype: true,
    });
    const build = (all: Readonly<Record<string, Partial<ComputePoolOptions>>>) =>
      synthesize((root) => {
        const home = new NfsDisk(root, "home", { size: Size.gibibytes(100) });
        const master = new OpenHpcMaster(root, "master", { cloud: new AzureCloud(PROPS), home });
        for (const [name, options] of Object.entries(all))
          new ComputePool(root, name, { master, nodes: 1, ...options });
      }).instances;
    fc.assert(
      fc.property(pools, fc.option(pool), (all, instead) => {
        const [changed = "", ...others] = Object.keys(all);
        const rest = Object.fromEntries(others.map((name) => [name, all[name] ?? {}]));
        const [before, after] = [build(all), build(instead === null ? rest : { ...rest, [changed]: instead })];
        const kept = [...before].filter(([address]) => !new RegExp(`^\\w+\\.${changed}_`).test(address));
        expect(kept.length).toBeGreaterThan(20);
        for (const [address, instance] of kept)
          expect([address, JSON.stringify(after.get(address))]).toEqual([address, JSON.stringify(instance)]);
      }),
      { numRuns: 8 },
    );
  });

  it("have fixed addresses, accelerated networking where their size has it, and are under the rules before they are made", () => {
    const { terraform, instances } = synthesize(demo());
    const card = ofGroup(terraform, "azurerm_network_interface", "cpu");
    expect(card).toMatchObject({
      accelerated_networking_enabled: true,
      ip_configuration: [{ private_ip_address_allocation: "Static", private_ip_address: "${each.value}" }],
    });
    expect((card["ip_configuration"] as TerraformBlock[])[0]).not.toHaveProperty("public_ip_address_id");
    const each = [...instances].find(([address]) => /^azurerm_network_interface\..*\["cpu-1"\]$/.test(address))?.[1]
      .each;
    expect(each).toMatch(/^10\.79\.\d+\.1$/);
    expect(machineOf(terraform, "cpu")["depends_on"]).toEqual(
      expect.arrayContaining([expect.stringContaining("application_security_group_association.cpu_")]),
    );
  });

  it("give only the master a public address, which stays", () => {
    const { terraform } = synthesize(demo());
    const address = named(terraform, "azurerm_public_ip", "ohpc-demo-master");
    expect(address).toMatchObject({ allocation_method: "Static", sku: "Standard" });
    const hasPublic = (group: string) =>
      JSON.stringify(ofGroup(terraform, "azurerm_network_interface", group)).includes("public_ip_address_id");
    expect([hasPublic("master"), hasPublic("cpu")]).toEqual([true, false]);
    const inside = synthesize(demo({ cloud: { publicAddress: false } }));
    expect(named(inside.terraform, "azurerm_public_ip", "ohpc-demo-master")).toBeUndefined();
    expect(readManifest(inside.manifest).master.access.host).toBe("10.79.0.10");
  });

  it("have one image per cluster and architecture, so that a pool that comes later gets what the others have", () => {
    const { terraform } = synthesize((root) => {
      const master = new OpenHpcMaster(root, "master", { cloud: new AzureCloud(PROPS) });
      for (const name of ["a", "b"]) new ComputePool(root, name, { master, nodes: 1 });
      new ComputePool(root, "arm", { master, nodes: 1, machine: "Standard_D8ps_v5" });
    });
    const image = (group: string) => machineOf(terraform, group)["source_image_reference"] as TerraformBlock;
    expect([image("a"), image("b")]).toEqual([image("master"), image("master")]);
    expect([image("a")["sku"], image("arm")["sku"]]).toEqual(["13-gen2", "13-arm64"]);
    expect(image("a")["version"]).toMatch(/^\$\{terraform_data\..*\.output\}$/);
    expect(dataOf(terraform, "azurerm_platform_image")).toHaveLength(2);
    const pins = blocks(terraform, "terraform_data").filter((block) =>
      String(block["input"]).includes("azurerm_platform_image"),
    );
    expect(pins.map((pin) => pin["lifecycle"])).toEqual([{ ignore_changes: ["input"] }, { ignore_changes: ["input"] }]);
  });

  it("take the image of the lock file without asking Azure", () => {
    const folder = mkdtempSync(join(tmpdir(), "lock-"));
    try {
      const lockFile = join(folder, "ohpc.lock.json");
      const facts = { "Debian:debian-13:13-gen2": { version: "0.20260914.2601", architecture: "x86_64" } };
      writeLockFile(withFacts({}, "azure", "westeurope", facts), lockFile);
      const { terraform } = synthesize(demo({ cloud: { lockFile } }));
      expect(machineOf(terraform, "cpu")["source_image_reference"]).toMatchObject({ version: "0.20260914.2601" });
      expect(terraform).not.toHaveProperty("data");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.each([
    [
      "a version",
      "Debian:debian-13:13-gen2:0.20260914.2601",
      { source_image_reference: { version: "0.20260914.2601" }, vtpm_enabled: true },
    ],
    [
      "an image in a gallery",
      `${COMPUTE}/galleries/g/images/node/versions/1.0.0`,
      { source_image_id: `${COMPUTE}/galleries/g/images/node/versions/1.0.0`, vtpm_enabled: true },
    ],
    [
      "an image of the old kind, which starts with no virtual TPM",
      `${COMPUTE}/images/node`,
      { source_image_id: `${COMPUTE}/images/node`, vtpm_enabled: false, secure_boot_enabled: false },
    ],
  ])("with %s have just that", (_, image, expected) => {
    const { terraform } = synthesize(demo({ cloud: { image } }));
    expect(machineOf(terraform, "cpu")).toMatchObject(expected);
    expect(dataOf(terraform, "azurerm_platform_image")).toEqual([]);
  });

  it("with an image that is sold have its plan, whose terms are accepted once", () => {
    const image = "resf:rockylinux-x86_64:9-base:9.6.20250531";
    const { terraform } = synthesize(demo({ cloud: { image, acceptTerms: ["resf:rockylinux-x86_64:9-base"] } }));
    for (const group of ["master", "cpu"]) {
      expect(machineOf(terraform, group)["plan"]).toEqual({
        name: "9-base",
        product: "rockylinux-x86_64",
        publisher: "resf",
      });
    }
    expect(only(terraform, "azurerm_marketplace_agreement")).toMatchObject({
      publisher: "resf",
      offer: "rockylinux-x86_64",
      plan: "9-base",
    });
  });

  it("with InfiniBand are one availability set near each other, in no zone, and load drivers that nobody signed", () => {
    const { terraform } = synthesize(demo({ cloud: { zone: "2" }, pool: { machine: "Standard_HB176rs_v4" } }));
    const machine = machineOf(terraform, "cpu");
    expect(machine).toMatchObject({ secure_boot_enabled: false, vtpm_enabled: true });
    expect(machine["availability_set_id"]).toMatch(/azurerm_availability_set/);
    expect(machine["proximity_placement_group_id"]).toMatch(/azurerm_proximity_placement_group/);
    expect(machine).not.toHaveProperty("zone");
    expect(machineOf(terraform, "master")).toMatchObject({ zone: "2", secure_boot_enabled: true });
    expect(only(terraform, "azurerm_availability_set")).toMatchObject({
      managed: true,
      platform_fault_domain_count: 1,
    });
    const alone = synthesize(
      demo({ pool: { machine: AzureMachine.of("Standard_HB176rs_v4", { infiniband: false }) } }),
    );
    expect(blocks(alone.terraform, "azurerm_availability_set")).toEqual([]);
  });

  it("as spare capacity cost at most what is said, and keep their disks when they are taken back", () => {
    const spot = (options: AzureMachine["options"]["spot"]) => {
      const {
        priority,
        max_bid_price: price,
        eviction_policy: eviction,
      } = machineOf(
        synthesize(demo({ pool: { machine: AzureMachine.of("Standard_D8s_v5", { spot: options }) } })).terraform,
        "cpu",
      );
      return [priority, price, eviction];
    };
    expect(spot(true)).toEqual(["Spot", -1, "Deallocate"]);
    expect(spot({ maxHourly: 0.2, eviction: "delete" })).toEqual(["Spot", 0.2, "Delete"]);
    expect(spot(false)).toEqual([undefined, undefined, undefined]);
  });

  it("with sizes that have NVMe disks are made with such a controller, and without trusted launch where there is none", () => {
    const made = (machine: string) => machineOf(synthesize(demo({ pool: { machine } })).terraform, "cpu");
    expect(made("Standard_D8as_v6")).toMatchObject({ disk_controller_type: "NVMe", secure_boot_enabled: true });
    expect(made("Standard_D8ps_v5")).toMatchObject({
      disk_controller_type: "SCSI",
      secure_boot_enabled: false,
      vtpm_enabled: false,
    });
    expect(made("Standard_NC4as_T4_v3")).toMatchObject({ secure_boot_enabled: false, vtpm_enabled: true });
  });

  it("have user-data that are equal for all of a group, name no host of it, and parse as cloud-config", () => {
    const { terraform } = synthesize(demo({ pool: { nodes: 3 } }));
    const text = userDataOf(terraform, "cpu");
    expect(text.startsWith("#cloud-config\n")).toBe(true);
    expect(text).not.toContain("cpu-1");
    const { write_files: files, runcmd } = parse(text) as {
      write_files: { path: string; content: string }[];
      runcmd: string[][];
    };
    expect(files.find(({ path }) => path === "/etc/ohpc/boot.env")?.content.split("\n")).toEqual([
      ...["OHPC_CLUSTER=demo", "OHPC_ROLE=compute", "OHPC_MASTER_HOST=master", "OHPC_MASTER_ADDRESS=10.79.0.10"],
      ...["OHPC_BUNDLE=nfs:10.79.0.10:/srv/ohpc/bundle", ""],
    ]);
    expect(runcmd[0]).toEqual(["systemctl", "enable", "--now", "ohpc-metadata-guard.service"]);
    // When the machine has its name: it starts what asks the master for everything else.
    expect(runcmd.at(-1)).toEqual(["systemctl", "enable", "--now", "ohpc-node.timer", "ohpc-node-answer.socket"]);
    expectGolden("azure/user-data-master.yaml", userDataOf(terraform, "master"));
  });

  it("do at their first boot what the user adds", () => {
    const firstBoot = {
      files: [{ path: "/etc/motd", mode: "0644", content: "hello ${name}\n\nbye\n" }],
      commands: [["echo", 'a "b"']],
    };
    const text = userDataOf(synthesize(demo({ cloud: { firstBoot } })).terraform, "cpu");
    const { write_files: files, runcmd } = parse(text) as {
      write_files: { path: string; content: string }[];
      runcmd: string[][];
    };
    expect(files.at(-1)).toMatchObject({ path: "/etc/motd", content: "hello ${name}\n\nbye\n" });
    expect(runcmd.at(-2)).toEqual(["echo", 'a "b"']);
  });

  it("warn when the master is spare capacity", () => {
    const warnings: string[] = [];
    synthesize((root) => {
      demo({ master: { machine: AzureMachine.of("Standard_D2s_v5", { spot: true }) } })(root);
      const metadata = root.node.findAll().flatMap(({ node }) => node.metadata);
      warnings.push(...metadata.filter(({ type }) => type === "@cdktf/warn").map(({ data }) => String(data)));
    });
    expect(warnings).toEqual([
      "the master is a spot machine: when Azure takes it back, the cluster stops, and all running jobs with it",
    ]);
  });
});

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
      ...{
        storage_account_type: "PremiumV2_LRS",
        disk_iops_read_write: 8000,
        disk_mbps_read_write: 400,
        disk_encryption_set_id: encryptionSet,
      },
      ...{
        zone: "1",
        disk_size_gb: 100,
        create_option: "Empty",
        network_access_policy: "DenyAll",
        public_network_access_enabled: false,
      },
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
      Object.entries(terraform.resource?.["terraform_data"] ?? {}).find(([id]) => id.startsWith("home_")) ?? [];
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
      ...{ kind: "nfs", path: "/home", export: `/${account["name"] as string}/home` },
      server: expect.stringMatching(/^\$\{azurerm_storage_account\..*\.primary_file_host\}$/) as string,
    });
    const share = `${SUBSCRIPTION}/resourceGroups/data/providers/Microsoft.Storage/storageAccounts/campus/fileServices/default/shares/home`;
    expect(readManifest(synthesize(demo({ home: share })).manifest).disks.home).toEqual({
      ...{ kind: "nfs", path: "/home", server: "campus.file.core.windows.net", export: "/campus/home" },
    });
  });

  it("that were there before are compared with what the cluster needs before anything is made", () => {
    const { terraform } = synthesize(demo({ home: `${COMPUTE}/disks/home`, cloud: { zone: "2" } }));
    const [disk] = dataOf(terraform, "azurerm_managed_disk");
    expect(disk).toMatchObject({ name: "home", resource_group_name: "data" });
    expect(JSON.stringify(disk)).toContain('contains(self.zones, \\"2\\")');
    expect(blocks(terraform, "azurerm_managed_disk")).toHaveLength(1);
    expect(blocks(terraform, "azurerm_management_lock")).toHaveLength(2);
  });
});

describe("what is wrong on Azure is told when it is written:", () => {
  const first = (variant: Variant) =>
    refusal(demo(variant))
      .split("\n")
      .slice(1)
      .map((line) => line.trim().slice(2));
  const network = (cidr: string) => ({ masterSubnet: { id: `${SUBNETS}/login`, cidr } });

  it.each<[string, Variant, string | RegExp]>([
    [
      "an unknown size",
      { pool: { machine: "Standard_D8s_v55" } },
      /^machine is "Standard_D8s_v55".*did you mean "Standard_D8s_v5"\? if it is new, say what it has/,
    ],
    [
      "a size that the region has not got",
      { pool: { machine: "Standard_HB368rs_v5" } },
      /^machine is "Standard_HB368rs_v5", but must be a size that is sold in westeurope; this one is sold in .*eastus.*if it is sold in westeurope by now/,
    ],
    [
      "an arm size with an x86 image",
      { pool: { machine: "Standard_D8ps_v5", image: "Debian:debian-13:13-gen2" } },
      'image is "Debian:debian-13:13-gen2", but must be an image for arm64, which the machine is; this one is for x86_64; choose another image, or a machine of x86_64',
    ],
    [
      "an x86 size with an arm image",
      { pool: { image: "Debian:debian-13:13-arm64" } },
      /^image is "Debian:debian-13:13-arm64", but must be an image for x86_64, which the machine is; this one is for arm64/,
    ],
    [
      "a size that Azure sells for no Ampere machine",
      { cloud: { architecture: "arm64" }, pool: { machine: "gpu" } },
      /^machine is "gpu", but must be one of small, medium, large: Azure sells none of this size for arm64/,
    ],
    [
      "InfiniBand on a size that has none",
      { pool: { machine: AzureMachine.of("Standard_D8s_v5", { infiniband: true }) } },
      /^machine\.infiniband is true, but must be left out: Standard_D8s_v5 has no InfiniBand; Standard_HB120rs_v3/,
    ],
    [
      "InfiniBand for the master",
      { master: { machine: AzureMachine.of("Standard_HB120rs_v3", { infiniband: true }) } },
      /^machine\.infiniband is true, but must be left out: the master runs no jobs/,
    ],
    [
      "more machines than share InfiniBand",
      { pool: { machine: "Standard_HB120rs_v3", nodes: 201 } },
      /^nodes is 201, but must be at most 200: machines that share InfiniBand are one availability set; make several pools/,
    ],
    [
      "secure boot on a size that has none",
      { pool: { machine: AzureMachine.of("Standard_D8ps_v5", { secureBoot: true }) } },
      /^machine\.secureBoot is true, but must be left out: Standard_D8ps_v5 has no trusted launch/,
    ],
    [
      "spare capacity that is reserved",
      {
        pool: {
          machine: AzureMachine.of("Standard_D8s_v5", {
            spot: true,
            capacityReservation: `${COMPUTE}/capacityReservationGroups/r`,
          }),
        },
      },
      /^machine\.spot is true, but must be left out: reserved capacity is not spare/,
    ],
    [
      "an address that Azure keeps",
      { pool: { addresses: "10.79.128.3", nodes: 1 } },
      /10\.79\.128\.3 is reserved by the platform/,
    ],
    [
      "the last address of a subnet",
      { pool: { addresses: "10.79.255.255", nodes: 1 } },
      /10\.79\.255\.255 is the broadcast address/,
    ],
    [
      "an address of the master that Azure keeps",
      { master: { address: "10.79.0.1" } },
      /^address is "10\.79\.0\.1", but must be another address: it is reserved by the platform/,
    ],
    [
      "an address outside the pools' subnet",
      { pool: { addresses: "10.79.1.0/24" } },
      /^addresses is "10\.79\.1\.0.*must be inside the subnet 10\.79\.128\.0\/17/,
    ],
    [
      "a subnet that is too small for the pool",
      { cloud: { cidr: "10.9.0.0/24" }, pool: { nodes: 200 } },
      /^addresses is missing, but must be given, because the subnet 10\.9\.0\.128\/25 has too few addresses/,
    ],
    [
      "a network that is too small",
      { cloud: { cidr: "10.9.0.0/25" } },
      'cidr is "10.9.0.0/25", but must be from /8 to /24, which is what Azure takes and our subnets need',
    ],
    [
      "a subnet that Azure makes none of",
      { cloud: { network: network("10.0.1.0/30") } },
      /^network\.masterSubnet\.cidr is "10\.0\.1\.0\/30", but must be at least a \/29: Azure keeps five addresses/,
    ],
    [
      "a subnet by its name",
      { cloud: { network: { masterSubnet: { id: "login", cidr: "10.0.1.0/24" } } } },
      /^network\.masterSubnet\.id is "login", but must be an id \/subscriptions\/SUBSCRIPTION\/.*virtualNetworks\/NAME\/subnets\/NAME/,
    ],
    [
      "a subnet of which nothing is known",
      { cloud: { network: { masterSubnet: { id: `${SUBNETS}/login` } } } },
      /^network\.masterSubnet\.cidr is missing.*lockAzure\(/,
    ],
    [
      "subnets of two networks",
      {
        cloud: {
          network: {
            ...network("10.0.1.0/24"),
            poolSubnet: { id: `${SUBNETS.replace("campus", "other")}/x`, cidr: "10.0.2.0/24" },
          },
        },
      },
      /^network\.poolSubnet\.id is .*must be a subnet of the virtual network that the master's subnet is in/,
    ],
    [
      "a Bastion in somebody else's network",
      { cloud: { network: network("10.0.1.0/24"), access: { sshPublicKey: KEY, from: "bastion" } } },
      /^access\.from is "bastion", but must be with network\.bastion/,
    ],
    [
      "a host name that is too long for a virtual machine",
      { pool: { hostnames: `${"x".repeat(55)}-{}` } },
      /^hostnames is "x{55}-\d", but must be a host name of at most 54 characters: Azure allows 64/,
    ],
    [
      "a resource group's name",
      { cloud: { resourceGroup: "my group" } },
      /^resourceGroup is "my group", but must be the name of a resource group/,
    ],
    [
      "a storage account's name",
      { cloud: { disks: { home: { kind: "azure-files", storageAccount: "My_Home" } } } },
      'disks.home.storageAccount is "My_Home", but must be the name of a storage account: 3 to 24 lower case letters and digits; did you mean "myhome"?',
    ],
    [
      "Premium SSD v2 with a cache",
      { cloud: { zone: "1", disks: { home: { type: "PremiumV2_LRS", caching: "ReadOnly" } } } },
      'disks.home.caching is "ReadOnly", but must be left out: Premium SSD v2 has no cache on the host',
    ],
    [
      "Premium SSD v2 outside zones",
      { cloud: { disks: { home: { type: "PremiumV2_LRS" } } } },
      /^disks\.home\.type is "PremiumV2_LRS", but must be another type, or in a zone.*give the cloud a zone/,
    ],
    [
      "Premium SSD v2 to boot from",
      { pool: { machine: AzureMachine.of("Standard_D8s_v5", { rootVolume: { type: "PremiumV2_LRS" } }) } },
      /^machine\.rootVolume\.type is "PremiumV2_LRS", but must be another type: Azure boots from no Premium SSD v2/,
    ],
    [
      "a speed for a disk that has its own",
      { cloud: { disks: { home: { iops: 6000 } } } },
      /^disks\.home\.iops is 6000, but must be left out for Premium_LRS/,
    ],
    [
      "a subscription by its name",
      { cloud: { subscriptionId: "Pay-As-You-Go" } },
      /^subscriptionId is "Pay-As-You-Go", but must be the id of a subscription.*az account show/,
    ],
    [
      "an image whose terms nobody accepted",
      { cloud: { image: "resf:rockylinux-x86_64:9-base" } },
      'image is "resf:rockylinux-x86_64:9-base", but must be an image without a purchase plan, or one whose terms you accept; read them (az vm image terms show --urn resf:rockylinux-x86_64:9-base:latest), then give the cloud acceptTerms: ["resf:rockylinux-x86_64:9-base"]',
    ],
    [
      "terms with a version",
      { cloud: { acceptTerms: ["resf:rockylinux-x86_64"] } },
      'acceptTerms[0] is "resf:rockylinux-x86_64", but must be PUBLISHER:OFFER:SKU, without a version',
    ],
    [
      "an unknown image",
      { cloud: { image: "debian-12" } },
      /^image is "debian-12", but must be debian-13, azure-hpc, PUBLISHER:OFFER:SKU.*did you mean "debian-13"\?/,
    ],
    [
      "an id of something else than an image",
      { cloud: { image: `${COMPUTE}/disks/x` } },
      /^image is .*the id is one of no image/,
    ],
    [
      "a region as people write it",
      { cloud: { location: "West Europe" } },
      'location is "West Europe", but must be a region of Azure such as westeurope; did you mean "westeurope"?',
    ],
    ["a region with a slip in it", { cloud: { location: "westeuropa" } }, /did you mean "westeurope"\?$/],
    [
      "a zone of another cloud",
      { cloud: { zone: "westeurope-1" } },
      'zone is "westeurope-1", but must be "1", "2" or "3"',
    ],
    [
      "everybody without a reason",
      { cloud: { access: { sshPublicKey: KEY, from: [{ cidr: "0.0.0.0/0", reason: " " }] } } },
      /^access\.from\[0\]\.reason is " ", but must be why SSH is open to it/,
    ],
    [
      "a private key",
      { cloud: { access: { sshPublicKey: "-----BEGIN OPENSSH PRIVATE KEY-----", from: "bastion" } } },
      /^access\.sshPublicKey is "a private key"/,
    ],
    [
      "a kind of key that Azure does not take",
      { cloud: { access: { sshPublicKey: KEY.replace("ssh-ed25519", "ecdsa-sha2-nistp256"), from: "bastion" } } },
      /^access\.sshPublicKey is "ecdsa-sha2-nistp256", but must be a key that Azure takes/,
    ],
    [
      "a state disk on a file system",
      {
        master: {
          stateDisk: {
            existing: `${SUBSCRIPTION}/resourceGroups/d/providers/Microsoft.Storage/storageAccounts/a/fileServices/default/shares/s`,
          },
        },
      },
      /^existing is .*but must be a managed disk: a database does not belong/,
    ],
    ["a disk by its name", { home: "my-disk" }, /^existing is "my-disk", but must be the id of a managed disk/],
    [
      "user-data that are too large",
      { cloud: { firstBoot: { files: [{ path: "/opt/x", mode: "0644", content: "x".repeat(65_536) }] } } },
      /^firstBoot is "\d+ bytes", but must be at most 65535 bytes together with what the cluster needs/,
    ],
    [
      "a tag that is ours",
      { cloud: { tags: { "ohpc:cluster": "x" } } },
      /^tags\["ohpc:cluster"\] is "x", but must be a tag of your own/,
    ],
    [
      "an identity by its name",
      { cloud: { identity: "slurm" } },
      /^identity is "slurm", but must be an id \/subscriptions\//,
    ],
  ])("%s", (_, variant, message) => {
    expect(first(variant)).toEqual(
      expect.arrayContaining([typeof message === "string" ? message : expect.stringMatching(message)]),
    );
  });

  it("a GPU pool on machines without GPUs", () => {
    const message = refusal((root) => {
      const master = new OpenHpcMaster(root, "master", { cloud: new AzureCloud(PROPS) });
      new GpuComputePool(root, "gpu", { master, nodes: 1, machine: "Standard_D8s_v5" });
    });
    expect(message).toContain('machine is "Standard_D8s_v5", but must be a machine with at least one GPU');
  });

  it("all of it at once", () => {
    expect(first({ cloud: { zone: "4", subscriptionId: "x", tags: { "a/b": "x" }, cidr: "10.0.0.0/4" } })).toHaveLength(
      4,
    );
  });
});

describe("what an Azure stack costs", () => {
  const round = (amount: number) => Math.round(amount * 10_000) / 10_000;
  const inEastus = synthesize(
    demo({
      cloud: { location: "eastus" },
      master: { rootDisk: Size.gibibytes(32), stateDisk: { size: Size.gibibytes(32) } },
      pool: { rootDisk: Size.gibibytes(32) },
    }),
  );

  it("is the sum of its parts by list price; deallocated, the machines cost nothing, their disks and addresses do", () => {
    const cost = azureCost(inEastus.terraform);
    const machines = 0.096 + 2 * 0.384;
    const disks = (4 * 5.28 + 19.71) / 730;
    const rest = 0.045 + 2 * 0.005;
    expect(round(cost.runningHourly)).toBe(round(machines + disks + rest));
    expect(round(cost.stoppedHourly)).toBe(round(disks + rest));
    expect(cost.withoutPrice).toEqual([]);
    expect([...cost.billedWhenStopped].sort()).toEqual([
      "100 GiB Premium_LRS (ohpc-demo-home)",
      "32 GiB Premium_LRS (ohpc-demo-state)",
      "32 GiB Premium_LRS (system, cpu)",
      "32 GiB Premium_LRS (system, master)",
      "nat gateway (ohpc-demo-nat)",
      "public address (ohpc-demo-master)",
      "public address (ohpc-demo-nat)",
    ]);
    expect(cost.sources.every((source) => /20\d\d/.test(source))).toBe(true);
  });

  it("names what no price is known for, instead of guessing", () => {
    const { withoutPrice, items } = azureCost(synthesize(azureGpu, "azure-gpu").terraform);
    expect(withoutPrice).toEqual(
      expect.arrayContaining([
        "Standard_F16s_v2 (spare)",
        "1024 GiB Azure Files (home)",
        "16 GiB PremiumV2_LRS (ohpc-azure-gpu-state)",
      ]),
    );
    expect(items.find(({ what }) => what === "Standard_ND96isr_H100_v5 (train)")).toMatchObject({
      count: 2,
      hourly: 98.32,
    });
    const elsewhere = azureCost(synthesize(demo()).terraform);
    expect(elsewhere.withoutPrice).toContain("40 GiB Premium_LRS (system, cpu)");
    expect(elsewhere.items.find(({ what }) => what === "Standard_D8s_v5 (cpu)")).toMatchObject({
      count: 2,
      hourly: 0.46,
    });
  });
});
