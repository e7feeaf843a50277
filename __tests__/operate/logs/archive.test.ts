import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkArchivePlace, writeArchive } from "../../../lib/operate/logs/archive";
import { thrownBy } from "../../support/thrown-by";

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
  it("is refused where something else is, before anybody gathers for it; an older archive is replaced", async () => {
    const users = join(directory, "users.yaml");
    writeFileSync(users, "users: []\n");
    mkdirSync(join(directory, "folder"));
    for (const place of [users, join(directory, "folder"), "/dev/null"]) {
      const refusal = thrownBy(() => {
        checkArchivePlace(place);
      });
      expect(refusal).toMatchObject({ details: { code: "logs.not-written" } });
    }
    expect(readFileSync(users, "utf8")).toBe("users: []\n");
    const file = join(directory, "logs.tar.gz");
    for (const text of ["first", "second"]) await writeArchive(file, "demo-logs", new Map([["a", text]]));
    expect(execFileSync("tar", ["-xzOf", file, "demo-logs/a"], { encoding: "utf8" })).toBe("second");
    expect(readdirSync(directory).sort()).toEqual(["folder", "logs.tar.gz", "users.yaml"]);
  });
});
