import { program } from "../../lib/cli/program";
import { VERBS } from "../../lib/cli/verbs";
import { expectGolden } from "../support/golden";

/** What `ohpc ARGS` prints when it only shows help. */
function help(...args: string[]): string {
  let text = "";
  const command = program(args);
  const output = { writeOut: (part: string) => (text += part), getOutHelpWidth: () => 100 };
  command.configureOutput(output);
  for (const child of command.commands) child.configureOutput(output);
  expect(() => command.parse(args, { from: "user" })).toThrow();
  return text;
}

describe("help", () => {
  it("names every verb, examples and exit codes", () => {
    expectGolden("cli/help.txt", help("--help"));
  });

  it.each(VERBS.map(({ name }) => name))("of %s shows its options, an example and its exit codes", (name) => {
    const text = help(name, "--help");
    expectGolden(`cli/${name}.txt`, text);
    expect(text).toMatch(new RegExp(`\\nExamples:\\n[^]*ohpc ${name}\\b[^]*\\nExit codes:\\n  0 +done\\n`));
  });

  it("loads only the code of the verb that is asked for", () => {
    const options = (name: string) =>
      program(["up"]).commands.find((command) => command.name() === name)?.options.length;
    expect(options("up")).toBeGreaterThan(0);
    expect(options("destroy")).toBe(0);
  });
});
