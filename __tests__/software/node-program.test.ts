import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../../lib/package/root";
import { filesIn } from "../../lib/software/content-hash";

const PROGRAM = join(packageRoot(), "ansible/roles/ohpc_node/files/ohpc-node");

/** The node's program with other folders, asked to take what is in `share`. */
const TAKE = String.raw`
import importlib.machinery, importlib.util, sys
sys.dont_write_bytecode = True
program, run, share = sys.argv[1:]
loader = importlib.machinery.SourceFileLoader("ohpc_node", program)
node = importlib.util.module_from_spec(importlib.util.spec_from_loader("ohpc_node", loader))
loader.exec_module(node)
node.RUN, node.BUNDLE, node.ROLES, node.SOFTWARE = run, f"{run}/bundle", f"{run}/roles", f"{run}/software"
node.copy_bundle(share)
`;

describe("the roles that a node fetches", () => {
  const scratch = mkdtempSync(join(tmpdir(), "node-program-"));
  const [run, share] = [join(scratch, "run"), join(scratch, "share")];
  const pack = join(share, "software/new/ansible-0123.tar.gz");
  const take = (): void => {
    execFileSync("python3", ["-c", TAKE, PROGRAM, run, share], { stdio: "pipe" });
  };

  beforeEach(() => {
    for (const folder of ["generations/1", "software/new"]) mkdirSync(join(share, folder), { recursive: true });
    mkdirSync(run);
    symlinkSync("generations/1", join(share, "current"));
    writeFileSync(join(share, "current/converge"), "");
    writeFileSync(join(share, "current/software"), "new\n");
    writeFileSync(join(share, "software/new/hash"), "new\n");
    writeFileSync(pack, "an Ansible");
  });
  afterEach(() => {
    for (const folder of [run, share]) rmSync(folder, { recursive: true, force: true });
  });
  afterAll(() => {
    rmSync(scratch, { recursive: true, force: true });
  });

  it("are those that it lacks, and none where it is already what they make of a machine", () => {
    take();
    expect(filesIn(join(run, "roles"))).toEqual(["ansible-0123.tar.gz", "hash"]);
    rmSync(join(run, "roles"), { recursive: true });
    writeFileSync(join(run, "software"), "new\n");
    take();
    expect(existsSync(join(run, "roles"))).toBe(false);
  });

  it("are whole: a file that cannot be copied leaves none, and the next time fetches all", () => {
    // What a link leads to is not there.
    rmSync(pack);
    symlinkSync("gone", pack);
    expect(take).toThrow("No such file");
    expect(existsSync(join(run, "roles"))).toBe(false);
    rmSync(pack);
    writeFileSync(pack, "an Ansible");
    take();
    expect(readFileSync(join(run, "roles/ansible-0123.tar.gz"), "utf8")).toBe("an Ansible");
  });

  it("replace those of another version only when they are whole", () => {
    take();
    cpSync(join(share, "software/new"), join(share, "software/newer"), { recursive: true });
    writeFileSync(join(share, "current/software"), "newer\n");
    writeFileSync(join(share, "software/newer/hash"), "newer\n");
    symlinkSync("gone", join(share, "software/newer/site.yml"));
    expect(take).toThrow("No such file");
    expect(readFileSync(join(run, "roles/hash"), "utf8")).toBe("new\n");
    rmSync(join(share, "software/newer/site.yml"));
    take();
    expect(readFileSync(join(run, "roles/hash"), "utf8")).toBe("newer\n");
  });
});
