// npm test: everything that needs nothing but Node, and ends at the first part that fails.
//
//   npm test                                     format, lint, types, fast tests, unused code
//   npm test -- __tests__/slurm -t "folds"       only fast tests, and of them those that are named, as jest takes it
import { spawnSync } from "node:child_process";

const named = process.argv.slice(2);
const parts =
  named.length > 0
    ? [["jest", "--", ...named]]
    : ["format:check", "lint", "types", "jest", "knip"].map((part) => [part]);
for (const part of parts) {
  const { status } = spawnSync("npm", ["run", "--silent", ...part], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
