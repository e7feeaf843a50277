import type { Architecture, MachineShape } from "../../model/machine";
import { lazy } from "../../package/lazy";
import { textBeside } from "../../package/text-beside";
import { Size } from "../../units";

/** What Azure says of one of its VM sizes. */
export interface InstanceType {
  readonly name: string;
  readonly shape: MachineShape;
  /** Gbit/s of its InfiniBand; absent: it has none. */
  readonly infiniband?: number;
  readonly acceleratedNetworking: boolean;
  /** Secure boot and a virtual TPM. */
  readonly trustedLaunch: boolean;
  /** Whether disks appear as NVMe name spaces instead of SCSI units. */
  readonly nvme: boolean;
  /** How many data disks can be attached. */
  readonly dataDisks: number;
  /** What the subscription's quota counts its cores in. */
  readonly quotaFamily: string;
}

/** The tables' own headers: where their figures come from, and of which day. */
export interface TableSource {
  readonly types: string;
  readonly prices: string;
}

/** Every VM size that a cluster can be made of, by name. */
export function instanceTypes(): ReadonlyMap<string, InstanceType> {
  return types().types;
}

export function instanceTypesSource(): TableSource {
  return { types: types().source, prices: prices().source };
}

/** US dollars per hour, or `undefined` where none is known: no price of one region is passed off as another's. */
export function hourlyPrice(type: string, region: string): number | undefined {
  const price = prices().hourly.get(type)?.get(region);
  return price === "sold" ? undefined : price;
}

/** Regions in which a size was sold when the table was written; `undefined` for a size that the table does not know. */
export function regionsOf(type: string): readonly string[] | undefined {
  const regions = prices().hourly.get(type);
  return regions === undefined ? undefined : [...regions.keys()];
}

/** Every region that the table knows of. */
export function regions(): readonly string[] {
  return prices().regions;
}

const types = lazy(() => parseTable(textBeside(__dirname, "catalogue.tsv")));
const prices = lazy(() => parsePrices(textBeside(__dirname, "machine-prices.tsv")));

interface TypeTable {
  readonly source: string;
  readonly types: ReadonlyMap<string, InstanceType>;
}

/** @throws Error if a line is not of the table's form */
export function parseTable(text: string): TypeTable {
  const [, ...rows] = linesOf(text);
  return { source: commentOf(text, "types"), types: new Map(rows.map(parseRow).map((type) => [type.name, type])) };
}

function parseRow(line: string): InstanceType {
  const [name = "", architecture = "", ...rest] = line.split("\t");
  const [sockets = 0, cores = 0, threadsPerCore = 0, gibibytes = 0, gpus = 0] = rest.slice(0, 5).map(Number);
  const [gpu = "", infiniband = "", dataDisks, features = "", quotaFamily = ""] = rest.slice(5);
  const whole = [sockets, cores / sockets, threadsPerCore, gibibytes].every(
    (number) => Number.isInteger(number) && number > 0,
  );
  if (!isArchitecture(architecture) || !whole || quotaFamily === "") {
    throw new Error(`not a line of the Azure catalogue: ${JSON.stringify(line)}`);
  }
  const has = new Set(features.split(","));
  const shape: MachineShape = {
    sockets,
    coresPerSocket: cores / sockets,
    threadsPerCore,
    memory: Size.gibibytes(gibibytes),
    architecture,
    ...(gpus > 0 && { gpus: { count: gpus, type: gpu } }),
  };
  return {
    name,
    shape,
    ...(infiniband !== "" && { infiniband: Number(infiniband) }),
    acceleratedNetworking: has.has("accelerated-networking"),
    trustedLaunch: has.has("trusted-launch"),
    nvme: has.has("nvme"),
    dataDisks: Number(dataDisks),
    quotaFamily,
  };
}

interface PriceTable {
  readonly source: string;
  readonly regions: readonly string[];
  /** By size, by region; `sold`: it is sold there, for a price that is not known. */
  readonly hourly: ReadonlyMap<string, ReadonlyMap<string, number | "sold">>;
}

/** A line per size, a column per region; an empty cell: not sold there. */
function parsePrices(text: string): PriceTable {
  const [header = "", ...rows] = linesOf(text);
  const [, ...columns] = header.split("\t");
  const hourly = rows.map((row) => {
    const [type = "", ...cells] = row.split("\t");
    const sold = columns.flatMap((region, k): [string, number | "sold"][] => {
      const cell = cells[k] ?? "";
      return cell === "" ? [] : [[region, cell === "?" ? "sold" : Number(cell)]];
    });
    return [type, new Map(sold)] as const;
  });
  return { source: commentOf(text, "prices"), regions: columns, hourly: new Map(hourly) };
}

function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

function commentOf(text: string, name: string): string {
  return new RegExp(`^# ${name}: (.*)$`, "m").exec(text)?.[1] ?? "";
}

function isArchitecture(text: string): text is Architecture {
  return text === "x86_64" || text === "arm64";
}
