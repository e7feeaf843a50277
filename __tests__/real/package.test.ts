import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  cpSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const MINUTES = 60_000;
const root = join(__dirname, "..", "..");
const scratch = mkdtempSync(join(tmpdir(), "package-"));
const unpacked = join(scratch, "package");
let tarball = "";

function run(directory: string, program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, { cwd: directory, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

beforeAll(() => {
  const printed = run(root, "npm", "pack", "--ignore-scripts", "--json", "--pack-destination", scratch);
  const [packed] = JSON.parse(printed) as { readonly filename: string }[];
  tarball = join(scratch, packed?.filename ?? "");
  run(scratch, "tar", "-xzf", tarball);
});

afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});

describe("the packed package", () => {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
    readonly dependencies: Readonly<Record<string, string>>;
  };
  const entries = Object.keys(manifest.exports).filter((entry) => entry !== "./package.json");

  it("has every file that its entries name", () => {
    for (const entry of entries) {
      const { types, default: program } = manifest.exports[entry] as { types: string; default: string };
      for (const file of [types, program]) expect(existsSync(join(unpacked, file))).toBe(true);
    }
  });

  it("has every file that its documents link to", () => {
    const documents = readdirSync(unpacked, { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".md"),
    );
    const broken = documents.flatMap((document) => {
      const text = readFileSync(join(unpacked, document), "utf8");
      return [...text.matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)]
        .map((match) => match[1] ?? "")
        .filter((target) => !existsSync(join(unpacked, dirname(document), target)))
        .map((target) => `${document}: ${target}`);
    });
    expect(documents).toEqual(expect.arrayContaining(["README.md", "CHANGELOG.md", "docs/operations.md"]));
    expect(broken).toEqual([]);
  });

  it(
    "compiles in a project that `cdktf init` makes, whatever of it is imported, and synthesizes there",
    () => {
      const project = join(scratch, "template");
      cpSync(join(dirname(require.resolve("cdktf-cli/package.json")), "bundle/templates/typescript"), project, {
        recursive: true,
      });
      // What `npm install` would bring, but for the package itself.
      const modules = join(project, "node_modules");
      mkdirSync(modules);
      cpSync(unpacked, join(modules, "cdktf-openhpc"), { recursive: true });
      const others = ["cdktf", "constructs", "typescript", "jest", "@types", "@cdktf", "@aws-sdk", "@azure"];
      for (const name of [...others, ...Object.keys(manifest.dependencies)])
        symlinkSync(join(root, "node_modules", name), join(modules, name));
      const names = entries.map((entry) => entry.replace(/^\.\/?/, "") || "constructs");
      writeFileSync(
        join(project, "main.ts"),
        `import { Construct } from "constructs";
import { App, TerraformStack } from "cdktf";
${entries.map((entry, k) => `import * as ${names[k] ?? ""} from "${entry.replace(".", "cdktf-openhpc")}";`).join("\n")}

class MyStack extends TerraformStack {
  constructor(scope: Construct, id: string, cloud: constructs.Cloud) {
    super(scope, id);
    const home = new constructs.NfsDisk(this, "home", { size: constructs.Size.gibibytes(200) });
    const users = constructs.Users.of([{ name: "alice", uid: 2001 }]);
    const master = new constructs.OpenHpcMaster(this, "master", { cloud, home, users });
    new constructs.ComputePool(this, "cpu", { master, nodes: 4 });
  }
}

const sshPublicKey = "ssh-ed25519 ${"A".repeat(68)}";
const from = [{ cidr: "198.51.100.0/24", reason: "office" }];
const app = new App();
new MyStack(app, "here", new local.LocalCloud());
new MyStack(app, "on-aws", new aws.AwsCloud({ region: "us-east-1", access: { sshPublicKey, from } }));
new MyStack(app, "on-azure", new azure.AzureCloud({ location: "westeurope", access: { sshPublicKey, from } }));
new MyStack(app, "nowhere", new testing.FakeCloud());
app.synth();
console.log(typeof operate.up);
`,
      );
      expect(run(project, process.execPath, join(modules, "typescript/bin/tsc"), "--pretty", "false")).toBe("");
      expect(run(project, process.execPath, "main.js")).toBe("function\n");
      expect(readdirSync(join(project, "cdktf.out/stacks")).sort()).toEqual(["here", "nowhere", "on-aws", "on-azure"]);
    },
    5 * MINUTES,
  );
});

describe("README", () => {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  const own = readme.slice(readme.indexOf("\n## In your own project"));
  const block = (text: string, language: string, mark = ""): string => {
    const blocks = [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm"))].map(
      (match) => match[1] ?? "",
    );
    return blocks.find((found) => found.includes(mark)) ?? "";
  };

  it(
    "is right about an empty folder: its commands and files make a project that ohpc knows",
    () => {
      const project = join(scratch, "own");
      mkdirSync(project);
      const install = block(own, "sh", "npm install").trim().replace("cdktf-openhpc", tarball);
      expect(install).toMatch(/^npm install \/.*\.tgz /);
      run(project, "bash", "-c", `${install} --no-audit --no-fund --prefer-offline`);
      writeFileSync(join(project, "main.ts"), block(readme, "ts"));
      writeFileSync(join(project, "cdktf.json"), block(own, "json"));
      writeFileSync(join(project, "users.yaml"), block(own, "yaml"));
      const [list] = block(own, "sh", "ohpc list").split("\n");
      expect(run(project, "bash", "-c", list ?? "")).toMatch(/^demo +demo +no +-$/m);
      // What cdktf itself would run.
      const { app } = JSON.parse(block(own, "json")) as { readonly app: string };
      run(project, "bash", "-c", app);
      const spec = JSON.parse(readFileSync(join(project, "cdktf.out/stacks/demo/cluster.json"), "utf8")) as {
        readonly users: { readonly users: readonly { readonly name: string }[] };
      };
      expect(spec.users.users.map(({ name }) => name)).toEqual(["alice"]);
      expect(run(project, "npx", "ohpc", "cost", "demo")).toContain("demo");
    },
    5 * MINUTES,
  );
});
