import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { BuildContainer } from "./container";

const CONF = "/etc/pip.conf";
const CERTIFICATES = "/usr/local/share/ca-certificates/package-index.pem";

/** Where packages come from, and what is needed to get there; other settings are this machine's own business. */
const KEYS = ["index-url", "extra-index-url", "trusted-host", "proxy", "cert"];

/** Has stock machines reach the package index as pip on this machine does: the address of a mirror, a proxy, certificates. */
export async function copyPipSettings(
  container: BuildContainer,
  { env, cache }: { readonly env: NodeJS.ProcessEnv; readonly cache: string },
): Promise<void> {
  const settings = await promisify(execFile)("python3", ["-m", "pip", "config", "list"], { env }).then(
    ({ stdout }) => pipSettings(stdout),
    () => new Map<string, string>(),
  );
  const certificates = settings.get("cert");
  if (certificates !== undefined) {
    if (existsSync(certificates)) await container.copy(certificates, CERTIFICATES);
    settings.set("cert", CERTIFICATES);
  }
  if (settings.size === 0) return;
  const scratch = mkdtempSync(join(cache, "pip-"));
  try {
    writeFileSync(join(scratch, "pip.conf"), pipConf(settings), { mode: 0o644 });
    await container.copy(join(scratch, "pip.conf"), CONF);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** Reads what `pip config list` prints: `global.index-url='…'`, `:env:.cert='…'`; what comes later goes before. */
export function pipSettings(printed: string): Map<string, string> {
  const lines = printed.split("\n").flatMap((line) => {
    const found = /^(?:global|install|download|:env:)\.(?<key>[a-z-]+)='(?<value>.*)'$/.exec(line)?.groups;
    return found === undefined ? [] : [[found["key"] ?? "", found["value"] ?? ""] as const];
  });
  return new Map(lines.filter(([key]) => KEYS.includes(key)));
}

export function pipConf(settings: ReadonlyMap<string, string>): string {
  // Several addresses are shown as one, with line ends between.
  const lines = [...settings].map(([key, value]) => `${key} = ${value.replaceAll("\\n", "\n  ")}\n`);
  return `[global]\n${lines.join("")}`;
}
