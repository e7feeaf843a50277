import { execFileSync } from "node:child_process";
import { parseUsers } from "../../../lib/model/users";
import { changedUsers, type KnownNumbers, type NewUser, type UsersChange } from "../../../lib/operate/users/change";
import type { Failure } from "../../../lib/operate/feedback/failure";
import { thrownBy } from "../../support/thrown-by";

const KEYS = ["a", "b", "c"].map((comment, k) => {
  const sized = (bytes: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
  const data = Buffer.concat([sized(Buffer.from("ssh-ed25519")), sized(Buffer.alloc(32, k + 1))]);
  return `ssh-ed25519 ${data.toString("base64")} ${comment}@laptop`;
});
const [A = "", B = "", C = ""] = KEYS;

/** What OpenSSH itself makes of it. */
function fingerprint(key: string): string {
  return /SHA256:\S+/.exec(execFileSync("ssh-keygen", ["-l", "-f", "-"], { input: key, encoding: "utf8" }))?.[0] ?? "";
}

const TEXT = `groups:
  - { name: physics, gid: 2006 }
users:
  - { name: alice, uid: 2001, groups: [physics], account: physics }
  - { name: bob, uid: 2002, keys: ["${A}", "${B}"] }
former:
  - { name: zoe, uid: 2004 }
`;
const FILE = { name: "team.yaml", text: TEXT };
const NOBODY: KnownNumbers = { ours: [], taken: [], gids: [] };

const add = (...users: readonly NewUser[]): UsersChange => ({ kind: "add", users });
const remove = (...names: readonly string[]): UsersChange => ({ kind: "remove", names, homes: "keep" });
const keys = (name: string, change: Partial<Extract<UsersChange, { kind: "keys" }>>): UsersChange => {
  return { kind: "keys", name, add: change.add ?? [], remove: change.remove ?? [], set: change.set };
};

function uids(change: UsersChange, known: KnownNumbers = NOBODY, text = TEXT): Readonly<Record<string, number>> {
  const { people } = changedUsers({ name: "team.yaml", text }, change, known);
  return Object.fromEntries(people.map(({ name, uid }) => [name, uid]));
}

function told(change: UsersChange, text = TEXT, known: KnownNumbers = NOBODY): readonly string[] {
  return (thrownBy(() => changedUsers({ name: "team.yaml", text }, change, known)) as Failure).message.split("\n");
}

describe("a number", () => {
  it("is the next above all that anybody has or had, and of no group", () => {
    expect(uids(add({ name: "carol" }, { name: "dan" }))).toEqual({ carol: 2005, dan: 2007 });
    expect(uids(add({ name: "carol" }), NOBODY, "users: []\n")).toEqual({ carol: 2001 });
  });

  it("is above those that only the master knows, of whatever", () => {
    expect(uids(add({ name: "carol" }), { ours: [{ name: "eve", uid: 2010 }], taken: [], gids: [] })).toEqual({
      carol: 2011,
    });
    expect(uids(add({ name: "carol" }), { ours: [], taken: [2020], gids: [2021, 3000] })).toEqual({ carol: 2022 });
  });

  it("is that which the user had, by the file, or by the master", () => {
    const known = { ours: [{ name: "carol", uid: 1999 }], taken: [], gids: [] };
    expect(uids(add({ name: "zoe" }, { name: "carol" }, { name: "dan" }), known)).toEqual({
      zoe: 2004,
      carol: 1999,
      dan: 2005,
    });
    const { text } = changedUsers(FILE, add({ name: "zoe" }));
    expect(parseUsers(text)).toMatchObject({ former: [], problems: [] });
    // Whoever has it now keeps it.
    const bobs = { ours: [{ name: "carol", uid: 2002 }], taken: [], gids: [] };
    expect(uids(add({ name: "carol" }), bobs)).toEqual({ carol: 2005 });
  });

  it("may be said, if it is free; those that follow are above it", () => {
    expect(uids(add({ name: "carol", uid: 3000 }))).toEqual({ carol: 3000 });
    expect(told(add({ name: "carol", uid: 2002 }, { name: "dan", uid: 2004 }))).toEqual([
      "team.yaml would not be valid; it was not changed",
      "  - users[2].uid is 2002, but must be another uid than that of users[1]",
      "  - users[3].uid is 2004, but must be another number than that of former[0]; files of zoe still belong to it",
    ]);
  });

  it("is asked for where all are given out", () => {
    const known = { ours: [], taken: [60000], gids: [] };
    expect(told(add({ name: "carol" }), TEXT, known)).toEqual([
      "that cannot be done; team.yaml was not changed",
      "  - uid is 60001, but must be at most 60000; say which with --uid: none that somebody had is given again by itself",
    ]);
    expect(uids(add({ name: "carol", uid: 2005 }), known)).toEqual({ carol: 2005 });
  });

  it("is never given again, whatever is added and removed", () => {
    let text = "users: []\n";
    const owners = new Map<number, string>();
    for (let round = 0; round < 30; round++) {
      const name = `user${round % 7}`;
      const there = parseUsers(text).users?.users.some((user) => user.name === name);
      const changed = changedUsers({ name: "team.yaml", text }, there === true ? remove(name) : add({ name }));
      for (const one of changed.people) {
        expect([one.uid, owners.get(one.uid) ?? one.name]).toEqual([one.uid, one.name]);
        owners.set(one.uid, one.name);
      }
      text = changed.text;
    }
    expect(owners.size).toBe(7);
  });
});

describe("users who are added", () => {
  it("and are there as it is said, are left; otherwise it is a problem, all at once", () => {
    const same = changedUsers(
      FILE,
      add({ name: "alice", groups: ["physics"] }, { name: "bob", keys: [B, A], uid: 2002 }),
    );
    expect(same).toMatchObject({
      text: TEXT,
      changed: [],
      people: [
        { name: "alice", uid: 2001 },
        { name: "bob", uid: 2002 },
      ],
    });
    expect(
      told(add({ name: "alice", uid: 7, account: "chemistry" }, { name: "bob", keys: [C] }, { name: "Eve" })),
    ).toEqual([
      "that cannot be done; team.yaml was not changed",
      "  - alice.uid is 7, but must be 2001; alice is in team.yaml already: edit it there",
      '  - alice.account is "chemistry", but must be "physics"; alice is in team.yaml already: edit it there',
      expect.stringMatching(
        /^ {2}- bob.keys is \["ssh-ed25519 .*…"\], but must be those that bob has in team.yaml; ohpc users keys/,
      ) as string,
    ]);
  });

  it("are judged as if they stood in the file", () => {
    expect(told(add({ name: "Eve", groups: ["physic"], shell: "/bin/cash", account: "root", keys: ["x\ny"] }))).toEqual(
      [
        "team.yaml would not be valid; it was not changed",
        expect.stringContaining('users[2].name is "Eve"') as string,
        expect.stringContaining(
          'users[2].groups[0] is "physic", but must be a group of this file; did you mean "physics"?',
        ) as string,
        expect.stringContaining('users[2].shell is "/bin/cash"') as string,
        expect.stringContaining("users[2].keys[0] is") as string,
        expect.stringContaining('users[2].account is "root"') as string,
      ],
    );
  });

  it("do not come into a file that is not valid", () => {
    expect(told(add({ name: "carol" }), "users: [{ name: alice }]\n")).toEqual([
      "team.yaml is not valid as it is; nothing was changed",
      "  - users[0].uid is missing, but must be a whole number",
    ]);
  });
});

describe("users who are removed", () => {
  it("stay in the file as former ones", () => {
    const { text, changed, people } = changedUsers(FILE, remove("bob"));
    expect(text).toContain("former:\n  - { name: zoe, uid: 2004 }\n  - { name: bob, uid: 2002 }\n");
    expect([changed, people]).toEqual([[{ name: "bob", uid: 2002 }], [{ name: "bob", uid: 2002 }]]);
    expect(changedUsers({ name: "team.yaml", text }, remove("bob"))).toMatchObject({ text, changed: [], people });
  });

  it("may be known to the master alone, where somebody has taken them out by hand", () => {
    const known = { ours: [{ name: "eve", uid: 2009 }], taken: [], gids: [] };
    const { text, people } = changedUsers(FILE, remove("eve"), known);
    expect(people).toEqual([{ name: "eve", uid: 2009 }]);
    expect(text).toContain("  - { name: eve, uid: 2009 }\n");
  });

  it("are asked for where nobody is meant", () => {
    expect(told(remove("bobb", "carol"))).toEqual([
      "that cannot be done; team.yaml was not changed",
      '  - user is "bobb", but must be a user of team.yaml; did you mean "bob"?',
      '  - user is "carol", but must be a user of team.yaml',
    ]);
  });
});

describe("keys", () => {
  const after = (change: UsersChange) =>
    parseUsers(changedUsers(FILE, change).text).users?.users.find(({ name }) => name === "bob")?.keys;

  it("come and go by what people know them by", () => {
    expect(after(keys("bob", { add: [C] }))).toEqual([A, B, C]);
    expect(after(keys("bob", { remove: ["a@laptop"], add: [C] }))).toEqual([B, C]);
    expect(after(keys("bob", { set: [C, B] }))).toEqual([B, C]);
    expect(after(keys("bob", { remove: [fingerprint(B), "a@laptop"] }))).toEqual([]);
  });

  it("are the same whatever somebody calls them", () => {
    expect(changedUsers(FILE, keys("bob", { add: [A.replace("a@laptop", "a@desk")] })).text).toBe(TEXT);
  });

  it("that nobody has are a problem, unless the cluster still lets them in", () => {
    expect(told(keys("bob", { remove: ["c@laptop"] }))).toEqual([
      "that cannot be done; team.yaml was not changed",
      '  - key is "c@laptop", but must be the comment or the fingerprint of a key of bob; ohpc users list shows the keys of all users',
    ]);
    expect(changedUsers(FILE, keys("bob", { remove: ["c@laptop"] }), NOBODY, [A, C]).text).toBe(TEXT);
    expect(told(keys("bib", {}))[1]).toBe('  - user is "bib", but must be a user of team.yaml; did you mean "bob"?');
  });
});
