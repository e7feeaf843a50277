import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { privateDirectory } from "../../lib/model/private-directory";
import { controlPath } from "../../lib/operate/exec/remote/ssh-command";
import { PretendedStack } from "../support/pretended-stack";
import { sampleCluster } from "../support/sample-cluster";

const MAIN = join(__dirname, "..", "..", "lib", "cli", "main.ts");
const TSX = require.resolve("tsx/cjs");

/** A state directory whose path is too long for a socket: it lies below /tmp, where other users of this machine may be first. */
const stack = new PretendedStack();
const env = { ...stack.env, XDG_STATE_HOME: join(stack.directory, "long".repeat(30)) };
const { cluster, master } = sampleCluster().manifest;
const target = { name: master.host, address: master.access.host, ...master.access };
const planted = dirname(controlPath(target, { privateDirectory: privateDirectory(cluster, env) }));

beforeAll(() => {
  mkdirSync(planted);
  chmodSync(planted, 0o777);
  stack.program("ssh", `echo called >>${stack.directory}/called; exit 255`);
});
afterAll(() => {
  rmSync(planted, { recursive: true });
  stack.remove();
});

describe("a directory for sockets that somebody else has made", () => {
  it.each([
    ["ssh", []],
    ["ssh", ["--", "true"]],
    ["ssh", ["cpu-1"]],
    ["status", []],
    ["smoke", ["hello"]],
  ])("is refused by %s %j, with what to do", async (verb, args) => {
    expect(planted).toMatch(/^\/tmp\//);
    const { code, stderr } = await ohpc(verb, "demo", ...args);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining(`${planted} is open to others`) as string,
    });
    expect(stderr).toContain(`mend   find out who made it and why, and remove it (rm -r '${planted}')`);
  });
});

async function ohpc(...args: readonly string[]): Promise<{ code: number | null; stderr: string }> {
  const child = spawn(process.execPath, ["-r", TSX, MAIN, ...args], {
    cwd: stack.directory,
    env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr.on("data", (text: Buffer) => (stderr += text.toString()));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, stderr };
}
