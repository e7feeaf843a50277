// Compiles lib/ into dist/ and copies the programs that travel with it (all but *.ts).
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");
rmSync(dist, { recursive: true, force: true });
execFileSync(
  process.execPath,
  [createRequire(import.meta.url).resolve("typescript/bin/tsc"), "-p", join(root, "tsconfig.build.json")],
  { stdio: "inherit" },
);

const lib = join(root, "lib");
for (const entry of readdirSync(lib, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name);
  if (entry.isFile() && !entry.name.endsWith(".ts")) cpSync(path, join(dist, relative(lib, path)));
}
chmodSync(join(dist, "cli", "main.js"), 0o755);
