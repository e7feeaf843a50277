import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(__dirname, "..");
const documents = [
  "README.md",
  "CONTRIBUTING.md",
  ...readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

/** The fenced blocks of one language in a document. */
function blocks(document: string, language: string): string[] {
  const text = readFileSync(join(root, document), "utf8");
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm"))].map(
    (match) => match[1] ?? "",
  );
}

describe("the documents", () => {
  it("show TypeScript that compiles", () => {
    const folder = mkdtempSync(join(root, "__tests__", "docs-"));
    try {
      const all = documents.flatMap((document) => blocks(document, "ts").map((code) => ({ document, code })));
      expect(all.length).toBeGreaterThan(0);
      all.forEach(({ code }, n) => {
        writeFileSync(join(folder, `block-${n}.ts`), `${code}\nexport {};\n`);
      });
      writeFileSync(
        join(folder, "tsconfig.json"),
        JSON.stringify({ extends: "../../tsconfig.json", compilerOptions: { baseUrl: "../.." }, include: ["*.ts"] }),
      );
      execFileSync(process.execPath, [require.resolve("typescript/bin/tsc"), "-p", folder], {
        encoding: "utf8",
        stdio: "pipe",
      });
    } catch (error) {
      throw new Error((error as { stdout?: string }).stdout ?? String(error), { cause: error });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }, 120_000);

  it("link to files that exist", () => {
    const broken = documents.flatMap((document) => {
      const text = readFileSync(join(root, document), "utf8");
      const targets = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)].map((match) => match[1] ?? "");
      return targets
        .filter((target) => !exists(join(root, document, "..", target)))
        .map((target) => `${document}: ${target}`);
    });
    expect(broken).toEqual([]);
  });
});

function exists(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EISDIR";
  }
}
