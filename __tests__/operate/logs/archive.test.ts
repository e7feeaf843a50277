import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeArchive } from "../../../lib/operate/logs/archive";

describe("an archive", () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "archive-"));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  it("holds all below one directory, for its owner only", async () => {
    const file = join(directory, "logs.tar.gz");
    const bytes = await writeArchive(file, "demo-logs", new Map([["nodes/cpu-1/slurmd.log", "error\n"]]));
    expect(statSync(file)).toMatchObject({ size: bytes, mode: 0o100600 });
    expect(execFileSync("tar", ["-xzOf", file, "demo-logs/nodes/cpu-1/slurmd.log"], { encoding: "utf8" })).toBe(
      "error\n",
    );
  });

  it("that cannot be written leaves nothing, and says what to do", async () => {
    const file = join(directory, "none", "logs.tar.gz");
    await expect(writeArchive(file, "demo-logs", new Map([["a", "b"]]))).rejects.toMatchObject({
      details: { code: "logs.not-written", remedy: "choose another place with --out" },
    });
    expect(existsSync(file)).toBe(false);
    expect(readdirSync(directory)).toEqual([]);
  });
});
