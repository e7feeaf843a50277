import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { shapeOf } from "../../lib/clouds/aws/catalogue";
import { hourlyPrice, instanceTypes, instanceTypesSource, parseTable } from "../../lib/clouds/aws/instance-types";
import { Size } from "../../lib/units";

const shape = (machine: string, architecture: "x86_64" | "arm64" = "x86_64") => shapeOf(machine, architecture);
const root = join(__dirname, "../..");

describe("the catalogue of AWS", () => {
  it("says where its figures come from, and of which day", () => {
    const { types, prices, priceRegion } = instanceTypesSource();
    expect(types).toMatch(/DescribeInstanceTypes.*\b20\d\d-\d\d-\d\d$/);
    expect(prices).toMatch(/price list.*\b20\d\d-\d\d-\d\d$/i);
    expect(priceRegion).toBe("us-east-1");
  });

  // As AWS documents them: https://docs.aws.amazon.com/ec2/latest/instancetypes/
  it.each([
    ["hpc7a.96xlarge", { coresPerSocket: 192, threadsPerCore: 1, memory: Size.gibibytes(768), architecture: "x86_64" }],
    ["hpc7g.16xlarge", { coresPerSocket: 64, threadsPerCore: 1, memory: Size.gibibytes(128), architecture: "arm64" }],
    ["c7i.8xlarge", { coresPerSocket: 16, threadsPerCore: 2, memory: Size.gibibytes(64), architecture: "x86_64" }],
    ["p5.48xlarge", { coresPerSocket: 96, threadsPerCore: 2, gpus: { count: 8, type: "h100" } }],
    ["g5g.xlarge", { coresPerSocket: 4, threadsPerCore: 1, gpus: { count: 1, type: "t4g" }, architecture: "arm64" }],
  ])("knows what %s has", (type, expected) => {
    expect(shape(type)).toMatchObject({ shape: expected, problems: [] });
  });

  it("knows which types take an Elastic Fabric Adapter, and on which cards", () => {
    const cards = (type: string) => instanceTypes().get(type)?.efaCards;
    expect(cards("hpc7a.96xlarge")).toEqual([0, 1]);
    expect(cards("p5.48xlarge")).toHaveLength(32);
    expect(cards("p6-b300.48xlarge")?.[0]).toBe(1);
    expect(cards("m7a.large")).toEqual([]);
  });

  it("holds nothing that Slurm could not be told, and GRES types as Slurm takes them", () => {
    expect(instanceTypes().size).toBeGreaterThan(1000);
    for (const { name, shape: has, hourly } of instanceTypes().values()) {
      expect([name, has.coresPerSocket > 0, [1, 2].includes(has.threadsPerCore)]).toEqual([name, true, true]);
      if (has.gpus !== undefined)
        expect([name, has.gpus.type]).toEqual([name, expect.stringMatching(/^[a-z][a-z0-9_]*$/)]);
      if (hourly !== undefined) expect(hourly).toBeGreaterThan(0);
    }
  });

  it("has prices of its one region, and gives none for another", () => {
    expect(hourlyPrice("g5.xlarge", "us-east-1")).toBe(1.006);
    expect(hourlyPrice("g5.xlarge", "eu-west-1")).toBeUndefined();
    expect(hourlyPrice("hpc7a.96xlarge", "us-east-1")).toBeUndefined();
  });

  it("means machines with whole cores by the neutral sizes, on both architectures", () => {
    for (const architecture of ["x86_64", "arm64"] as const) {
      for (const size of ["small", "medium", "large"]) {
        expect(shape(size, architecture).shape).toMatchObject({ threadsPerCore: 1, architecture });
      }
      expect(shape("gpu", architecture).shape).toMatchObject({ gpus: { count: 1 }, architecture });
    }
  });

  it("refuses a line that is not of its form", () => {
    expect(() => parseTable("type\tusd/h x\nm7a.large\tsparc\t1\t1\t1\t0\t\t\t\t\n")).toThrow(
      'not a line of the AWS catalogue: "m7a.large',
    );
  });
});

describe("scripts/refresh-aws-catalogue.mjs", () => {
  const run = (types: unknown, prices: unknown) => {
    const folder = mkdtempSync(join(tmpdir(), "catalogue-"));
    try {
      const [typesFile, pricesFile, out] = ["types", "prices", "out"].map((name) => join(folder, name)) as [
        string,
        string,
        string,
      ];
      writeFileSync(typesFile, JSON.stringify(types));
      writeFileSync(pricesFile, JSON.stringify(prices));
      const program = join(root, "scripts/refresh-aws-catalogue.mjs");
      const sources = ["--types-source", "a test, 2026-01-01", "--prices-source", "a test, 2026-01-01"];
      execFileSync(process.execPath, [program, "--types", typesFile, "--prices", pricesFile, "--out", out, ...sources]);
      return parseTable(readFileSync(out, "utf8"));
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  /** One type as the API describes it, cut down to what is read. */
  const described = (type: string, architecture: string, more: object = {}) => ({
    InstanceType: type,
    VCpuInfo: { DefaultVCpus: 8, DefaultCores: 4, DefaultThreadsPerCore: 2, ValidThreadsPerCore: [1, 2] },
    MemoryInfo: { SizeInMiB: 16_384 },
    ProcessorInfo: { SupportedArchitectures: [architecture] },
    EbsInfo: { NvmeSupport: "required" },
    NetworkInfo: { EfaSupported: true, NetworkCards: [{ NetworkCardIndex: 0, InterfaceTypes: ["interface", "efa"] }] },
    PlacementGroupInfo: { SupportedStrategies: ["cluster"] },
    SupportedUsageClasses: ["on-demand"],
    ...more,
  });

  it("makes a table that reads back as what the API said", () => {
    const gpus = { Gpus: [{ Count: 2, Name: "RTX PRO Server 6000", Manufacturer: "NVIDIA" }] };
    const { types, source } = run(
      {
        InstanceTypes: [
          described("b1.large", "x86_64", { GpuInfo: gpus }),
          described("a1.large", "arm64", { SupportedUsageClasses: ["spot"] }),
        ],
      },
      { "b1.large": 1.25 },
    );
    expect([...types.keys()]).toEqual(["a1.large", "b1.large"]);
    expect(types.get("b1.large")).toEqual({
      name: "b1.large",
      shape: {
        sockets: 1,
        coresPerSocket: 4,
        threadsPerCore: 2,
        memory: Size.gibibytes(16),
        architecture: "x86_64",
        gpus: { count: 2, type: "rtx_pro_server_6000" },
      },
      efaCards: [0],
      smtOff: true,
      cluster: true,
      spot: false,
      hourly: 1.25,
    });
    expect(types.get("a1.large")).toMatchObject({ spot: true, shape: { architecture: "arm64" } });
    expect(types.get("a1.large")).not.toHaveProperty("hourly");
    expect(source).toMatchObject({ types: "a test, 2026-01-01", priceRegion: "us-east-1" });
  });

  it("leaves out Macs, and machines whose disks have no stable names", () => {
    const { types } = run(
      [
        described("mac2.metal", "arm64_mac"),
        described("t2.large", "x86_64", { EbsInfo: { NvmeSupport: "unsupported" } }),
      ],
      {},
    );
    expect(types.size).toBe(0);
  });
});
