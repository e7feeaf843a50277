import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { localPlatform } from "../../lib/cli/local-platform";
import { program } from "../../lib/cli/program";
import { VERBS } from "../../lib/cli/verbs";
import { stockImage } from "../../lib/images/image";
import { vendorPlatform } from "../../lib/operate/deploy/vendor-platform";
import { expectGolden } from "../support/golden";
import { sampleSpec } from "../support/sample-cluster";

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

  it("of up tells the patience that it has", () => {
    const stack = mkdtempSync(join(tmpdir(), "patience-"));
    try {
      writeFileSync(join(stack, "cluster.json"), JSON.stringify(sampleSpec()));
      const local = (image: string) => {
        writeFileSync(join(stack, "cdk.tf.json"), JSON.stringify({ image }));
        const { patience } = localPlatform(
          { name: "demo", directory: stack, dependencies: [], warnings: [] },
          undefined,
        );
        return patience.toSeconds() / 60;
      };
      const elsewhere = vendorPlatform({}).patience.toSeconds() / 60;
      const told = help("up", "--help").replaceAll(/\s+/g, " ");
      expect(told).toContain(`(default: ${elsewhere}; on local clusters from the node image ${local("any")})`);
      expect(local(stockImage())).toBe(elsewhere);
    } finally {
      rmSync(stack, { recursive: true });
    }
  });

  it("loads only the code of the verb that is asked for", () => {
    const options = (name: string) =>
      program(["up"]).commands.find((command) => command.name() === name)?.options.length;
    expect(options("up")).toBeGreaterThan(0);
    expect(options("destroy")).toBe(0);
  });
});
