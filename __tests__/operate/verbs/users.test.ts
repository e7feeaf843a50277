import { chmodSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Failure } from "../../../lib/operate/feedback/failure";
import type { Progress } from "../../../lib/operate/feedback/progress";
import type { UsersChange } from "../../../lib/operate/users/change";
import { listUsers } from "../../../lib/operate/users/list";
import { changeUsers, type UsersChanged } from "../../../lib/operate/verbs/users";

const QUIET: Progress = {
  phase: async (_, work) => work({ title: () => undefined, detail: () => undefined }),
  note: () => undefined,
};

const USERS = "users:\n  - { name: alice, uid: 2001 } # the boss\n";
const MODEL = JSON.stringify(join(__dirname, "../../../lib/model/users.ts"));

/** A project that nobody has deployed; its app writes what a stack would. */
describe("a change of users where nothing is deployed", () => {
  let directory: string;
  const text = () => readFileSync(join(directory, "users.yaml"), "utf8");
  /** @param users an expression, of what the file says */
  const app = (users = "read") => {
    const spec = `{ schema: 1, cluster: "demo", partitions: [], pools: [], slurm: { settings: {} }, users: ${users} }`;
    writeFileSync(
      join(directory, "app.js"),
      `const fs = require("fs"), out = process.env.CDKTF_OUTDIR, { createHash } = require("crypto");
const text = fs.readFileSync("users.yaml", "utf8");
const read = require(${MODEL}).parseUsers(text).users;
const stack = out + "/stacks/demo";
fs.mkdirSync(stack, { recursive: true });
fs.writeFileSync(stack + "/cdk.tf.json", JSON.stringify({ terraform: { backend: { local: { path: "none.tfstate" } } } }));
fs.writeFileSync(stack + "/cluster.json", JSON.stringify(${spec}));
fs.writeFileSync(stack + "/cluster.sources.json", JSON.stringify({ "users.yaml": createHash("sha256").update(text).digest("hex") }));
const entry = { name: "demo", workingDirectory: "stacks/demo", dependencies: [], annotations: [] };
fs.writeFileSync(out + "/manifest.json", JSON.stringify({ version: "0.21.0", stacks: { demo: entry } }));
`,
    );
  };
  const place = () => ({
    cwd: directory,
    env: { ...process.env, XDG_STATE_HOME: join(directory, "state") },
  });
  const change = async (wanted: UsersChange): Promise<UsersChanged> =>
    changeUsers(
      { stack: "demo", place: place(), change: wanted, consenter: { yes: false }, command: "ohpc users" },
      QUIET,
    );
  const refused = async (work: Promise<unknown>) =>
    work.then(
      () => "it was done",
      (error: unknown) => (error as Failure).details.code,
    );
  const bob: UsersChange = { kind: "add", users: [{ name: "bob" }] };

  beforeEach(() => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), "users-verb-")));
    writeFileSync(join(directory, "users.yaml"), USERS);
    writeFileSync(
      join(directory, "cdktf.json"),
      JSON.stringify({ app: `node -r ${require.resolve("tsx/cjs")} app.js` }),
    );
    app();
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  it("is one of the file, which the stack has then; done again, it is nothing", async () => {
    expect(await change(bob)).toMatchObject({ deployed: false, changed: [{ name: "bob", uid: 2002 }], left: [] });
    expect(text()).toBe(`${USERS}  - { name: bob, uid: 2002 }\n`);
    expect(await change(bob)).toMatchObject({ changed: [], people: [{ name: "bob", uid: 2002 }] });
    await change({ kind: "remove", names: ["bob"], homes: "delete" });
    expect(text()).toBe(`${USERS}former:\n  - name: bob\n    uid: 2002\n`);
    expect(await listUsers("demo", place(), QUIET)).toMatchObject({
      cluster: "demo",
      file: "users.yaml",
      deployed: false,
      users: [
        { name: "alice", uid: 2001, keys: [], standing: undefined },
        { name: "bob", uid: 2002, standing: "former" },
      ],
    });
  });

  it("leaves the file as it was where the app does not take it, or makes something else of it", async () => {
    await listUsers("demo", place(), QUIET);
    chmodSync(join(directory, "users.yaml"), 0o600);
    writeFileSync(join(directory, "app.js"), "process.exit(1);\n");
    expect(await refused(change(bob))).toBe("app.crashed");
    expect(text()).toBe(USERS);
    app("{ groups: [], users: [] }");
    expect(await refused(change(bob))).toBe("users.other");
    expect(text()).toBe(USERS);
  });
});
