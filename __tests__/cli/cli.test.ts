import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const MAIN = join(__dirname, "..", "..", "lib", "cli", "main.ts");
const TSX = require.resolve("tsx/cjs");

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

let directory: string;
beforeAll(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), "ohpc-cli-")));
  mkdirSync(join(directory, "empty"));
  project("app", WRITES_STACKS);
  project(
    "problems",
    `class ConfigurationError extends Error { name = "ConfigurationError" }
     throw new ConfigurationError('ComputePool "demo/cpu" cannot be built:\\n  - nodes is 0, but must be a whole number from 1 to 10000')`,
  );
});
afterAll(() => {
  rmSync(directory, { recursive: true });
});

/** What cdktf writes: one stack with a cluster, and one without. */
const WRITES_STACKS = `
  const fs = require("fs"), out = process.env.CDKTF_OUTDIR;
  const stack = (name) => ({ name, dependencies: [], annotations: [], workingDirectory: "stacks/" + name });
  for (const name of ["demo", "net"]) {
    fs.mkdirSync(out + "/stacks/" + name, { recursive: true });
    fs.writeFileSync(out + "/stacks/" + name + "/cdk.tf.json", "{}");
  }
  fs.writeFileSync(out + "/manifest.json", JSON.stringify({ stacks: { demo: stack("demo"), net: stack("net") } }));`;

function project(name: string, app: string): void {
  mkdirSync(join(directory, name), { recursive: true });
  writeFileSync(join(directory, name, "app.js"), app);
  writeFileSync(join(directory, name, "cdktf.json"), JSON.stringify({ app: "node app.js" }));
}

async function ohpc(where: string, ...args: string[]): Promise<Outcome> {
  return outcomeOf(where, process.execPath, ["-r", TSX, MAIN, ...args]);
}

/** @param rest of bash's line, e.g. where the output goes */
async function ohpcInto(rest: string, where: string, ...args: string[]): Promise<Outcome> {
  return outcomeOf(where, "bash", ["-c", `"$0" "$@" ${rest}`, process.execPath, "-r", TSX, MAIN, ...args]);
}

async function outcomeOf(where: string, program: string, args: readonly string[]): Promise<Outcome> {
  const cwd = join(directory, where);
  const env = { ...process.env, XDG_STATE_HOME: join(directory, "state") };
  const child = spawn(program, args, { cwd, env });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (text: Buffer) => (stdout += text.toString()));
  child.stderr.on("data", (text: Buffer) => (stderr += text.toString()));
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, stdout, stderr };
}

describe("ohpc", () => {
  it.each([
    ["suggests the nearest verb", "empty", ["upp", "demo"], "there is no verb 'upp'", "did you mean up?"],
    ["says where it looked for a project", "empty", ["up", "demo"], "there is no cdktf.json in", "go to the directory"],
    ["suggests the nearest stack", "app", ["up", "dmeo"], 'the app has no stack "dmeo"', 'did you mean "demo"?'],
    [
      "says that a stack has no cluster",
      "app",
      ["destroy", "net"],
      "there is no cluster in the stack net",
      "OpenHpcMaster",
    ],
    [
      "refuses what is no number",
      "app",
      ["smoke", "demo", "hpl", "--nodes", "two"],
      "--nodes <n>",
      "whole number from 1",
    ],
    [
      "refuses what is no length of time",
      "app",
      ["drain", "demo", "cpu-1", "--reason", "fan", "--wait", "soon"],
      "--wait <duration>",
      "2h or 1d",
    ],
    ["refuses to drain without a reason", "app", ["drain", "demo", "cpu-1"], "--reason <text>", "ohpc --help"],
    [
      "refuses a reason that is more than a line",
      "app",
      ["drain", "demo", "cpu-1", "--reason", "fan\nState=IDLE"],
      "the reason must be one line",
      "--reason",
    ],
    [
      "refuses a proof that it has not",
      "app",
      ["smoke", "demo", "hpcg"],
      "Allowed choices are hello, hpl",
      "ohpc --help",
    ],
    ["misses a stack", "app", ["status"], "missing required argument 'stack'", "ohpc --help"],
  ])("%s, and ends with 2", async (_, where, args, message, remedy) => {
    const { code, stdout, stderr } = await ohpc(where, ...args);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) as string });
    expect(stderr).toContain(remedy);
    expect(stdout).not.toContain("error");
  });

  it("tells the problems of a configuration as they are, without a stack trace", async () => {
    const { code, stderr } = await ohpc("problems", "up", "demo");
    expect(code).toBe(2);
    expect(stderr).toBe(
      'error: ComputePool "demo/cpu" cannot be built:\n' +
        "  - nodes is 0, but must be a whole number from 1 to 10000\n" +
        "  code   app.configuration\n",
    );
  });

  it("prints one document on standard output when it is asked for JSON, and progress on standard error", async () => {
    const { code, stdout, stderr } = await ohpc("problems", "up", "demo", "--json");
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toEqual({
      ok: false,
      exitCode: 2,
      error: { kind: "usage", code: "app.configuration", message: expect.stringContaining("nodes is 0") as string },
    });
    expect(stderr).toContain("- Synthesize ...");
  });

  it("prints no document of its own where another program is asked for JSON", async () => {
    const { code, stdout } = await ohpc("app", "ssh", "dmeo", "--", "sinfo", "--json");
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });

  it("shows what a verb misses", async () => {
    const { code, stderr } = await ohpc("empty", "image");
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("Usage: ohpc image") as string });
  });

  it("goes on to its end when nobody reads any more", async () => {
    const { code, stderr } = await ohpcInto("| true; exit ${PIPESTATUS[0]}", "app", "destroy", "net");
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(/^error: there is no cluster/) as string,
    });
    expect(await ohpcInto("2>&1 | true; exit ${PIPESTATUS[0]}", "app", "list")).toMatchObject({ code: 0, stderr: "" });
  });

  it("tells that what it says could not be written", async () => {
    const { code, stderr } = await ohpcInto(">/dev/full", "app", "list");
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/^error: not all .*ENOSPC.*\n$/) as string,
    });
  });

  it("shows what there is when it is asked for nothing, and ends with 2", async () => {
    const { code, stderr } = await ohpc("empty");
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("Usage: ohpc VERB STACK") as string });
  });

  it("prints help and version, and ends with 0", async () => {
    const [root, verb, version] = await Promise.all([
      ohpc("empty", "--help"),
      ohpc("empty", "help", "up"),
      ohpc("empty", "--version"),
    ]);
    expect(root).toMatchObject({ code: 0, stderr: "", stdout: expect.stringContaining("Exit codes:") as string });
    expect(verb).toMatchObject({ code: 0, stdout: expect.stringContaining("Usage: ohpc up") as string });
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
