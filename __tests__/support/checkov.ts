import type { TerraformStack } from "cdktf";
import { synthesize, type TerraformJson } from "cdktf-openhpc/testing";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pythonPrograms } from "./python";

/** Something that checkov would have otherwise: where, and why it is as it is. */
export interface Skipped {
  readonly of: RegExp;
  readonly because: string;
}

interface Report {
  readonly summary: { readonly passed: number; readonly parsing_errors: number };
  readonly results: {
    readonly failed_checks: readonly {
      readonly check_id: string;
      readonly check_name: string;
      readonly resource: string;
      readonly file_path: string;
    }[];
  };
}

/**
 * What checkov finds in stacks must be what is skipped, by the id of the check, and nothing else.
 *
 * @param atLeast checks that pass: fewer of them, and checkov has not looked
 */
export function describeCheckov(
  cloud: string,
  stacks: Readonly<Record<string, (stack: TerraformStack) => void>>,
  skipped: Readonly<Record<string, Skipped>>,
  atLeast: number,
): void {
  describe(`checkov on the stacks of ${cloud}`, () => {
    const definitions = Object.entries(stacks).map(
      ([name, build]) => [name, synthesize(build, name).terraform] as const,
    );
    let report: Report;

    beforeAll(async () => {
      report = await checkov(definitions);
    }, 600_000);

    it("has looked at them", () => {
      expect(report.summary.parsing_errors).toBe(0);
      expect(report.summary.passed).toBeGreaterThan(atLeast);
    });

    it("finds nothing but what is as it is for a reason", () => {
      const found = report.results.failed_checks.map(
        ({ check_id: id, check_name: name, resource, file_path: file }) => ({
          id,
          name,
          file,
          resource: addressIn(definitions, file, resource),
        }),
      );
      expect(found.filter(({ id, resource }) => skipped[id]?.of.test(resource) !== true)).toEqual([]);
    });

    it("would miss every one of these reasons", () => {
      const found = new Set(report.results.failed_checks.map(({ check_id: id }) => id));
      expect(Object.keys(skipped).filter((id) => !found.has(id))).toEqual([]);
    });
  });
}

type Definitions = readonly (readonly [name: string, terraform: TerraformJson])[];

async function checkov(definitions: Definitions): Promise<Report> {
  const programs = await pythonPrograms("checkov", ["checkov==3.3.30"]);
  const folder = mkdtempSync(join(tmpdir(), "checkov-"));
  try {
    for (const [name, terraform] of definitions) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, "cdk.tf.json"), JSON.stringify(terraform, undefined, 2));
    }
    const where = ["-d", folder, "--framework", "terraform_json"];
    const how = ["--compact", "--quiet", "--soft-fail", "--skip-download", "-o", "json"];
    const env = { PATH: process.env["PATH"], HOME: folder, BC_API_KEY: "" };
    return await new Promise<Report>((resolve, reject) => {
      execFile(join(programs, "checkov"), [...where, ...how], { env, maxBuffer: 1 << 28 }, (error, stdout) => {
        if (error === null) resolve(JSON.parse(stdout) as Report);
        else reject(new Error(stdout, { cause: error }));
      });
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Some of its checks say `resource.NAME` where the type belongs. */
function addressIn(definitions: Definitions, file: string, address: string): string {
  if (!address.startsWith("resource.")) return address;
  const name = address.slice("resource.".length);
  const { resource = {} } = definitions.find(([stack]) => file === `/${stack}/cdk.tf.json`)?.[1] ?? {};
  const [type = "unknown"] = Object.entries(resource).flatMap(([kind, named]) => (name in named ? [kind] : []));
  return `${type}.${name}`;
}
