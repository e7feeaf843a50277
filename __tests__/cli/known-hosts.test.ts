import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PretendedStack } from "../support/pretended-stack";
import { run } from "../support/scenario-project";

const MAIN = join(__dirname, "..", "..", "lib", "cli", "main.ts");

describe("ohpc known-hosts", () => {
  let stack: PretendedStack;
  beforeEach(() => {
    stack = new PretendedStack();
  });
  afterEach(() => {
    stack.remove();
  });

  it("brings a committed file up to date, once a pool has grown", async () => {
    const [master, one] = ["[127.0.0.1]:29852,master,10.108.0.10 ssh-ed25519 M", "10.108.250.1,cpu-1 ssh-ed25519 A"];
    stack.write("demo.known_hosts", `${master}\n${one}\n`);
    const seen = "10.108.250.1 ssh-ed25519 A\n10.108.250.2 ssh-ed25519 B\n";
    stack.program("ssh", `cat >/dev/null; printf %s '${seen}'`);
    const args = ["-r", require.resolve("tsx/cjs"), MAIN, "known-hosts", "demo", "--out", "demo.known_hosts"];
    const { code, stdout, stderr } = await run(process.execPath, args, stack.directory, stack.env);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toBe("3 lines written to demo.known_hosts\n");
    const lines = readFileSync(join(stack.directory, "demo.known_hosts"), "utf8").trimEnd().split("\n");
    expect(lines).toEqual([master, one, "10.108.250.2,cpu-2 ssh-ed25519 B"]);
  });

  it("says what it could not write, and where else it may", async () => {
    stack.write("demo.known_hosts", "[127.0.0.1]:29852,master,10.108.0.10 ssh-ed25519 M\n");
    stack.program("ssh", "cat >/dev/null; printf '10.108.250.1 ssh-ed25519 A\\n10.108.250.2 ssh-ed25519 B\\n'");
    const args = ["-r", require.resolve("tsx/cjs"), MAIN, "known-hosts", "demo", "--out", "not/there"];
    const { code, stderr } = await run(process.execPath, args, stack.directory, stack.env);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/^error: not\/there could not be written$/m) as string,
    });
    expect(stderr).toContain("choose another place with --out");
  });
});
