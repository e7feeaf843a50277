import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import { userData } from "../../lib/clouds/user-data";
import { type Boot, bootEnvironment } from "../../lib/model/boot";
import { introduction } from "../../lib/software/introduction";
import { introductionScript } from "../../lib/software/introduction-script";
import type { ProgramFile } from "../../lib/software/programs";

const BOOT: Boot = {
  cluster: "demo",
  role: "compute",
  master: { name: "master", address: "10.77.0.10" },
  bundle: { kind: "nfs", server: "10.77.0.10", export: "/srv/ohpc/bundle", path: "/srv/ohpc/bundle" },
};

/** What cloud-init would do with user-data of ours. */
interface CloudConfig {
  readonly write_files: readonly { readonly path: string; readonly permissions: string; readonly content: string }[];
  readonly runcmd?: readonly (readonly string[])[];
}

describe("machines that were there before", () => {
  const scratch = mkdtempSync(join(tmpdir(), "introduction-"));
  const root = join(scratch, "root");
  const log = join(scratch, "log");

  /** Programs of the machine that would change this one, or tell its name. */
  const programs: Readonly<Record<string, string>> = {
    systemctl: `case $1 in is-*) [ -e ${scratch}/started-"$3" ] ;; enable) shift 3; for u; do touch ${scratch}/started-"$u"; done; echo "start $*" >>${log} ;; *) echo "$*" >>${log} ;; esac`,
    uname: "echo cpu-1.example.org",
  };

  beforeEach(() => {
    mkdirSync(join(scratch, "bin"), { recursive: true });
    for (const [name, text] of Object.entries(programs)) {
      writeFileSync(join(scratch, "bin", name), `#!/bin/sh\n${text}\n`);
      chmodSync(join(scratch, "bin", name), 0o755);
    }
    mkdirSync(root);
    writeFileSync(log, "");
  });
  afterEach(() => {
    rmSync(scratch, { recursive: true });
  });

  const below = (file: ProgramFile): ProgramFile => ({ ...file, path: join(root, file.path) });

  /** The introduction, in a folder instead of the root directory. */
  function introduce(boot: Boot = BOOT, host = "cpu-1") {
    const { facts, programs: others, units } = introduction(boot.role, bootEnvironment(boot));
    const script = introductionScript({ facts: below(facts), programs: others.map(below), units });
    const { status, stdout, stderr } = spawnSync("bash", ["-s", "--", host, boot.cluster, boot.role], {
      input: script,
      encoding: "utf8",
      env: { PATH: `${scratch}/bin:${process.env["PATH"] ?? ""}` },
    });
    return { status, stderr, said: stdout.split("\n").filter((line) => line !== "") };
  }

  function contentOf(path: string): string {
    return readFileSync(join(root, path), "utf8");
  }

  it.each(["compute", "master"] as const)(
    "get over SSH what user-data would bring a new one, and start what it would start: role %s",
    (role) => {
      const boot = { ...BOOT, role };
      expect(introduce(boot)).toMatchObject({ status: 0, stderr: "" });
      const config = parse(userData(boot)) as CloudConfig;
      const written = execFileSync("find", [".", "-type", "f"], { cwd: root, encoding: "utf8" }).trim().split("\n");
      expect(written.map((path) => path.slice(1)).sort()).toEqual(config.write_files.map(({ path }) => path).sort());
      for (const { path, permissions, content } of config.write_files) {
        expect([path, contentOf(path)]).toEqual([path, content]);
        expect((statSync(join(root, path)).mode & 0o7777).toString(8)).toBe(permissions.replace(/^0/, ""));
      }
      const started = (config.runcmd ?? []).flatMap(([, , , ...units]) => units.map((unit) => `start ${unit}`));
      expect(
        readFileSync(log, "utf8")
          .split("\n")
          .filter((line) => line.startsWith("start ")),
      ).toEqual(started);
      expect(started).toHaveLength(role === "compute" ? 2 : 0);
    },
  );

  it("are not touched by a second introduction", () => {
    expect(introduce().said).toHaveLength(9);
    const inodes = () => execFileSync("find", [".", "-printf", "%p %i %T@\n"], { cwd: root, encoding: "utf8" });
    const before = inodes();
    writeFileSync(log, "");
    expect(introduce()).toEqual({ status: 0, stderr: "", said: [] });
    expect([inodes(), readFileSync(log, "utf8")]).toEqual([before, ""]);
  });

  it("get back only what is otherwise, and what runs reads it again", () => {
    introduce();
    writeFileSync(join(root, "/usr/lib/ohpc/ohpc-node"), "another");
    chmodSync(join(root, "/etc/systemd/system/ohpc-node.timer"), 0o600);
    writeFileSync(log, "");
    expect(introduce().said).toEqual([
      `wrote ${root}/usr/lib/ohpc/ohpc-node`,
      `wrote ${root}/etc/systemd/system/ohpc-node.timer`,
    ]);
    const units = ["ohpc-node.timer", "ohpc-node-answer.socket"];
    expect(readFileSync(log, "utf8").trim().split("\n")).toEqual([
      "daemon-reload",
      ...units.map((unit) => `restart ${unit}`),
    ]);
    rmSync(join(scratch, "started-ohpc-node.timer"));
    expect(introduce().said).toEqual(["started ohpc-node.timer"]);
  });

  it("are told where their master is now", () => {
    introduce();
    const moved = { ...BOOT, master: { name: "master", address: "10.77.0.20" } };
    expect(introduce(moved).said).toEqual([`wrote ${root}/etc/ohpc/boot.env`]);
    expect(contentOf("/etc/ohpc/boot.env")).toContain("OHPC_MASTER_ADDRESS=10.77.0.20\n");
  });

  it("are left alone when they have another name than the cluster gives them", () => {
    const { status, stderr, said } = introduce(BOOT, "cpu-2");
    expect([status, said]).toEqual([1, []]);
    expect(stderr).toMatch(/^it is called cpu-1, not cpu-2: rename it \(hostnamectl set-hostname cpu-2\), or /);
    expect(execFileSync("ls", ["-A", root], { encoding: "utf8" })).toBe("");
  });

  it.each<[string, Partial<Boot>, string]>([
    ["a node of another cluster", { cluster: "other" }, "it is of the cluster other already (compute): "],
    ["a master", { role: "master" }, "it is of the cluster demo already (master): "],
  ])("are left alone when they are %s", (_, other, told) => {
    introduce({ ...BOOT, ...other });
    const before = contentOf("/etc/ohpc/boot.env");
    const { status, stderr, said } = introduce();
    expect([status, said]).toEqual([1, []]);
    expect(stderr).toContain(told);
    expect(contentOf("/etc/ohpc/boot.env")).toBe(before);
  });

  it("never have half of a file, nor one that somebody else's link leads to", () => {
    const { content } = introduction("compute", bootEnvironment(BOOT)).facts;
    const path = join(root, "/etc/ohpc/boot.env");
    mkdirSync(dirname(path), { recursive: true });
    for (const text of ["kept\n", content]) {
      const target = join(scratch, "elsewhere");
      writeFileSync(target, text);
      execFileSync("ln", ["-sf", target, path]);
      expect(introduce().said).toContain(`wrote ${path}`);
      expect([readFileSync(target, "utf8"), lstatSync(path).isFile(), readFileSync(path, "utf8")]).toEqual([
        ...[text, true, content],
      ]);
    }
  });

  it("get texts as they are, whatever is in them", () => {
    const content = "$HOME `id` \\ 'a' \"b\"\nOHPC_END\n\n  OHPC_END_\nOHPC_END_\n";
    const odd = { path: join(root, "odd"), mode: "0600", content };
    const { facts } = introduction("master", {});
    const script = introductionScript({ facts: below(facts), programs: [odd], units: [] });
    execFileSync("bash", ["-s", "--", "cpu-1", "demo", "master"], {
      input: script,
      env: { PATH: `${scratch}/bin:${process.env["PATH"] ?? ""}` },
    });
    expect(contentOf("odd")).toBe(content);
  });
});
