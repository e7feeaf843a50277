// Runs every check, goes on after a failure, and sums up what the test runners themselves reported.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
const reports = ".build/reports";
rmSync(reports, { recursive: true, force: true });
mkdirSync(reports, { recursive: true });

const jest = (name, ...options) => ({
  title: `jest: ${name} tests`,
  command: ["npx", "jest", "--selectProjects", name, ...options, "--json", `--outputFile=${reports}/${name}.json`],
  report: `${reports}/${name}.json`,
});
// Linters of Ansible and YAML come from PyPI, in a venv of their own.
const LINTERS = ["ansible-lint==25.9.2", "yamllint==1.37.1"];
const python = (...commands) => ["bash", "-ec", commands.join("\n")];

const fast = [
  { title: "format", command: ["npm", "run", "--silent", "format:check"] },
  { title: "lint", command: ["npm", "run", "--silent", "lint"] },
  { title: "types", command: ["npm", "run", "--silent", "types"] },
  { title: "unused code", command: ["npm", "run", "--silent", "knip"] },
  {
    title: "shellcheck",
    command: [
      "bash",
      "-ec",
      "shellcheck -x quickstart check .ci/run scripts/prerequisites.sh images/node/*.sh ansible/roles/ohpc_node/files/ohpc-node-answer",
    ],
  },
  jest("fast"),
];
const real = [
  {
    title: "ansible-lint and yamllint",
    command: python(
      "venv=.build/linters",
      `[ -x $venv/bin/ansible-lint ] || { python3 -m venv $venv; $venv/bin/pip install --quiet ${LINTERS.join(" ")}; }`,
      'export PATH="$PWD/$venv/bin:$PATH"',
      "yamllint --strict -c ansible/.yamllint ansible",
      "cd ansible && ansible-lint --offline --strict --nocolor",
    ),
  },
  { title: "node image", command: ["node", "dist/cli/main.js", "image", "build"] },
  jest("real", "--runInBand"),
];

const failed = [];
const totals = { passed: 0, failed: 0, skipped: 0 };
for (const { title, command, report } of process.argv[2] === "fast" ? fast : [...fast, ...real]) {
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

if (failed.length > 0) console.log(`\nfailed: ${failed.join(", ")}`);
console.log(
  `\n${totals.passed} passed, ${totals.failed} failed${totals.skipped > 0 ? `, ${totals.skipped} skipped` : ""}`,
);
process.exit(failed.length > 0 ? 1 : 0);
