import { packageRoot } from "./root";
import { textBeside } from "./text-beside";

/** What this package says of itself, as far as it needs to know. */
export interface PackageJson {
  readonly version: string;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

export function packageJson(): PackageJson {
  return JSON.parse(textBeside(packageRoot(), "package.json")) as PackageJson;
}
