import { AwsMachine } from "../../lib/clouds/aws/machine";
import { shapeOf } from "../../lib/clouds/aws/catalogue";
import { hourlyPrice, instanceTypes, instanceTypesSource, parseTable } from "../../lib/clouds/aws/instance-types";
import { imageProblems } from "../../lib/clouds/aws/image-choice";
import { divideNetwork, existingPlan, networkCidrProblems } from "../../lib/clouds/aws/subnets";
import { volumeProblems } from "../../lib/clouds/aws/volume";
import { tagProblems } from "../../lib/clouds/aws/tags";
import { type PinFile, readPins, withFacts, writePins } from "../../lib/clouds/pins";
import { reservedAddresses } from "../../lib/clouds/subnets";
import { hostKeysIn } from "../../lib/clouds/console";
import { claimAddresses } from "../../lib/model/addresses";
import { parseCidr } from "../../lib/model/cidr";
import { describeProblem, type Problem } from "../../lib/model/problems";
import { Size } from "../../lib/units";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const told = (problems: readonly Problem[]) => problems.map(describeProblem);
const shape = (machine: string | AwsMachine, architecture: "x86_64" | "arm64" = "x86_64") =>
  shapeOf(machine, architecture);
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

describe("AwsMachine", () => {
  it("is what the user says where the catalogue does not know it", () => {
    const own = {
      sockets: 2,
      coresPerSocket: 100,
      threadsPerCore: 1,
      memory: Size.gibibytes(900),
      architecture: "x86_64",
    } as const;
    expect(shape(AwsMachine.of("hpc9z.200xlarge", { shape: own }))).toEqual({ shape: own, problems: [] });
  });

  it("shows half the threads when hyper-threading is off, and fewer cores when told so", () => {
    const off = AwsMachine.of("c7i.8xlarge", { cpuOptions: { threadsPerCore: 1 } });
    expect(shape(off).shape).toMatchObject({ coresPerSocket: 16, threadsPerCore: 1 });
    const few = AwsMachine.of("c7i.8xlarge", { cpuOptions: { cores: 8 } });
    expect(shape(few).shape).toMatchObject({ coresPerSocket: 8, threadsPerCore: 2 });
  });

  it.each<[string, string | AwsMachine, string]>([
    [
      "an unknown type",
      "hpc7a.95xlarge",
      'machine is "hpc7a.95xlarge", but must be small, medium, large, gpu or an instance type that the catalogue knows; did you mean "hpc7a.96xlarge"? if it is new, say what it has: AwsMachine.of("hpc7a.95xlarge", { shape: … })',
    ],
    [
      "EFA on a type that has none",
      AwsMachine.of("g6.xlarge", { efa: true }),
      "machine.efa is true, but must be left out: g6.xlarge takes no Elastic Fabric Adapter; of its family g6.12xlarge, g6.16xlarge, g6.24xlarge, g6.48xlarge, g6.8xlarge have it",
    ],
    [
      "EFA where the whole family has none",
      AwsMachine.of("t3.large", { efa: true }),
      "machine.efa is true, but must be left out: t3.large takes no Elastic Fabric Adapter; hpc7a, c7i, c7gn and p5 have it in their large sizes",
    ],
    [
      "a placement group for a type that cannot be in one",
      AwsMachine.of("t3.large", { placementGroup: true }),
      "machine.placementGroup is true, but must be left out: t3.large cannot be in a cluster placement group",
    ],
    [
      "spot where there is none",
      AwsMachine.of("hpc7a.96xlarge", { spot: true }),
      "machine.spot is true, but must be left out: hpc7a.96xlarge is not sold as spot",
    ],
    [
      "threads that are not there",
      AwsMachine.of("m7a.large", { cpuOptions: { threadsPerCore: 2 } }),
      "machine.cpuOptions.threadsPerCore is 2, but must be 1 or left out: its cores have one thread each",
    ],
    [
      "more cores than there are",
      AwsMachine.of("c7i.8xlarge", { cpuOptions: { cores: 17 } }),
      "machine.cpuOptions.cores is 17, but must be a whole number from 1 to 16",
    ],
    [
      "a reservation by a name that is no id",
      AwsMachine.of("c7i.8xlarge", { capacityReservation: "mine" }),
      'machine.capacityReservation is "mine", but must be the id of a capacity reservation: cr-…',
    ],
    [
      "reserved and spare at once",
      AwsMachine.of("c7i.8xlarge", { capacityReservation: "cr-0123456789abcdef0", spot: true }),
      "machine.spot is true, but must be left out: reserved capacity is not spare capacity",
    ],
    [
      "a price of nothing",
      AwsMachine.of("c7i.8xlarge", { spot: { maxHourly: 0 } }),
      "machine.spot.maxHourly is 0, but must be a price above 0, in US dollars",
    ],
    [
      "iops on gp2, which has none to choose",
      AwsMachine.of("c7i.8xlarge", { rootVolume: { type: "gp2", iops: 6000 } }),
      'machine.rootVolume.iops is 6000, but must be left out for gp2, whose speed follows from its size; gp3, io1 and io2 take it; type: "gp3" is cheaper than gp2, too',
    ],
  ])("refuses %s, and says what would be right", (_, machine, message) => {
    expect(shape(machine).shape).toBeUndefined();
    expect(told(shape(machine).problems)).toEqual([message]);
  });
});

describe("volumes", () => {
  it.each<[Parameters<typeof volumeProblems>[0], readonly string[]]>([
    [{}, []],
    [{ type: "gp3", iops: 6000, throughput: 500, kmsKey: "arn:aws:kms:us-east-1:123456789012:key/abcd" }, []],
    [{ type: "io2", iops: 10_000 }, []],
    [{ type: "io2" }, ["disk.iops is missing, but must be given for io2"]],
    [{ iops: 100 }, ["disk.iops is 100, but must be a whole number from 3000 for gp3"]],
    [{ type: "gp2", throughput: 250 }, ["disk.throughput is 250, but must be left out for gp2: only gp3 takes it"]],
    [{ throughput: 1 }, ["disk.throughput is 1, but must be a whole number from 125, in MiB per second"]],
    [
      { kmsKey: "mine" },
      ['disk.kmsKey is "mine", but must be the ARN of a KMS key: arn:aws:kms:REGION:ACCOUNT:key/ID'],
    ],
  ])("%j: %j", (options, problems) => {
    expect(told(volumeProblems(options, "disk"))).toEqual(problems);
  });
});

describe("images", () => {
  const pins: PinFile = {
    aws: { "us-east-1": { "ami-0123456789abcdef0": { id: "ami-0123456789abcdef0", architecture: "x86_64" } } },
  };

  it.each([
    ["debian-13", "x86_64", []],
    ["debian-13", "arm64", []],
    ["self/gpu-*", "arm64", []],
    ["aws-gpu", "x86_64", []],
    ["aws-gpu", "arm64", []],
    ["ami-0123456789abcdef1", "arm64", []],
    [
      "ami-0123456789abcdef0",
      "arm64",
      [
        'image is "ami-0123456789abcdef0", but must be an image for arm64, which the machine is; this one is for x86_64; choose another image, or a machine of x86_64',
      ],
    ],
    [
      "136693071363/debian-13-amd64-2026*",
      "arm64",
      [
        'image is "136693071363/debian-13-amd64-2026*", but must be an image for arm64, which the machine is; this one is for x86_64; choose another image, or a machine of x86_64',
      ],
    ],
    [
      "debian13",
      "x86_64",
      [
        'image is "debian13", but must be debian-13, aws-gpu, an id (ami-…) or OWNER/NAME-PATTERN, e.g. self/my-gpu-image-*; did you mean "debian-13"?',
      ],
    ],
  ] as const)("%s on %s: %j", (image, architecture, problems) => {
    expect(told(imageProblems(image, architecture, "us-east-1", pins))).toEqual(problems);
  });
});

describe("subnets", () => {
  it("divide a VPC into a small public one and an upper half for pools", () => {
    expect(divideNetwork("10.78.0.0/16")).toEqual({
      cidr: "10.78.0.0/16",
      masterCidr: "10.78.0.0/24",
      poolCidr: "10.78.128.0/17",
    });
    expect(divideNetwork("192.168.4.0/24")).toEqual({
      cidr: "192.168.4.0/24",
      masterCidr: "192.168.4.0/26",
      poolCidr: "192.168.4.128/25",
    });
  });

  it("keep the addresses that AWS keeps from pools: the first four and the last of each", () => {
    const cidr = parseCidr("10.0.8.0/24")!;
    const space = { cidr, reserved: reservedAddresses(["10.0.8.0/24"]), masterAddress: "10.0.0.10", taken: [] };
    const problems = (addresses: string, nodes: number) =>
      told(claimAddresses({ pool: "cpu", nodes, addresses }, space).problems);
    expect(problems("10.0.8.4-10.0.8.254", 251)).toEqual([]);
    for (const [address, whose] of [
      ["10.0.8.0", "the network address of the subnet"],
      ["10.0.8.1", "reserved by the platform"],
      ["10.0.8.3", "reserved by the platform"],
      ["10.0.8.255", "the broadcast address of the subnet"],
    ] as const) {
      expect(problems(address, 1)[0]).toContain(
        `addresses is "${address}", but must be addresses that are free (${address} is ${whose})`,
      );
    }
    expect(problems("10.0.9.4", 1)[0]).toContain("must be inside the subnet 10.0.8.0/24");
    expect(problems("10.0.8.4-10.0.8.254", 252)[0]).toContain("must be enough for 252 nodes (it is enough for 251)");
  });

  it.each([
    ["10.0.0.0/8", ['cidr is "10.0.0.0/8", but must be from /16 to /24, which is what AWS takes and two subnets need']],
    [
      "10.0.0.1/16",
      [
        'cidr is "10.0.0.1/16", but must be an IPv4 subnet such as 10.77.0.0/16, with no bit set behind its prefix; did you mean "10.0.0.0/16"?',
      ],
    ],
    ["10.0.0.0/24", []],
  ])("of a VPC of %s: %j", (cidr, problems) => {
    expect(told(networkCidrProblems(cidr, "cidr"))).toEqual(problems);
  });

  const network = {
    vpcId: "vpc-0123456789abcdef0",
    masterSubnet: { id: "subnet-0123456789abcdef1", cidr: "10.0.1.0/24" },
    poolSubnet: { id: "subnet-0123456789abcdef2" },
  };
  const around = { region: "eu-west-1", zone: "eu-west-1a", pins: {} as PinFile };

  it("that exist already have their range from the pin file where the stack does not say it", () => {
    const pins = withFacts({}, "aws", "eu-west-1", {
      [network.poolSubnet.id]: { cidr: "10.0.8.0/21", zone: "eu-west-1a" },
    });
    expect(existingPlan(network, { ...around, pins }).plan).toMatchObject({
      pools: { id: network.poolSubnet.id, cidr: "10.0.8.0/21" },
    });
    expect(told(existingPlan(network, around).problems)).toEqual([
      'network.poolSubnet.cidr is missing, but must be given, or looked up once and written to the pin file; pinAws({ region: "eu-west-1", subnets: ["subnet-0123456789abcdef2"] }) does that',
    ]);
  });

  it("that exist already have to be in the cluster's zone, apart from each other, and real ids", () => {
    const pins = withFacts({}, "aws", "eu-west-1", {
      [network.poolSubnet.id]: { cidr: "10.0.1.128/25", zone: "eu-west-1b" },
    });
    expect(told(existingPlan({ ...network, vpcId: "mine" }, { ...around, pins }).problems)).toEqual([
      'network.vpcId is "mine", but must be the id of a VPC: vpc-…',
      'zone is "eu-west-1a", but must be the zone of the subnet subnet-0123456789abcdef2, which is eu-west-1b',
      'network.poolSubnet.cidr is "10.0.1.128/25", but must be apart from the master\'s subnet 10.0.1.0/24',
    ]);
  });

  it("that exist already have to be in the VPC, as far as the pin file knows", () => {
    const pinsOf = (vpc: string) =>
      withFacts({}, "aws", "eu-west-1", {
        [network.masterSubnet.id]: { cidr: "10.0.1.0/24", zone: "eu-west-1a" },
        [network.poolSubnet.id]: { cidr: "10.0.8.0/21", zone: "eu-west-1a", vpc },
      });
    const problemsIn = (vpc: string, vpcId = network.vpcId) =>
      told(existingPlan({ ...network, vpcId }, { ...around, pins: pinsOf(vpc) }).problems);
    expect(problemsIn(network.vpcId)).toEqual([]);
    expect(problemsIn("vpc-0123456789abcdef9")).toEqual([
      'network.poolSubnet.id is "subnet-0123456789abcdef2", but must be a subnet of the VPC vpc-0123456789abcdef0; this one is in vpc-0123456789abcdef9',
    ]);
    // What is no VPC at all is told once.
    expect(problemsIn("vpc-0123456789abcdef9", "mine")).toEqual([expect.stringContaining("network.vpcId")]);
  });
});

describe("tags", () => {
  it.each<[Readonly<Record<string, string>>, string]>([
    [{ Name: "x" }, 'tags["Name"] is "x", but must be a tag of your own: Name, aws: and ohpc: are taken'],
    [{ "aws:x": "x" }, 'tags["aws:x"] is "x", but must be a tag of your own: Name, aws: and ohpc: are taken'],
    [
      { "cost center": "x" },
      'tags["cost center"] is "x", but must be a key of letters, digits and + - = . , _ : @, at most 128',
    ],
  ])("%j is refused", (tags, message) => {
    expect(told(tagProblems(tags, "tags"))).toEqual([message]);
  });
});

describe("the pin file", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "pins-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it("gives equal bytes for equal facts, in whatever order they came, and reads what it wrote", () => {
    const [a, b] = [join(folder, "a"), join(folder, "b")];
    const [one, other] = [{ x: { id: "1" } }, { y: { id: "2", cidr: "z" } }];
    writePins(withFacts(withFacts({}, "aws", "r", one), "aws", "r", other), a);
    writePins(withFacts(withFacts({}, "aws", "r", other), "aws", "r", one), b);
    expect(readFileSync(a, "utf8")).toBe(readFileSync(b, "utf8"));
    expect(readPins(a)).toEqual({ aws: { r: { ...one, ...other } } });
  });

  it("is empty where there is none, and refused when it is something else", () => {
    expect(readPins(join(folder, "none"))).toEqual({});
    writeFileSync(join(folder, "package-lock"), '{ "lockfileVersion": 3 }');
    expect(() => readPins(join(folder, "package-lock"))).toThrow("is not a pin file of ohpc");
  });
});

describe("the console of a machine", () => {
  const keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA==", "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY="];
  const printed = (lines: readonly string[]) =>
    [
      "[   12.3] cloud-init[512]: -----BEGIN SSH HOST KEY KEYS-----",
      ...lines.map((line) => `[   12.3] cloud-init[512]: ${line} root@ip`),
      "-----END SSH HOST KEY KEYS-----",
    ].join("\r\n");

  it("shows the host keys, the last time that they were printed", () => {
    const text = `Booting\n${printed(["ssh-ed25519 OLDOLDOLD"])}\nlogin:\n${printed(keys)}\nlogin: `;
    expect(hostKeysIn(text)).toEqual(keys);
  });

  it("shows none when it has forgotten them", () => {
    expect(hostKeysIn("login: ssh-ed25519 AAAA not one of its own\n")).toEqual([]);
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
