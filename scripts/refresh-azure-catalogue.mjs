// Writes the tables of lib/clouds/azure anew from what Azure itself says of its VM sizes and prices.
//
//   node scripts/refresh-azure-catalogue.mjs [--add SIZE]... [--subscription ID] [--out FOLDER]
//       [--prices-url URL] [--skus FILE --skus-source TEXT]
//
// machine-prices.tsv comes from the Azure Retail Prices API, which is public. catalogue.tsv changes only with --subscription
// (the Resource SKUs API, with the credentials of `az login` or the environment) or --skus, a file with the answer of
// `az vm list-skus --resource-type virtualMachines --all`. Sizes that are in the table already stay in it; --add takes in more.
// Neither API tells what a GPU is called or how fast an InfiniBand is: that is kept from the table, and said where it is missing.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, URL } from "node:url";
import { parseArgs } from "node:util";

const HERE = fileURLToPath(new URL("../lib/clouds/azure", import.meta.url));
const { values: options } = parseArgs({
  options: {
    add: { type: "string", multiple: true, default: [] },
    subscription: { type: "string" },
    skus: { type: "string" },
    "skus-source": { type: "string" },
    "prices-url": { type: "string", default: "https://prices.azure.com/api/retail/prices" },
    out: { type: "string", default: HERE },
  },
});
const today = new Date().toISOString().slice(0, 10);
const HEADER = [
  "size",
  "architecture",
  "sockets",
  "cores",
  "threads",
  "memory GiB",
  "gpus",
  "gpu",
  "infiniband Gb/s",
  "data disks",
  "features",
  "quota family",
];

const table = existsSync(join(options.out, "catalogue.tsv"))
  ? join(options.out, "catalogue.tsv")
  : join(HERE, "catalogue.tsv");
const lines = readFileSync(table, "utf8")
  .split("\n")
  .filter((line) => line !== "");
const known = new Map(
  lines
    .filter((line) => !line.startsWith("#"))
    .slice(1)
    .map((line) => [line.split("\t")[0], line.split("\t")]),
);
const sizes = [...new Set([...known.keys(), ...options.add])];

if (options.skus !== undefined || options.subscription !== undefined) {
  const skus =
    options.skus === undefined
      ? await resourceSkus(options.subscription)
      : JSON.parse(readFileSync(options.skus, "utf8"));
  const found = new Map((Array.isArray(skus) ? skus : skus.value).map((sku) => [sku.name, sku]));
  const rows = sizes.flatMap((size) => {
    const sku = found.get(size);
    if (sku === undefined) console.error(`${size}: Azure does not know it any more; the table keeps what it had`);
    return sku === undefined ? [known.get(size)] : [row(sku, known.get(size))];
  });
  write("catalogue.tsv", [
    `# types: ${options["skus-source"] ?? `Resource SKUs API of Azure, ${today}`}`,
    HEADER.join("\t"),
    ...rows.filter((cells) => cells !== undefined).map((cells) => cells.join("\t")),
  ]);
}

const prices = new Map();
for (const size of sizes) prices.set(size, await pricesOf(size));
const regions = [...new Set([...prices.values()].flatMap((byRegion) => [...byRegion.keys()]))].sort();
if (regions.length === 0) throw new Error("the price list knows none of the sizes: the table stays as it was");
write("machine-prices.tsv", [
  `# prices: US dollars per hour, Linux, pay as you go; Azure Retail Prices API, ${today}`,
  "# nothing: not sold in that region on that day; ?: sold there, but the record is of doubt (it mixes in prices with a Windows licence)",
  ["what", ...regions].join("\t"),
  ...sizes.map((size) => [size, ...regions.map((region) => prices.get(size).get(region) ?? "")].join("\t")),
]);

/** One line of the catalogue. */
function row({ name, family, capabilities }, before = []) {
  const of = (capability) => capabilities.find((one) => one.name === capability)?.value;
  const yes = (capability) => of(capability) === "True";
  const threads = Number(of("vCPUsPerCore") ?? 1);
  const cpus = Number(of("vCPUsAvailable") ?? of("vCPUs"));
  const gpus = Number(of("GPUs") ?? 0);
  const features = [
    yes("AcceleratedNetworkingEnabled") ? "accelerated-networking" : "",
    yes("TrustedLaunchDisabled") ? "" : "trusted-launch",
    of("DiskControllerTypes") === "NVMe" ? "nvme" : "",
  ].filter((feature) => feature !== "");
  const [gpu, infiniband] = [before[7] ?? "", before[8] ?? ""];
  if (gpus > 0 && gpu === "") console.error(`${name}: write into the table what its GPUs are called`);
  if (yes("RdmaEnabled") && infiniband === "")
    console.error(`${name}: write into the table how fast its InfiniBand is`);
  const architecture = of("CpuArchitectureType") === "Arm64" ? "arm64" : "x86_64";
  const cores = cpus / threads;
  const sockets = cores % Number(before[2] ?? 1) === 0 ? (before[2] ?? 1) : 1;
  return [
    name,
    architecture,
    sockets,
    cores,
    threads,
    of("MemoryGB"),
    gpus,
    gpu,
    infiniband,
    of("MaxDataDiskCount"),
    features.join(","),
    family,
  ];
}

/** By region. Windows, spare capacity and reservations are other things of the same name. */
async function pricesOf(size) {
  const filter = `serviceName eq 'Virtual Machines' and priceType eq 'Consumption' and armSkuName eq '${size}'`;
  const byRegion = new Map();
  let next = `${options["prices-url"]}?currencyCode=USD&$filter=${encodeURIComponent(filter)}`;
  while (next) {
    const answer = await globalThis.fetch(next);
    if (!answer.ok) throw new Error(`${next}: ${answer.status} ${await answer.text()}`);
    const { Items, NextPageLink } = await answer.json();
    for (const { armRegionName, productName, skuName, unitOfMeasure, retailPrice, type } of Items) {
      const other = /windows|cloud ?services|dedicated/i.test(productName) || /spot|low priority/i.test(skuName);
      if (other || type !== "Consumption" || unitOfMeasure !== "1 Hour" || !armRegionName) continue;
      byRegion.set(armRegionName, Math.min(retailPrice, byRegion.get(armRegionName) ?? Infinity));
    }
    next = NextPageLink;
  }
  return byRegion;
}

async function resourceSkus(subscription) {
  const { DefaultAzureCredential } = await import("@azure/identity");
  const { ComputeManagementClient } = await import("@azure/arm-compute");
  const skus = [];
  for await (const sku of new ComputeManagementClient(new DefaultAzureCredential(), subscription).resourceSkus.list()) {
    if (sku.resourceType === "virtualMachines") skus.push(sku);
  }
  return skus;
}

function write(name, content) {
  writeFileSync(join(options.out, name), `${content.join("\n")}\n`);
}
