import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ChildResult } from "../exec/child";

/** What Terraform said the last time that it planned, and applied; values that it calls sensitive are not in it. */
export interface TerraformRun {
  readonly command: string;
  readonly text: string;
}

const NAME = /^ohpc-run-([a-z]+)\.log$/;

/** Keeps what a command of Terraform said, for whoever asks for it when something went wrong. */
export function rememberRun(
  stackDirectory: string,
  command: string,
  { exitCode, stderr, stdout }: Pick<ChildResult, "exitCode" | "stderr" | "stdout">,
): void {
  const directory = join(stackDirectory, ".terraform");
  mkdirSync(directory, { recursive: true });
  const text = `${stdout}${stderr}exit code ${exitCode}\n`;
  writeFileSync(join(directory, `ohpc-run-${command}.log`), text, { mode: 0o600 });
}

/** The last run of each command, none if Terraform never ran here. */
export function lastRuns(stackDirectory: string): readonly TerraformRun[] {
  const directory = join(stackDirectory, ".terraform");
  try {
    return readdirSync(directory)
      .sort()
      .flatMap((name) => {
        const command = NAME.exec(name)?.[1];
        return command === undefined ? [] : [{ command, text: readFileSync(join(directory, name), "utf8") }];
      });
  } catch {
    return [];
  }
}
