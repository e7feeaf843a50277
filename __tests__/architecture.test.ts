import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, relative } from "node:path";

/** What every room of `lib/operate` may import, and `cli`. */
const BASE = ["slurm", "software", "package", "model", "units"];

/** Which part of lib/ may import which, besides itself. What is not listed is not allowed. `clouds/*` is each cloud's folder. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  units: [],
  package: [],
  model: ["units"],
  slurm: ["package", "model"],
  software: ["package"],
  images: ["software", "package", "model"],
  "clouds/cloud": ["model", "units"],
  "clouds/power": ["units"],
  "clouds/cost": [],
  "clouds/day2": ["clouds/power", "clouds/cost"],
  clouds: ["clouds/cloud", "software", "model"],
  "clouds/*": [
    ...["clouds", "clouds/cloud", "clouds/power", "clouds/cost", "clouds/day2"],
    ...["images", "package", "model", "units"],
  ],
  constructs: ["clouds/cloud", "slurm", "package", "model", "units"],
  testing: ["clouds/cloud", "clouds", "model", "units"],
  ...rooms({
    feedback: [],
    exec: [],
    node: [],
    "configure/step": [],
    hosts: ["feedback"],
    stack: ["exec", "feedback"],
    terraform: ["exec", "feedback"],
    power: ["feedback", "clouds/power", "clouds/cost", "clouds/day2"],
    lock: ["exec", "feedback", "stack"],
    access: ["exec", "feedback", "hosts", "power", "stack"],
    scheduler: ["exec", "feedback", "hosts", "node"],
    cluster: ["access", "feedback", "stack", "terraform"],
    "configure/steps": ["configure/step", "node"],
    configure: ["configure/step", "configure/steps", "exec", "feedback", "lock", "scheduler"],
    users: ["access", "cluster", "configure", "configure/steps", "exec", "feedback", "scheduler", "stack"],
    smoke: ["exec", "feedback", "scheduler"],
    logs: ["exec", "feedback"],
    deploy: [
      ...["access", "exec", "feedback", "hosts", "lock", "node", "power", "scheduler", "stack", "terraform"],
      "clouds/power",
    ],
    plan: [
      ...["access", "cluster", "configure", "configure/steps", "deploy", "exec", "feedback", "hosts", "lock"],
      ...["scheduler", "stack", "terraform", "users", "clouds/power"],
    ],
    verbs: [
      ...["access", "cluster", "configure", "deploy", "exec", "feedback", "hosts", "lock", "logs", "plan", "power"],
      ...["scheduler", "smoke", "stack", "terraform", "users", "clouds/power", "clouds/cost"],
    ],
  }),
  cli: ["operate/*", "clouds/power", "clouds/local", "images", ...BASE],
  index: ["clouds/cloud", "constructs", "model", "units"],
};

/** The rooms of `lib/operate`, and the door of the whole: what each may import of the others. */
function rooms(arrows: Readonly<Record<string, readonly string[]>>): Readonly<Record<string, readonly string[]>> {
  const rows = Object.entries(arrows).map(([room, others]): [string, readonly string[]] => [
    `operate/${room}`,
    [...others.map((other) => (other.startsWith("clouds/") ? other : `operate/${other}`)), ...BASE],
  ]);
  return { ...Object.fromEntries(rows), operate: ["operate/*", ...BASE] };
}

/** Single files that may import what the rest of their part may not. */
const DOORS: readonly { readonly from: RegExp; readonly to: RegExp }[] = [
  // Consoles and power buttons are the vendors'; which, is known when it runs.
  { from: /^lib\/operate\/power\/vendors\.ts$/, to: /^lib\/clouds\/\w+\/day2$/ },
];

/** Packages that only some files may import, by their paths below the project. */
const PACKAGES: readonly { readonly name: RegExp; readonly in: RegExp }[] = [
  { name: /^(cdktf|constructs)(\/|$)/, in: /^(lib\/(constructs|clouds|testing)|stacks)\// },
  { name: /^zx(\/|$)/, in: /^lib\/operate\/exec\/remote\// },
  { name: /^@cdktf\/provider-aws\/lib\/[^/]+$/, in: /^lib\/clouds\/aws\// },
  { name: /^@cdktf\/provider-azurerm\/lib\/[^/]+$/, in: /^lib\/clouds\/azure\// },
  // A whole provider costs 4 s and 500 MB.
  { name: /^@cdktf\/provider-[^/]+(\/lib)?$/, in: /^nowhere$/ },
  // Users write their stacks against the published names.
  { name: /^cdktf-openhpc(\/|$)/, in: /^(stacks|bench|__tests__)\// },
];

interface Source {
  readonly path: string;
  readonly text: string;
}

/** What a file imports, statically or not. Prettier puts static imports at the beginning of lines; comments do not count. */
function importsOf(text: string): string[] {
  const code = text.replace(/^\s*(\/\*|\*|\/\/).*$/gm, "");
  const patterns = [
    /^(?:import|export)\s[^"'`;]*?\bfrom\s+"([^"]+)"/gm,
    /^import\s+"([^"]+)"/gm,
    /\b(?:require|import)\(\s*"([^"]+)"\s*\)/g,
  ];
  return patterns.flatMap((pattern) => [...code.matchAll(pattern)].map((match) => match[1] ?? ""));
}

/** The part of lib/ that a file is of; `undefined` outside. */
function partOf(path: string): string | undefined {
  const words = path.replace(/\.ts$/, "").split("/");
  const [lib, first = "", second = "", third = ""] = words;
  if (lib !== "lib") return undefined;
  if (first === "operate") return words.length === 3 ? first : roomOf(second, third);
  if (first !== "clouds") return first;
  if (/^(cloud|power|cost|day2)$/.test(second)) return `clouds/${second}`;
  return words.length > 3 ? `clouds/${second}` : "clouds";
}

function roomOf(room: string, below: string): string {
  return room === "configure" && /^steps?$/.test(below) ? `operate/configure/${below}` : `operate/${room}`;
}

/** Whose row counts for a part. */
function rowOf(part: string): string {
  return !(part in ARROWS) && part.startsWith("clouds/") ? "clouds/*" : part;
}

function mayImport(from: string, to: string): boolean {
  const row = ARROWS[rowOf(from)] ?? [];
  return from === to || row.includes(to) || (row.includes("operate/*") && to.startsWith("operate"));
}

function violations(sources: readonly Source[]): string[] {
  return sources.flatMap(({ path, text }) => importsOf(text).flatMap((name) => violation(path, name) ?? []));
}

function violation(path: string, name: string): string | undefined {
  if (!name.startsWith(".")) {
    const rule = PACKAGES.find((one) => one.name.test(name));
    return rule === undefined || rule.in.test(path) ? undefined : `${path} imports ${name}`;
  }
  const target = posix.join(dirname(path), name);
  const [from, to] = [partOf(path), partOf(target)];
  if (DOORS.some((door) => door.from.test(path) && door.to.test(target))) return undefined;
  const allowed =
    from === undefined ? target.split("/")[0] === path.split("/")[0] : to !== undefined && mayImport(from, to);
  return allowed ? undefined : `${path} imports ${target}`;
}

/** The circles that imports make, each once, as its files in their order. */
function circlesIn(sources: readonly Source[]): string[] {
  const files = new Map(sources.map((source) => [source.path, source]));
  const targets = ({ path, text }: Source) =>
    importsOf(text)
      .filter((name) => name.startsWith("."))
      .map((name) => posix.join(dirname(path), name))
      .flatMap((target) => files.get(`${target}.ts`) ?? files.get(`${target}/index.ts`) ?? []);
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (source: Source, trail: readonly string[]) => {
    const at = trail.indexOf(source.path);
    if (at >= 0) circles.push([...trail.slice(at), source.path].join(" → "));
    if (at >= 0 || done.has(source.path)) return;
    for (const target of targets(source)) visit(target, [...trail, source.path]);
    done.add(source.path);
  };
  for (const source of sources) visit(source, []);
  return circles;
}

const root = join(__dirname, "..");

function sourcesIn(...folders: string[]): Source[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => ({ path: relative(root, path), text: readFileSync(path, "utf8") })),
  );
}

describe("the arrows", () => {
  it("all point downwards", () => {
    const sources = sourcesIn("lib", "stacks");
    expect(sources.length).toBeGreaterThan(50);
    expect(violations(sources)).toEqual([]);
  });

  it("have a row for every part of lib, and for nothing else", () => {
    const parts = new Set(sourcesIn("lib").map(({ path }) => partOf(path) ?? ""));
    expect([...parts].filter((part) => !(part in ARROWS) && !part.startsWith("clouds/"))).toEqual([]);
    expect(Object.keys(ARROWS).filter((part) => part !== "clouds/*" && !parts.has(part))).toEqual([]);
  });

  it("are all used, but for those that every room has", () => {
    const used = new Set(
      sourcesIn("lib").flatMap(({ path, text }) =>
        importsOf(text).map(
          (name) => `${rowOf(partOf(path) ?? "")} → ${partOf(posix.join(dirname(path), name)) ?? ""}`,
        ),
      ),
    );
    const idle = Object.entries(ARROWS).flatMap(([from, row]) =>
      row
        .filter((to) => !to.endsWith("*") && !(/^(operate|cli)/.test(from) && BASE.includes(to)))
        .map((to) => `${from} → ${to}`)
        .filter((arrow) => !used.has(arrow)),
    );
    expect(idle).toEqual([]);
  });

  it("lead from no file back to itself, also where only types are imported", () => {
    expect(circlesIn(sourcesIn("lib"))).toEqual([]);
    const circle = [
      { path: "lib/a.ts", text: 'import type { B } from "./b";' },
      { path: "lib/b.ts", text: 'export { c } from "./c/index";' },
      { path: "lib/c/index.ts", text: 'import { a } from "../a";' },
      { path: "lib/d.ts", text: 'import { a } from "./a";' },
    ];
    expect(circlesIn(circle)).toEqual(["lib/a.ts → lib/b.ts → lib/c/index.ts → lib/a.ts"]);
  });

  const offences = [
    ["lib/units/size.ts", 'import { ClusterSpec } from "../model/spec";', "lib/units/size.ts imports lib/model/spec"],
    ["lib/model/a.ts", 'import type { Cloud } from "../clouds/cloud";', "lib/model/a.ts imports lib/clouds/cloud"],
    ["lib/slurm/a.ts", 'export {\n  a,\n  b,\n} from "../operate/b";', "lib/slurm/a.ts imports lib/operate/b"],
    [
      "lib/operate/exec/a.ts",
      'import { b } from "../feedback/b";',
      "lib/operate/exec/a.ts imports lib/operate/feedback/b",
    ],
    [
      "lib/operate/configure/steps/a.ts",
      'import { b } from "../../exec/b";',
      "lib/operate/configure/steps/a.ts imports lib/operate/exec/b",
    ],
    ["lib/operate/smoke/a.ts", 'import { b } from "../verbs/b";', "lib/operate/smoke/a.ts imports lib/operate/verbs/b"],
    [
      "lib/constructs/a.ts",
      'const { A } = require("../clouds/local");',
      "lib/constructs/a.ts imports lib/clouds/local",
    ],
    [
      "lib/constructs/a.ts",
      'import "../clouds/terraform-data";',
      "lib/constructs/a.ts imports lib/clouds/terraform-data",
    ],
    ["lib/clouds/aws/a.ts", 'import { b } from "../azure/b";', "lib/clouds/aws/a.ts imports lib/clouds/azure/b"],
    ["lib/clouds/once.ts", 'import { b } from "./aws/b";', "lib/clouds/once.ts imports lib/clouds/aws/b"],
    ["lib/operate/a.ts", 'await import("../cli/main");', "lib/operate/a.ts imports lib/cli/main"],
    ["lib/operate/a.ts", 'import { main } from "../../stacks/main";', "lib/operate/a.ts imports stacks/main"],
    [
      "lib/operate/power/a.ts",
      'import { A } from "../../clouds/aws/power";',
      "lib/operate/power/a.ts imports lib/clouds/aws/power",
    ],
    [
      "lib/operate/power/vendors.ts",
      'import { A } from "../../clouds/aws/disk";',
      "lib/operate/power/vendors.ts imports lib/clouds/aws/disk",
    ],
    ["lib/operate/a.ts", 'import { App } from "cdktf";', "lib/operate/a.ts imports cdktf"],
    ["lib/slurm/a.ts", 'import { Construct } from "constructs";', "lib/slurm/a.ts imports constructs"],
    ["lib/constructs/a.ts", 'import { $ } from "zx";', "lib/constructs/a.ts imports zx"],
    ["lib/operate/apply.ts", 'import { $ } from "zx/core";', "lib/operate/apply.ts imports zx/core"],
    [
      "lib/clouds/aws/a.ts",
      'import { instance } from "@cdktf/provider-aws";',
      "lib/clouds/aws/a.ts imports @cdktf/provider-aws",
    ],
    [
      "lib/clouds/azure/a.ts",
      'import { Instance } from "@cdktf/provider-aws/lib/instance";',
      "lib/clouds/azure/a.ts imports @cdktf/provider-aws/lib/instance",
    ],
    ["stacks/main.ts", 'import { App } from "../lib/index";', "stacks/main.ts imports lib/index"],
    ["lib/cli/a.ts", 'import { Size } from "cdktf-openhpc";', "lib/cli/a.ts imports cdktf-openhpc"],
  ].map(([path = "", text = "", told = ""]) => ({ path, text, told }));

  it.each(offences)("stop: $told", ({ path, text, told }) => {
    expect(violations([{ path, text }])).toEqual([told]);
  });

  it("let pass what they should, and what is only a comment", () => {
    const text = [
      'import { Instance } from "@cdktf/provider-aws/lib/instance";',
      'import type { Site } from "../cloud";',
      'import { TerraformData } from "../terraform-data";',
      ' * import { App } from "../../constructs/a";',
      '// import { App } from "../azure/a";',
    ].join("\n");
    expect(violations([{ path: "lib/clouds/aws/a.ts", text }])).toEqual([]);
    expect(importsOf(text)).toHaveLength(3);
  });
});
