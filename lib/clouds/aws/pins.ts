import type * as Ec2 from "@aws-sdk/client-ec2";
import type { EC2Client, EC2ClientConfig } from "@aws-sdk/client-ec2";
import type { Architecture } from "../../model/machine";
import { refuse } from "../../model/problems";
import { listOf, needed, oneOf, type PropertyNames, readProperties, TEXT, TEXTS } from "../../model/properties";
import { PIN_FILE, type PinnedFact, readPins, withFacts, writePins } from "../pins";
import { type ImageChoice, imageChoice, imageKey } from "./image-choice";
import { powerError } from "./power-errors";
import { ec2Sdk } from "./sdk";

type Sdk = typeof Ec2;

export interface PinOptions {
  readonly region: string;
  /** Images as a stack names them, with the architecture of the machines. */
  readonly images?: readonly { readonly image: string; readonly architecture: Architecture }[];
  /** Ids of subnets that were there before the cluster. */
  readonly subnets?: readonly string[];
  /** @default "ohpc.lock.json" */
  readonly file?: string;
  /** For tests and unusual networks; credentials come by the SDK's usual chain. */
  readonly client?: EC2ClientConfig;
}

const IMAGE_NAMES = { image: needed(TEXT), architecture: needed(oneOf("x86_64", "arm64")) } satisfies PropertyNames<
  NonNullable<PinOptions["images"]>[number]
>;
const PIN_NAMES = {
  region: needed(TEXT),
  images: listOf(IMAGE_NAMES),
  subnets: TEXTS,
  file: TEXT,
  client: true,
} satisfies PropertyNames<Omit<PinOptions, "client">> & { readonly client: true };

/**
 * Looks images and subnets up and writes them to the pin file, so that every synth from then on is the same everywhere
 * and asks nobody. What is in the file already stays, unless it is asked for again.
 *
 * @throws ConfigurationError for options that are none, PowerError for whatever AWS says, MissingPackage without its SDK, and Error for what does not exist
 */
export async function pinAws(options: PinOptions): Promise<Readonly<Record<string, PinnedFact>>> {
  const { problems, usable } = readProperties(options, PIN_NAMES);
  refuse("what pinAws looks up", problems);
  const { region, images = [], subnets = [], file = PIN_FILE, client = {} } = usable;
  const sdk = ec2Sdk();
  const ec2 = new sdk.EC2Client({ region, ...client });
  const facts: Record<string, PinnedFact> = {};
  try {
    for (const { image, architecture } of images) {
      const choice = imageChoice(image, architecture);
      if (choice === undefined) throw new NotThere(`${JSON.stringify(image)} is not an image`);
      facts[imageKey(choice, architecture)] = await findImage(sdk, ec2, choice, architecture);
    }
    if (subnets.length > 0) Object.assign(facts, await findSubnets(sdk, ec2, subnets));
  } catch (error) {
    // What is not from AWS names itself already.
    if (error instanceof NotThere) throw error;
    throw powerError(error, []);
  }
  writePins(withFacts(readPins(file), "aws", region, facts), file);
  return facts;
}

/** What was asked for and does not exist. */
class NotThere extends Error {
  override readonly name = "NotThere";
}

async function findImage(
  { paginateDescribeImages }: Sdk,
  client: EC2Client,
  choice: ImageChoice,
  architecture: Architecture,
): Promise<PinnedFact> {
  const filters =
    choice.kind === "id"
      ? []
      : [
          { Name: "name", Values: [choice.pattern] },
          { Name: "architecture", Values: [architecture] },
        ];
  const input = {
    Filters: [...filters, { Name: "state", Values: ["available"] }],
    ...(choice.kind === "id" ? { ImageIds: [choice.id] } : { Owners: [choice.owner] }),
  };
  const found = [];
  for await (const { Images = [] } of paginateDescribeImages({ client }, input)) found.push(...Images);
  const [newest] = found.sort((a, b) => (b.CreationDate ?? "").localeCompare(a.CreationDate ?? ""));
  if (newest?.ImageId === undefined)
    throw new NotThere(`AWS has no image ${imageKey(choice, architecture)} in this region`);
  const { ImageId, Architecture: built = "", Name = "" } = newest;
  return { id: ImageId, architecture: built, name: Name };
}

async function findSubnets(
  { DescribeSubnetsCommand }: Sdk,
  client: EC2Client,
  ids: readonly string[],
): Promise<Readonly<Record<string, PinnedFact>>> {
  const { Subnets = [] } = await client.send(new DescribeSubnetsCommand({ SubnetIds: [...ids] }));
  return Object.fromEntries(
    Subnets.map(({ SubnetId = "", CidrBlock = "", AvailabilityZone = "", VpcId = "" }) => {
      return [SubnetId, { cidr: CidrBlock, zone: AvailabilityZone, vpc: VpcId }];
    }),
  );
}
