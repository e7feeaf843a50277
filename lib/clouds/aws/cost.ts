import { lazy } from "../../package/lazy";
import { textBeside } from "../../package/text-beside";
import { type Cost, type CostItem, costOf, countOf, HOURS_PER_MONTH, resourcesOf } from "../cost";
import { hourlyPrice, instanceTypesSource } from "./instance-types";
import { GROUP_TAG } from "./tag-names";

type Block = Readonly<Record<string, unknown>>;

/** What the AWS part of a synthesized stack costs. Pure but for reading the tables that come with the library. */
export function awsCost(terraform: unknown): Cost {
  const region = regionOf(terraform);
  const machines = resourcesOf(terraform, "aws_instance");
  const items = [
    ...machines.map((block) => machineItem(block, region)),
    ...machines.map((block) =>
      volumeItem(recordOf(block["root_block_device"]), region, {
        count: countOf(block),
        whose: `system, ${groupOf(block)}`,
        whenStopped: !isSpot(block),
      }),
    ),
    ...resourcesOf(terraform, "aws_ebs_volume").map((block) =>
      volumeItem(block, region, { count: countOf(block), whose: nameOf(block), whenStopped: true }),
    ),
    ...resourcesOf(terraform, "aws_efs_file_system").map(fileSystemItem),
    ...resourcesOf(terraform, "aws_nat_gateway").map((block) =>
      priced("nat gateway", block, region, "and as much per GB of traffic"),
    ),
    ...resourcesOf(terraform, "aws_eip").map((block) => priced("public IPv4", block, region)),
  ];
  return costOf(items);
}

/** Spot machines have no list price; nobody can stop them either, only end them with their disks. */
function machineItem(block: Block, region: string): CostItem {
  const type = text(block["instance_type"]);
  const common = { what: `${type} (${groupOf(block)})`, count: countOf(block), whenStopped: false };
  if (isSpot(block)) return { ...common, note: "spot: the price changes by the hour" };
  const hourly = hourlyPrice(type, region);
  if (hourly === undefined) return { ...common, note: unknownIn(region) };
  return { ...common, hourly, source: `machines: ${instanceTypesSource().prices}` };
}

function isSpot(block: Block): boolean {
  return block["instance_market_options"] !== undefined;
}

interface VolumeUse extends Pick<CostItem, "count" | "whenStopped"> {
  readonly whose: string;
}

function volumeItem(block: Block, region: string, { count, whose, whenStopped }: VolumeUse): CostItem {
  const { type = block["volume_type"], size = block["volume_size"] } = block;
  const what = `${String(size)} GiB ${text(type)} (${whose})`;
  const price = extraPrice(text(type), region);
  const faster = block["iops"] !== undefined || block["throughput"] !== undefined;
  const common = { what, count, whenStopped, ...(faster && { note: "the extra speed costs extra" }) };
  if (price === undefined || typeof size !== "number") return { ...common, note: unknownIn(region) };
  return { ...common, hourly: (price.usd * size) / HOURS_PER_MONTH, source: sourceOf(price) };
}

function fileSystemItem(block: Block): CostItem {
  return { what: `EFS (${nameOf(block)})`, count: 1, whenStopped: true, note: "charged by what is in it" };
}

function priced(kind: string, block: Block, region: string, note?: string): CostItem {
  const price = extraPrice(kind, region);
  const common = { what: `${kind} (${nameOf(block)})`, count: countOf(block), whenStopped: true };
  return price === undefined
    ? { ...common, note: unknownIn(region) }
    : { ...common, hourly: price.usd, source: sourceOf(price), note };
}

function unknownIn(region: string): string {
  return `no price is known for ${region}`;
}

interface ExtraPrice {
  readonly what: string;
  readonly usd: number;
  readonly source: string;
}

const extras = lazy((): readonly ExtraPrice[] =>
  textBeside(__dirname, "prices.tsv")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .slice(1)
    .map((line) => {
      const [what = "", usd = "", , source = ""] = line.split("\t");
      return { what, usd: Number(usd), source };
    }),
);

function extraPrice(what: string, region: string): ExtraPrice | undefined {
  if (region !== instanceTypesSource().priceRegion) return undefined;
  return extras().find((extra) => extra.what === what);
}

function sourceOf({ what, source }: ExtraPrice): string {
  return `${what}: ${source}`;
}

function regionOf(terraform: unknown): string {
  const providers: unknown = recordOf(recordOf(terraform)["provider"])["aws"];
  return text(recordOf(Array.isArray(providers) ? providers[0] : providers)["region"]);
}

function groupOf(block: Block): string {
  return text(recordOf(block["tags"])[GROUP_TAG]);
}

function nameOf(block: Block): string {
  return text(recordOf(block["tags"])["Name"]);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function recordOf(value: unknown): Block {
  return typeof value === "object" && value !== null ? (value as Block) : {};
}
