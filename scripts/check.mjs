// Runs every check of a level (fast, all, long), goes on after a failure, and sums up what the test runners themselves reported.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
mkdirSync(".build", { recursive: true });
const reports = mkdtempSync(".build/reports-");

const jest = (name, ...options) => ({
  title: `jest: ${name} tests`,
  command: ["npx", "jest", "--selectProjects", name, ...options, "--json", `--outputFile=${reports}/${name}.json`],
  report: `${reports}/${name}.json`,
});
// What a test that was ended has left open must not keep the runner from its end.
const ending = "--forceExit";
// Another check of this checkout may be writing the same caches.
const cached = (part) => ["flock", ".build/caches.lock", "npm", "run", "--silent", part];
// Linters of Ansible and YAML come from PyPI, in a venv of their own.
const LINTERS = ["ansible-lint==25.9.2", "yamllint==1.37.1"];
const bash = (...commands) => ["bash", "-ec", commands.join("\n")];

const image = { title: "node image", command: ["node", "dist/cli/main.js", "image", "build"] };
const fast = [
  { title: "format", command: cached("format:check") },
  { title: "lint", command: cached("lint") },
  { title: "types", command: cached("types") },
  { title: "unused code", command: ["npm", "run", "--silent", "knip"] },
  {
    title: "shellcheck",
    command: bash(
      "shellcheck -x quickstart check .ci/run scripts/prerequisites.sh images/node/*.sh ansible/roles/metadata_guard/files/metadata-guard",
    ),
  },
  jest("fast", "--maxWorkers=100%"),
];
const real = [
  {
    title: "ansible-lint and yamllint",
    command: bash(
      "venv=.build/linters",
      "exec 8>>$venv.lock; flock 8",
      `[ -x $venv/bin/ansible-lint ] || { python3 -m venv $venv; $venv/bin/pip install --quiet ${LINTERS.join(" ")}; }`,
      "exec 8>&-",
      'export PATH="$PWD/$venv/bin:$PATH"',
      "yamllint --strict -c ansible/.yamllint ansible",
      "cd ansible && ansible-lint --offline --strict --nocolor",
    ),
  },
  image,
  // Each has a place of its own on the machine, and waits for most of its time: two take 0.6 of the time of one by one.
  jest("real", "--maxWorkers=2", ending),
];
const levels = { fast, all: [...fast, ...real], long: [image, jest("long", "--runInBand", ending)] };
const parts = levels[process.argv[2] ?? "all"];
if (parts === undefined) throw new Error(`a level is one of ${Object.keys(levels).join(", ")}`);

const failed = [];
const totals = { passed: 0, failed: 0, skipped: 0 };
for (const { title, command, report } of parts) {
  console.log(`\n\u001b[1m==> ${title}\u001b[0m`);
  const started = Date.now();
  const { status } = spawnSync(command[0], command.slice(1), {
    stdio: "inherit",
    env: { ...process.env, CHECKPOINT_DISABLE: "1" },
  });
  console.log(`    ${status === 0 ? "ok" : "FAILED"} after ${Math.round((Date.now() - started) / 1000)} s`);
  if (status !== 0) failed.push(title);
  if (report === undefined) {
    totals[status === 0 ? "passed" : "failed"] += 1;
    continue;
  }
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numRuntimeErrorTestSuites } = JSON.parse(
      readFileSync(report, "utf8"),
    );
    totals.passed += numPassedTests;
    totals.failed += numFailedTests + numRuntimeErrorTestSuites;
    totals.skipped += numPendingTests;
  } catch {
    totals.failed += 1; // The runner died before it could report.
  }
}

rmSync(reports, { recursive: true });
if (failed.length > 0) console.log(`\nfailed: ${failed.join(", ")}`);
console.log(
  `\n${totals.passed} passed, ${totals.failed} failed${totals.skipped > 0 ? `, ${totals.skipped} skipped` : ""}`,
);
process.exit(failed.length > 0 ? 1 : 0);
