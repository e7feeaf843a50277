import { instancesOf, type TerraformJson } from "cdktf-openhpc/testing";
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import { readClusterSpec } from "../../lib/model/cluster-spec";
import { readManifest } from "../../lib/model/manifest";
import { renderSlurmConf } from "../../lib/slurm/slurm-conf";
import { expectGolden } from "../support/golden";

const root = join(__dirname, "../..");

/** All that synthesis reads. */
const PROJECT = ["ansible", "cdktf.json", "images", "lib", "package.json", "stacks", "tsconfig.json"];

/** Copies the project, and runs its app as `cdktf synth` does. */
async function checkout(folder: string): Promise<ReadonlyMap<string, string>> {
  mkdirSync(folder);
  for (const name of PROJECT) cpSync(join(root, name), join(folder, name), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const { app } = JSON.parse(readFileSync(join(folder, "cdktf.json"), "utf8")) as { app: string };
  // Under jest every process is a test; NODE_ENV and the rest are not the app's business.
  const env = { PATH: process.env["PATH"], HOME: join(folder, "home") };
  await promisify(execFile)("sh", ["-c", app], { cwd: folder, env });
  const out = join(folder, "cdktf.out");
  const entries = readdirSync(out, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => join(entry.parentPath, entry.name)).sort();
  return new Map(paths.map((path) => [relative(out, path), readFileSync(path, "utf8")]));
}

describe("the example stacks", () => {
  let temp: string;
  let here: ReadonlyMap<string, string>;
  let there: ReadonlyMap<string, string>;

  beforeAll(async () => {
    temp = mkdtempSync(join(tmpdir(), "checkouts-"));
    [here, there] = await Promise.all([checkout(join(temp, "here")), checkout(join(temp, "somewhere-else"))]);
  });
  afterAll(() => {
    rmSync(temp, { recursive: true, force: true });
  });

  it("give the same bytes in every checkout", () => {
    expect(here.size).toBeGreaterThanOrEqual(5);
    expect([...there.keys()]).toEqual([...here.keys()]);
    for (const [path, text] of here) expect(there.get(path)).toBe(text);
  });

  it.each(readdirSync(join(root, "__tests__/golden/stacks")))(
    "%s keeps every Terraform address, what it tells ohpc, and its slurm.conf",
    (stack) => {
      const terraform = JSON.parse(here.get(`stacks/${stack}/cdk.tf.json`) ?? "") as TerraformJson;
      expectGolden(`stacks/${stack}/addresses.txt`, `${[...instancesOf(terraform).keys()].join("\n")}\n`);
      const spec = here.get(`stacks/${stack}/cluster.json`) ?? "";
      expectGolden(`stacks/${stack}/cluster.json`, spec);
      const manifest = terraform.output?.["cluster"]?.value;
      expectGolden(`stacks/${stack}/manifest.json`, `${JSON.stringify(manifest, undefined, 2)}\n`);
      expectGolden(
        `stacks/${stack}/slurm.conf`,
        renderSlurmConf(readClusterSpec(JSON.parse(spec)), readManifest(manifest)),
      );
    },
  );

  it("have all a golden copy", () => {
    const stacks = [...here.keys()]
      .map((path) => /^stacks\/([^/]+)\/cdk\.tf\.json$/.exec(path)?.[1])
      .filter((name) => name !== undefined);
    expect(readdirSync(join(root, "__tests__/golden/stacks")).sort()).toEqual(stacks.sort());
  });
});
