import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { Failure } from "../feedback/failure";

/** The oldest versions whose plans and built-in resources we rely on. */
export const OLDEST = { terraform: "1.9.0", tofu: "1.8.0" } as const;

/**
 * The program to run: what `TERRAFORM_BINARY_NAME` says, else `terraform`, else `tofu`.
 *
 * @throws Failure if there is none
 */
export function terraformBinary(env: NodeJS.ProcessEnv): string {
  const chosen = env["TERRAFORM_BINARY_NAME"];
  if (chosen !== undefined && chosen !== "") {
    if (executable(chosen, env)) return chosen;
    throw new Failure("usage", `TERRAFORM_BINARY_NAME is ${JSON.stringify(chosen)}, which is not on the PATH`, {
      code: "terraform.missing",
      remedy: "set it to terraform or tofu, or unset it",
    });
  }
  const found = ["terraform", "tofu"].find((name) => executable(name, env));
  if (found !== undefined) return found;
  throw new Failure("usage", "there is neither terraform nor tofu on the PATH", {
    code: "terraform.missing",
    remedy: `install Terraform (${OLDEST.terraform} or newer) or OpenTofu (${OLDEST.tofu} or newer)`,
  });
}

/** What to tell when the version is older than what we rely on; `undefined` if it is not. */
export function versionFailure(program: "terraform" | "tofu", version: string): Failure | undefined {
  if (!isOlder(version, OLDEST[program])) return undefined;
  return new Failure("usage", `${program} ${version} is too old`, {
    code: "terraform.version",
    remedy: `install ${program} ${OLDEST[program]} or newer`,
  });
}

/** Compares the numbers of two versions; what follows them (`-beta1`) does not count. */
export function isOlder(version: string, than: string): boolean {
  const numbers = (text: string) => (/^\d+(\.\d+)*/.exec(text)?.[0] ?? "0").split(".").map(Number);
  const [left, right] = [numbers(version), numbers(than)];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function executable(name: string, env: NodeJS.ProcessEnv): boolean {
  const places = name.includes("/") ? [""] : (env["PATH"] ?? "").split(delimiter).filter((place) => place !== "");
  return places.some((place) => {
    try {
      accessSync(join(place, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
