import { packageJson } from "./package-json";

/** An optional package that a project needs after all, and has not installed. */
export class MissingPackage extends Error {
  override readonly name = "MissingPackage";

  constructor(
    /** As npm calls it. */
    readonly missing: string,
    /** The command that installs it, with all that belongs to it. */
    readonly install: string,
    options?: ErrorOptions,
  ) {
    super(`the package ${missing} is not installed: ${install}`, options);
  }
}

/**
 * What is loaded when it is first called, and once: what takes time to load, or may not be there at all.
 *
 * `lazy(() => require("yaml") as typeof Yaml)`; a dynamic `import()` would leave CommonJS, and wait for nothing.
 *
 * @param peers optional packages that it stands on; what it throws then says how to install them
 * @throws MissingPackage
 */
export function lazy<T>(load: () => T, peers: readonly string[] = []): () => T {
  let loaded: { readonly value: T } | undefined;
  return () => {
    try {
      loaded ??= { value: load() };
    } catch (error) {
      throw missingOf(error, peers) ?? error;
    }
    return loaded.value;
  };
}

function missingOf(error: unknown, peers: readonly string[]): MissingPackage | undefined {
  if (!(error instanceof Error) || (error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") return undefined;
  const missing = peers.find((peer) => error.message.includes(`'${peer}'`));
  if (missing === undefined) return undefined;
  const { peerDependencies } = packageJson();
  const wanted = peers.map((peer) => `"${peer}@${peerDependencies[peer] ?? "*"}"`).join(" ");
  return new MissingPackage(missing, `npm install ${wanted}`, { cause: error });
}
