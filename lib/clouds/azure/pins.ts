import type { ComputeManagementClient, ComputeManagementClientOptionalParams } from "@azure/arm-compute";
import type { DefaultAzureCredential } from "@azure/identity";
import type { Architecture } from "../../model/machine";
import { refuse } from "../../model/problems";
import { listOf, needed, oneOf, type PropertyNames, readProperties, TEXT, TEXTS } from "../../model/properties";
import { MissingPackage } from "../../package/lazy";
import { PIN_FILE, type PinnedFact, readPins, withFacts, writePins } from "../pins";
import { imageChoice, imageKey, type MarketplaceImage } from "./image-choice";
import { environmentSubscription, isResourceId, subscriptionProblems } from "./names";
import { powerError } from "./power-errors";
import { computeSdk, identitySdk } from "./sdk";

export interface PinOptions {
  readonly location: string;
  /** Where images are looked up. @default - what ARM_SUBSCRIPTION_ID or AZURE_SUBSCRIPTION_ID says */
  readonly subscriptionId?: string;
  /** Images as a stack names them, with the architecture of the machines. */
  readonly images?: readonly { readonly image: string; readonly architecture: Architecture }[];
  /** Ids of subnets that were there before the cluster. */
  readonly subnets?: readonly string[];
  /** @default "ohpc.lock.json" */
  readonly file?: string;
  /** For tests and unusual networks. */
  readonly client?: ComputeManagementClientOptionalParams;
  /** For tests and unusual networks. @default fetch */
  readonly request?: Fetch;
  /** @default - the SDK's usual chain: environment, managed identity, `az login` */
  readonly credential?: Credential;
}

type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** What is asked of it. */
type ImageCatalogue = Pick<ComputeManagementClient, "virtualMachineImages">;
type Credential = DefaultAzureCredential | ConstructorParameters<typeof ComputeManagementClient>[0];

const IMAGE_NAMES = { image: needed(TEXT), architecture: needed(oneOf("x86_64", "arm64")) } satisfies PropertyNames<
  NonNullable<PinOptions["images"]>[number]
>;
const PIN_NAMES = {
  location: needed(TEXT),
  subscriptionId: TEXT,
  images: listOf(IMAGE_NAMES),
  subnets: TEXTS,
  file: TEXT,
  client: true,
  request: true,
  credential: true,
} satisfies PropertyNames<PinOptions, ComputeManagementClientOptionalParams | Credential | Fetch>;

/**
 * Looks images and subnets up and writes them to the pin file, so that every synth from then on is the same everywhere
 * and asks nobody. What is in the file already stays, unless it is asked for again.
 *
 * @throws ConfigurationError for options that are none, PowerError for whatever Azure says, MissingPackage without its SDK, and Error for what does not exist
 */
export async function pinAzure(options: PinOptions): Promise<Readonly<Record<string, PinnedFact>>> {
  refuse("what pinAzure looks up", readProperties(options, PIN_NAMES).problems);
  const { location, images = [], subnets = [], file = PIN_FILE } = options;
  const facts: Record<string, PinnedFact> = {};
  const credential = options.credential ?? usualCredential();
  try {
    const newest = images.flatMap(({ image, architecture }) => {
      const choice = imageChoice(image, architecture);
      if (choice === undefined) throw new NotThere(`${JSON.stringify(image)} is not an image`);
      // An id is what it is, and so is a version.
      return choice.kind === "newest" ? [choice.image] : [];
    });
    if (newest.length > 0) {
      const compute = computeClient(options, credential);
      for (const image of newest) facts[imageKey(image)] = await newestVersion(compute, location, image);
    }
    for (const subnet of subnets) facts[subnet] = await findSubnet(options, credential, subnet);
  } catch (error) {
    // What is not from Azure names itself already.
    if (error instanceof NotThere || error instanceof MissingPackage) throw error;
    throw powerError(error, []);
  }
  writePins(withFacts(readPins(file), "azure", location, facts), file);
  return facts;
}

/** What was asked for and does not exist. */
class NotThere extends Error {
  override readonly name = "NotThere";
}

function usualCredential(): Credential {
  return new (identitySdk().DefaultAzureCredential)();
}

function computeClient(
  { subscriptionId = environmentSubscription(), client = {} }: PinOptions,
  credential: Credential,
): ImageCatalogue {
  const [wrong] = subscriptionProblems(subscriptionId ?? "", "subscriptionId");
  if (subscriptionId === undefined || wrong !== undefined)
    throw new NotThere(
      `${JSON.stringify(subscriptionId ?? "")} is no subscription: give subscriptionId, or set ARM_SUBSCRIPTION_ID; ${wrong?.hint ?? ""}`,
    );
  return new (computeSdk().ComputeManagementClient)(credential, subscriptionId, client);
}

async function newestVersion(compute: ImageCatalogue, location: string, image: MarketplaceImage): Promise<PinnedFact> {
  const { publisher, offer, sku } = image;
  const found = await compute.virtualMachineImages.list(location, publisher, offer, sku);
  const newest = found.map(({ name }) => name).sort((a, b) => b.localeCompare(a, "en", { numeric: true }))[0];
  if (newest === undefined) throw new NotThere(`Azure has no image ${imageKey(image)} in ${location}`);
  const { architecture } = await compute.virtualMachineImages.get(location, publisher, offer, sku, newest);
  if (architecture === undefined) return { version: newest };
  return { version: newest, architecture: architecture === "Arm64" ? "arm64" : "x86_64" };
}

/** As recent as any that answers with the addresses of a subnet. */
const NETWORK_API = "2024-05-01";

/** Networks have a client of their own, which is not worth its weight for one question. */
async function findSubnet(
  { client = {}, request = fetch }: PinOptions,
  credential: Credential,
  id: string,
): Promise<PinnedFact> {
  if (!isResourceId(id, "Microsoft.Network/virtualNetworks/subnets"))
    throw new NotThere(`${JSON.stringify(id)} is not the id of a subnet`);
  const { endpoint = "https://management.azure.com" } = client;
  const token = await credential.getToken(`${endpoint}/.default`);
  const answer = await request(`${endpoint}${id}?api-version=${NETWORK_API}`, {
    headers: { authorization: `Bearer ${token?.token ?? ""}` },
  });
  const body = (await answer.json()) as SubnetAnswer;
  if (!answer.ok)
    throw Object.assign(new Error(body.error?.message ?? answer.statusText), {
      code: body.error?.code,
      statusCode: answer.status,
    });
  const cidr = body.properties?.addressPrefix ?? body.properties?.addressPrefixes?.[0];
  if (cidr === undefined) throw new NotThere(`${id} has no address range`);
  return { cidr };
}

interface SubnetAnswer {
  readonly properties?: { readonly addressPrefix?: string; readonly addressPrefixes?: readonly string[] };
  readonly error?: { readonly code?: string; readonly message?: string };
}
