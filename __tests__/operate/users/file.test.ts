import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Failure } from "../../../lib/operate/feedback/failure";
import { replaceUsersFile, usersFileOf } from "../../../lib/operate/users/file";
import { thrownBy } from "../../support/thrown-by";

describe("a users file", () => {
  let directory: string;
  const path = (name: string) => join(directory, name);
  const open = () => usersFileOf({ directory, app: "true", output: directory, context: {} }, stack());
  const stack = () => ({ name: "demo", directory: path("stack"), dependencies: [], warnings: [] });
  const sources = (names: Readonly<Record<string, string>>) => {
    writeFileSync(path("stack/cluster.sources.json"), JSON.stringify(names));
  };
  const refused = (work: () => unknown) => (thrownBy(work) as Failure).details.code;

  beforeEach(() => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), "users-file-")));
    mkdirSync(path("stack"));
    sources({ "users.yaml": "" });
    writeFileSync(path("users.yaml"), "users: []\n");
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  it("is written at once, with the mode that it has, and nothing is left beside it", () => {
    chmodSync(path("users.yaml"), 0o640);
    replaceUsersFile(open(), "users: [] # nobody\n");
    expect(readFileSync(path("users.yaml"), "utf8")).toBe("users: [] # nobody\n");
    expect(statSync(path("users.yaml")).mode & 0o7777).toBe(0o640);
    expect(readdirSync(directory).sort()).toEqual(["stack", "users.yaml"]);
  });

  it("may be a link: what it leads to is written", () => {
    mkdirSync(path("shared"));
    rmSync(path("users.yaml"));
    writeFileSync(path("shared/team.yaml"), "users: []\n");
    symlinkSync("shared/team.yaml", path("users.yaml"));
    replaceUsersFile(open(), "users: [] # nobody\n");
    expect(lstatSync(path("users.yaml")).isSymbolicLink()).toBe(true);
    expect(readFileSync(path("shared/team.yaml"), "utf8")).toBe("users: [] # nobody\n");
    expect(readdirSync(path("shared"))).toEqual(["team.yaml"]);
  });

  it("is left as it is where somebody else has changed it meanwhile", () => {
    const file = open();
    writeFileSync(path("users.yaml"), "users: [] # somebody\n");
    const code = refused(() => {
      replaceUsersFile(file, "users: [] # nobody\n");
    });
    expect(code).toBe("users.not-written");
    expect(readFileSync(path("users.yaml"), "utf8")).toBe("users: [] # somebody\n");
    expect(readdirSync(directory).sort()).toEqual(["stack", "users.yaml"]);
  });

  it("is not what the users of a stack come from where they are in none, or in several", () => {
    sources({});
    expect(refused(open)).toBe("users.no-file");
    sources({ "users.yaml": "", "more.yaml": "" });
    expect(refused(open)).toBe("users.no-file");
    expect((thrownBy(open) as Failure).message).toContain("are read from 2 files: users.yaml, more.yaml");
  });

  it("has to be a text that can be read", () => {
    writeFileSync(path("users.yaml"), Buffer.from([0x75, 0xff, 0xfe]));
    expect(refused(open)).toBe("users.unreadable");
    rmSync(path("users.yaml"));
    expect(refused(open)).toBe("users.unreadable");
    mkdirSync(path("users.yaml"));
    expect(refused(open)).toBe("users.unreadable");
  });
});
