import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const root = join(__dirname, "..");

describe("loading", () => {
  /** The files of other packages that a fresh process loads with a module of ours. */
  async function loadedBy(module: string): Promise<readonly string[]> {
    const script = `require(${JSON.stringify(join(root, module))}); console.log(JSON.stringify(Object.keys(require.cache)));`;
    const { stdout } = await promisify(execFile)(process.execPath, ["-r", "tsx/cjs", "-e", script], { cwd: root });
    return JSON.parse(stdout) as string[];
  }

  it("the neutral entry loads no provider, no zx, and neither cdktf nor zod before a cluster is made", async () => {
    const loaded = await loadedBy("lib/index.ts");
    expect(loaded).toContain(join(root, "lib/constructs/open-hpc-master.ts"));
    expect(
      loaded.filter((path) => /provider-|node_modules\/(zx|cdktf|zod|yaml)\/|lib\/clouds\/[^/]+\//.test(path)),
    ).toEqual([]);
  }, 30_000);

  it.each(["lib/operate/index.ts", "lib/cli/stop.ts", "lib/cli/cost.ts"])(
    "%s loads no SDK of a vendor, no provider and no cdktf",
    async (module) => {
      const loaded = await loadedBy(module);
      expect(loaded.length).toBeGreaterThan(5);
      expect(
        loaded.filter((path) => /node_modules\/(@aws-sdk|@azure|@cdktf|cdktf)\/|lib\/clouds\/[^/]+\//.test(path)),
      ).toEqual([]);
    },
    30_000,
  );

  const clouds = readdirSync(join(root, "lib/clouds")).filter((name) =>
    existsSync(join(root, "lib/clouds", name, "index.ts")),
  );
  it.each(clouds)(
    "the entry of %s loads no other cloud, no provider but its own, and no zx",
    async (cloud) => {
      const loaded = await loadedBy(`lib/clouds/${cloud}/index.ts`);
      const own: Readonly<Record<string, string>> = { aws: "provider-aws", azure: "provider-azurerm" };
      const foreign = loaded.filter((path) => {
        const provider = /\/(provider-[a-z]+)\//.exec(path)?.[1];
        const folder = /\/lib\/clouds\/([^/]+)\//.exec(path)?.[1];
        return (
          (provider ?? own[cloud]) !== own[cloud] || (folder ?? cloud) !== cloud || /node_modules\/zx\//.test(path)
        );
      });
      expect(foreign).toEqual([]);
    },
    30_000,
  );

  it.each(clouds)(
    "%s loads no SDK before something is looked up, or a machine is switched",
    async (cloud) => {
      const loaded = await loadedBy(`lib/clouds/${cloud}/index.ts`);
      expect(loaded).toContain(join(root, `lib/clouds/${cloud}/cloud.ts`));
      expect(loaded.filter((path) => SDK.test(path))).toEqual([]);
      const forDay2 = await loadedBy(`lib/clouds/${cloud}/day2.ts`);
      expect(forDay2).toContain(join(root, "lib/package/lazy.ts"));
      expect(
        forDay2.filter((path) => SDK.test(path) || /node_modules\/(@cdktf|cdktf|constructs)\//.test(path)),
      ).toEqual([]);
    },
    60_000,
  );
});

const SDK = /node_modules\/@(aws-sdk|azure)\//;
