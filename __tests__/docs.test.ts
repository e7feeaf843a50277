import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(__dirname, "..");
const documents = [
  "README.md",
  "CONTRIBUTING.md",
  ...["docs", "images"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".md"))
      .map((name) => `${folder}/${name}`),
  ),
].map((document) => ({ document, text: readFileSync(join(root, document), "utf8") }));

describe("the documents", () => {
  it("link to files that exist", () => {
    const broken = documents.flatMap(({ document, text }) => {
      const targets = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)].map((match) => match[1] ?? "");
      return targets
        .filter((target) => !existsSync(join(root, document, "..", target)))
        .map((target) => `${document}: ${target}`);
    });
    expect(documents.length).toBeGreaterThan(20);
    expect(broken).toEqual([]);
  });

  it("name files of the project that exist", () => {
    const gone = documents.flatMap(({ document, text }) => {
      const named = [...text.matchAll(/`((?:lib|__tests__|scripts|stacks|bench|images|ansible)\/[^`\s]*)`/g)];
      return named
        .map((match) => match[1] ?? "")
        .filter((path) => !/[<>*…{]/.test(path) && !existsSync(join(root, path)))
        .map((path) => `${document}: ${path}`);
    });
    expect(gone).toEqual([]);
  });
});
