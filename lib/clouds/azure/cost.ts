import { lazy } from "../../package/lazy";
import { textBeside } from "../../package/text-beside";
import { Size } from "../../units";
import { type Cost, type CostItem, costOf, countOf, HOURS_PER_MONTH, resourcesOf } from "../cost";
import { hourlyPrice, instanceTypesSource } from "./instance-types";
import { GROUP_TAG } from "./tag-names";
import { billedTier, type VolumeType } from "./volume";

type Block = Readonly<Record<string, unknown>>;

/** What the Azure part of a synthesized stack costs. Pure but for reading the tables that come with the library. */
export function azureCost(terraform: unknown): Cost {
  const machines = resourcesOf(terraform, "azurerm_linux_virtual_machine");
  const disks = resourcesOf(terraform, "azurerm_managed_disk");
  const items = [
    ...machines.map(machineItem),
    ...machines.map((block) => systemDiskItem(block)),
    ...disks.map((block) =>
      diskItem(block, text(block["storage_account_type"]), 1, nameOf(block), text(block["location"])),
    ),
    ...resourcesOf(terraform, "azurerm_storage_share").map(shareItem),
    ...resourcesOf(terraform, "azurerm_nat_gateway").map((block) => priced("nat gateway", block, "traffic is extra")),
    ...resourcesOf(terraform, "azurerm_bastion_host").map((block) => priced("bastion", block, "traffic is extra")),
    ...resourcesOf(terraform, "azurerm_public_ip").map((block) => priced("public address", block)),
  ];
  return costOf(items);
}

/** A machine that is deallocated costs nothing by itself; its disks and addresses do. */
function machineItem(block: Block): CostItem {
  const [size, region] = [text(block["size"]), text(block["location"])];
  const common = { what: `${size} (${groupOf(block)})`, count: countOf(block), whenStopped: false };
  if (block["priority"] === "Spot") return { ...common, note: "spot: the price changes by the hour" };
  const hourly = hourlyPrice(size, region);
  if (hourly === undefined) return { ...common, note: unknownIn(region) };
  return { ...common, hourly, source: `machines: ${instanceTypesSource().prices}` };
}

function systemDiskItem(block: Block): CostItem {
  const disk = recordOf(block["os_disk"]);
  return diskItem(
    disk,
    text(disk["storage_account_type"]),
    countOf(block),
    `system, ${groupOf(block)}`,
    text(block["location"]),
  );
}

/** Disks are billed as the tier that they fit into, attached or not. */
function diskItem(disk: Block, type: string, count: number, whose: string, region: string): CostItem {
  const size = Number(disk["disk_size_gb"]);
  const tier = billedTier(type as VolumeType, Size.gibibytes(Number.isFinite(size) ? size : 0));
  const common = { what: `${String(disk["disk_size_gb"])} GiB ${type} (${whose})`, count, whenStopped: true };
  if (tier === undefined) return { ...common, note: `${type} is charged by size and speed; ${unknownIn(region)}` };
  const price = extraPrice(`disk ${tier}`, region);
  return price === undefined
    ? { ...common, note: `billed as ${tier}; ${unknownIn(region)}` }
    : { ...common, ...price, note: `billed as ${tier}` };
}

function shareItem(block: Block): CostItem {
  return {
    what: `${String(block["quota"])} GiB Azure Files (${text(block["name"])})`,
    count: 1,
    whenStopped: true,
    note: "no price is known",
  };
}

function priced(what: string, block: Block, note?: string): CostItem {
  const region = text(block["location"]);
  const price = extraPrice(what, region);
  const common = { what: `${what} (${nameOf(block)})`, count: countOf(block), whenStopped: true };
  return price === undefined ? { ...common, note: unknownIn(region) } : { ...common, ...price, note };
}

function unknownIn(region: string): string {
  return `no price is known for ${region}`;
}

interface ExtraPrice {
  readonly what: string;
  readonly region: string;
  readonly hourly: number;
  readonly source: string;
}

const extras = lazy((): readonly ExtraPrice[] =>
  textBeside(__dirname, "prices.tsv")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .slice(1)
    .map((line) => {
      const [what = "", region = "", usd = "", per = "", source = ""] = line.split("\t");
      return { what, region, hourly: Number(usd) / (per === "month" ? HOURS_PER_MONTH : 1), source };
    }),
);

function extraPrice(what: string, region: string): Pick<Required<CostItem>, "hourly" | "source"> | undefined {
  const price = extras().find((extra) => extra.what === what && extra.region === region);
  return price === undefined ? undefined : { hourly: price.hourly, source: `${what}: ${price.source}` };
}

function groupOf(block: Block): string {
  return text(recordOf(block["tags"])[GROUP_TAG]);
}

function nameOf(block: Block): string {
  return text(block["name"]);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function recordOf(value: unknown): Block {
  return typeof value === "object" && value !== null ? (value as Block) : {};
}
