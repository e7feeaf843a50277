import type { Command } from "commander";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { completionScript, SHELLS } from "../../lib/cli/completion-script";
import { program } from "../../lib/cli/program";
import { projectValues } from "../../lib/cli/project-values";
import { VERBS } from "../../lib/cli/verbs";
import { sampleCluster } from "../support/sample-cluster";

const MAIN = join(__dirname, "..", "..", "lib", "cli", "main.ts");
const TSX = require.resolve("tsx/cjs");

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "completion-"));
  for (const shell of SHELLS) writeFileSync(join(scratch, shell), completionScript(shell, VERBS));
  const { spec, manifest: value } = sampleCluster();
  writeFileSync(join(scratch, "cdktf.json"), '{"app":"false"}');
  mkdirSync(join(scratch, "below"));
  for (const stack of ["demo", "earlier"]) {
    mkdirSync(join(scratch, "cdktf.out", "stacks", stack), { recursive: true });
    writeFileSync(join(scratch, "cdktf.out", "stacks", stack, "cluster.json"), JSON.stringify(spec));
    writeFileSync(
      join(scratch, "cdktf.out", "stacks", stack, "cdk.tf.json"),
      JSON.stringify({ output: { cluster: { value } } }),
    );
  }
  writeFileSync(
    join(scratch, "cdktf.out", "manifest.json"),
    JSON.stringify({ stacks: { demo: {}, "$(touch evil)": {}, "a b": {} } }),
  );
  // As long as nothing of a project is asked for, nothing is started.
  writeFileSync(
    join(scratch, "ohpc"),
    `#!/bin/sh\necho "$*" >>"${scratch}/started"\nexec "${process.execPath}" -r "${TSX}" "${MAIN}" "$@"\n`,
  );
  chmodSync(join(scratch, "ohpc"), 0o755);
});
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

const WORDS: Readonly<Record<(typeof SHELLS)[number], string>> = {
  bash: 'compopt() { echo "<$*>"; }; source "$0"; complete -p ohpc >/dev/null || exit; COMP_WORDS=(ohpc "$@") COMP_CWORD=$#; _ohpc; printf "%s\\n" "${COMPREPLY[@]}"',
  zsh: '_files() { echo "<files>"; }; compdef() { :; }; _describe() { print -l -- "${(@)found%%:*}"; }; source "$0"; words=(ohpc "$@"); CURRENT=$#words; _ohpc',
  fish: 'source $argv[1]; complete -C (string join " " -- ohpc $argv[2..])',
};

/** What a shell offers for the last of these words. */
function offered(shell: (typeof SHELLS)[number], ...words: readonly string[]): readonly string[] {
  const { stdout, stderr } = spawnSync(shell, ["-c", WORDS[shell], join(scratch, shell), ...words], {
    cwd: join(scratch, "below"),
    env: { ...process.env, HOME: scratch, XDG_CONFIG_HOME: scratch, PATH: `${scratch}:${process.env["PATH"] ?? ""}` },
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  return stdout
    .split("\n")
    .map((line) => line.split("\t")[0] ?? "")
    .filter((word) => word !== "");
}

describe.each(SHELLS)("completion in %s", (shell) => {
  // Not every machine has every shell.
  const here = spawnSync(shell, ["-c", "exit"]).status === 0 ? it : it.skip;

  here("offers every verb, and what every verb takes", () => {
    expect(offered(shell, "")).toEqual(expect.arrayContaining([...VERBS.map(({ name }) => name), "help"]));
    expect([...offered(shell, "s")].sort()).toEqual(["smoke", "ssh", "status", "stop"]);
    for (const { name } of VERBS) {
      const { options } = verb(name);
      const own = options.filter(({ hidden }) => !hidden).map(({ long }) => long);
      expect([...offered(shell, name, "--")].sort()).toEqual([...own, "--help"].sort());
    }
    expect([...offered(shell, "image", "")].sort()).toEqual(["build", "list", "prune"]);
    expect([...offered(shell, "image", "build", "--")].sort()).toEqual(["--help", "--json", "--stock"]);
    expect([...offered(shell, "users", "remove", "demo", "bob", "--home", "")].sort()).toEqual([
      "archive",
      "delete",
      "keep",
    ]);
  });

  here("offers the few words that an argument may be, and nothing after --", () => {
    expect(offered(shell, "smoke", "demo", "h")).toEqual(["hello", "hpl"]);
    expect([...offered(shell, "completion", "")].sort()).toEqual(["bash", "fish", "zsh"]);
    expect(offered(shell, "smoke", "demo", "hpl", "--nodes", "")).toEqual([]);
    expect(offered(shell, "ssh", "demo", "--", "")).toEqual([]);
    expect(spawnSync("cat", [join(scratch, "started")], { encoding: "utf8" }).stdout).toBe("");
  });

  here("leaves files to the shell, which knows how to quote their names", () => {
    mkdirSync(join(scratch, "below", "my files", "here"), { recursive: true });
    for (const [typed, found] of [
      ["my", "my files/"],
      ["my\\ files/", "my files/here/"],
    ] as const) {
      const files = offered(shell, "known-hosts", "demo", "--out", typed);
      expect(files).toEqual({ bash: ["<-o default>"], zsh: ["<files>"], fish: [found] }[shell]);
    }
  });

  here("offers the value of an option behind = as well", () => {
    // Bash makes three words of it.
    const words = (text: string) => (shell === "bash" ? text.split(/(?<==)|(?==)/) : [text]);
    const option = shell === "bash" ? "" : "--partition=";
    try {
      expect(offered(shell, "smoke", "demo", "hello", ...words("--partition=g"))).toEqual([`${option}gpu`]);
      expect(offered(shell, "smoke", "demo", "hello", ...words("--partition="))).toEqual([
        `${option}cpu`,
        `${option}gpu`,
      ]);
      expect(offered(shell, "ssh", ...words("--as=alice"), "demo", "gpu-")).toEqual(["gpu-1", "gpu-2"]);
    } finally {
      rmSync(join(scratch, "started"), { force: true });
    }
  });

  here("offers the project's stacks, hosts and users, from any directory below it", () => {
    try {
      expect(offered(shell, "up", "")).toEqual(["demo", "earlier"]);
      expect(offered(shell, "ssh", "demo", "gpu-")).toEqual(["gpu-1", "gpu-2"]);
      const users = sampleCluster().spec.users.users.map(({ name }) => name);
      expect(offered(shell, "smoke", "demo", "hello", "--user", "")).toEqual(users);
      expect(offered(shell, "users", "remove", "demo", "")).toEqual(users);
      expect(offered(shell, "users", "keys", "demo", "")).toEqual(users);
    } finally {
      rmSync(join(scratch, "started"), { force: true });
    }
  });
});

describe("what a project tells", () => {
  const values = (kind: Parameters<typeof projectValues>[0], stack = "demo") =>
    projectValues(kind, stack, join(scratch, "below"), {});

  it("is what its stacks have, as they were last synthesized, and only what a shell takes as it is", () => {
    expect(values("stacks")).toEqual(["demo", "earlier"]);
    expect(values("hosts")).toEqual(["master", "cpu-1", "cpu-2", "cpu-3", "cpu-4", "gpu-1", "gpu-2"]);
    expect(values("pools")).toEqual(["cpu", "gpu"]);
    expect(values("partitions")).toEqual(["cpu", "gpu"]);
  });

  it.each([
    ["there is no such stack", "demoo"],
    ["a stack is somewhere else", "../stacks/demo"],
  ])("is nothing where %s", (_, stack) => {
    expect(values("hosts", stack)).toEqual([]);
  });

  it("is nothing where there is no project", () => {
    expect(projectValues("stacks", "", tmpdir(), {})).toEqual([]);
  });

  it("needs no package but the one that reads the command line", () => {
    const noter = join(scratch, "noter.js");
    writeFileSync(noter, 'process.on("exit", () => console.log(Object.keys(require.cache).join("\\n")));');
    const args = ["-r", TSX, "-r", noter, MAIN, "completion", "bash", "--values", "stacks"];
    const loaded = execFileSync(process.execPath, args, { cwd: scratch, encoding: "utf8" }).split("\n");
    expect(loaded.slice(0, 2)).toEqual(["demo", "earlier"]);
    const packages = loaded.flatMap((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []);
    expect(
      [...new Set(packages)].filter((name) => !/^(tsx|esbuild|@esbuild|get-tsconfig|resolve-pkg-maps)$/.test(name)),
    ).toEqual(["commander"]);
  });
});

function verb(name: string): Command {
  const found = program([name]).commands.find((command) => command.name() === name);
  if (found === undefined) throw new Error(`there is no verb ${name}`);
  return found;
}
