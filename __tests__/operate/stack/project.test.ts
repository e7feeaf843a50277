import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProject } from "../../../lib/operate/stack/project";

const ENV = { PATH: process.env["PATH"] };

let directory: string;
beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), "ohpc-project-")));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

function project(config: object = {}): void {
  writeFileSync(join(directory, "cdktf.json"), JSON.stringify({ app: "node app.js", ...config }));
}

describe("finding the project", () => {
  it("looks in the directory and above it", () => {
    project();
    mkdirSync(join(directory, "a/b"), { recursive: true });
    expect(findProject(join(directory, "a/b"), ENV)).toMatchObject({ directory, output: join(directory, "cdktf.out") });
  });

  it("respects where the output is to lie", () => {
    project({ output: "made" });
    expect(findProject(directory, ENV).output).toBe(join(directory, "made"));
    expect(findProject(directory, { ...ENV, CDKTF_OUTDIR: "elsewhere" }).output).toBe(join(directory, "elsewhere"));
    expect(findProject(directory, { ...ENV, CDKTF_OUTDIR: "/abs" }).output).toBe("/abs");
  });

  it("says where it looked", () => {
    expect(() => findProject(directory, ENV)).toThrow(`there is no cdktf.json in ${directory} or above it`);
  });

  it("refuses a cdktf.json without an app", () => {
    for (const [text, wrong] of [
      ["{}", "app"],
      ['{"app":"","output":5}', "app, output"],
      ["[]", "it is no object"],
    ] as const) {
      writeFileSync(join(directory, "cdktf.json"), text);
      // One line: what shows it would escape the end of another.
      expect(() => findProject(directory, ENV)).toThrow(`${join(directory, "cdktf.json")} is not right: ${wrong}`);
    }
    writeFileSync(join(directory, "cdktf.json"), "{");
    expect(() => findProject(directory, ENV)).toThrow(/is not JSON/);
  });
});
