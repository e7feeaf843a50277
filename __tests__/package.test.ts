import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(__dirname, "..");

interface Locked {
  readonly version?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
  readonly packages: Readonly<Record<string, Locked>>;
};

/** Where Node would look for a package that the one at `path` asks for: beside it, and beside all that it lies in. */
function found(path: string, name: string): boolean {
  const place = path === "" ? "" : `${path}/`;
  if (packages[`${place}node_modules/${name}`] !== undefined) return true;
  return path !== "" && found(path.slice(0, Math.max(0, path.lastIndexOf("node_modules/") - 1)), name);
}

describe("the package", () => {
  const { exports, main, types, typesVersions } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    readonly exports: Readonly<Record<string, unknown>>;
    readonly main: string;
    readonly types: string;
    readonly typesVersions: { readonly "*": Readonly<Record<string, unknown>> };
  };
  const clouds = readdirSync(join(root, "lib/clouds")).filter((name) =>
    existsSync(join(root, "lib/clouds", name, "index.ts")),
  );

  it("has its own entry, also for compilers that read no exports", () => {
    expect({ ".": { types, default: main } }).toEqual({ ".": exports["."] });
  });

  it.each(clouds)("has an entry for the cloud %s, also for compilers that read no exports", (name) => {
    const types = `dist/clouds/${name}/index.d.ts`;
    expect(exports[`./${name}`]).toEqual({ types: `./${types}`, default: `./dist/clouds/${name}/index.js` });
    expect(typesVersions["*"][name]).toEqual([types]);
  });
});

describe("the lock file", () => {
  // npm leaves them out when it writes the file beside an installation; `npm ci` then fails on every other machine.
  it("has every package that another one asks for, also those of other platforms", () => {
    const missing = Object.entries(packages).flatMap(([path, { dependencies, optionalDependencies }]) =>
      Object.keys({ ...dependencies, ...optionalDependencies })
        .filter((name) => !found(path, name))
        .map((name) => `${path} asks for ${name}`),
    );
    expect(missing).toEqual([]);
  });

  it("names no registry", () => {
    expect(Object.entries(packages).filter(([, locked]) => "resolved" in locked)).toEqual([]);
  });
});
