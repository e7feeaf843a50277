import { AzureMachine } from "cdktf-openhpc/azure";
import { synthesize, type TerraformBlock, type TerraformJson } from "cdktf-openhpc/testing";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { decodeAddresses } from "../../lib/model/address-runs";
import { readManifest } from "../../lib/model/manifest";
import { terraformEvent } from "../../lib/operate/terraform/events";
import { terraformFailure } from "../../lib/operate/terraform/failure";
import { expandHosts } from "../../lib/slurm/hostlist";
import { azureDemo } from "../../stacks/azure-demo";
import { azureExistingNetwork } from "../../stacks/azure-existing-network";
import { azureGpu } from "../../stacks/azure-gpu";
import { demo, KEY, type Variant } from "../support/azure";
import { describeWithProvider, RealStack, type TerraformRun } from "../support/real-provider";

jest.setTimeout(600_000);

const withProvider = describeWithProvider("hashicorp/azurerm", "4.55.0");

const STACKS = {
  "azure-demo": azureDemo,
  "azure-gpu": azureGpu,
  "azure-existing-network": azureExistingNetwork,
} as const;
type StackName = keyof typeof STACKS;

const SUBSCRIPTION = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9";
const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/group`;
const NETWORK = `${GROUP}/providers/Microsoft.Network`;
const COMPUTE = `${GROUP}/providers/Microsoft.Compute`;

/** What a mocked provider gives to things that others refer to: azurerm looks whether an id is one. */
const MOCKED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  azurerm_resource_group: { id: GROUP },
  azurerm_virtual_network: { id: `${NETWORK}/virtualNetworks/v` },
  azurerm_nat_gateway: { id: `${NETWORK}/natGateways/n` },
  azurerm_public_ip: { id: `${NETWORK}/publicIPAddresses/p`, ip_address: "203.0.113.7" },
  azurerm_bastion_host: { id: `${NETWORK}/bastionHosts/b` },
  azurerm_network_security_group: { id: `${NETWORK}/networkSecurityGroups/g` },
  azurerm_application_security_group: { id: `${NETWORK}/applicationSecurityGroups/a` },
  azurerm_network_interface: { id: `${NETWORK}/networkInterfaces/i` },
  azurerm_proximity_placement_group: { id: `${COMPUTE}/proximityPlacementGroups/p` },
  azurerm_availability_set: { id: `${COMPUTE}/availabilitySets/a` },
  azurerm_managed_disk: { id: `${COMPUTE}/disks/d` },
  azurerm_linux_virtual_machine: { id: `${COMPUTE}/virtualMachines/m` },
  azurerm_storage_account: {
    id: `${GROUP}/providers/Microsoft.Storage/storageAccounts/account`,
    primary_file_host: "account.file.core.windows.net",
  },
};

const RULES = `${NETWORK}/networkSecurityGroups`;
const RESERVATION = `${COMPUTE}/capacityReservationGroups/r`;
const KEYS = `${COMPUTE}/diskEncryptionSets/k`;

/** What the example stacks do not say: azurerm refuses some attributes together, which only it knows. */
const VARIANTS: Readonly<Record<string, Variant>> = {
  "spare capacity with InfiniBand in its size": {
    pool: { machine: AzureMachine.of("Standard_HB120rs_v3", { spot: { eviction: "delete" } }) },
  },
  "reserved capacity with InfiniBand in its size, in a zone": {
    cloud: { zone: "2" },
    pool: { machine: AzureMachine.of("Standard_HB120rs_v3", { capacityReservation: RESERVATION }) },
  },
  "InfiniBand in a cluster in a zone": { cloud: { zone: "1" }, pool: { machine: "Standard_HB176rs_v4" } },
  "every option of disks": {
    cloud: {
      zone: "3",
      disks: {
        state: { type: "PremiumV2_LRS", iops: 4000, throughput: 200, encryptionSet: KEYS, whenRemoved: "delete" },
        home: { type: "StandardSSD_ZRS", caching: "ReadOnly", whenRemoved: "delete" },
      },
    },
    pool: {
      machine: AzureMachine.of("Standard_D8s_v5", {
        encryptionAtHost: true,
        acceleratedNetworking: false,
        secureBoot: false,
        rootVolume: { type: "StandardSSD_LRS", caching: "ReadOnly", encryptionSet: KEYS },
      }),
    },
  },
  "NVMe disks, and neither a NAT gateway nor locks": {
    cloud: { nat: "none", protect: false },
    pool: { machine: "Standard_D8as_v6" },
  },
  "an image with a purchase plan": {
    cloud: { image: "cognosys:hpc-node-x86_64:13-base", acceptTerms: ["cognosys:hpc-node-x86_64:13-base"] },
  },
  "an image in a gallery, and an identity that is there": {
    cloud: {
      image: `${COMPUTE}/galleries/g/images/node/versions/1.0.0`,
      identity: `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/u`,
    },
  },
  "security groups and a Bastion that are there": {
    cloud: {
      access: { sshPublicKey: KEY, from: "bastion" },
      network: {
        masterSubnet: { id: `${NETWORK}/virtualNetworks/v/subnets/login`, cidr: "10.0.1.0/24" },
        securityGroups: { master: `${RULES}/a`, compute: `${RULES}/b` },
        bastion: { name: "b", resourceGroup: "net", cidr: "10.0.9.0/26" },
      },
    },
    master: { address: "10.0.1.20" },
    pool: { addresses: "10.0.1.32-10.0.1.40" },
  },
};

const SYNTHESIZED = Object.fromEntries(Object.entries(STACKS).map(([name, build]) => [name, synthesize(build, name)]));
const NAMES = Object.keys(STACKS) as StackName[];

withProvider("with the real azurerm", () => {
  const stacks: RealStack[] = [];
  const bin = mkdtempSync(join(tmpdir(), "az-"));

  beforeAll(() => {
    // Destroying makes last snapshots with the Azure CLI.
    writeFileSync(join(bin, "az"), `#!/bin/sh\necho "$*" >>"${bin}/log"\n`);
    chmodSync(join(bin, "az"), 0o755);
  });
  afterAll(() => {
    for (const stack of stacks) stack.remove();
    rmSync(bin, { recursive: true });
  });

  async function realStack(definition: TerraformJson): Promise<RealStack> {
    const stack = new RealStack({ PATH: `${bin}:${process.env["PATH"] ?? ""}` });
    stacks.push(stack);
    stack.write(definition);
    await stack.init();
    return stack;
  }

  /** Applies and destroys it in Terraform's own memory, and asks what holds between. */
  async function tested(
    definition: TerraformJson,
    asserts: readonly Assert[],
    overrides: readonly object[] = [],
  ): Promise<TerraformRun> {
    // What must stay in a cluster goes here, with the test.
    const text = JSON.stringify(definition).replaceAll('"prevent_destroy":true', '"prevent_destroy":false');
    const stack = await realStack(JSON.parse(text) as TerraformJson);
    writeFileSync(
      join(dirname(stack.state), "mocked.tftest.json"),
      JSON.stringify(testFile(definition, asserts, overrides)),
    );
    return stack.run(["test", "-no-color", "-verbose=false"]);
  }

  it.each(NAMES)("%s is valid", async (name) => {
    const stack = await realStack(SYNTHESIZED[name]!.terraform);
    expect(await stack.validate()).toEqual([]);
  });

  it.each(NAMES)(
    "%s applies: its manifest is known, every address is what was asked for, every rule has its place",
    async (name) => {
      const { terraform, manifest } = SYNTHESIZED[name]!;
      const asserts = [
        ...manifestAsserts(manifest),
        ...addressAsserts(terraform, manifest),
        ...ruleAsserts(terraform),
        ...countAsserts(terraform),
      ];
      expect(asserts.length).toBeGreaterThan(15);
      const { exitCode, output } = await tested(terraform, asserts, overridesOf(terraform));
      expect([exitCode, output]).toEqual([0, expect.stringContaining("1 passed, 0 failed")]);
    },
  );

  it.each(Object.entries(VARIANTS))("takes %s", async (_, variant) => {
    const { terraform } = synthesize(demo(variant));
    const { exitCode, output } = await tested(terraform, countAsserts(terraform), overridesOf(terraform));
    expect([exitCode, output]).toEqual([0, expect.stringContaining("1 passed, 0 failed")]);
  });

  it("makes last snapshots of both disks when it destroys them", () => {
    const snapshots = readFileSync(join(bin, "log"), "utf8")
      .split("\n")
      .flatMap(
        (line) =>
          /^snapshot create .*--resource-group (\S+) .*--name (\S+)-\d{14} /.exec(line)?.slice(1).join(" ") ?? [],
      );
    expect(snapshots).toEqual(
      expect.arrayContaining([
        "ohpc-azure-demo-snapshots ohpc-azure-demo-home",
        "ohpc-azure-demo-snapshots ohpc-azure-demo-state",
      ]),
    );
  });

  it("finds fault with an assertion that does not hold: the tests above can fail", async () => {
    const { terraform } = SYNTHESIZED["azure-demo"]!;
    const { exitCode, output } = await tested(terraform, [
      { condition: '${output.cluster.master.host == "nobody"}', error_message: "as it should be" },
    ]);
    expect([exitCode === 0, output]).toEqual([false, expect.stringContaining("as it should be")]);
  });

  it("compares an existing subnet with what the stack says of it before anything is made", async () => {
    const { terraform } = SYNTHESIZED["azure-existing-network"]!;
    const others = overridesOf(terraform).map((override) => {
      const { target, values } = override as { target: string; values: Record<string, unknown> };
      return target.startsWith("data.azurerm_subnet.")
        ? { target, values: { ...values, address_prefixes: ["10.0.0.0/24"] } }
        : override;
    });
    const { exitCode, output } = await tested(terraform, [], others);
    expect(exitCode).not.toBe(0);
    expect(output.replaceAll(/[\s│]+/g, " ")).toContain(
      "the subnet login has the addresses 10.0.0.0/24, but the stack says 172.29.16.0/24",
    );
  });
});

withProvider("without what azurerm needs to know, ohpc", () => {
  const bin = mkdtempSync(join(tmpdir(), "az-"));
  afterAll(() => {
    rmSync(bin, { recursive: true });
  });

  /** What `az` says when somebody has logged in who has no subscription chosen. */
  function loggedIn(): void {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const token = [part({ alg: "none" }), part({ oid: SUBSCRIPTION, tid: SUBSCRIPTION }), ""].join(".");
    const answers = {
      version: { "azure-cli": "2.76.0" },
      "account show": { id: "", tenantId: SUBSCRIPTION, user: { name: "somebody", type: "user" } },
      "account list": [],
      "account get-access-token": { accessToken: token, expiresOn: "2099-01-01 00:00:00", tenant: SUBSCRIPTION },
    };
    const cases = Object.entries(answers).map(([words, answer]) => `"${words}"*) echo '${JSON.stringify(answer)}' ;;`);
    writeFileSync(join(bin, "az"), `#!/bin/sh\ncase "$*" in\n${cases.join("\n")}\nesac\n`, { mode: 0o755 });
  }

  it.each([
    ["which subscription it is", "", "azure.subscription-missing", "ARM_SUBSCRIPTION_ID"],
    ["about a subscription that is none of the user's", SUBSCRIPTION, "azure.subscription-unknown", "az account list"],
  ])("asks %s", async (_, subscription, code, remedy) => {
    loggedIn();
    await expectPlanToAsk(
      { ARM_SUBSCRIPTION_ID: subscription, PATH: `${bin}:${process.env["PATH"] ?? ""}` },
      code,
      remedy,
    );
  });

  it("asks the user to log in", async () => {
    writeFileSync(join(bin, "az"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
    const PATH = `${bin}:${process.env["PATH"] ?? ""}`;
    await expectPlanToAsk({ ARM_SUBSCRIPTION_ID: SUBSCRIPTION, PATH }, "azure.credentials", "az login");
  });

  async function expectPlanToAsk(env: Readonly<Record<string, string>>, code: string, remedy: string): Promise<void> {
    const stack = new RealStack({ ARM_CLIENT_ID: "", ARM_CLIENT_SECRET: "", ARM_TENANT_ID: "", ...env });
    try {
      stack.write(SYNTHESIZED["azure-demo"]!.terraform);
      await stack.init();
      const { exitCode, stdout } = await stack.run(["plan", "-input=false", "-json"]);
      const diagnostics = stdout.split("\n").flatMap((line) => {
        const event = terraformEvent(line);
        return event?.kind === "diagnostic" ? [event.diagnostic] : [];
      });
      const { kind, details } = terraformFailure("plan", diagnostics, "");
      expect({ exitCode, kind, details }).toMatchObject({
        exitCode: 1,
        kind: "usage",
        details: { code, remedy: expect.stringContaining(remedy) as unknown },
      });
    } finally {
      stack.remove();
    }
  }
});

interface Assert {
  readonly condition: string;
  readonly error_message: string;
}

function testFile(terraform: TerraformJson, asserts: readonly Assert[], overrides: readonly object[]): object {
  const used = Object.keys(terraform.resource ?? {}).filter((type) => type in MOCKED);
  const resources = Object.fromEntries(used.map((type) => [type, { defaults: MOCKED[type] }]));
  return {
    mock_provider: {
      azurerm: {
        alias: "azure",
        mock_resource: resources,
        mock_data: { azurerm_platform_image: { defaults: { version: "0.20260914.2601" } } },
      },
    },
    ...(overrides.length > 0 && { override_data: overrides }),
    override_resource: subnetsOf(terraform),
    run: { everything: { command: "apply", assert: asserts } },
  };
}

/** Subnets with their own names in their ids: a Bastion takes only one that is called as Azure wants it. */
function subnetsOf(terraform: TerraformJson): readonly object[] {
  return Object.entries(terraform.resource?.["azurerm_subnet"] ?? {}).map(([name, block]) => ({
    target: `azurerm_subnet.${name}`,
    values: { id: `${NETWORK}/virtualNetworks/v/subnets/${String(block["name"])}` },
  }));
}

/** What was there before the stack, as the stack says that it is. */
function overridesOf(terraform: TerraformJson): readonly object[] {
  const data = (terraform as { data?: Record<string, Record<string, TerraformBlock>> }).data ?? {};
  return ["azurerm_subnet", "azurerm_managed_disk", "azurerm_resource_group"].flatMap((type) =>
    Object.entries(data[type] ?? {}).map(([name, block]) => {
      const text = JSON.stringify(block["lifecycle"] ?? "");
      const id = /lower\(self\.id\) == lower\(\\"([^"\\]+)/.exec(text)?.[1] ?? GROUP;
      const prefix = /contains\(self\.address_prefixes, \\"([^"\\]+)/.exec(text)?.[1];
      const values = {
        id,
        ...(prefix !== undefined && { address_prefixes: [prefix] }),
        ...(type === "azurerm_managed_disk" && { zones: [] }),
      };
      return { target: `data.${type}.${name}`, values };
    }),
  );
}

/** What Terraform gives to ohpc is what was synthesized, with nothing in it that is not known. */
function manifestAsserts(manifest: unknown): Assert[] {
  const { master, pools } = readManifest(manifest);
  const said = (what: string, value: unknown) => ({
    condition: `\${jsonencode(output.cluster.${what}) == jsonencode(jsondecode(${JSON.stringify(JSON.stringify(value))}))}`,
    error_message: `${what} of the manifest is another`,
  });
  const access = master.access.host.startsWith("${")
    ? { ...master.access, host: MOCKED["azurerm_public_ip"]?.["ip_address"] }
    : master.access;
  return [
    said("master.address", master.address),
    ...(access.proxy === undefined ? [said("master.access", access)] : [said("master.access.host", access.host)]),
    ...pools.map((pool, k) => said(`pools[${k}]`, pool)),
  ];
}

/** The interface of every host has that host's address, and no other. */
function addressAsserts(terraform: TerraformJson, manifest: unknown): Assert[] {
  const { master, pools } = readManifest(manifest);
  const wanted = new Map([
    [master.host, master.address],
    ...pools.flatMap(({ hosts, addresses }) => {
      const all = decodeAddresses(addresses);
      return expandHosts(hosts).map((host, k): [string, string] => [host, all[k] ?? ""]);
    }),
  ]);
  return Object.entries(terraform.resource?.["azurerm_network_interface"] ?? {}).flatMap(
    ([name, { for_each: hosts }]) =>
      Object.keys(hosts as object).map((host) => {
        const card = `azurerm_network_interface.${name}[${JSON.stringify(host)}].ip_configuration[0]`;
        return {
          condition: `\${${card}.private_ip_address == "${wanted.get(host) ?? "nobody's"}" && ${card}.private_ip_address_allocation == "Static"}`,
          error_message: `${host} has another address than ${wanted.get(host) ?? ""}`,
        };
      }),
  );
}

function ruleAsserts(terraform: TerraformJson): Assert[] {
  const rules = Object.entries(terraform.resource?.["azurerm_network_security_rule"] ?? {});
  const list = rules.map(([name]) => `azurerm_network_security_rule.${name}`);
  return [
    {
      condition: `\${length(distinct([${list.map((rule) => `${rule}.priority`).join(", ")}])) == ${rules.length}}`,
      error_message: "two rules have the same priority",
    },
    ...rules.map(([name, rule]) => {
      const said = ["access", "direction", "priority", "protocol", "source_port_range", "destination_port_range"].map(
        (attribute) => `azurerm_network_security_rule.${name}.${attribute} == ${JSON.stringify(rule[attribute])}`,
      );
      return { condition: `\${${said.join(" && ")}}`, error_message: `the rule ${name} is another` };
    }),
  ];
}

/** So many of each as the stack says, by whatever name. */
function countAsserts(terraform: TerraformJson): Assert[] {
  return Object.entries(terraform.resource ?? {}).flatMap(([type, some]) =>
    Object.entries(some).flatMap(([name, { for_each: hosts }]) => {
      if (hosts === undefined) return [];
      const count = Object.keys(hosts as object).length;
      const error_message = `there are not ${count} of ${type}.${name}`;
      return [{ condition: `\${length(${type}.${name}) == ${count}}`, error_message }];
    }),
  );
}
