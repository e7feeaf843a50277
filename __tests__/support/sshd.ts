import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A real sshd on loopback, with keys of its own. */
export class Sshd {
  readonly scratch = mkdtempSync(join(tmpdir(), "sshd-"));
  /** As the operator's, with the key that it lets in. */
  readonly privateDirectory = join(this.scratch, "private");
  private process: ChildProcess | undefined;

  /** @param addresses with their ports: `127.0.0.1:2222` */
  constructor(private readonly addresses: readonly string[]) {
    mkdirSync(this.privateDirectory, { mode: 0o700 });
    mkdirSync("/run/sshd", { recursive: true });
    for (const name of ["private/id_ed25519", "host_key", "other_key"]) {
      execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(this.scratch, name)]);
    }
  }

  /** The public half, as a line of known_hosts without the name. */
  hostKey(name: "host_key" | "other_key" = "host_key"): string {
    return readFileSync(join(this.scratch, `${name}.pub`), "utf8").trim();
  }

  async start(key: "host_key" | "other_key" = "host_key"): Promise<void> {
    const config = join(this.scratch, "sshd_config");
    writeFileSync(
      config,
      [
        ...this.addresses.map((address) => `ListenAddress ${address}`),
        `HostKey ${this.scratch}/${key}`,
        `AuthorizedKeysFile ${this.privateDirectory}/id_ed25519.pub`,
        "PermitRootLogin prohibit-password",
        "StrictModes no",
        "UsePAM no",
        "PidFile none",
        "MaxSessions 64",
        // bash reads the operator's ~/.bashrc at the first level only; it is not what is tested here, and may be slow.
        "SetEnv SHLVL=1",
      ].join("\n"),
    );
    const sshd = spawn("/usr/sbin/sshd", ["-D", "-e", "-f", config], { stdio: ["ignore", "ignore", "pipe"] });
    this.process = sshd;
    await new Promise<void>((resolve, reject) => {
      let text = "";
      sshd.stderr.on("data", (chunk: Buffer) => {
        text += chunk.toString();
        if ((text.match(/Server listening/g) ?? []).length === this.addresses.length) resolve();
      });
      sshd.once("error", reject);
      sshd.once("exit", () => {
        reject(new Error(text));
      });
    });
  }

  async stop(): Promise<void> {
    if (this.process?.exitCode !== null || !this.process.kill()) return;
    await once(this.process, "exit");
  }

  async end(): Promise<void> {
    await this.stop();
    rmSync(this.scratch, { recursive: true });
  }
}
