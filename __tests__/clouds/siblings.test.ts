import type { Construct } from "constructs";
import * as aws from "cdktf-openhpc/aws";
import * as azure from "cdktf-openhpc/azure";
import * as local from "cdktf-openhpc/local";
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import * as awsCatalogue from "../../lib/clouds/aws/catalogue";
import { awsCost } from "../../lib/clouds/aws/cost";
import * as awsDisk from "../../lib/clouds/aws/disk";
import { imageChoice as awsImageChoice, imageProblems as awsImageProblems } from "../../lib/clouds/aws/image-choice";
import * as awsTypes from "../../lib/clouds/aws/instance-types";
import { pinAws } from "../../lib/clouds/aws/pins";
import { AwsPower } from "../../lib/clouds/aws/power";
import { powerError as awsPowerError } from "../../lib/clouds/aws/power-errors";
import * as awsProps from "../../lib/clouds/aws/props";
import * as awsSite from "../../lib/clouds/aws/site";
import * as awsSubnets from "../../lib/clouds/aws/subnets";
import * as awsTagNames from "../../lib/clouds/aws/tag-names";
import * as awsTags from "../../lib/clouds/aws/tags";
import { awsUserData, userDataProblems as awsUserDataProblems } from "../../lib/clouds/aws/user-data";
import * as azureCatalogue from "../../lib/clouds/azure/catalogue";
import { azureCost } from "../../lib/clouds/azure/cost";
import * as azureDisk from "../../lib/clouds/azure/disk";
import * as azureDiskOptions from "../../lib/clouds/azure/disk-options";
import {
  imageChoice as azureImageChoice,
  imageProblems as azureImageProblems,
} from "../../lib/clouds/azure/image-choice";
import * as azureTypes from "../../lib/clouds/azure/instance-types";
import { pinAzure } from "../../lib/clouds/azure/pins";
import { AzurePower } from "../../lib/clouds/azure/power";
import { powerError as azurePowerError } from "../../lib/clouds/azure/power-errors";
import * as azureProps from "../../lib/clouds/azure/props";
import * as azureSite from "../../lib/clouds/azure/site";
import * as azureSubnets from "../../lib/clouds/azure/subnets";
import * as azureTagNames from "../../lib/clouds/azure/tag-names";
import * as azureTags from "../../lib/clouds/azure/tags";
import { azureUserData, userDataProblems as azureUserDataProblems } from "../../lib/clouds/azure/user-data";
import * as localCatalogue from "../../lib/clouds/local/catalogue";
import * as localDisk from "../../lib/clouds/local/disk";
import type { Cloud, Disk, DiskSpec, MachineGroup, ShapeAnswer, Site } from "../../lib/clouds/cloud";
import type { Cost } from "../../lib/clouds/cost";
import type { PinnedFact } from "../../lib/clouds/pins";
import type { Power, PowerError } from "../../lib/clouds/power";
import type { SubnetPlan } from "../../lib/clouds/subnets";
import type { Architecture, MachineShape, VendorMachine } from "../../lib/model/machine";
import type { Problem } from "../../lib/model/problems";

/** What every cloud's folder has, by the name of the file. Whoever has read one cloud finds the way in the others. */
const EVERYWHERE = ["catalogue", "cloud", "disk", "image", "index", "machines", "network", "power", "rules"];

/** What clouds with a vendor have besides. */
const VENDORS = [
  ...[
    "cost",
    "identity",
    "image-choice",
    "instance-types",
    "lock",
    "machine",
    "power-errors",
    "props",
    "site",
    "subnets",
  ],
  ...["tag-names", "tags", "user-data", "volume"],
];

/** What only one cloud has, and why. */
const ALONE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  aws: {},
  azure: {
    bastion: "SSH through a Bastion needs a program of its own; the Session Manager is one",
    "disk-options": "what may be said of disks is checked without loading a provider",
    "last-snapshot": "EBS leaves a last snapshot by itself",
    names: "Azure has rules for names, and ids with parts",
  },
  local: {
    ...{ containers: "what a machine is here", engine: "podman or docker", "engine-prelude": "podman or docker" },
    ...{ script: "programs that an engine is told", shell: "their words", "spec-hash": "what makes two of them equal" },
    ...{ provisioners: "there is no provider: Terraform runs the programs", "run-spec": "how a container is started" },
    ...{ labels: "tags of containers", names: "names of containers", defaults: "what props do not say" },
    ...{ "props-problems": "props are written down with the cloud", drift: "no provider looks what is there" },
    leftovers: "nor does one remove what it forgot",
  },
};

/** What only one vendor's file exports, and why. All else has the same name in both, but for the vendor's. */
const OWN_EXPORTS: Readonly<Record<"aws" | "azure", Readonly<Record<string, readonly string[]>>>> = {
  aws: {
    // Azure's are in disk-options.
    disk: ["DiskOptions", "EfsOptions", "diskProblems", "existingDiskProblems", "isEfs"],
    // An image of AWS is an id; one of Azure has many parts.
    image: ["imageId"],
    // A policy is a document, a role of Azure a list.
    identity: ["powerPolicy"],
    "image-choice": ["imageNameProblems"],
    machine: ["CpuOptions"],
  },
  azure: {
    // A size is sold in some regions only, and can do more or less.
    catalogue: ["Abilities", "Market", "abilitiesOf"],
    "instance-types": ["regions", "regionsOf"],
    // Attached by number, and locked one by one.
    disk: ["ATTACHABLE", "DiskSettings", "lock", "lunOf"],
    identity: ["POWER_ACTIONS"],
    image: ["ImageSource", "imageSource"],
    "image-choice": ["ImageQuestion", "MarketplaceImage"],
    // An availability set holds so many.
    machines: ["groupProblems"],
    // Everything lies in a resource group; a Bastion wants a subnet of its own.
    network: ["GroupOptions", "ResourceGroupReference", "resourceGroup"],
    subnets: ["NetworkPlan"],
    // The master may not look at network interfaces.
    "tag-names": ["ADDRESS_TAG"],
    // Disks are sold in steps, and not all types can be started from.
    volume: ["VOLUME_TYPES", "billedTier", "rootVolumeProblems"],
  },
};

type Make<T> = new (...args: never[]) => T;
type Judge<T> = (value: T, ...more: never[]) => readonly Problem[];

/** The same names and kinds of things, in each vendor's folder: the compiler looks whether they fit. */
interface Vendor {
  readonly cloud: Make<Cloud>;
  readonly machines: Make<MachineGroup>;
  readonly machine: { of(type: string, options?: never): VendorMachine };
  readonly network: Make<Construct>;
  readonly existingNetwork: Make<Construct>;
  readonly firewall: Make<Construct & { open: (...args: never[]) => void }>;
  readonly identity: Make<Construct>;
  readonly volume: Make<object>;
  readonly fileSystem: Make<object>;
  readonly catalogue: {
    readonly shapeOf: (machine: string | VendorMachine, ...market: never[]) => ShapeAnswer;
  };
  readonly types: {
    instanceTypes(): ReadonlyMap<string, { readonly name: string; readonly shape: MachineShape }>;
    instanceTypesSource(): { readonly types: string; readonly prices: string };
    hourlyPrice(type: string, region: string): number | undefined;
    parseTable(text: string): { readonly types: ReadonlyMap<string, unknown> };
  };
  readonly disk: { readonly makeDisk: (scope: Construct, id: string, spec: DiskSpec, settings: never) => Disk };
  readonly disks: {
    readonly diskProblems: (options: never, at: string, zone: undefined) => readonly Problem[];
    existingDiskProblems(existing: string, purpose: string): readonly Problem[];
  };
  readonly imageChoice: (image: string, architecture: Architecture) => { readonly kind: string } | undefined;
  readonly imageProblems: Judge<string>;
  readonly site: { siteOf(site: Site): object };
  readonly subnets: {
    readonly divideNetwork: (cidr: string) => SubnetPlan;
    networkCidrProblems(cidr: string, at: string): readonly Problem[];
    readonly existingPlan: (...args: never[]) => { readonly problems: readonly Problem[] };
  };
  readonly props: {
    readonly propsProblems: (props: never, around: never) => readonly Problem[];
    readonly DEFAULT_CIDR: string;
  };
  readonly tags: { tagProblems(tags: Readonly<Record<string, string>>, at: string): readonly Problem[] };
  readonly tagNames: {
    readonly CLUSTER_TAG: string;
    readonly ROLE_TAG: string;
    readonly GROUP_TAG: string;
    readonly HOST_TAG: string;
  };
  readonly userData: (spec: never) => string;
  readonly userDataProblems: Judge<string>;
  readonly cost: (terraform: unknown) => Cost;
  readonly pin: (options: never) => Promise<Readonly<Record<string, PinnedFact>>>;
  readonly power: Make<Power>;
  readonly powerError: (error: unknown, hosts: readonly string[]) => PowerError;
}

const AWS: Vendor = {
  ...{
    cloud: aws.AwsCloud,
    machines: aws.AwsMachines,
    machine: aws.AwsMachine,
    network: aws.AwsNetwork,
    existingNetwork: aws.AwsExistingNetwork,
  },
  ...{ firewall: aws.AwsFirewall, identity: aws.AwsIdentity, volume: aws.AwsVolume, fileSystem: aws.AwsFileSystem },
  ...{
    catalogue: awsCatalogue,
    types: awsTypes,
    disk: awsDisk,
    disks: awsDisk,
    imageChoice: awsImageChoice,
    imageProblems: awsImageProblems,
  },
  ...{ site: awsSite, subnets: awsSubnets, props: awsProps, tags: awsTags, tagNames: awsTagNames },
  ...{
    userData: awsUserData,
    userDataProblems: awsUserDataProblems,
    cost: awsCost,
    pin: pinAws,
    power: AwsPower,
    powerError: awsPowerError,
  },
};

const AZURE: Vendor = {
  ...{
    cloud: azure.AzureCloud,
    machines: azure.AzureMachines,
    machine: azure.AzureMachine,
    network: azure.AzureNetwork,
    existingNetwork: azure.AzureExistingNetwork,
  },
  ...{
    firewall: azure.AzureFirewall,
    identity: azure.AzureIdentity,
    volume: azure.AzureVolume,
    fileSystem: azure.AzureFileSystem,
  },
  ...{
    catalogue: azureCatalogue,
    types: azureTypes,
    disk: azureDisk,
    disks: azureDiskOptions,
    imageChoice: azureImageChoice,
    imageProblems: azureImageProblems,
  },
  ...{ site: azureSite, subnets: azureSubnets, props: azureProps, tags: azureTags, tagNames: azureTagNames },
  ...{
    userData: azureUserData,
    userDataProblems: azureUserDataProblems,
    cost: azureCost,
    pin: pinAzure,
    power: AzurePower,
    powerError: azurePowerError,
  },
};

/** Without a vendor there is nothing to be asked, paid or identified by. */
const LOCAL: Pick<Vendor, "cloud" | "machines" | "volume" | "disk"> & {
  readonly catalogue: Pick<Vendor["catalogue"], "shapeOf">;
  readonly machine: { of(props: object): VendorMachine };
} = {
  ...{ cloud: local.LocalCloud, machines: local.LocalMachines, machine: local.LocalMachine, volume: local.LocalVolume },
  ...{ catalogue: localCatalogue, disk: localDisk },
};

/** `AwsCloud` and `AzureCloud` as `Cloud`. */
type Plain<Names, Prefix extends string> = Names extends `${infer First extends "" | "lock"}${Prefix}${infer Rest}`
  ? `${First}${Rest}`
  : Names;
type AwsNames = Plain<keyof typeof aws, "Aws">;
type AzureNames = Plain<keyof typeof azure, "Azure">;
/** An error of the compiler here names what one entry exports and the other does not. */
const onlyAws: Exclude<AwsNames, AzureNames>[] = [];
const onlyAzure: Exclude<AzureNames, AwsNames>[] = [];
const onlyLocal: Exclude<Plain<keyof typeof local, "Local">, AwsNames>[] = [];

describe("the folders of the clouds", () => {
  const clouds = join(__dirname, "../../lib/clouds");
  const filesOf = (cloud: string) =>
    readdirSync(join(clouds, cloud)).flatMap((name) => (name.endsWith(".ts") ? [name.slice(0, -3)] : []));

  it.each(["aws", "azure"])("%s has the files of its siblings, and of its own only what is listed", (cloud) => {
    expect(filesOf(cloud).sort()).toEqual([...EVERYWHERE, ...VENDORS, ...Object.keys(ALONE[cloud] ?? {})].sort());
  });

  it("local has what all have, perhaps some of what vendors have, and of its own only what is listed", () => {
    const files = filesOf("local");
    expect(files).toEqual(expect.arrayContaining(EVERYWHERE));
    // Images are made here, and by more than one file.
    const own = files.filter((file) => ![...EVERYWHERE, ...VENDORS].includes(file) && !file.startsWith("image-"));
    expect(own.sort()).toEqual(Object.keys(ALONE["local"] ?? {}).sort());
  });

  /** Values and types that a file exports, without the vendor's name. */
  function exportsOf(cloud: "aws" | "azure", file: string): string[] {
    const text = readFileSync(join(clouds, cloud, `${file}.ts`), "utf8");
    const names = [...text.matchAll(/^export (?:async )?(?:class|const|function|interface|type) (\w+)/gm)];
    const own = OWN_EXPORTS[cloud][file] ?? [];
    expect([file, names.map(([, name]) => name)]).toEqual([file, expect.arrayContaining([...own])]);
    return names
      .flatMap(([, name = ""]) => (own.includes(name) ? [] : [name.replace(/^(aws|azure)|(?<=^lock)(Aws|Azure)/i, "")]))
      .sort();
  }

  it.each([...EVERYWHERE, ...VENDORS])("export the same things from %s.ts, but for what is listed", (file) => {
    expect(exportsOf("azure", file)).toEqual(exportsOf("aws", file));
  });

  it("export the same names, but for the vendor's own", () => {
    const plain = (entry: object, vendor: string) =>
      Object.keys(entry)
        .map((name) => name.replace(new RegExp(`^(lock)?${vendor}`), "$1"))
        .sort();
    expect(plain(azure, "Azure")).toEqual(plain(aws, "Aws"));
    expect(plain(aws, "Aws")).toEqual(expect.arrayContaining(plain(local, "Local")));
    expect([onlyAws, onlyAzure, onlyLocal]).toEqual([[], [], []]);
  });

  it.each(["aws", "azure"])(
    "%s loads no SDK before something is to be looked up",
    async (cloud) => {
      const script = `require(${JSON.stringify(join(clouds, cloud, "index.ts"))}); console.log(JSON.stringify(Object.keys(require.cache)));`;
      const { stdout } = await promisify(execFile)(process.execPath, ["-r", "tsx/cjs", "-e", script]);
      const loaded = JSON.parse(stdout) as string[];
      expect(loaded).toContain(join(clouds, cloud, "lock.ts"));
      expect(loaded.filter((path) => /node_modules\/@(aws-sdk|azure)\//.test(path))).toEqual([]);
    },
    30_000,
  );

  it("offer the same things, as the compiler has seen", () => {
    expect(Object.keys(AZURE).sort()).toEqual(Object.keys(AWS).sort());
    for (const vendor of [AWS, AZURE, LOCAL]) for (const thing of Object.values(vendor)) expect(thing).toBeDefined();
  });

  it("call tags, which people look for in both, the same", () => {
    const { ADDRESS_TAG: _, ...names } = azureTagNames;
    expect({ ...names }).toEqual({ ...awsTagNames });
  });
});
