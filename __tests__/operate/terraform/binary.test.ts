import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure } from "../../../lib/operate/feedback/failure";
import { isOlder, terraformBinary, versionFailure } from "../../../lib/operate/terraform/binary";

describe("which program runs", () => {
  let path: string;
  beforeEach(() => {
    path = mkdtempSync(join(tmpdir(), "ohpc-path-"));
  });
  afterEach(() => {
    rmSync(path, { recursive: true });
  });
  const install = (name: string) => {
    writeFileSync(join(path, name), "#!/bin/sh\n");
    chmodSync(join(path, name), 0o755);
  };

  it("is terraform, or tofu where there is no terraform", () => {
    install("tofu");
    expect(terraformBinary({ PATH: path })).toBe("tofu");
    install("terraform");
    expect(terraformBinary({ PATH: path })).toBe("terraform");
  });

  it("is what TERRAFORM_BINARY_NAME says", () => {
    install("terraform");
    install("tofu");
    expect(terraformBinary({ PATH: path, TERRAFORM_BINARY_NAME: "tofu" })).toBe("tofu");
    expect(() => terraformBinary({ PATH: path, TERRAFORM_BINARY_NAME: "terragrunt" })).toThrow(
      /"terragrunt", which is not on the PATH/,
    );
  });

  it("is told to be installed when there is none", () => {
    expect(() => terraformBinary({ PATH: path })).toThrow(
      new Failure("usage", "there is neither terraform nor tofu on the PATH", { code: "x" }),
    );
  });

  it.each([
    ["1.9.0", "1.9.0", false],
    ["1.8.9", "1.9.0", true],
    ["1.10.0-beta1", "1.9.0", false],
    ["1.9", "1.9.0", false],
    ["2.0.0", "1.9.0", false],
  ])("%s is older than %s: %s", (version, than, expected) => {
    expect(isOlder(version, than)).toBe(expected);
  });

  it("must not be too old", () => {
    expect(versionFailure("terraform", "1.8.5")?.message).toBe("terraform 1.8.5 is too old");
    expect(versionFailure("tofu", "1.8.0")).toBeUndefined();
  });
});
