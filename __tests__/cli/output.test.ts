import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { shown } from "../../lib/cli/output";
import { paint } from "../../lib/cli/paint";
import { tableOf } from "../../lib/cli/table";

const LIB = join(__dirname, "..", "..", "lib");

/** Ways to a terminal, and the modules that may go them. */
const WAYS: readonly (readonly [what: RegExp, modules: readonly string[]])[] = [
  // What completion writes is read by a shell.
  [/\bstd(out|err)\.write\b/, ["cli/output.ts", "cli/completion.ts"]],
  [/\bstream\.write\b/, ["cli/output.ts"]],
  [/\bconsole\.(log|error|warn|info|debug|table)\(|\bwriteSync\(|\/dev\/(tty|std)|\bcreateWriteStream\(/, []],
  [/\bstdio: "inherit"/, ["cli/ssh.ts"]],
  [/\bcreateInterface\(/, ["cli/terminal.ts"]],
  [/\bnew Listr\(/, ["cli/live-progress.ts"]],
  // Of the streams themselves only what they are is of interest elsewhere, and where lines are to go.
  [
    /\bprocess\.std(out|err)\b(?!\.(isTTY|rows)\b)/,
    ["cli/output.ts", "cli/paint.ts", "cli/terminal.ts", "cli/main.ts", "cli/completion.ts"],
  ],
];

describe("the way to a terminal", () => {
  it("is one: no verb can write past it", () => {
    const sources = readdirSync(LIB, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
    const found = sources.flatMap((name) => {
      const code = readFileSync(join(LIB, name), "utf8").replace(/^\s*(\/\*|\*|\/\/).*$/gm, "");
      return WAYS.flatMap(([what, modules]) =>
        what.test(code) && !modules.includes(name) ? [`${name}: ${what}`] : [],
      );
    });
    expect(found).toEqual([]);
    expect(sources.length).toBeGreaterThan(100);
  });
});

describe("our own colours", () => {
  const { isTTY } = process.stdout;
  const environment = { ...process.env };
  beforeEach(() => {
    process.stdout.isTTY = true;
    process.env["TERM"] = "xterm";
    delete process.env["NO_COLOR"];
  });
  afterEach(() => {
    process.stdout.isTTY = isTTY;
    process.env = { ...environment };
  });

  it("stand around what is painted, which has none", () => {
    expect(shown(`a ${paint("red", "b\x1b[32m\n")} c`)).toBe("a \x1b[31mb\\x1b[32m\\n\x1b[39m c");
  });

  it("are none of those that a text brings along", () => {
    expect(shown("\x1b[31mred\x1b[39m")).toBe("\\x1b[31mred\\x1b[39m");
  });

  it("do not move the columns of a table, nor does what is in its cells", () => {
    const lines = tableOf(
      ["NAME", "STATE", "WHY"],
      [
        ["a", paint("green", "idle"), "x\ny"],
        ["b\x1b[31m", "down", "z".repeat(1000)],
      ],
    ).map((line) => shown(line));
    expect(lines).toHaveLength(3);
    // eslint-disable-next-line no-control-regex
    const plain = lines.map((line) => line.replace(/\x1b\[\d+m/g, ""));
    expect(plain.slice(0, 2)).toEqual(["NAME       STATE  WHY", "a          idle   x\\ny"]);
    expect(plain[2]).toMatch(/^b\\x1b\[31m {2}down {3}z{299}…$/);
    expect(lines[1]).toContain("\x1b[32midle\x1b[39m");
  });
});
