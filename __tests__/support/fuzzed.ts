import { App, LocalBackend, TerraformStack } from "cdktf";
import {
  ComputePool,
  ConfigurationError,
  Duration,
  GpuComputePool,
  NfsDisk,
  OpenHpcMaster,
  Size,
  Users,
} from "cdktf-openhpc";
import { AwsCloud } from "cdktf-openhpc/aws";
import { AzureCloud } from "cdktf-openhpc/azure";
import { LocalCloud } from "cdktf-openhpc/local";
import { FakeCloud } from "cdktf-openhpc/testing";
import fc from "fast-check";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { AWS_CLOUD_NAMES } from "../../lib/clouds/aws/props";
import { AZURE_CLOUD_NAMES } from "../../lib/clouds/azure/props";
import type { Cloud } from "../../lib/clouds/cloud";
import { LOCAL_CLOUD_NAMES } from "../../lib/clouds/local/props";
import { GPU_POOL_NAMES } from "../../lib/constructs/gpu-compute-pool";
import { MASTER_NAMES } from "../../lib/constructs/master-props";
import { DISK_NAMES } from "../../lib/constructs/nfs-disk";
import { DocumentError } from "../../lib/model/document-error";
import { readClusterSpec } from "../../lib/model/cluster-spec";
import { renderClusterSpec } from "../../lib/model/cluster-spec-text";
import { readManifest } from "../../lib/model/manifest";
import { describeProblem, type Problem } from "../../lib/model/problems";
import { Failure } from "../../lib/operate/feedback/failure";
import { specOf } from "../../lib/operate/stack/spec";
import { renderGresConf } from "../../lib/slurm/gres-conf";
import { renderSlurmConf } from "../../lib/slurm/slurm-conf";
import { renderTopologyConf } from "../../lib/slurm/topology-conf";
import { FAKE_CLOUD_NAMES } from "../../lib/testing/fake-cloud";
import { PROPS as aws } from "./aws";
import { PROPS as azure } from "./azure";
import { viewOf } from "./cluster-builder";

class Own {
  readonly nodes = 3;
}

/** What nobody who knows the interfaces would give, and JavaScript lets them. */
const HOSTILE: readonly (() => unknown)[] = [
  ...[NaN, -0, Infinity, -1, 1.5, 1e300, 2 ** 53, 3n, null, undefined, true, false].map((value) => () => value),
  ...["", " ", "\0", "a\nb", "\u202e", "\ud800", "${x}", "__proto__", "constructor"].map((value) => () => value),
  () => "x".repeat(1_000_000),
  () => Symbol("s"),
  () => () => 0,
  () => new Date(NaN),
  () => new Map([["a", 1]]),
  () => Size.gibibytes(0),
  () => Size.tebibytes(1e9),
  () => Duration.seconds(0),
  () => Duration.days(1e9),
  () => new FakeCloud(),
  () => new Array<unknown>(3),
  () => Array.from({ length: 10_000 }, (_, k) => `n${k}`),
  () => Object.create(null) as unknown,
  () => Object.create({ inherited: 1 }) as unknown,
  () => JSON.parse('{"__proto__": {"nodes": 1}}') as unknown,
  () => new Own(),
  () => Object.assign(Object.create(null) as object, { constructor: 5 }),
  () => refers({}),
  () => refers([]),
  () => throwing("x"),
  () => [throwing("name"), throwing("length")],
  () => ({ toString: () => thrown(), toJSON: () => thrown() }),
  () => ({ toGibibytes: () => "ten" }),
  () => ({ toGibibytes: () => 10, toMebibytes: () => thrown(), isLessThan: () => true, toString: () => 7 }),
  () => ({ toSlurm: () => thrown(), toSeconds: () => NaN }),
  () => ({ use: () => 0 }),
  () => ({ add: () => 0 }),
  () => ({ answer: 5 }),
  () => ({ answer: { problems: [] } }),
];

function thrown(): never {
  throw new Error("this value does not want to be read");
}

/** An object whose property throws when somebody reads it. */
function throwing(name: string, others: object = {}): object {
  return Object.defineProperty({ ...others }, name, { enumerable: true, get: thrown });
}

function refers<T extends object>(value: T): T {
  return Object.assign(value, { itself: value });
}

/** Words that are right somewhere, so that what is behind the first check is seen, too. */
const PLAUSIBLE: readonly unknown[] = [
  ...["cpu", "gpu", "small", "medium", "large", "master", "node", "n{:02}", "node-[1-4]", "all", "podman", "eth0"],
  ...["10.77.0.0/16", "10.77.32.0/24", "10.77.40.5", "10.77.32.1-10.77.32.9", "192.168.0.0/22", "debian-13"],
  ...["/home", "/scratch/a", "/etc", "us-east-1", "westeurope", "vol-0123456789abcdef0", "jobs", "work"],
  ...[1, 2, 3, 22, 4000, true, false, ["jobs"], ["cpu"], ["10.77.40.5", "10.77.41.0/24"], [], {}],
  ...[Size.gibibytes(20), Size.gibibytes(100), Size.tebibytes(2), Duration.hours(1), Duration.days(2)],
  { SlurmdTimeout: "300", MailProg: "/bin/true" },
  { default: "small", local: "medium", fake: "large" },
  { min: 1, max: 4 },
];

const hostile = fc.constantFrom(...HOSTILE).map((make) => make());
const plausible = fc.constantFrom(...PLAUSIBLE);
const anything = fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, maxDepth: 2 });

type Names = Readonly<Record<string, unknown>>;

function valueFor(property: unknown): fc.Arbitrary<unknown> {
  const odd = fc.oneof({ weight: 3, arbitrary: plausible }, { weight: 2, arbitrary: hostile }, anything);
  if (typeof property !== "object" || property === null || !("names" in property)) return odd;
  const inner = propsOf((property as { readonly names: Names }).names, {});
  return fc.oneof({ weight: 3, arbitrary: inner }, { weight: 1, arbitrary: fc.array(inner, { maxLength: 3 }) }, odd);
}

/**
 * Properties by the names that a construct or cloud has, and sometimes by others, or what is no object at all; most often
 * but for a few of them as they should be.
 */
function propsOf(names: Names, right: object): fc.Arbitrary<unknown> {
  const values = Object.fromEntries(Object.entries(names).map(([name, property]) => [name, valueFor(property)]));
  const some = fc
    .subarray(Object.keys(names), { maxLength: Math.min(3, Object.keys(names).length) })
    .chain((chosen) =>
      fc
        .record(
          Object.fromEntries(chosen.map((name) => [name, values[name]!])) as Record<string, fc.Arbitrary<unknown>>,
        )
        .map((given) => ({ ...right, ...given })),
    );
  const getter = fc.constantFrom(...Object.keys(names)).map((name) => throwing(name, right));
  return fc.oneof(
    { weight: 20, arbitrary: fc.constant(right) },
    { weight: 12, arbitrary: some },
    { weight: 1, arbitrary: getter },
    { weight: 1, arbitrary: fc.record({ zebra: anything }).map((given) => ({ ...right, ...given })) },
    { weight: 1, arbitrary: hostile },
  );
}

const CLOUDS: readonly fc.Arbitrary<() => Cloud>[] = [
  fc.constant(() => new FakeCloud()),
  fc.constant(() => new LocalCloud({ subnet: "10.77.0.0/16" })),
  propsOf(FAKE_CLOUD_NAMES, {}).map((given) => () => new FakeCloud(given as never)),
  propsOf(LOCAL_CLOUD_NAMES, {}).map((given) => () => new LocalCloud(given as never)),
  propsOf(AWS_CLOUD_NAMES, aws).map((given) => () => new AwsCloud(given as never)),
  propsOf(AZURE_CLOUD_NAMES, azure).map((given) => () => new AzureCloud(given as never)),
];

const people = fc.oneof(
  { weight: 4, arbitrary: fc.constant(() => undefined) },
  fc.tuple(hostile, hostile).map(
    ([users, groups]) =>
      () =>
        Users.of(users as never, groups as never),
  ),
  propsOf({ name: true, uid: true, gid: true, groups: true, shell: true, keys: true, account: true }, {}).map(
    (user) => () => Users.of([{ name: "alice", uid: 2001 }, user as never]),
  ),
);

const stacks = fc.record({
  id: fc.oneof({ weight: 29, arbitrary: fc.constant("master") }, hostile),
  cloud: fc.oneof(...CLOUDS),
  master: propsOf(withoutParts(MASTER_NAMES, "cloud", "users"), {}),
  users: people,
  home: fc.option(propsOf(DISK_NAMES, { size: Size.gibibytes(100) })),
  pools: fc.array(
    fc.record({
      id: fc.oneof({ weight: 29, arbitrary: fc.constantFrom("cpu", "gpu", "fat", "cpu-1") }, hostile),
      gpus: fc.boolean(),
      props: propsOf(withoutParts(GPU_POOL_NAMES, "master"), { nodes: 2 }),
    }),
    { minLength: 1, maxLength: 3 },
  ),
});

function withoutParts(names: Names, ...parts: readonly string[]): Names {
  return Object.fromEntries(Object.entries(names).filter(([name]) => !parts.includes(name)));
}

/** Stacks of whatever is given as properties are built whole, or refused with all that is wrong, and then nothing is written. */
export function fuzzStacks(runs: number): void {
  const outdir = mkdtempSync(join(tmpdir(), "fuzzed-"));
  let built = 0;
  try {
    fc.assert(
      fc.property(stacks, ({ id, cloud, master, users, home, pools }) => {
        rmSync(outdir, { recursive: true, force: true });
        const refused = refusalOf(() => {
          const app = new App({ outdir, stackTraces: false });
          const stack = new TerraformStack(app, "demo");
          new LocalBackend(stack, { path: "x.tfstate" });
          const disk = home === null ? undefined : new NfsDisk(stack, "home", home as never);
          const props = isGiven(master) ? withMore(master, { cloud: cloud(), users: users(), home: disk }) : master;
          const head = new OpenHpcMaster(stack, id as never, props as never);
          for (const { id: name, gpus, props: pool } of pools) {
            const Pool = gpus ? GpuComputePool : ComputePool;
            new Pool(stack, name as never, (isGiven(pool) ? withMore(pool, { master: head }) : pool) as never);
          }
          app.synth();
        });
        const written = filesIn(outdir);
        if (refused !== undefined) {
          if (written.length > 0) throw new Error(`it was refused, and wrote ${written.join(", ")}: ${refused}`);
          return;
        }
        built++;
        const folder = join(outdir, "stacks", "demo");
        const terraform = JSON.parse(readFileSync(join(folder, "cdk.tf.json"), "utf8")) as {
          output: { cluster: { value: unknown } };
        };
        const spec = readClusterSpec(JSON.parse(readFileSync(join(folder, "cluster.json"), "utf8")));
        renderAll(spec, readManifest(terraform.output.cluster.value));
      }),
      { numRuns: runs },
    );
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
  // Otherwise nothing but refusals has been looked at.
  if (built < runs / 50) throw new Error(`only ${built} of ${runs} stacks were built`);
}

/** What is wrong, line by line, if that is all that is thrown; cdktf itself tells of masters without pools. */
function refusalOf(build: () => void): string | undefined {
  try {
    build();
    return undefined;
  } catch (error) {
    if (error instanceof Error && error.message.startsWith("Validation failed with the following errors:"))
      return error.message;
    if (!(error instanceof ConfigurationError)) throw error;
    judge(error.problems);
    return error.message;
  }
}

function judge(problems: readonly Problem[]): void {
  if (problems.length === 0) throw new Error("refused for nothing");
  for (const problem of problems) {
    const line = describeProblem(problem);
    if (!/^[^\n]+ is [^\n]+, but must be [^\n]+$/.test(line)) throw new Error(`not one line: ${line}`);
    if (/ must be undefined|undefined$/.test(line)) throw new Error(`says nothing: ${line}`);
  }
}

/** Whether properties can be added to what is given. */
function isGiven(given: unknown): given is object {
  return typeof given === "object" && given !== null && !Array.isArray(given) && Object.isExtensible(given);
}

/** A copy with more properties: what throws when it is read, and prototypes, stay as they are. */
function withMore(given: object, more: object): object {
  const copy = Object.create(
    Object.getPrototypeOf(given) as object | null,
    Object.getOwnPropertyDescriptors(given),
  ) as object;
  for (const [name, value] of Object.entries(more))
    if (value !== undefined && !Object.hasOwn(copy, name))
      Object.defineProperty(copy, name, { value, enumerable: true, configurable: true });
  return copy;
}

function filesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
      statSync(join(folder, name)).isFile(),
    );
  } catch {
    return [];
  }
}

const VALID_USERS = `# everybody
groups:
  - { name: physics, gid: 3000 }
users:
  - name: alice
    uid: 2001
    groups: [physics]
    keys:
      - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJfr0lPTDtfZ8Vl4cQXlN9yKk0ZpJwQv0ZtB9pGqj0Jd alice@laptop
  - &bob { name: bob, uid: 2002, gid: 3000, shell: /bin/zsh, account: physics }
`;

/** Text that was right until somebody, or a disk, has changed it somewhere. */
const damaged = (valid: string) =>
  fc
    .array(
      fc.record({
        at: fc.nat({ max: valid.length }),
        drop: fc.nat({ max: 40 }),
        put: fc.oneof(
          fc.string({ unit: "binary", maxLength: 8 }),
          fc.constantFrom(
            "\n",
            "\t",
            ": ",
            "- ",
            "*bob",
            "&x ",
            "!!binary ",
            "<<: ",
            "{",
            "[",
            '"',
            "'",
            "|",
            "? ",
            "---\n",
            "%",
            "\0",
          ),
          fc.constantFrom("users", "2001", "null", "~", "1e3", "0x7d1", ".nan", "2001.5", "yes", "2026-01-01"),
        ),
      }),
      { minLength: 1, maxLength: 4 },
    )
    .map((edits) => edits.reduce((text, { at, drop, put }) => text.slice(0, at) + put + text.slice(at + drop), valid));

const jsonOdd = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom("alice", "bob", "root", "physics", "", "x".repeat(10_000), 2001, 2002, 3000, 1e300, -1, 0.5, null),
);
const entries = fc.array(
  fc.oneof(
    fc.record(
      {
        name: jsonOdd,
        uid: jsonOdd,
        gid: jsonOdd,
        groups: fc.array(jsonOdd),
        shell: jsonOdd,
        keys: jsonOdd,
        account: jsonOdd,
      },
      { requiredKeys: [] },
    ),
    fc.record({ name: fc.stringMatching(/^[a-z]{2,6}$/), uid: fc.integer({ min: 1001, max: 1100 }) }),
    jsonOdd,
  ),
  { maxLength: 6 },
);
const usersFiles: fc.Arbitrary<string | Uint8Array> = fc.oneof(
  damaged(VALID_USERS),
  fc.record({ users: entries, groups: entries }, { requiredKeys: [] }).map((file) => stringify(file)),
  jsonOdd.map((file) => stringify(file)),
  fc.string({ unit: "binary" }),
  fc.uint8Array({ maxLength: 200 }),
);

/** Users files of whatever is in them are users that fit, or problems. */
export function fuzzUsersFiles(runs: number): void {
  const folder = mkdtempSync(join(tmpdir(), "fuzzed-"));
  const file = join(folder, "users.yaml");
  let good = 0;
  try {
    fc.assert(
      fc.property(usersFiles, (content) => {
        writeFileSync(file, content);
        const { users, problems } = Users.fromFile(file).answer;
        if (users === undefined) {
          judge(problems);
          return;
        }
        if (problems.length > 0) throw new Error("users with problems");
        good++;
        const { spec } = viewOf();
        readClusterSpec(JSON.parse(renderClusterSpec({ ...spec, users })));
        const unique = (values: readonly unknown[]) => new Set(values).size === values.length;
        const { groups, users: all } = users;
        if (!unique(all.map(({ name }) => name)) || !unique(all.map(({ uid }) => uid)))
          throw new Error("two users with one name or uid");
        if (!unique(groups.map(({ name }) => name)) || !unique(groups.map(({ gid }) => gid)))
          throw new Error("two groups with one name or gid");
        if (![...all.map(({ uid }) => uid), ...groups.map(({ gid }) => gid)].every((id) => id > 1000 && id <= 60_000))
          throw new Error("a number that is not people's");
      }),
      { numRuns: runs },
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  if (good < runs / 50) throw new Error(`only ${good} of ${runs} files were right`);
}

const { spec: SPEC, manifest: MANIFEST } = viewOf({
  pools: { cpu: { nodes: 4, features: ["fast"], weight: 2 }, gpu: 2 },
  partitions: { cpu: { maxTime: "1-00:00:00", explicitDefault: true }, gpu: { allowGroups: ["physics"] } },
  users: [{ name: "alice", groups: [] }],
  settings: { MailProg: "/bin/true" },
});

/** A document in which a value somewhere is gone, or another one, or has company. */
function changed(document: object): fc.Arbitrary<unknown> {
  const places = placesIn(document);
  const edit = fc.record({
    place: fc.constantFrom(...places),
    how: fc.constantFrom("drop", "put", "add"),
    value: jsonOdd,
    name: fc.oneof(fc.string({ maxLength: 5 }), fc.constantFrom("__proto__", "constructor", "toString", "0")),
  });
  return fc.array(edit, { minLength: 1, maxLength: 3 }).map((edits) => {
    const copy = { whole: structuredClone(document) as unknown };
    for (const { place, how, value, name } of edits) {
      const parent = ["whole", ...place.slice(0, -1)].reduce<unknown>(
        (one, key) => (typeof one === "object" && one !== null ? (one as Names)[key] : undefined),
        copy,
      );
      if (typeof parent !== "object" || parent === null) continue;
      const key = place.at(-1) ?? "";
      if (how === "drop") Reflect.deleteProperty(parent, key);
      else Object.defineProperty(parent, how === "put" ? key : name, { value, enumerable: true, configurable: true });
    }
    return JSON.parse(JSON.stringify(copy.whole)) as unknown;
  });
}

function placesIn(value: unknown, at: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== "object" || value === null) return at.length === 0 ? [] : [at];
  return [
    ...(at.length === 0 ? [] : [at]),
    ...Object.entries(value).flatMap(([key, one]) => placesIn(one, [...at, key])),
  ];
}

function renderAll(spec: ReturnType<typeof readClusterSpec>, manifest: ReturnType<typeof readManifest>): void {
  for (const render of [renderSlurmConf, renderGresConf, renderTopologyConf]) render(spec, manifest);
}

/** Specs and manifests of whatever is in them are read and rendered, or refused as documents. */
export function fuzzDocuments(runs: number): void {
  const folder = mkdtempSync(join(tmpdir(), "fuzzed-"));
  const stack = { name: "demo", directory: folder, dependencies: [], warnings: [] };
  const text = JSON.stringify(SPEC, undefined, 2);
  let read = 0;
  const refusable = (work: () => void) => {
    try {
      work();
      read++;
    } catch (error) {
      const known = error instanceof DocumentError || (error instanceof Failure && error.kind === "usage");
      if (!known || error.message === "") throw error;
    }
  };
  const documents = fc.record({
    spec: fc.oneof({ weight: 4, arbitrary: changed(SPEC) }, fc.constant(SPEC), jsonOdd),
    manifest: fc.oneof({ weight: 4, arbitrary: changed(MANIFEST) }, fc.constant(MANIFEST), jsonOdd),
    file: damaged(text),
  });
  try {
    fc.assert(
      fc.property(documents, ({ spec, manifest, file }) => {
        refusable(() => {
          renderAll(readClusterSpec(spec), MANIFEST);
        });
        refusable(() => {
          renderAll(SPEC, readManifest(manifest));
        });
        writeFileSync(join(folder, "cluster.json"), file);
        refusable(() => specOf(stack));
      }),
      { numRuns: runs },
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  if (read < runs / 50) throw new Error(`only ${read} of ${runs} documents were read`);
}
