import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { software, takeAnsible, unpackRoles } from "../../lib/operate/configure/steps/software";
import { packageRoot } from "../../lib/package/root";
import { filesIn } from "../../lib/software/content-hash";
import { nodeBootstrap } from "../../lib/software/programs";
import { softwareFiles, softwareHash } from "../../lib/software/roles";

const root = packageRoot();
const scratch = mkdtempSync(join(tmpdir(), "ohpc-software-"));
afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});

/** The hash in another checkout, in which something is added to a file. */
function hashWith(name: string, path: string, added = "\n# changed\n"): string {
  const folder = join(scratch, name);
  for (const part of ["ansible", "images"]) cpSync(join(root, part), join(folder, part), { recursive: true });
  writeFileSync(join(folder, path), readFileSync(join(folder, path), "utf8") + added);
  return softwareHash(folder);
}

describe("the hash of the software", () => {
  it("is the same in every checkout of one version", () => {
    expect(softwareHash()).toMatch(/^[0-9a-f]{16}$/);
    expect(hashWith("same", "ansible/site.yml", "")).toBe(softwareHash());
  });

  it.each([
    "ansible/roles/slurm/vars/Debian.yml",
    "ansible/roles/base/files/sshd.conf",
    "ansible/site.yml",
    "images/node/requirements.txt",
  ])("changes with %s", (path) => {
    expect(hashWith(path.replaceAll("/", "-"), path)).not.toBe(softwareHash());
  });

  it.each(["ansible/roles/in_container/tasks/main.yml", "ansible/layer.yml", "images/node/README.md"])(
    "does not change with %s, which no machine needs",
    (path) => {
      expect(hashWith(path.replaceAll("/", "-"), path)).toBe(softwareHash());
    },
  );
});

describe("the roles on a machine", () => {
  const folder = join(scratch, "roles");
  const unpack = (): void => {
    execFileSync("bash", ["-c", `set -euo pipefail\n${unpackRoles(folder, `'${softwareHash()}'`)}`]);
  };

  it("are all that the hash is of, unchanged", () => {
    unpack();
    const files = Object.fromEntries(
      filesIn(folder)
        .filter((path) => path !== "hash")
        .map((path) => [path, readFileSync(join(folder, path), "utf8")]),
    );
    expect(files).toEqual(softwareFiles());
    expect(files).toHaveProperty(["roles/slurm/vars/Debian.yml"]);
    expect(readFileSync(join(folder, "hash"), "utf8")).toBe(`${softwareHash()}\n`);
  });

  it("of another version go, an Ansible that was fetched stays", () => {
    writeFileSync(join(folder, "hash"), "another\n");
    writeFileSync(join(folder, "roles", "old.yml"), "");
    writeFileSync(join(folder, "ansible-0123.tar.gz"), "");
    unpack();
    expect(existsSync(join(folder, "roles", "old.yml"))).toBe(false);
    expect(existsSync(join(folder, "ansible-0123.tar.gz"))).toBe(true);
  });
});

describe("the Ansible that the master fetched", () => {
  const [from, folder] = [join(scratch, "fetched"), join(scratch, "share")];
  const [fetched, shared] = [join(from, "ansible-0123.tar.gz"), join(folder, "ansible-0123.tar.gz")];
  const take = (before = ""): void => {
    execFileSync("bash", ["-c", `set -euo pipefail\n${before}\n${takeAnsible(`'${folder}'`, from)}`], {
      stdio: "pipe",
    });
  };
  beforeEach(() => {
    for (const path of [from, folder]) mkdirSync(path);
  });
  afterEach(() => {
    for (const path of [from, folder]) rmSync(path, { recursive: true });
  });

  it("need not be there", () => {
    take();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("is for nodes, too, but never half of it", () => {
    writeFileSync(fetched, "x".repeat(5000));
    // No file may be larger than that.
    expect(() => {
      take("ulimit -f 1");
    }).toThrow();
    expect(existsSync(shared)).toBe(false);
    take();
    expect(readdirSync(folder)).toEqual(["ansible-0123.tar.gz"]);
    expect(readFileSync(shared, "utf8")).toHaveLength(5000);
  });

  it("is not written again while nodes may be reading it", () => {
    writeFileSync(fetched, "an Ansible");
    take();
    const before = statSync(shared, { bigint: true });
    take();
    expect(statSync(shared, { bigint: true })).toMatchObject({ ino: before.ino, mtimeNs: before.mtimeNs });
  });
});

describe("the step of the software", () => {
  it("looks without any program that a stock machine lacks", () => {
    const programs = join(scratch, "programs");
    execFileSync("bash", ["-c", `mkdir -p ${programs} && ln -s $(command -v head) $(command -v tr) ${programs}/`]);
    const printed = execFileSync("/bin/bash", ["-c", software.inspect], { env: { PATH: programs }, encoding: "utf8" });
    expect(JSON.parse(printed)).toEqual({ software: "" });
  });

  it("says what Ansible is doing, and nothing of what it prints between", () => {
    expect(software.progress?.("TASK [mpi : Install MPI] *********")).toBe("mpi : Install MPI");
    expect(software.progress?.("RUNNING HANDLER [base : Restart the SSH server] *****")).toBe(
      "base : Restart the SSH server",
    );
    expect(software.progress?.("changed: [localhost]")).toBeUndefined();
  });
});

describe("what stock machines get by user-data", () => {
  it("are the very files that the role of the node unit installs", () => {
    const folder = join(root, "ansible/roles/ohpc_node/files");
    expect(
      nodeBootstrap()
        .map(({ content }) => content)
        .sort(),
    ).toEqual(
      filesIn(folder)
        .map((name) => readFileSync(join(folder, name), "utf8"))
        .sort(),
    );
  });
});
