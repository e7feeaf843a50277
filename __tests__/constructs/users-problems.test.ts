import { type OpenHpcMasterProps, Size, Users } from "cdktf-openhpc";
import type { FakeMachines } from "cdktf-openhpc/testing";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fakeMaster, refusals } from "../support/clusters";

function masterProblems(props: Partial<OpenHpcMasterProps<FakeMachines>>): readonly string[] {
  return refusals((stack) => fakeMaster(stack, props));
}

describe("users", () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "users-"))));
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function file(text: string): string {
    const path = join(folder, "users.yaml");
    writeFileSync(path, text);
    return path;
  }

  it("of a file with a uid twice are refused by the master, with everything else that is wrong", () => {
    const path = file("users:\n  - { name: alice, uid: 2001 }\n  - { name: bob, uid: 2001 }\n");
    expect(masterProblems({ users: Users.fromFile(path), rootDisk: Size.gibibytes(10) })).toEqual([
      'rootDisk is "10 GiB", but must be at least 20 GiB',
      "users[1].uid is 2001, but must be another uid than that of users[0]",
    ]);
  });

  it("of a file that is not there are refused, saying where it was looked for", () => {
    expect(masterProblems({ users: Users.fromFile("no-such-users.yaml") })).toEqual([
      `users is "no-such-users.yaml", but must be a YAML file that can be read; reading ${join(process.cwd(), "no-such-users.yaml")} failed with ENOENT`,
    ]);
  });

  it("are in a file, not in a directory, a pipe or a device", () => {
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    const link = join(folder, "link");
    symlinkSync(pipe, link);
    for (const path of [pipe, link, "/dev/zero"]) {
      expect(masterProblems({ users: Users.fromFile(path) })).toEqual([
        `users is "${path}", but must be a YAML file that can be read; ${path} is no file`,
      ]);
    }
    expect(masterProblems({ users: Users.fromFile(folder) })[0]).toMatch(/is no file$|EISDIR$/);
    expect(masterProblems({ users: Users.fromFile(undefined as never) })[0]).toMatch(/give its path$/);
  });

  it("can be written in the stack, by the same rules", () => {
    expect(masterProblems({ users: Users.of([{ name: "root", uid: 2001 }]) })[0]).toMatch(
      /^users\[0\]\.name is "root", but must be another name/,
    );
  });
});
