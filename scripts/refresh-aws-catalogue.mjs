// Writes lib/clouds/aws/catalogue.tsv anew from what AWS itself says of its instance types and prices.
//
//   node scripts/refresh-aws-catalogue.mjs [--region REGION] [--types FILE --types-source TEXT] [--prices FILE --prices-source TEXT] [--out FILE]
//
// Without --types it asks the API (ec2:DescribeInstanceTypes, credentials by the SDK's usual chain); FILE is the output of
// `aws ec2 describe-instance-types`. Without --prices it reads the public price list, which needs no account (and some
// hundred megabytes); FILE is JSON, { "c7i.large": 0.08925, … }. Types without a price keep none.
import { createReadStream, existsSync, readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { fileURLToPath, URL } from "node:url";
import { parseArgs } from "node:util";

const TABLE = fileURLToPath(new URL("../lib/clouds/aws/catalogue.tsv", import.meta.url));
const PRICE_LIST = "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonEC2/current";

const { values: options } = parseArgs({
  options: {
    region: { type: "string", default: "us-east-1" },
    types: { type: "string" },
    "types-source": { type: "string" },
    prices: { type: "string" },
    "prices-source": { type: "string" },
    out: { type: "string", default: TABLE },
  },
});
const today = new Date().toISOString().slice(0, 10);

const types = options.types === undefined ? await describeTypes(options.region) : readTypes(options.types);
const prices =
  options.prices === undefined ? await priceList(options.region) : JSON.parse(readFileSync(options.prices, "utf8"));
const rows = types.flatMap((type) => row(type, prices[type.InstanceType]));
rows.sort((a, b) => (a[0] < b[0] ? -1 : 1));
writeFileSync(
  options.out === "-" ? 1 : options.out,
  [
    `# types: ${options["types-source"] ?? `DescribeInstanceTypes in ${options.region}, ${today}`}`,
    `# prices: ${options["prices-source"] ?? `AWS price list of ${options.region}, ${today}`}`,
    [
      "type",
      "architecture",
      "cores",
      "threads",
      "memory MiB",
      "gpus",
      "gpu",
      "efa cards",
      "features",
      `usd/h ${options.region}`,
    ].join("\t"),
    ...rows.map((cells) => cells.join("\t")),
    "",
  ].join("\n"),
);

/** One line of the table; none for what no cluster can be made of: Macs, and Xen machines, whose disks have no stable names. */
function row(type, price) {
  const {
    InstanceType,
    VCpuInfo: cpu,
    MemoryInfo,
    ProcessorInfo,
    GpuInfo,
    EbsInfo,
    NetworkInfo,
    PlacementGroupInfo,
  } = type;
  const architecture = ["x86_64", "arm64"].find((name) => ProcessorInfo.SupportedArchitectures.includes(name));
  if (architecture === undefined || EbsInfo.NvmeSupport !== "required") return [];
  const gpus = (GpuInfo?.Gpus ?? []).filter(({ Manufacturer }) => Manufacturer === "NVIDIA");
  const efa = (NetworkInfo.NetworkCards ?? [])
    .filter(({ InterfaceTypes }) => NetworkInfo.EfaSupported && (InterfaceTypes ?? ["efa"]).includes("efa"))
    .map(({ NetworkCardIndex }) => NetworkCardIndex);
  const threads = cpu.DefaultThreadsPerCore ?? 1;
  const features = [
    threads > 1 && (cpu.ValidThreadsPerCore ?? []).includes(1) ? "smt-off" : "",
    (PlacementGroupInfo?.SupportedStrategies ?? []).includes("cluster") ? "cluster" : "",
    (type.SupportedUsageClasses ?? []).includes("spot") ? "spot" : "",
  ].filter((name) => name !== "");
  return [
    [
      InstanceType,
      architecture,
      cpu.DefaultCores ?? cpu.DefaultVCpus / threads,
      threads,
      MemoryInfo.SizeInMiB,
      gpus.reduce((sum, { Count, LogicalGpuCount }) => sum + (LogicalGpuCount ?? Count), 0),
      gpus.length === 0 ? "" : gpus[0].Name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "_"),
      ranges(efa),
      features.join(","),
      price === undefined ? "" : Number(price),
    ],
  ];
}

/** `0-3`, `1-16`, `0`. */
function ranges(numbers) {
  const runs = [];
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] + 1 === number) last[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(",");
}

function readTypes(file) {
  const document = JSON.parse(readFileSync(file, "utf8"));
  return document.InstanceTypes ?? Object.values(document);
}

async function describeTypes(region) {
  const { EC2Client, paginateDescribeInstanceTypes } = await import("@aws-sdk/client-ec2");
  const found = [];
  for await (const page of paginateDescribeInstanceTypes({ client: new EC2Client({ region }) }, {}))
    found.push(...page.InstanceTypes);
  return found;
}

/** On-demand prices of Linux machines that are not dedicated, from the price list as CSV (a file or the public address). */
async function priceList(region) {
  const address = process.env.OHPC_AWS_PRICE_LIST ?? `${PRICE_LIST}/${region}/index.csv`;
  const stream = existsSync(address)
    ? createReadStream(address)
    : Readable.fromWeb((await globalThis.fetch(address)).body);
  const found = {};
  let column;
  for await (const line of createInterface({ input: stream })) {
    const cells = [...line.matchAll(/"((?:[^"]|"")*)"(?:,|$)/g)].map(([, cell]) => cell);
    if (cells[0] === "SKU") {
      column = Object.fromEntries(cells.map((name, index) => [name, index]));
      continue;
    }
    if (column === undefined) continue;
    const is = (name, value) => cells[column[name]] === value;
    const wanted =
      is("TermType", "OnDemand") &&
      is("Operating System", "Linux") &&
      is("Tenancy", "Shared") &&
      is("CapacityStatus", "Used") &&
      is("Pre Installed S/W", "NA") &&
      is("Unit", "Hrs");
    if (wanted) found[cells[column["Instance Type"]]] = Number(cells[column.PricePerUnit]);
  }
  return found;
}
