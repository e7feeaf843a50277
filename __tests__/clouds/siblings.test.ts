import type { Construct } from "constructs";
import * as aws from "cdktf-openhpc/aws";
import * as azure from "cdktf-openhpc/azure";
import * as local from "cdktf-openhpc/local";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import * as awsCatalogue from "../../lib/clouds/aws/catalogue";
import { day2 as awsDay2 } from "../../lib/clouds/aws/day2";
import * as awsDisk from "../../lib/clouds/aws/disk";
import { imageChoice as awsImageChoice, imageProblems as awsImageProblems } from "../../lib/clouds/aws/image-choice";
import * as awsTypes from "../../lib/clouds/aws/instance-types";
import { pinAws } from "../../lib/clouds/aws/pins";
import { AwsPower } from "../../lib/clouds/aws/power";
import { powerError as awsPowerError } from "../../lib/clouds/aws/power-errors";
import * as awsProps from "../../lib/clouds/aws/props";
import { propsProblems as awsPropsProblems } from "../../lib/clouds/aws/props-problems";
import * as awsSite from "../../lib/clouds/aws/site";
import * as awsSubnets from "../../lib/clouds/aws/subnets";
import * as awsTagNames from "../../lib/clouds/aws/tag-names";
import * as awsTags from "../../lib/clouds/aws/tags";
import { awsUserData, userDataProblems as awsUserDataProblems } from "../../lib/clouds/aws/user-data";
import * as azureCatalogue from "../../lib/clouds/azure/catalogue";
import { day2 as azureDay2 } from "../../lib/clouds/azure/day2";
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
import { propsProblems as azurePropsProblems } from "../../lib/clouds/azure/props-problems";
import * as azureSite from "../../lib/clouds/azure/site";
import * as azureSubnets from "../../lib/clouds/azure/subnets";
import * as azureTagNames from "../../lib/clouds/azure/tag-names";
import * as azureTags from "../../lib/clouds/azure/tags";
import { azureUserData, userDataProblems as azureUserDataProblems } from "../../lib/clouds/azure/user-data";
import type { Cloud, Disk, DiskSpec, MachineGroup, ShapeAnswer, Site } from "../../lib/clouds/cloud";
import type { Day2 } from "../../lib/clouds/day2";
import * as localCatalogue from "../../lib/clouds/local/catalogue";
import { day2 as localDay2 } from "../../lib/clouds/local/day2";
import * as localDisk from "../../lib/clouds/local/disk";
import type { PinnedFact } from "../../lib/clouds/pins";
import type { Power, PowerError } from "../../lib/clouds/power";
import type { SubnetPlan } from "../../lib/clouds/subnets";
import type { Architecture, MachineShape, VendorMachine } from "../../lib/model/machine";
import type { Problem } from "../../lib/model/problems";

/** What every cloud's folder has, by the name of the file. Whoever has read one cloud finds the way in the others. */
const EVERYWHERE = "catalogue cloud cost day2 disk image index machines network power props props-problems rules".split(
  " ",
);

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
  readonly props: { readonly DEFAULT_CIDR: string };
  readonly propsProblems: (props: never, around: never) => readonly Problem[];
  readonly tags: { tagProblems(tags: Readonly<Record<string, string>>, at: string): readonly Problem[] };
  readonly tagNames: {
    readonly CLUSTER_TAG: string;
    readonly ROLE_TAG: string;
    readonly GROUP_TAG: string;
    readonly HOST_TAG: string;
  };
  readonly userData: (spec: never) => string;
  readonly userDataProblems: Judge<string>;
  readonly pin: (options: never) => Promise<Readonly<Record<string, PinnedFact>>>;
  readonly power: Make<Power>;
  readonly day2: Day2;
  readonly powerError: (error: unknown, hosts: readonly string[]) => PowerError;
}

const AWS: Vendor = {
  cloud: aws.AwsCloud,
  machines: aws.AwsMachines,
  machine: aws.AwsMachine,
  network: aws.AwsNetwork,
  existingNetwork: aws.AwsExistingNetwork,
  firewall: aws.AwsFirewall,
  volume: aws.AwsVolume,
  fileSystem: aws.AwsFileSystem,
  catalogue: awsCatalogue,
  types: awsTypes,
  disk: awsDisk,
  disks: awsDisk,
  imageChoice: awsImageChoice,
  imageProblems: awsImageProblems,
  site: awsSite,
  subnets: awsSubnets,
  props: awsProps,
  propsProblems: awsPropsProblems,
  tags: awsTags,
  tagNames: awsTagNames,
  userData: awsUserData,
  userDataProblems: awsUserDataProblems,
  day2: awsDay2,
  pin: pinAws,
  power: AwsPower,
  powerError: awsPowerError,
};

const AZURE: Vendor = {
  cloud: azure.AzureCloud,
  machines: azure.AzureMachines,
  machine: azure.AzureMachine,
  network: azure.AzureNetwork,
  existingNetwork: azure.AzureExistingNetwork,
  firewall: azure.AzureFirewall,
  volume: azure.AzureVolume,
  fileSystem: azure.AzureFileSystem,
  catalogue: azureCatalogue,
  types: azureTypes,
  disk: azureDisk,
  disks: azureDiskOptions,
  imageChoice: azureImageChoice,
  imageProblems: azureImageProblems,
  site: azureSite,
  subnets: azureSubnets,
  props: azureProps,
  propsProblems: azurePropsProblems,
  tags: azureTags,
  tagNames: azureTagNames,
  userData: azureUserData,
  userDataProblems: azureUserDataProblems,
  day2: azureDay2,
  pin: pinAzure,
  power: AzurePower,
  powerError: azurePowerError,
};

/** Without a vendor there is nothing to be asked, paid or identified by. */
const LOCAL: Pick<Vendor, "cloud" | "machines" | "volume" | "disk" | "day2"> & {
  readonly catalogue: Pick<Vendor["catalogue"], "shapeOf">;
  readonly machine: { of(props: object): VendorMachine };
} = {
  cloud: local.LocalCloud,
  machines: local.LocalMachines,
  machine: local.LocalMachine,
  volume: local.LocalVolume,
  catalogue: localCatalogue,
  disk: localDisk,
  day2: localDay2,
};

describe("the folders of the clouds", () => {
  const clouds = join(__dirname, "../../lib/clouds");
  const filesOf = (cloud: string) =>
    readdirSync(join(clouds, cloud)).flatMap((name) => (name.endsWith(".ts") ? [name.slice(0, -3)] : []));

  it.each(["aws", "azure", "local"])("%s has the files of its siblings", (cloud) => {
    expect(filesOf(cloud)).toEqual(expect.arrayContaining(EVERYWHERE));
  });

  it("export the same names, but for the vendor's own", () => {
    const plain = (entry: object, vendor: string) =>
      Object.keys(entry)
        .map((name) => name.replace(new RegExp(`^(pin)?${vendor}`), "$1"))
        .sort();
    expect(plain(azure, "Azure")).toEqual(plain(aws, "Aws"));
    expect(plain(aws, "Aws")).toEqual(expect.arrayContaining(plain(local, "Local")));
  });

  it("offer the same things, as the compiler has seen", () => {
    for (const vendor of [AWS, AZURE, LOCAL]) for (const thing of Object.values(vendor)) expect(thing).toBeDefined();
  });

  it("call tags, which people look for in both, the same", () => {
    const { ADDRESS_TAG: _, ...names } = azureTagNames;
    expect({ ...names }).toEqual({ ...awsTagNames });
  });
});
