import { ComputePool, Duration, GpuComputePool, NfsDisk, OpenHpcMaster, Size, Users } from "cdktf-openhpc";
import { AwsCloud, AwsMachine, pinAws } from "cdktf-openhpc/aws";
import { AzureCloud, AzureMachine, pinAzure } from "cdktf-openhpc/azure";
import { LocalCloud, LocalMachine } from "cdktf-openhpc/local";
import { FakeCloud, type FakeCloudProps } from "cdktf-openhpc/testing";
import type { Construct } from "constructs";
import fc from "fast-check";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { AWS_CLOUD_NAMES } from "../../lib/clouds/aws/props";
import { MACHINE_NAMES as AWS_MACHINE_NAMES } from "../../lib/clouds/aws/machine";
import { AZURE_CLOUD_NAMES } from "../../lib/clouds/azure/props";
import { MACHINE_NAMES as AZURE_MACHINE_NAMES } from "../../lib/clouds/azure/machine";
import { MACHINE_NAMES as LOCAL_MACHINE_NAMES } from "../../lib/clouds/local/catalogue";
import { LOCAL_CLOUD_NAMES } from "../../lib/clouds/local/props";
import { POOL_NAMES } from "../../lib/constructs/compute-pool";
import { GPU_POOL_NAMES } from "../../lib/constructs/gpu-compute-pool";
import { MASTER_NAMES } from "../../lib/constructs/master-props";
import { DISK_NAMES } from "../../lib/constructs/nfs-disk";
import { describeProblem, type Problem } from "../../lib/model/problems";
import type { Bag } from "../../lib/model/properties";
import type { WantedMachine } from "../../lib/clouds/cloud";
import { FAKE_CLOUD_NAMES } from "../../lib/testing/fake-cloud";
import { PROPS as aws } from "../support/aws";
import { PROPS as azure } from "../support/azure";
import { fakeMaster, refusals, smallCluster } from "../support/clusters";

type Given = Readonly<Record<string, unknown>>;
type Names = Readonly<Record<string, unknown>>;

const told = (problems: readonly Problem[]) => problems.map(describeProblem);
const wanted: WantedMachine = { role: "compute", gpus: false };

/** Whatever a user may write properties of: its names, and what is told of properties that the compiler has not seen. */
const EVERYTHING: Readonly<
  Record<string, { readonly names: Names; readonly problems: (given: Given) => readonly string[] }>
> = {
  OpenHpcMaster: { names: MASTER_NAMES, problems: (given) => refusals((stack) => fakeMaster(stack, given)) },
  ComputePool: { names: POOL_NAMES, problems: (given) => refusals((stack) => smallCluster(stack, given)) },
  GpuComputePool: {
    names: GPU_POOL_NAMES,
    problems: (given) =>
      refusals((stack) => new GpuComputePool(stack, "gpu", { master: fakeMaster(stack), nodes: 1, ...given })),
  },
  NfsDisk: {
    names: DISK_NAMES,
    problems: (given) => refusals((stack) => new NfsDisk(stack, "home", { size: Size.gibibytes(16), ...given })),
  },
  LocalCloud: {
    names: LOCAL_CLOUD_NAMES,
    problems: (given) => told(new LocalCloud(given).problems()),
  },
  LocalMachine: {
    names: LOCAL_MACHINE_NAMES,
    problems: (given) => told(new LocalCloud().shapeOf(LocalMachine.of(given)).problems),
  },
  AwsCloud: {
    names: AWS_CLOUD_NAMES,
    problems: (given) => told(new AwsCloud({ ...aws, ...given }).problems()),
  },
  AwsMachine: {
    names: AWS_MACHINE_NAMES,
    problems: (given) => {
      const machine = AwsMachine.of("m7a.large", given);
      return told(new AwsCloud(aws).shapeOf(machine, wanted).problems);
    },
  },
  AzureCloud: {
    names: AZURE_CLOUD_NAMES,
    problems: (given) => told(new AzureCloud({ ...azure, ...given }).problems()),
  },
  AzureMachine: {
    names: AZURE_MACHINE_NAMES,
    problems: (given) => {
      const machine = AzureMachine.of("Standard_D4s_v5", given);
      return told(new AzureCloud(azure).shapeOf(machine, wanted).problems);
    },
  },
  FakeCloud: { names: FAKE_CLOUD_NAMES, problems: (given) => told(new FakeCloud(given).problems()) },
};

/** A name somewhere in properties: what leads to it, and how messages call that. */
interface Place {
  readonly name: string;
  /** The properties with `name` given in that place. */
  readonly around: (name: string, value?: unknown) => Given;
  readonly path: (name: string) => string;
}

/** What TypeScript would not let through, or would. */
const ODD: readonly unknown[] = [
  ...[
    null,
    true,
    0,
    -0,
    -1,
    1.5,
    NaN,
    Infinity,
    1e300,
    3n,
    "",
    " ",
    "x",
    "ü",
    "a\nb",
    "${x}",
    "__proto__",
    "constructor",
  ],
  ...[
    [],
    [[]],
    [null],
    [5],
    ["x"],
    {},
    { x: 1 },
    { __proto__: null },
    Object.create({ inherited: 1 }) as unknown,
    () => 0,
    Symbol("s"),
  ],
  ...[new Date(0), new Map(), Size.gibibytes(0), Size.tebibytes(1e9), Duration.seconds(0), new FakeCloud()],
];

function placesIn(names: Names, around: (inner: Given) => Given = (inner) => inner, at = ""): Place[] {
  return Object.entries(names).flatMap(([name, property]) => {
    const here = {
      name,
      around: (word: string, value: unknown = 1) => around({ [word]: value }),
      path: (word: string) => `${at}${word}`,
    };
    if (typeof property !== "object" || property === null || !("names" in property)) return [here];
    const { names: inner, list } = property as Bag;
    const wrap = (given: Given) => around({ [name]: list ? [given] : given });
    return [here, ...placesIn(inner, wrap, `${at}${name}${list ? "[0]" : ""}.`)];
  });
}

describe.each(Object.entries(EVERYTHING))("the properties of %s", (title, { names, problems }) => {
  const at = title.endsWith("Machine") ? "machine." : "";
  const places = placesIn(names, undefined, at);

  it.each(places.map((place) => [place.path(place.name), place] as const))(
    "have %s, which is meant by whoever nearly says so",
    (_, { name, around, path }) => {
      const unknown = (word: string) =>
        problems(around(word)).filter((line) => line.startsWith(`${path(word)} is "${word}", but must be one of `));
      fc.assert(
        fc.property(fc.nat({ max: name.length }), fc.constantFrom("x", "q", "7"), (position, letter) => {
          const word = name.slice(0, position) + letter + name.slice(position);
          expect(unknown(word)).toEqual([expect.stringMatching(new RegExp(`; did you mean "${name}"\\?$`))]);
        }),
        { numRuns: 3 },
      );
    },
  );

  it("are told, or taken, whatever they are: nothing else is thrown", () => {
    for (const { name, around, path } of places)
      for (const odd of ODD) {
        try {
          for (const line of problems(around(name, odd)))
            expect(line).toMatch(/^[^\n]+ is [^\n]+, but must be [^\n]+$/);
        } catch (error) {
          // What can be built was taken.
          if (!/it was built without a problem|Validation failed/.test(String(error)))
            throw new Error(`${path(name)} given as ${String(odd)}: ${String((error as Error).stack)}`, {
              cause: error,
            });
        }
      }
  });

  it("are told in full when none of them was meant", () => {
    const [line] = problems({ zebrafishes: 1 });
    expect(line).toBe(`${at}zebrafishes is "zebrafishes", but must be one of ${Object.keys(names).join(", ")}`);
  });

  it("are not null", () => {
    for (const name of Object.keys(names)) {
      expect(problems({ [name]: null }).join("\n")).toContain(`${at}${name} is null, but must be `);
    }
  });
});

describe("interfaces of properties", () => {
  const root = join(__dirname, "..", "..", "lib");
  const sources = readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => readFileSync(join(root, name), "utf8"));
  const all = sources.join("\n");
  const entries = [
    "index.ts",
    "clouds/local/index.ts",
    "clouds/aws/index.ts",
    "clouds/azure/index.ts",
    "testing/index.ts",
  ];
  const exported = entries.flatMap((name) =>
    [
      ...readFileSync(join(root, name), "utf8").matchAll(
        /\b([A-Z]\w*(?:Props|Options|Access|Disks|Reference|Source|Subnet|Boot|BootFile))\b/g,
      ),
    ].map((match) => match[1] ?? ""),
  );
  /** A users file judges them. */
  const ELSEWHERE = ["UserOptions", "GroupOptions"];
  /** Part of another one, whose table has all of its names. */
  const WITHIN = ["ComputePoolOptions", "GpuComputePoolOptions"];

  it.each([...new Set(exported)].filter((name) => ![...ELSEWHERE, ...WITHIN].includes(name)))(
    "such as %s have a table that the compiler compares with them",
    (name) => {
      expect(all).toMatch(new RegExp(`satisfies PropertyNames<\\s*(\\w+ \\| )?((NonNullable|Omit)<)?${name}\\b`));
    },
  );
});

describe("what is given instead of properties", () => {
  const master = (given: unknown) => refusals((stack) => new OpenHpcMaster(stack, "master", given as never));

  it.each([
    ["nothing", undefined, "missing"],
    ["null", null, "null"],
    ["a list", [1, 2], '"a list of 2"'],
    ["text", "small", '"small"'],
    ["a function", () => 0, '"a function"'],
    ["a value of a class", Size.gibibytes(4), '"a value of the class Size"'],
  ])("is refused when it is %s", (_, given, words) => {
    const want = `but must be an object with properties: ${Object.keys(MASTER_NAMES).join(", ")}`;
    expect(master(given)).toEqual([`props is ${words}, ${want}`]);
    expect(refusals((stack) => fakeMaster(stack, { stateDisk: (given ?? null) as never }))).toEqual([
      `stateDisk is ${given === undefined ? "null" : words}, but must be an object with properties: size, existing`,
    ]);
  });

  it("may be a value of a class of one's own, if it has no other properties", () => {
    class Ours {
      readonly size = Size.gibibytes(4);
    }
    expect(refusals((stack) => fakeMaster(stack, { stateDisk: new Ours() }))).toEqual([
      'stateDisk.size is "4 GiB", but must be at least 8 GiB',
    ]);
  });

  it("is told of clouds and machines by the master, too", () => {
    for (const given of [undefined, null, [], "us-east-1"] as never[]) {
      expect(told(new AwsCloud(given).problems())[0]).toMatch(
        /^props is .*, but must be an object with properties: region, /,
      );
      expect(refusals((stack) => new OpenHpcMaster(stack, "master", { cloud: new AzureCloud(given) }))[0]).toMatch(
        /^props is .*, but must be an object with properties: location, /,
      );
    }
    expect(refusals((stack) => fakeMaster(stack, { machine: { defualt: "small", fake: "small" } as never }))).toEqual([
      'machine.defualt is "defualt", but must be one of default, local, aws, azure, fake; did you mean "default"?',
    ]);
    for (const given of [5, true, ["small"], {}, () => 0])
      expect(refusals((stack) => fakeMaster(stack, { machine: { fake: given } as never }))).toEqual([
        expect.stringMatching(/^machine is .*, but must be one of small, medium, large, gpu, fake\.huge$/),
      ]);
  });

  it("is told with everything else that is wrong", () => {
    expect(
      refusals((stack) =>
        fakeMaster(stack, {
          cloud: new FakeCloud({ cidr: "10.77.0.1/16", reservd: [] } as FakeCloudProps),
          clustername: "physics",
          rootDisk: 40,
          machine: "smal",
          slurm: { setings: {} },
          users: [{ name: "alice" }],
        } as never),
      ),
    ).toEqual([
      expect.stringMatching(/^clustername is "clustername", but must be one of .*; did you mean "clusterName"\?$/),
      "rootDisk is 40, but must be a Size, such as Size.gibibytes(40)",
      expect.stringMatching(/^users is "a list of 1", but must be Users\.fromFile/),
      'slurm.setings is "setings", but must be one of settings, maxSubmitJobs, privateData; did you mean "settings"?',
      expect.stringMatching(/^reservd is "reservd", but must be one of .*; did you mean "reserved"\?$/),
      expect.stringMatching(/^cidr is "10\.77\.0\.1\/16"/),
      expect.stringMatching(/^machine is "smal"/),
    ]);
  });

  it("is told value by value where there are many", () => {
    const settings = { SlurmdTimeout: 300, MailProg: "/usr/bin/mail", Prolog: null } as never;
    expect(refusals((stack) => fakeMaster(stack, { slurm: { settings, privateData: ["jobs", 5] as never } }))).toEqual([
      "slurm.settings.SlurmdTimeout is 300, but must be text",
      "slurm.settings.Prolog is null, but must be text",
      "slurm.privateData[1] is 5, but must be text",
    ]);
    const commands = ["echo hello", ["echo", "hello"]] as never;
    expect(told(new AwsCloud({ ...aws, firstBoot: { commands } }).problems())).toEqual([
      'firstBoot.commands[0] is "echo hello", but must be a list of texts',
    ]);
  });

  it("is told once, though it is needed", () => {
    expect(refusals((stack) => smallCluster(stack, { nodes: null as never }))).toEqual([
      "nodes is null, but must be given, or left out",
    ]);
  });

  it.each([undefined, null, "", 5, {}])("is no trace of a library's own where an id is %p", (id) => {
    for (const make of [
      (stack: Construct) => new OpenHpcMaster(stack, id as never, { cloud: new FakeCloud() }),
      (stack: Construct) => new ComputePool(stack, id as never, { master: fakeMaster(stack), nodes: 1 }),
      (stack: Construct) => new NfsDisk(stack, id as never, { size: Size.gibibytes(16) }),
    ])
      expect(refusals(make)).toEqual([expect.stringMatching(/^id is .*, but must be text that is not empty$/)]);
  });

  it.each([undefined, null, {}, "demo"])("is no trace of a library's own where the scope is %p", (scope) => {
    expect(refusals(() => new NfsDisk(scope as never, "home", { size: Size.gibibytes(16) }))).toEqual([
      expect.stringMatching(/^scope is .*, but must be a construct: the stack, or something in it$/),
    ]);
  });

  it("names what cannot be done without", () => {
    expect(master({ cluod: new FakeCloud() })).toEqual([
      expect.stringMatching(/^cluod is "cluod", but must be one of .*; did you mean "cloud"\?$/),
      "cloud is missing, but must be a cloud, such as new LocalCloud()",
    ]);
    expect(refusals((stack) => new ComputePool(stack, "cpu", { nodes: 2 } as never))).toEqual([
      "master is missing, but must be an OpenHpcMaster",
    ]);
    expect(told(new AwsCloud({ region: "us-east-1", access: {} } as never).problems())).toEqual([
      "access.sshPublicKey is missing, but must be text",
      expect.stringMatching(
        /^access\.from is missing, but must be "ssm", or a list of objects with properties: cidr, reason$/,
      ),
    ]);
  });
});

it.each([
  ["pinAws", async () => pinAws({ regoin: "us-east-1" } as never), "regoin", "region"],
  ["pinAzure", async () => pinAzure({ location: "westeurope", subnet: [] } as never), "subnet", "subnets"],
])("%s asks nobody when an option is misspelt", async (_, pin, given, meant) => {
  await expect(pin()).rejects.toThrow(
    new RegExp(`${given} is "${given}", but must be one of .*did you mean "${meant}"`),
  );
});

describe("users", () => {
  it("have the same properties in a stack as in a file, and no others", () => {
    const everything = {
      name: "alice",
      uid: 2001,
      gid: 3000,
      groups: ["physics"],
      shell: "/bin/sh",
      keys: [],
      account: "a",
    };
    const groups = [{ name: "physics", gid: 3000 }];
    expect(Users.of([everything], groups).answer.problems).toEqual([]);
    expect(
      told(
        Users.of([{ ...everything, shel: "/bin/sh" } as never], [{ ...groups[0], uid: 1 } as never]).answer.problems,
      ),
    ).toEqual([
      expect.stringMatching(/^groups\[0\]\.uid is "uid", but must be one of name, gid; did you mean "gid"\?$/),
      expect.stringMatching(/^users\[0\]\.shel is "shel", but must be one of .*; did you mean "shell"\?$/),
    ]);
  });

  it("have numbers that are told with their limits, however large", () => {
    expect(told(Users.of([{ name: "alice", uid: 1e99 }]).answer.problems)).toEqual([
      "users[0].uid is 1e+99, but must be a whole number from 1001 to 60000",
    ]);
  });

  it.each([null, {}, "alice", [null], [[]], [() => 0], [{ name: "alice", uid: 1n }]])(
    "that are %p are refused",
    (given) => {
      expect(Users.of(given as never).answer.problems).not.toEqual([]);
    },
  );
});
