import { spawnSync } from "node:child_process";
import { join } from "node:path";

const root = join(__dirname, "..");

function run(command: string, ...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: "utf8" });
  return { status, stdout, stderr };
}

describe("npm test", () => {
  it("with a path runs the fast tests of that path and nothing else", () => {
    const { status, stdout } = run("npm", "--silent", "test", "--", "__tests__/units/", "--listTests");
    const tests = stdout.split("\n").filter((line) => line.endsWith(".test.ts"));
    expect([status, tests]).toEqual([0, [join(root, "__tests__/units/units.test.ts")]]);
  });
});

describe("./check", () => {
  it.each([[["everything"]], [["fast", "long"]]])("does not guess what is meant by %j", (args) => {
    const { status, stderr } = run("./check", ...args);
    expect([status, stderr]).toEqual([2, expect.stringContaining("./check long")]);
  });

  it("tells its levels when it is asked", () => {
    expect(run("./check", "--help")).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^Every test.*fast.*long/s) as string,
    });
  });
});
