import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { abilitiesOf, shapeOf } from "../../lib/clouds/azure/catalogue";
import {
  hourlyPrice,
  instanceTypes,
  instanceTypesSource,
  parseTable,
  regions,
  regionsOf,
} from "../../lib/clouds/azure/instance-types";
import { AzureMachine } from "../../lib/clouds/azure/machine";
import { Size } from "../../lib/units";
import { told } from "../support/told";

const MARKET = { architecture: "x86_64", location: "eastus" } as const;
const shape = (machine: string | AzureMachine) => shapeOf(machine, MARKET);
const root = join(__dirname, "../..");

describe("the catalogue of Azure", () => {
  it("says where its figures come from, and of which day", () => {
    const { types, prices } = instanceTypesSource();
    expect(types).toMatch(/azure-compute-docs.*\b20\d\d-\d\d-\d\d$/);
    expect(prices).toMatch(/Retail Prices API.*\b20\d\d-\d\d-\d\d$/);
  });

  // As Microsoft documents them: https://learn.microsoft.com/azure/virtual-machines/sizes/overview
  it.each([
    [
      "Standard_HB176rs_v4",
      { sockets: 2, coresPerSocket: 88, threadsPerCore: 1, memory: Size.gibibytes(768), architecture: "x86_64" },
    ],
    ["Standard_HB120-32rs_v3", { sockets: 2, coresPerSocket: 16, threadsPerCore: 1, memory: Size.gibibytes(448) }],
    ["Standard_D8s_v5", { sockets: 1, coresPerSocket: 4, threadsPerCore: 2, memory: Size.gibibytes(32) }],
    [
      "Standard_D64ps_v5",
      { coresPerSocket: 64, threadsPerCore: 1, memory: Size.gibibytes(208), architecture: "arm64" },
    ],
    ["Standard_ND96isr_H100_v5", { memory: Size.gibibytes(1900), gpus: { count: 8, type: "h100" } }],
    ["Standard_NC4as_T4_v3", { coresPerSocket: 4, memory: Size.gibibytes(28), gpus: { count: 1, type: "t4" } }],
  ])("knows what %s has", (type, expected) => {
    const { architecture = "x86_64" } = expected as { architecture?: "x86_64" | "arm64" };
    expect(shapeOf(type, { architecture, location: "eastus" })).toMatchObject({ shape: expected, problems: [] });
  });

  it("knows which sizes have InfiniBand, how fast, and what their quota is counted in", () => {
    const known = (type: string) => {
      const { infiniband, quotaFamily } = instanceTypes().get(type) ?? {};
      return [infiniband, quotaFamily];
    };
    expect(known("Standard_HC44rs")).toEqual([100, "standardHCSFamily"]);
    expect(known("Standard_HX176rs")).toEqual([400, "standardHXFamily"]);
    expect(known("Standard_ND96isr_H200_v5")).toEqual([3200, "standardNDISRH200V5Family"]);
    expect(known("Standard_NC24ads_A100_v4")).toEqual([undefined, "StandardNCADSA100v4Family"]);
  });

  it("knows nothing of a size that is new, and takes it to be as sizes are today", () => {
    const machine = AzureMachine.of("Standard_Z8_v9", {
      shape: { sockets: 1, coresPerSocket: 8, threadsPerCore: 1, memory: Size.gibibytes(64), architecture: "x86_64" },
    });
    expect(shape(machine)).toMatchObject({ shape: { coresPerSocket: 8 }, problems: [] });
    expect(abilitiesOf("Standard_Z8_v9")).toMatchObject({
      acceleratedNetworking: true,
      trustedLaunch: true,
      nvme: false,
    });
    expect(told(shape("Standard_Z8_v9").problems)[0]).toContain('AzureMachine.of("Standard_Z8_v9", { shape: … })');
  });

  it("holds nothing that Slurm could not be told, and GRES types as Slurm takes them", () => {
    expect(instanceTypes().size).toBeGreaterThan(70);
    for (const { name, shape: has, dataDisks } of instanceTypes().values()) {
      expect([name, has.sockets * has.coresPerSocket > 0, [1, 2].includes(has.threadsPerCore), dataDisks >= 2]).toEqual(
        [name, true, true, true],
      );
      if (has.gpus !== undefined)
        expect([name, has.gpus.type]).toEqual([name, expect.stringMatching(/^[a-z][a-z0-9_]*$/)]);
    }
  });

  it("has prices by region, and none where the record is of doubt or the size is not sold", () => {
    expect(hourlyPrice("Standard_D2s_v5", "eastus")).toBe(0.096);
    expect(hourlyPrice("Standard_D2s_v5", "westeurope")).toBe(0.115);
    // The record mixes in the price with a Windows licence; the size is sold all the same.
    expect(hourlyPrice("Standard_D2as_v5", "eastus")).toBeUndefined();
    expect(regionsOf("Standard_D2as_v5")).toContain("eastus");
    expect(hourlyPrice("Standard_HB368rs_v5", "westeurope")).toBeUndefined();
    expect(regionsOf("Standard_HB368rs_v5")).not.toContain("westeurope");
    expect(regionsOf("Standard_Z8_v9")).toBeUndefined();
    expect(regions()).toEqual(expect.arrayContaining(["japaneast", "northeurope"]));
    for (const type of instanceTypes().keys()) {
      expect(regionsOf(type)?.length).toBeGreaterThan(0);
      for (const region of regions()) expect(hourlyPrice(type, region) ?? 1).toBeGreaterThan(0);
    }
  });

  it("has prices that grow with the size, within a family of equal machines", () => {
    for (const region of regions()) {
      const perCore = [2, 4, 8, 16, 32, 48, 64, 96].flatMap((n) => {
        const price = hourlyPrice(`Standard_D${n}s_v5`, region);
        return price === undefined ? [] : [price / n];
      });
      for (const price of perCore)
        expect([region, Math.abs(price / (perCore[0] ?? 0) - 1) < 0.06]).toEqual([region, true]);
    }
  });

  it("refuses a line that is none", () => {
    expect(() => parseTable("# types: x\nsize\nStandard_X\tx86_64\t2\t3\t1\t8\t0\t\t\t4\t\tfamily")).toThrow(
      "not a line of the Azure catalogue",
    );
    expect(() => parseTable("# types: x\nsize\nStandard_X\tmips\t1\t1\t1\t8\t0\t\t\t4\t\tfamily")).toThrow(
      "not a line of the Azure catalogue",
    );
  });
});

describe("scripts/refresh-azure-catalogue.mjs", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "catalogue-"));
    const header =
      "size\tarchitecture\tsockets\tcores\tthreads\tmemory GiB\tgpus\tgpu\tinfiniband Gb/s\tdata disks\tfeatures\tquota family";
    writeFileSync(
      join(folder, "catalogue.tsv"),
      `# types: a test\n${header}\nStandard_X8\tx86_64\t2\t8\t1\t64\t2\tx1\t200\t16\taccelerated-networking\toldFamily\n`,
    );
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  /** A price as the API describes it, cut down to what is read. */
  const item = (region: string, price: number, more: object = {}) => ({
    armRegionName: region,
    retailPrice: price,
    unitOfMeasure: "1 Hour",
    type: "Consumption",
    productName: "Virtual Machines X Series",
    skuName: "X8",
    ...more,
  });
  const PRICES = [
    [
      item("eastus", 1.5),
      item("eastus", 1.25),
      item("eastus", 0.9, { productName: "Virtual Machines X Series Windows" }),
      item("westus", 0.2, { skuName: "X8 Spot" }),
    ],
    [
      item("westus", 1.75),
      item("westus", 1, { skuName: "X8 Low Priority" }),
      item("northeurope", 9, { unitOfMeasure: "1/Month" }),
      item("japaneast", 1, { type: "Reservation" }),
    ],
  ];

  async function run(...args: string[]): Promise<{ readonly asked: readonly string[]; readonly said: string }> {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      const url = new URL(request.url ?? "", "http://here");
      asked.push(url.searchParams.get("$filter") ?? "");
      const page = Number(url.searchParams.get("page") ?? 0);
      const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const known = (url.searchParams.get("$filter") ?? "").includes("Standard_X8") || page > 0;
      response.end(
        JSON.stringify({
          Items: known ? PRICES[page] : [],
          NextPageLink: known && page === 0 ? `${base}/?page=1` : null,
        }),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      const script = join(root, "scripts/refresh-azure-catalogue.mjs");
      const { stderr } = await promisify(execFile)(process.execPath, [
        script,
        "--out",
        folder,
        "--prices-url",
        url,
        ...args,
      ]);
      return { asked, said: stderr };
    } finally {
      server.close();
    }
  }

  it("takes the price of Linux without spare capacity, of every page, for every region", async () => {
    const { asked } = await run();
    expect(asked[0]).toBe(
      "serviceName eq 'Virtual Machines' and priceType eq 'Consumption' and armSkuName eq 'Standard_X8'",
    );
    const lines = readFileSync(join(folder, "machine-prices.tsv"), "utf8").split("\n");
    expect(lines[0]).toMatch(/^# prices: .*Azure Retail Prices API, \d{4}-\d\d-\d\d$/);
    expect(lines.slice(2)).toEqual(["what\teastus\twestus", "Standard_X8\t1.25\t1.75", ""]);
  });

  it("makes a table that reads back as what the API said, and keeps what the API does not tell", async () => {
    const sku = (name: string, capabilities: Readonly<Record<string, string>>) => ({
      name,
      family: "newFamily",
      resourceType: "virtualMachines",
      capabilities: Object.entries(capabilities).map(([key, value]) => ({ name: key, value })),
    });
    const common = {
      vCPUsPerCore: "2",
      MemoryGB: "128",
      MaxDataDiskCount: "32",
      AcceleratedNetworkingEnabled: "True",
      CpuArchitectureType: "x64",
    };
    writeFileSync(
      join(folder, "skus.json"),
      JSON.stringify([
        sku("Standard_X8", { ...common, vCPUs: "32", vCPUsAvailable: "16", GPUs: "2", RdmaEnabled: "True" }),
        sku("Standard_Y4", {
          ...common,
          vCPUs: "4",
          vCPUsPerCore: "1",
          CpuArchitectureType: "Arm64",
          TrustedLaunchDisabled: "True",
          DiskControllerTypes: "NVMe",
          GPUs: "1",
        }),
      ]),
    );
    const { said } = await run(
      "--skus",
      join(folder, "skus.json"),
      "--skus-source",
      "a test, 2026-01-01",
      "--add",
      "Standard_Y4",
    );
    const { types, source } = parseTable(readFileSync(join(folder, "catalogue.tsv"), "utf8"));
    expect(source).toBe("a test, 2026-01-01");
    expect(types.get("Standard_X8")).toEqual({
      name: "Standard_X8",
      shape: {
        sockets: 2,
        coresPerSocket: 4,
        threadsPerCore: 2,
        architecture: "x86_64",
        memory: Size.gibibytes(128),
        gpus: { count: 2, type: "x1" },
      },
      infiniband: 200,
      acceleratedNetworking: true,
      trustedLaunch: true,
      nvme: false,
      dataDisks: 32,
      quotaFamily: "newFamily",
    });
    expect(types.get("Standard_Y4")).toMatchObject({
      shape: { architecture: "arm64", coresPerSocket: 4 },
      trustedLaunch: false,
      nvme: true,
    });
    expect(said).toContain("Standard_Y4: write into the table what its GPUs are called");
  });

  it("leaves the table as it was where the price list knows nothing", async () => {
    writeFileSync(
      join(folder, "catalogue.tsv"),
      readFileSync(join(folder, "catalogue.tsv"), "utf8").replace("Standard_X8", "Standard_Unknown"),
    );
    await expect(run()).rejects.toThrow("the price list knows none of the sizes");
  });
});
