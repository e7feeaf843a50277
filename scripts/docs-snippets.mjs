// Writes the TypeScript that the documents show to .build/docs/, which tsconfig.json includes: one run of the compiler reads
// it with all the rest. A snippet stands on the lines that it has in its document, so that a complaint names the right one.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, ".build", "docs");
const documents = [
  "README.md",
  "CONTRIBUTING.md",
  ...readdirSync(join(root, "docs"), { recursive: true }).map((name) => `docs/${name}`),
];

const snippets = new Map();
for (const document of documents.filter((name) => name.endsWith(".md"))) {
  const text = readFileSync(join(root, document), "utf8");
  for (const { 1: code, index } of text.matchAll(/^```ts\n([\s\S]*?)^```/gm)) {
    const line = text.slice(0, index).split("\n").length;
    snippets.set(`${document.replaceAll("/", "-")}.${line}.ts`, `${"\n".repeat(line)}${code}export {};\n`);
  }
}
if (snippets.size === 0) throw new Error("the documents show no TypeScript: they did, or this no longer finds it");

mkdirSync(folder, { recursive: true });
for (const name of readdirSync(folder)) if (!snippets.has(name)) rmSync(join(folder, name));
for (const [name, code] of snippets) writeFileSync(join(folder, name), code);
