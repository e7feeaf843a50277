/** A container engine, as far as building images needs one. Whose it is, and where it runs, is known to who hands it in. */
export interface ImageEngine {
  /**
   * Runs the engine with these arguments.
   *
   * @returns its standard output
   */
  run(args: readonly string[], options?: EngineRun): Promise<string>;
  /** Runs a bash script in which `engine` is the engine, and `$engine_name` its name; values go in `args`, as `$1`, `$2`… */
  runScript(script: string, args: readonly string[], options?: EngineRun): Promise<string>;
  /** Whether it is there and did not do what it was asked, e.g. because no registry has an image. */
  refused(error: unknown): boolean;
  /** Whether no engine works here: nothing that is built is to blame. */
  missing(error: unknown): boolean;
  /** The label that containers carry while they build, `KEY=VALUE`: what has none is not ours. */
  buildLabel(layer: string): string;
}

export interface EngineRun {
  /** Told every line that is written to standard error or output, as it comes. */
  readonly onLine?: (line: string) => void;
  /** @default - wait for ever */
  readonly timeoutSeconds?: number;
}
