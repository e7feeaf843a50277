import { synthesize } from "cdktf-openhpc/testing";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { azureDemo } from "../../stacks/azure-demo";
import { azureExistingNetwork } from "../../stacks/azure-existing-network";
import { azureGpu } from "../../stacks/azure-gpu";
import { pythonPrograms } from "../support/python";

const STACKS = { "azure-demo": azureDemo, "azure-gpu": azureGpu, "azure-existing-network": azureExistingNetwork };

/** What checkov would have otherwise, where, and why it is as it is. What is found beyond that fails; what is not found, too. */
const SKIPPED: Readonly<Record<string, { readonly of: RegExp; readonly because: string }>> = {
  CKV_AZURE_93: {
    of: /^azurerm_managed_disk\./,
    because: "encrypted with the platform's keys; a disk encryption set of the user's is a choice",
  },
  CKV_AZURE_119: {
    of: /^azurerm_network_interface\.master_/,
    because: "the master is the way in, from named networks only; a Bastion or no public address is a choice",
  },
  CKV2_AZURE_31: {
    of: /^azurerm_subnet\.master_network_bastion-subnet_/,
    because: "a Bastion refuses a group that does not let everybody in on 443",
  },
  CKV_AZURE_59: {
    of: /^azurerm_storage_account\./,
    because: "reached by service endpoints, which count as public; the network rules deny all but our subnets",
  },
  CKV2_AZURE_33: {
    of: /^azurerm_storage_account\./,
    because: "service endpoints cost nothing and need no zone of DNS",
  },
  CKV_AZURE_36: { of: /^azurerm_storage_account\./, because: "no service of Azure has to read home directories" },
  CKV_AZURE_206: {
    of: /^azurerm_storage_account\./,
    because: "premium shares have no copies in other regions; three zones are a choice",
  },
  CKV2_AZURE_38: { of: /^azurerm_storage_account\./, because: "about blobs, of which there are none" },
  CKV2_AZURE_1: { of: /^azurerm_storage_account\./, because: "encrypted with the platform's keys" },
};

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

describe("checkov", () => {
  let folder: string;
  let report: Report;

  beforeAll(async () => {
    const programs = await pythonPrograms("checkov", ["checkov==3.3.30"]);
    folder = mkdtempSync(join(tmpdir(), "checkov-"));
    for (const [name, build] of Object.entries(STACKS)) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, "cdk.tf.json"), JSON.stringify(synthesize(build, name).terraform, undefined, 2));
    }
    const args = [
      "-d",
      folder,
      "--framework",
      "terraform_json",
      "--compact",
      "--quiet",
      "--soft-fail",
      "--skip-download",
      "-o",
      "json",
    ];
    const output = await new Promise<string>((resolve, reject) => {
      const env = { PATH: process.env["PATH"], HOME: folder, BC_API_KEY: "" };
      execFile(join(programs, "checkov"), args, { env, maxBuffer: 1 << 28 }, (error, stdout) => {
        if (error === null) resolve(stdout);
        else reject(new Error(stdout, { cause: error }));
      });
    });
    report = JSON.parse(output) as Report;
  }, 600_000);
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it("has looked at the Azure stacks", () => {
    expect(report.summary.parsing_errors).toBe(0);
    expect(report.summary.passed).toBeGreaterThan(250);
  });

  it("finds nothing but what is as it is for a reason", () => {
    const found = report.results.failed_checks.map(({ check_id: id, check_name: name, resource, file_path: file }) => ({
      id,
      name,
      file,
      resource: addressOf(resource),
    }));
    expect(found.filter(({ id, resource }) => SKIPPED[id]?.of.test(resource) !== true)).toEqual([]);
  });

  it("would miss every one of these reasons", () => {
    const found = new Set(report.results.failed_checks.map(({ check_id: id }) => id));
    expect(Object.keys(SKIPPED).filter((id) => !found.has(id))).toEqual([]);
  });

  /** Some of its checks say `resource.NAME` where the type belongs. */
  function addressOf(resource: string): string {
    if (!resource.startsWith("resource.")) return resource;
    const name = resource.slice("resource.".length);
    const types = Object.values(STACKS).flatMap((build, k) => {
      const { resource: blocks = {} } = synthesize(build, Object.keys(STACKS)[k]).terraform;
      return Object.entries(blocks).flatMap(([type, named]) => (name in named ? [type] : []));
    });
    return `${types[0] ?? "unknown"}.${name}`;
  }
});
