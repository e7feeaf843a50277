import { textBeside } from "./text-beside";

/** What this package says of itself, as far as it needs to know. */
export interface PackageJson {
  readonly version: string;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

/** Two levels up, from `lib/package` as from `dist/package`: the version is asked for at every start. */
export function packageJson(): PackageJson {
  return JSON.parse(textBeside(__dirname, "../../package.json")) as PackageJson;
}
