import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { privateDirectory } from "../../model/private-directory";
import { SPEC_FILE } from "../../model/schema-numbers";
import type { Held } from "../exec/remote/remote";
import { Failure } from "../feedback/failure";
import type { Project } from "../stack/project";
import { specOf } from "../stack/spec";
import type { SynthesizedStack } from "../stack/synthesis";
import { lockHere, lockOwner, type LockOwner } from "./lock";

/**
 * Does the work of a whole command; the locks that it takes meanwhile are free afterwards, however it ends.
 *
 * @param command as it was typed, for others who find a lock taken
 */
export async function withCommandLock<T>(
  env: NodeJS.ProcessEnv,
  command: string,
  work: (commandLock: CommandLock) => Promise<T>,
): Promise<T> {
  const commandLock = new CommandLock(env, lockOwner(command));
  try {
    return await work(commandLock);
  } finally {
    await commandLock.release();
  }
}

/** Whole commands of one cluster never meet; neither do runs of the app that write into the same directory. */
export class CommandLock {
  private readonly clusters = new Map<string, Held>();
  private outputs: Held | undefined;

  constructor(
    private readonly env: NodeJS.ProcessEnv,
    private readonly owner: LockOwner,
  ) {}

  /**
   * Keeps other commands away from the stack's cluster until the end.
   *
   * @throws Failure of kind `busy`
   */
  async lockCluster(stack: SynthesizedStack): Promise<void> {
    if (!existsSync(join(stack.directory, SPEC_FILE))) return;
    const { cluster } = specOf(stack);
    if (this.clusters.has(cluster)) return;
    this.clusters.set(cluster, await lockHere(cluster, privateDirectory(cluster, this.env), this.owner));
  }

  /** Keeps other runs of the app from writing where Terraform reads; waits for them, for they take seconds. */
  async lockOutput({ output }: Project): Promise<void> {
    const deadline = Date.now() + LONGEST_SYNTH_MS;
    for (;;) {
      try {
        this.outputs = await lockHere("the synthesized stacks", join(output, ".ohpc"), this.owner);
        return;
      } catch (error) {
        if (!(error instanceof Failure) || error.kind !== "busy" || Date.now() > deadline) throw error;
        await sleep(100);
      }
    }
  }

  async releaseOutput(): Promise<void> {
    await this.outputs?.release();
    this.outputs = undefined;
  }

  async release(): Promise<void> {
    await this.releaseOutput();
    await Promise.all([...this.clusters.values()].map(async (held) => held.release()));
  }
}

const LONGEST_SYNTH_MS = 120_000;
