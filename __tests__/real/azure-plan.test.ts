import { synthesize, type TerraformJson } from "cdktf-openhpc/testing";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { demo, KEY, type Variant } from "../support/azure";
import { describeWithProvider, RealStack } from "../support/real-provider";

const withProvider = describeWithProvider("hashicorp/azurerm", "4.55.0");
const SUBSCRIPTION = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9";
const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/group/providers`;

/** Ids as Azure gives them, by type; azurerm looks whether they are some. */
const IDS: Readonly<Record<string, string>> = {
  azurerm_application_security_group: "Microsoft.Network/applicationSecurityGroups",
  azurerm_availability_set: "Microsoft.Compute/availabilitySets",
  azurerm_linux_virtual_machine: "Microsoft.Compute/virtualMachines",
  azurerm_managed_disk: "Microsoft.Compute/disks",
  azurerm_nat_gateway: "Microsoft.Network/natGateways",
  azurerm_network_interface: "Microsoft.Network/networkInterfaces",
  azurerm_network_security_group: "Microsoft.Network/networkSecurityGroups",
  azurerm_proximity_placement_group: "Microsoft.Compute/proximityPlacementGroups",
  azurerm_public_ip: "Microsoft.Network/publicIPAddresses",
  azurerm_subnet: "Microsoft.Network/virtualNetworks/v/subnets",
  azurerm_virtual_network: "Microsoft.Network/virtualNetworks",
};

/** What `terraform show -json` tells of a plan, as far as it is used. */
interface Shown {
  readonly resource_changes: readonly Omit<Change, "version">[];
  readonly planned_values: {
    readonly root_module: {
      readonly resources: readonly { readonly address: string; readonly schema_version: number }[];
    };
  };
}

/** What else others refer to. */
const COMPUTED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  azurerm_public_ip: { ip_address: "203.0.113.7" },
};

interface Change {
  readonly address: string;
  /** Of the provider's schema. */
  readonly version: number;
  readonly mode: string;
  readonly type: string;
  readonly name: string;
  readonly index?: string;
  readonly change: {
    readonly actions: readonly string[];
    readonly before: Readonly<Record<string, unknown>> | null;
    readonly after: Readonly<Record<string, unknown>> | null;
  };
}

/** Real plans by azurerm, without Azure: what it would read is taken from a state that was made from its own plans. */
withProvider("the plan of azurerm, on a state that was made by hand", () => {
  const bin = mkdtempSync(join(tmpdir(), "az-"));
  let stack: RealStack;

  /** `az` of somebody who has logged in. */
  beforeAll(() => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const token = [part({ alg: "none" }), part({ oid: SUBSCRIPTION, tid: SUBSCRIPTION }), ""].join(".");
    const account = { id: SUBSCRIPTION, tenantId: SUBSCRIPTION, user: { name: "somebody", type: "user" } };
    const answers = {
      version: { "azure-cli": "2.76.0" },
      "account show": account,
      "account list": [account],
      "account get-access-token": { accessToken: token, expiresOn: "2099-01-01 00:00:00", tenant: SUBSCRIPTION },
    };
    const cases = Object.entries(answers).map(([words, answer]) => `"${words}"*) echo '${JSON.stringify(answer)}' ;;`);
    writeFileSync(join(bin, "az"), `#!/bin/sh\ncase "$*" in\n${cases.join("\n")}\nesac\n`, { mode: 0o755 });
  });
  beforeEach(async () => {
    stack = new RealStack({
      ARM_SUBSCRIPTION_ID: SUBSCRIPTION,
      ARM_CLIENT_ID: "",
      ARM_CLIENT_SECRET: "",
      ARM_TENANT_ID: "",
      ARM_PROVIDER_ENHANCED_VALIDATION: "false",
      PATH: `${bin}:${process.env["PATH"] ?? ""}`,
    });
    write({});
    await stack.init();
    await settle();
  });
  afterEach(() => {
    stack.remove();
  });
  afterAll(() => {
    rmSync(bin, { recursive: true });
  });

  /** A version by its number is looked up nowhere, and what is not registered is asked of nobody. */
  function write({ cloud = {}, ...variant }: Variant): void {
    const image = "Debian:debian-13:13-gen2:0.20260914.2601";
    const text = JSON.stringify(synthesize(demo({ cloud: { image, ...cloud }, ...variant })).terraform);
    stack.write(
      JSON.parse(text.replaceAll(/("resource_provider_registrations":)"core"/g, '$1"none"')) as TerraformJson,
    );
  }

  async function changes(): Promise<readonly Change[]> {
    await stack.must(["plan", "-refresh=false", "-input=false", "-no-color", "-out=plan"]);
    const shown = JSON.parse(await stack.must(["show", "-json", "plan"])) as Shown;
    const all = shown.planned_values.root_module.resources;
    const versions = new Map(all.map(({ address, schema_version: version }) => [address, version]));
    return shown.resource_changes.flatMap((change) =>
      // What Terraform itself remembers has no provider to be asked.
      change.mode === "managed" && change.type !== "terraform_data"
        ? [{ ...change, version: versions.get(change.address) ?? 0 }]
        : [],
    );
  }

  /** As if every plan were carried out, until there is nothing to do any more. */
  async function settle(): Promise<void> {
    for (let serial = 1; serial < 6; serial++) {
      const planned = await changes();
      if (planned.every(({ change }) => actionOf(change) === "no-op")) return;
      writeFileSync(stack.state, JSON.stringify(stateOf(planned, serial)));
    }
    throw new Error(`there is always something to do: ${JSON.stringify(await done())}`);
  }

  /** What the next plan does, but for nothing. */
  async function done(): Promise<Readonly<Record<string, string>>> {
    const planned = await changes();
    return Object.fromEntries(
      planned.flatMap(({ address, change }) =>
        actionOf(change) === "no-op" ? [] : [[address.replace(/_[0-9A-F]{8}(?=\[|$)/, ""), actionOf(change)]],
      ),
    );
  }

  it("replaces, restarts and changes no machine for a newer image, other user-data or another key", async () => {
    write({
      cloud: {
        image: "Debian:debian-13:13-gen2:0.20270101.1",
        firstBoot: { commands: [["true"]] },
        access: { sshPublicKey: KEY.replace("test", "other"), from: [{ cidr: "192.0.2.0/24", reason: "a test" }] },
      },
    });
    expect(await done()).toEqual({});
  });

  it("touches nothing of others when a pool grows: one interface, its membership and one machine are made", async () => {
    write({ pool: { nodes: 3 } });
    expect(await done()).toEqual({
      'azurerm_linux_virtual_machine.cpu_machines-instances["cpu-3"]': "create",
      'azurerm_network_interface.cpu_machines-interfaces["cpu-3"]': "create",
      'azurerm_network_interface_application_security_group_association.cpu_machines-side["cpu-3"]': "create",
    });
  });

  it("takes the machine away that a smaller pool has no more, and no other", async () => {
    write({ pool: { nodes: 1 } });
    const planned = await done();
    expect(Object.values(planned)).toEqual(["delete", "delete", "delete"]);
    expect(Object.keys(planned).every((address) => address.endsWith('["cpu-2"]'))).toBe(true);
  });

  it("only restarts machines of another size, and only changes tags", async () => {
    write({ pool: { machine: "large" }, cloud: { tags: { project: "x" } } });
    const planned = Object.entries(await done());
    expect(new Set(planned.map(([, actions]) => actions))).toEqual(new Set(["update"]));
    expect(planned.map(([address]) => address)).toContain(
      'azurerm_linux_virtual_machine.cpu_machines-instances["cpu-1"]',
    );
  });
});

/** An update of nothing but what only Azure can tell is none: nobody has told it to this state. */
function actionOf({ actions, before, after }: Change["change"]): string {
  const differs = ([key, value]: [string, unknown]) => JSON.stringify(value) !== JSON.stringify(before?.[key]);
  const action = actions.join();
  return action === "update" && !Object.entries(after ?? {}).some(differs) ? "no-op" : action;
}

function stateOf(planned: readonly Change[], serial: number): object {
  const resources = planned.flatMap(({ type, name, index, version, change: { before, after } }) => {
    if (after === null) return [];
    const attributes = { id: idOf(type, name, index), ...COMPUTED[type], ...known(before ?? {}), ...known(after) };
    const instance = { ...(index !== undefined && { index_key: index }), schema_version: version, attributes };
    return [{ mode: "managed", type, name, provider: PROVIDER, instances: [instance] }];
  });
  const together = new Map<string, typeof resources>();
  for (const one of resources)
    together.set(`${one.type}.${one.name}`, [...(together.get(`${one.type}.${one.name}`) ?? []), one]);
  const merged = [...together.values()].map((same) => ({
    ...same[0],
    instances: same.flatMap(({ instances }) => instances),
  }));
  return { version: 4, serial, lineage: "by-hand", outputs: {}, resources: merged };
}

const PROVIDER = 'provider["registry.terraform.io/hashicorp/azurerm"].azure';

function known(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== null));
}

function idOf(type: string, name: string, index?: string): string {
  const kind = IDS[type];
  const own = [name, index].filter((part) => part !== undefined).join("-");
  return kind === undefined
    ? type === "azurerm_resource_group"
      ? GROUP.replace("/providers", "")
      : own
    : `${GROUP}/${kind}/${own}`;
}
