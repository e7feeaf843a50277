import { App, TerraformOutput, TerraformStack } from "cdktf";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { literal } from "../../lib/clouds/terraform-text";

/** What Terraform makes of these texts when they are outputs of a stack that cdktf has synthesized. */
function throughTerraform(texts: readonly string[]): string[] {
  const directory = mkdtempSync(join(tmpdir(), "terraform-text-"));
  try {
    const app = new App({ outdir: join(directory, "cdktf.out"), stackTraces: false });
    const stack = new TerraformStack(app, "text");
    texts.forEach((text, k) => new TerraformOutput(stack, `o${k}`, { value: literal(text) }));
    app.synth();
    const code = execFileSync("cat", [join(directory, "cdktf.out/stacks/text/cdk.tf.json")], { encoding: "utf8" });
    const { output } = JSON.parse(code) as { output: unknown };
    writeFileSync(join(directory, "main.tf.json"), JSON.stringify({ output }));
    const terraform = (...args: string[]) =>
      execFileSync("terraform", args, {
        cwd: directory,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
        maxBuffer: 64 << 20,
      });
    terraform("apply", "-auto-approve", "-input=false");
    const values = JSON.parse(terraform("output", "-json")) as Record<string, { value: string }>;
    return texts.map((_, k) => values[`o${k}`]?.value ?? "missing");
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Terraform writes text in Unicode's normal form C, whatever it was given. */
const normal = (text: string) => text === text.normalize("NFC");

describe("text that is meant literally", () => {
  it("comes out of Terraform as it went in, however many signs of templates are in it", () => {
    const signs = fc.constantFrom(
      "$",
      "%",
      "{",
      "}",
      "${",
      "%{",
      "$${",
      "~",
      '"',
      "\\",
      "\n",
      "'",
      "x",
      "${self.id}",
      "%{ if true }",
    );
    const texts = fc.oneof(
      fc.array(signs, { maxLength: 10 }).map((parts) => parts.join("")),
      fc.tuple(fc.string({ unit: "grapheme" }).filter(normal), signs).map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(fc.array(texts.filter(normal), { minLength: 300, maxLength: 300 }), (all) => {
        expect(throughTerraform(all)).toEqual(all);
      }),
      { numRuns: 3 },
    );
  });

  it("is left alone where it means nothing to Terraform", () => {
    expect(literal('echo "$HOME" 100% {a}')).toBe('echo "$HOME" 100% {a}');
  });
});
