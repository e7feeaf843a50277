import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ChangePlan } from "../../../lib/operate/plan/change-plan";
import { type PlanFileInput, readPlanFile, treatmentOf, writePlanFile } from "../../../lib/operate/plan/plan-file";
import { Duration } from "../../../lib/units";
import { PretendedStack } from "../../support/pretended-stack";
import { thrownBy } from "../../support/thrown-by";

const PLAN: ChangePlan = {
  stack: "demo",
  cluster: "demo",
  command: "ohpc up demo",
  changes: true,
  effect: "live",
  resources: [],
  steps: [],
  files: [],
  settings: [],
  actions: [],
  byHand: [],
  hit: { jobs: [], users: [], nodes: [], data: [] },
  order: [],
  asks: [],
  scopes: ["node cpu-2"],
  uncovered: [],
  left: [],
  unknown: [],
};

describe("a plan's file", () => {
  let folder: string;
  let stack: PretendedStack;
  const file = () => join(folder, "demo.plan");

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "plan-"));
    stack = new PretendedStack();
    stack.program("terraform", `case "$*" in *pull*) echo '{"lineage":"abc","serial":7}' ;; esac`);
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
    stack.remove();
  });

  async function write(path = file()): Promise<string> {
    const directory = join(stack.directory, "cdktf.out", "stacks", "demo");
    const made = { name: "demo", directory, dependencies: [], warnings: [] };
    const saved = join(folder, "tfplan");
    writeFileSync(saved, "binary\u0000plan");
    const input = {
      prepared: {
        project: undefined,
        platform: undefined,
        stack: made,
        planned: {
          stack: made,
          plan: { file: saved, changesAnything: true },
          missing: [],
          stopped: ["cpu-2", "cpu-1"],
        },
      },
      ahead: { steps: [] },
      plan: PLAN,
      options: { treatment: { kind: "wait", limit: Duration.hours(2) }, batch: 2 },
      env: stack.env,
    };
    return writePlanFile(path, input as unknown as PlanFileInput);
  }

  it("is read as it was written, by its owner alone", async () => {
    expect(await write()).toBe(file());
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    const { content, id } = readPlanFile(file());
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    expect(content).toMatchObject({
      stack: "demo",
      batch: 2,
      terraform: { backend: "local", state: { lineage: "abc", serial: 7 } },
      seen: { missing: [], stopped: ["cpu-1", "cpu-2"], steps: {} },
      plan: { scopes: ["node cpu-2"] },
    });
    expect(Buffer.from(content.terraform.plan ?? "", "base64").toString()).toBe("binary\u0000plan");
    expect(treatmentOf(content)).toEqual({ kind: "wait", limit: Duration.hours(2) });
  });

  it("takes the place of an older one at once, and leaves nothing half written behind", async () => {
    writeFileSync(file(), "older", { mode: 0o644 });
    await write();
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    mkdirSync(join(folder, "taken"));
    await expect(write(join(folder, "taken"))).rejects.toMatchObject({
      kind: "usage",
      details: { code: "plan.unwritable" },
    });
    expect(readdirSync(folder).sort()).toEqual(["demo.plan", "taken", "tfplan"]);
  });

  it.each<[string, (path: string, text: string) => void, string]>([
    ["is not there", () => undefined, "ENOENT"],
    [
      "is a directory",
      (path) => {
        mkdirSync(path);
      },
      "it is no file",
    ],
    ["is a pipe that nobody writes into", (path) => execFileSync("mkfifo", [path]), "it is no file"],
    [
      "is a device that never ends",
      (path) => {
        symlinkSync("/dev/zero", path);
      },
      "it is no file",
    ],
    [
      "is not JSON",
      (path) => {
        writeFileSync(path, "{");
      },
      "it is not JSON",
    ],
    [
      "is something else",
      (path) => {
        writeFileSync(path, "[]");
      },
      "it has no schema",
    ],
    [
      "has more than it may",
      (path, text) => {
        writeFileSync(path, text.replace('"batch": 2', '"batch": -1, "run": "rm"'));
      },
      "wrong: batch",
    ],
  ])("that %s is refused with the reason", async (_, spoil, why) => {
    await write();
    const text = readFileSync(file(), "utf8");
    rmSync(file());
    spoil(file(), text);
    expect(thrownBy(() => readPlanFile(file()))).toMatchObject({
      kind: "usage",
      message: expect.stringContaining(why) as string,
      details: { code: "plan.unreadable" },
    });
  });

  it("of a newer version is refused", async () => {
    await write();
    writeFileSync(file(), readFileSync(file(), "utf8").replace('"schema": 1', '"schema": 2'));
    expect(thrownBy(() => readPlanFile(file()))).toMatchObject({ kind: "usage", details: { code: "plan.newer" } });
  });
});
