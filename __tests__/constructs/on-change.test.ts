import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Effect, EFFECTS, effectOfSlurmConf } from "../../lib/slurm/effects";

const root = join(__dirname, "../..");
const sources = ["lib/constructs", "lib/clouds", "lib/testing"].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => `${folder}/${name}`),
);

/** What properties say under `@onChange`, by file and name. */
const said = new Map<string, string>(
  sources.flatMap((file) =>
    [...readFileSync(join(root, file), "utf8").matchAll(/@onChange ((?:(?!\*\/|@)[\s\S])*)\*\/\s*readonly (\w+)/g)].map(
      ([, text = "", name = ""]) => [`${file} ${name}`, text.replaceAll(/\s*\n\s*\*?\s*/g, " ").trim()] as const,
    ),
  ),
);

describe("what properties say of a change", () => {
  it("is found", () => {
    expect(said.size).toBeGreaterThan(90);
    expect(said.get("lib/constructs/compute-pool.ts weight")).toBe("reconfigures Slurm; jobs that run go on");
  });

  it("is not that we drain nodes or restart slurmd: no change does", () => {
    const wrong = [...said].filter(([, text]) => /\bdrains\b|drained|restarts? slurmd\b/.test(text));
    expect(wrong).toEqual([]);
  });

  it.each<[string, string, string, Effect]>([
    ["partitions.ts name", "PartitionName=a Nodes=n1", "PartitionName=b Nodes=n1", "reconfigure"],
    ["partitions.ts default", "PartitionName=a", "PartitionName=a Default=YES", "reconfigure"],
    ["partitions.ts maxTime", "PartitionName=a MaxTime=2", "PartitionName=a MaxTime=1", "reconfigure"],
    ["partitions.ts defaultTime", "PartitionName=a DefaultTime=2", "PartitionName=a DefaultTime=1", "reconfigure"],
    ["partitions.ts allowGroups", "PartitionName=a", "PartitionName=a AllowGroups=g", "reconfigure"],
    ["partitions.ts exclusive", "PartitionName=a", "PartitionName=a OverSubscribe=EXCLUSIVE", "reconfigure"],
    ["compute-pool.ts partition", "PartitionName=a Nodes=n1", "PartitionName=b Nodes=n1", "reconfigure"],
    ["compute-pool.ts features", "NodeName=n1", "NodeName=n1 Feature=x", "reconfigure"],
    ["compute-pool.ts weight", "NodeName=n1", "NodeName=n1 Weight=2", "reconfigure"],
    ["gpu-compute-pool.ts gpus", "NodeName=n1 Gres=gpu:2", "NodeName=n1 Gres=gpu:1", "reconfigure"],
    ["gpu-compute-pool.ts count", "NodeName=n1 Gres=gpu:2", "NodeName=n1 Gres=gpu:1", "reconfigure"],
    ["gpu-compute-pool.ts type", "NodeName=n1 Gres=gpu:a:2", "NodeName=n1 Gres=gpu:b:2", "reconfigure"],
    ["master-props.ts privateData", "PrivateData=jobs", "PrivateData=jobs,users", "reconfigure"],
  ])("%s says what the table of effects says of the files", (property, before, after, effect) => {
    expect(effectOfSlurmConf(`${before}\n`, `${after}\n`).effect).toBe(effect);
    expect(said.get(`lib/constructs/${property}`)).toMatch(/^reconfigures Slurm\b/);
  });

  it("is in the words that the documents have for effects", () => {
    const terms = readFileSync(join(root, "docs/terms.md"), "utf8");
    const row = /^\| effect \|[^:]*: ([^|]*) \|/m.exec(terms)?.[1] ?? "";
    expect(row.replaceAll(/ \([^)]*\)/g, "").split(" · ")).toEqual([...EFFECTS]);
  });
});
