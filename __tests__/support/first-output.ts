import type { ChildProcess } from "node:child_process";
import type { Readable } from "node:stream";

/** What a program says first. @throws Error when it ends without a word: who waits for it would wait for ever */
export async function firstOutput(child: ChildProcess & { readonly stdout: Readable }): Promise<string> {
  return new Promise((resolve, reject) => {
    child.stdout.once("data", (chunk: Buffer) => {
      resolve(chunk.toString());
    });
    child.once("error", reject);
    child.once("close", (code, signal) => {
      reject(new Error(`the program ended (${code ?? signal ?? "?"}) before it said anything`));
    });
  });
}
