import { StringDecoder } from "node:string_decoder";
import { setTimeout as sleep } from "node:timers/promises";
import type * as Zx from "zx/core";
import type { ManifestMaster } from "../../../model/manifest";
import { SSH_PORT } from "../../../model/ports";
import { lazy } from "../../../package/lazy";
import { Duration, Size } from "../../../units";
import { envelope, remoteCommand, STARTED, TIMED_OUT } from "./envelope";
import { type Held, type HoldingRemote, RemoteError, type RunOptions } from "./remote";
import { controlPath, type SshFiles, type SshRoute, sshArguments } from "./ssh-command";
import { connectionFailure, SSH_FAILED } from "./ssh-failure";
import { prepareSocketDirectory } from "./socket-directory";
import { endOfBoth, LineCutter, Tail } from "./tail";

/** It takes a while to load, which whoever connects to nothing need not wait for. */
const zx = lazy(() => require("zx/core") as typeof Zx);

export interface SshRemoteProps extends SshFiles {
  /** For people: the name that messages use. */
  readonly host: string;
  readonly access: ManifestMaster["access"];
  /**
   * How long to go on trying while there is no connection: a machine that has just been made is not listening yet.
   *
   * @default 20 seconds
   */
  readonly patience?: Duration;
  /** As in `SshRoute`. */
  readonly learns?: boolean;
}

export interface SshNode {
  readonly host: string;
  readonly address: string;
  /** @default 22 */
  readonly port?: number;
}

export interface SessionOptions {
  /** Socket of the operator's SSH agent, which programs on the machine may use for as long as the session lasts. */
  readonly forwardedAgent?: string | undefined;
}

const DEFAULT_TIMEOUT = Duration.minutes(2);
const DEFAULT_PATIENCE = Duration.seconds(20);
/** What the far side's own limit may be late by; the local one is for a network that died. */
const GRACE = Duration.seconds(15);
const HEARTBEAT = Duration.seconds(10);
/** What the longest queue takes is a hundredth of it. */
const DEFAULT_LONGEST = Size.mebibytes(64);

/** A machine over SSH: OpenSSH does the talking, one shared connection carries all scripts. */
export class SshRemote implements HoldingRemote {
  /** A cluster's node, which only its master reaches. */
  static through(master: SshRemote, { host, address, port = SSH_PORT }: SshNode): SshRemote {
    const { target, files } = master.route;
    return new SshRemote({ target: { ...target, name: host, address, port }, files, via: target }, master.patience);
  }

  static to({ host, access, patience, learns = false, ...files }: SshRemoteProps): SshRemote {
    const { host: address, ...way } = access;
    return new SshRemote({ target: { name: host, address, ...way }, files, learns }, patience ?? DEFAULT_PATIENCE);
  }

  private constructor(
    private readonly route: SshRoute,
    private readonly patience: Duration,
  ) {}

  get host(): string {
    return this.route.target.name;
  }

  /**
   * The arguments for `ssh` up to and including the destination, for a session of its own.
   *
   * @throws OpenSocketDirectoryError if others could get at the connections that are shared
   */
  async session(options: SessionOptions = {}): Promise<readonly string[]> {
    await this.prepare();
    const { forwardedAgent } = options;
    return sshArguments(
      // A shared connection has the agent that it began with, or none.
      forwardedAgent === undefined ? this.route : { ...this.route, forwardedAgent, shares: false },
    );
  }

  async run(
    script: string,
    { args = [], input = "", timeout = DEFAULT_TIMEOUT, longest, attended, onLine, onErrorLine }: RunOptions = {},
  ): Promise<string> {
    const sent = envelope(script, args, input);
    return this.patiently(async () => {
      const ssh = await this.spawn(timeout, { longest, onLine, onErrorLine, outlives: attended !== undefined });
      if (attended === undefined) ssh.stdin.end(sent);
      else attend(ssh, sent, attended);
      const ended = await ssh.finished;
      return ended.exitCode === 0 && ended.flood === undefined ? ended.stdout : this.failureOf(ended, timeout);
    });
  }

  async read(path: string): Promise<string | undefined> {
    const found = await this.run('if [ -e "$1" ]; then echo found; cat -- "$1"; else echo none; fi', { args: [path] });
    return found.startsWith("found\n") ? found.slice("found\n".length) : undefined;
  }

  async write(path: string, content: string, mode: string): Promise<void> {
    await this.run(WRITE, { args: [path, mode, String(Buffer.byteLength(content))], input: content });
  }

  async hold(script: string, { args = [] }: Pick<RunOptions, "args"> = {}): Promise<Held> {
    const sent = envelope(script, args, "");
    return this.patiently(async () => {
      const ssh = await this.spawn(undefined, {});
      const { firstLine, finished: ended, stdin } = ssh;
      attend(ssh, sent);
      const first = await Promise.race([firstLine, ended]);
      if (typeof first !== "string") return this.failureOf(first, undefined);
      return {
        release: async () => {
          stdin.end();
          await ended;
        },
      };
    });
  }

  /** Ends the shared connection; without it, it ends by itself a minute after its last use. */
  async close(): Promise<void> {
    await this.prepare();
    const { $ } = zx();
    await $({
      quiet: true,
      nothrow: true,
      timeout: "5s",
      timeoutSignal: "SIGKILL",
    })`exec ssh -O exit ${sshArguments(this.route)}`;
  }

  /** Tries again while there is no connection; only what never started may be started again. */
  private async patiently<T>(attempt: () => Promise<T | Failed>): Promise<T> {
    const deadline = Date.now() + this.patience.toMilliseconds();
    for (let pause = 250; ; pause = Math.min(pause * 2, 2000)) {
      const result = await attempt();
      if (!(result instanceof Failed)) return result;
      const healable = result.error.failure === "unreachable" && !result.started;
      if (!healable || Date.now() + pause >= deadline) throw result.error;
      await sleep(pause);
    }
  }

  private async spawn(
    timeout: Duration | undefined,
    { longest = DEFAULT_LONGEST, onLine, onErrorLine, outlives = false }: SpawnOptions,
  ): Promise<Spawned> {
    const { $ } = zx();
    await this.prepare();
    const local = timeout === undefined ? {} : { timeout: timeout.toMilliseconds() + GRACE.toMilliseconds() };
    const sh = $({
      quiet: true,
      nothrow: true,
      env: localEnvironment(process.env),
      timeoutSignal: "SIGKILL",
      // In a group of its own, or the terminal's Ctrl-C would end it before the far side has.
      detached: outlives,
      ...local,
    });
    const started = Date.now();
    const child = sh`exec ssh -T ${sshArguments(this.route)} ${remoteCommand(this.route.target.user, timeout)}`;
    // A far side that ends without reading all of its input is no error of ours.
    child.stdin.on("error", () => undefined);

    // One for each: what fails says so on standard error, and goes on to print more than is kept.
    const [output, errors] = [new Tail(), new Tail()];
    let stdout = "";
    let stderr = "";
    let isStarted = false;
    let announce: (line: string) => void = () => undefined;
    const firstLine = new Promise<string>((resolve) => (announce = resolve));
    const out = new LineCutter((line) => {
      output.add(line);
      announce(line);
      onLine?.(line);
    });
    const err = new LineCutter((line) => {
      if (!isStarted && line === STARTED) {
        isStarted = true;
        return;
      }
      errors.add(line);
      if (isStarted) onErrorLine?.(line);
    });
    const most = longest.toMebibytes() * 1024 * 1024;
    let floods = false;
    const keep = (sofar: string, text: string, lines: LineCutter) => {
      if (floods) return sofar;
      if (sofar.length + text.length > most) {
        floods = true;
        void child.kill("SIGKILL");
        return sofar;
      }
      lines.add(text);
      return sofar + text;
    };
    follow(child.stdout, (text) => (stdout = keep(stdout, text, out)));
    follow(child.stderr, (text) => (stderr = keep(stderr, text, err)));

    const finish = async (): Promise<Ended> => {
      const { exitCode } = await child;
      out.end();
      err.end();
      const seconds = (Date.now() - started) / 1000;
      const flood = floods ? longest : undefined;
      return { exitCode, started: isStarted, flood, stdout, stderr, tail: endOfBoth(output, errors), seconds };
    };
    return { stdin: child.stdin, firstLine, finished: finish() };
  }

  /** The machine to jump through has its socket in the same directory. */
  private async prepare(): Promise<void> {
    const { target, files, via = target } = this.route;
    for (const one of new Set([target, via])) await prepareSocketDirectory(controlPath(one, files));
  }

  private failureOf(ended: Ended, timeout: Duration | undefined): Failed {
    return new Failed(errorOf(this.host, ended, timeout), ended.started);
  }
}

/** An attempt that did not succeed. */
class Failed {
  constructor(
    readonly error: RemoteError,
    readonly started: boolean,
  ) {}
}

function errorOf(
  host: string,
  { exitCode, started, flood, stderr, tail, seconds }: Ended,
  timeout: Duration | undefined,
): RemoteError {
  if (flood !== undefined) {
    return new RemoteError(
      host,
      "failed",
      undefined,
      `${tail}\nstopped: it said more than ${flood.toString()}`.trimStart(),
    );
  }
  const late = timeout !== undefined && seconds >= timeout.toSeconds();
  if (late && (exitCode === null || exitCode === TIMED_OUT || exitCode === KILLED)) {
    return new RemoteError(host, "timeout", undefined, `${tail}\nstopped after ${timeout.toString()}`.trimStart());
  }
  if (exitCode === null) return new RemoteError(host, "unreachable", undefined, tail);
  if (exitCode !== SSH_FAILED) return new RemoteError(host, "failed", exitCode, tail);
  return new RemoteError(host, started ? "unreachable" : connectionFailure(stderr), exitCode, tail);
}

interface Ended {
  /** `null` if a signal ended ssh. */
  readonly exitCode: number | null;
  /** Whether the far side had begun: then it must not be begun again. */
  readonly started: boolean;
  /** What it said more than, if it did. */
  readonly flood: Size | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly tail: string;
  readonly seconds: number;
}

interface SpawnOptions {
  readonly longest?: Size | undefined;
  readonly onLine?: RunOptions["onLine"] | undefined;
  readonly onErrorLine?: RunOptions["onErrorLine"] | undefined;
  /** Whether people who stop us wait for its end. @default false */
  readonly outlives?: boolean;
}

interface Spawned {
  readonly stdin: NodeJS.WritableStream;
  readonly firstLine: Promise<string>;
  readonly finished: Promise<Ended>;
}

/** Sends signs of life after what is sent, until it has ended or nobody is `attended` any more. */
function attend({ stdin, finished }: Spawned, sent: Buffer, attended?: AbortSignal): void {
  stdin.write(sent);
  const beat = setInterval(() => stdin.write("\n"), HEARTBEAT.toMilliseconds());
  const leave = () => {
    clearInterval(beat);
    stdin.end();
  };
  attended?.addEventListener("abort", leave);
  if (attended?.aborted === true) leave();
  void finished.finally(() => {
    clearInterval(beat);
    attended?.removeEventListener("abort", leave);
  });
}

/** `timeout --kill-after` when its SIGTERM was not enough. */
const KILLED = 137;

/** Half of a file must never become the file: a broken connection looks like the end of the input. */
const WRITE = `
temporary=$(mktemp "$(dirname "$1")/.ohpc.XXXXXX")
trap 'rm -f "$temporary"' EXIT
cat >"$temporary"
[ "$(stat -c %s "$temporary")" = "$3" ] || { echo "$1: the connection ended before all of it had come" >&2; exit 1; }
chmod "$2" "$temporary"
mv -fT "$temporary" "$1"
`;

function follow(stream: NodeJS.ReadableStream, collect: (text: string) => void): void {
  const decoder = new StringDecoder("utf8");
  stream.on("data", (chunk: Buffer) => {
    collect(decoder.write(chunk));
  });
}

/** The operator's language must not reach the far side, where it may not exist. */
function localEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => name !== "LANG" && !name.startsWith("LC_"));
  return { ...Object.fromEntries(kept), LC_ALL: "C" };
}
