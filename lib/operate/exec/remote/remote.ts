import type { Duration, Size } from "../../../units";

/** A machine that we may run things on. The real one speaks SSH. */
export interface Remote {
  /** For people: the name that messages use. */
  readonly host: string;
  /**
   * Runs a bash script under `set -euo pipefail` and returns its standard output.
   *
   * @throws RemoteError
   */
  run(script: string, options?: RunOptions): Promise<string>;
  /** The content of a file, or `undefined` if there is none. */
  read(path: string): Promise<string | undefined>;
  /** Replaces a file at once (never half written). `mode` is octal, e.g. `0644`. */
  write(path: string, content: string, mode: string): Promise<void>;
}

export interface RunOptions {
  /** bash sees them as `$1`, `$2`…; never interpolated into the script. Not for secrets: `ps` shows them. */
  readonly args?: readonly string[];
  /** What the script reads on standard input; the only way for a secret to travel. */
  readonly input?: string;
  /** @default 2 minutes */
  readonly timeout?: Duration;
  /**
   * How much of standard output, and of standard error, is taken; a machine that says more is not listened to any longer.
   *
   * @default 64 MiB
   */
  readonly longest?: Size;
  /**
   * Until it is aborted, the script gets a line on standard input every 10 seconds, which ends then, or when this process
   * does, however: for a script that must not go on when nobody waits for it any more. It is for the script to end.
   *
   * @default - standard input is `input`, and ends with it
   */
  readonly attended?: AbortSignal;
  /** Called with each line of standard output as it arrives. */
  readonly onLine?: (line: string) => void;
  /** Called with each line of standard error as it arrives. */
  readonly onErrorLine?: (line: string) => void;
}

/** A machine on which a script can be kept running while we work. */
export interface HoldingRemote extends Remote {
  /**
   * Starts a script and resolves once it has printed its first line. The script has to end by itself when its standard
   * input does, or when no line (a sign of life, every 10 seconds) has come for a while: then it ends whether we release
   * it, die, or lose the connection.
   *
   * @throws RemoteError if it ends before its first line
   */
  hold(script: string, options?: Pick<RunOptions, "args">): Promise<Held>;
}

export interface Held {
  /** Lets the script end, and waits until it has. */
  release(): Promise<void>;
}

export type RemoteFailure = "unreachable" | "refused" | "timeout" | "failed";

/** A command on another machine that did not succeed. */
export class RemoteError extends Error {
  override readonly name = "RemoteError";

  constructor(
    readonly host: string,
    /** `unreachable`: no connection; `refused`: key or host key not accepted; `failed`: the script itself. */
    readonly failure: RemoteFailure,
    readonly exitCode: number | undefined,
    /** The end of standard output and, after it, of standard error. */
    readonly output: string,
  ) {
    super(
      `${host}: ${failure}${exitCode === undefined ? "" : ` (exit code ${exitCode})`}${output === "" ? "" : `\n${output}`}`,
    );
  }
}
