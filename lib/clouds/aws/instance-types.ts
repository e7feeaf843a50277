import type { Architecture, MachineShape } from "../../model/machine";
import { lazy } from "../../package/lazy";
import { textBeside } from "../../package/text-beside";
import { Size } from "../../units";

/** What AWS says of one of its instance types. */
export interface InstanceType {
  readonly name: string;
  readonly shape: MachineShape;
  /** Network cards that take an Elastic Fabric Adapter. */
  readonly efaCards: readonly number[];
  /** Whether its second hardware threads can be switched off. */
  readonly smtOff: boolean;
  /** Whether it can be in a placement group of the kind `cluster`. */
  readonly cluster: boolean;
  readonly spot: boolean;
  /** US dollars per hour, Linux, on demand; absent where the table has no price for the region. */
  readonly hourly?: number;
}

/** The table's own header: where its figures come from, and of which day. */
export interface TableSource {
  readonly types: string;
  readonly prices: string;
  /** The one region that prices are known for. */
  readonly priceRegion: string;
}

interface Table {
  readonly source: TableSource;
  readonly types: ReadonlyMap<string, InstanceType>;
}

/** Every instance type that a cluster can be made of, by name. `scripts/refresh-aws-catalogue.mjs` writes the table. */
export function instanceTypes(): ReadonlyMap<string, InstanceType> {
  return table().types;
}

export function instanceTypesSource(): TableSource {
  return table().source;
}

/** US dollars per hour, or `undefined` where none is known: no price of one region is passed off as another's. */
export function hourlyPrice(type: string, region: string): number | undefined {
  const { source, types } = table();
  return region === source.priceRegion ? types.get(type)?.hourly : undefined;
}

const table = lazy(() => parseTable(textBeside(__dirname, "catalogue.tsv")));

/** @throws Error if a line is not of the table's form */
export function parseTable(text: string): Table {
  const lines = text.split("\n").filter((line) => line !== "");
  const comment = (name: string) => lines.find((line) => line.startsWith(`# ${name}: `))?.slice(name.length + 4) ?? "";
  const [header = "", ...rows] = lines.filter((line) => !line.startsWith("#"));
  const priceRegion = /usd\/h (\S+)$/.exec(header)?.[1] ?? "";
  const types = new Map(rows.map(parseRow).map((type) => [type.name, type]));
  return { source: { types: comment("types"), prices: comment("prices"), priceRegion }, types };
}

function parseRow(line: string): InstanceType {
  const [name = "", architecture = "", cores, threads, memory, gpus, gpu = "", efa = "", features = "", price = ""] =
    line.split("\t");
  const numbers = [cores, threads, memory, gpus].map(Number);
  if (!isArchitecture(architecture) || numbers.some((number) => !Number.isInteger(number))) {
    throw new Error(`not a line of the AWS catalogue: ${JSON.stringify(line)}`);
  }
  const [coresPerSocket = 0, threadsPerCore = 0, mebibytes = 0, count = 0] = numbers;
  const has = new Set(features.split(","));
  const shape: MachineShape = {
    // AWS tells no sockets. Slurm compares only products of them with what a node reports.
    sockets: 1,
    coresPerSocket,
    threadsPerCore,
    memory: Size.mebibytes(mebibytes),
    architecture,
    ...(count > 0 && { gpus: { count, type: gpu } }),
  };
  return {
    name,
    shape,
    efaCards: parseRanges(efa),
    smtOff: has.has("smt-off"),
    cluster: has.has("cluster"),
    spot: has.has("spot"),
    ...(price !== "" && { hourly: Number(price) }),
  };
}

/** `0-3`, `1-16`, `0` or nothing. */
function parseRanges(text: string): readonly number[] {
  if (text === "") return [];
  return text.split(",").flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, k) => first + k);
  });
}

function isArchitecture(text: string): text is Architecture {
  return text === "x86_64" || text === "arm64";
}
