import fc from "fast-check";
import { stringify } from "yaml";
import { describeProblem } from "../../lib/model/problems";
import { parseUsers } from "../../lib/model/users";
import { editUsersFile, type FileEntry, type UsersEdit } from "../../lib/model/users-file";

/** A public key: the type again inside the data, then 32 bytes. */
function key(comment: string): string {
  const type = "ssh-ed25519";
  const length = Buffer.alloc(4);
  length.writeUInt32BE(type.length);
  return `${type} ${Buffer.concat([length, Buffer.from(type), Buffer.alloc(36, 7)]).toString("base64")} ${comment}`;
}

function edited(text: string, edit: UsersEdit): string {
  const result = editUsersFile(text, edit);
  if (result === undefined) throw new Error("it could not be edited");
  expect(parseUsers(result).problems.map(describeProblem)).toEqual([]);
  return result;
}

const FILE = `# Who has an account. Ask carol before you change anything.
groups:                  # shared
  - name: physics
    gid: 3000

users:
  # --- physics
  - name: alice          # the boss
    uid: 2001
    groups: [ physics ]
    keys:
      - "${key("alice@laptop")}"   # her laptop
      - ${key("alice@desk")}
    # account: later

  - { name: bob, uid: 2002,   account: chemistry } # guest
  # --- others

  - name: carol
    uid: 2003
# the end
`;

describe("a users file that is edited", () => {
  it("gets users behind those that it has, and stays otherwise as it is", () => {
    const dave: FileEntry = {
      name: "dave",
      uid: 2004,
      groups: ["physics"],
      account: "physics",
      keys: [key("dave: #1")],
    };
    const lines = `
  - name: dave
    uid: 2004
    groups: [physics]
    account: physics
    keys:
      - "${key("dave: #1")}"

  - name: eve
    uid: 2005
`;
    expect(edited(FILE, { add: [dave, { name: "eve", uid: 2005 }] })).toBe(
      FILE.replace("    uid: 2003\n", `    uid: 2003\n${lines}`),
    );
  });

  it("loses the lines of users who go, and no comment that stands between others", () => {
    const gone = edited(FILE, { remove: ["alice"] });
    expect(gone).toBe(FILE.slice(0, FILE.indexOf("  - name: alice")) + FILE.slice(FILE.indexOf("\n  - { name: bob")));
    expect(edited(FILE, { remove: ["bob", "carol"] })).toBe(
      FILE.replace(/ {2}- \{ name: bob.*\n/, "").replace("  - name: carol\n    uid: 2003\n", ""),
    );
  });

  it("names those who went", () => {
    const text = edited(FILE, { remove: ["carol"], remember: [{ name: "carol", uid: 2003 }] });
    expect(text).toContain("# the end\n");
    expect(text).toContain("former:\n  - name: carol\n    uid: 2003\n");
    expect(parseUsers(text).former).toEqual([{ name: "carol", uid: 2003 }]);
    const again = edited(text, { forget: [{ name: "carol", uid: 2003 }], add: [{ name: "carol", uid: 2003 }] });
    expect(parseUsers(again).former).toEqual([]);
    expect(parseUsers(again).users).toEqual(parseUsers(FILE).users);
  });

  it("can lose everybody and get others", () => {
    const nobody = edited(FILE, { remove: ["alice", "bob", "carol"] });
    expect(nobody).toContain("users: []\n  # --- physics\n");
    expect(edited(nobody, { add: [{ name: "dave", uid: 2004 }] })).toContain(
      "users:\n  - name: dave\n    uid: 2004\n  # --- physics\n",
    );
  });

  it("has keys added and removed one by one", () => {
    const [laptop, desk] = [key("alice@laptop"), key("alice@desk")];
    const keys = (own: readonly string[], name = "alice") => edited(FILE, { keys: new Map([[name, own]]) });
    expect(keys([laptop, desk, key("new")])).toBe(
      FILE.replace(`      - ${desk}\n`, `      - ${desk}\n      - ${key("new")}\n`),
    );
    expect(keys([desk])).toBe(FILE.replace(/ {6}- ".*\n/, ""));
    expect(keys([])).toContain("    keys: []\n    # account: later\n");
    expect(keys([laptop], "bob")).toContain(
      `  - { name: bob, uid: 2002,   account: chemistry, keys: ["${laptop}"] } # guest\n`,
    );
    expect(keys([laptop], "carol")).toContain(`    uid: 2003\n    keys:\n      - ${laptop}\n# the end\n`);
    expect(keys([], "carol")).toBe(FILE);
  });

  it("keeps what users share by an anchor, also if the one goes who has it", () => {
    const shared = `users:
  - name: alice
    uid: 2001
    keys: &team [ "${key("team")}" ]
  - name: bob   # and his
    uid: 2002
    keys: *team
  - { name: carol, uid: 2003, keys: *team }
`;
    expect(edited(shared, { remove: ["alice"] })).toBe(`users:
  - name: bob   # and his
    uid: 2002
    keys: &team ["${key("team")}"]
  - { name: carol, uid: 2003, keys: *team }
`);
    const own = edited(shared, { keys: new Map([["alice", [key("own")]]]) });
    expect(parseUsers(own).users?.users.map(({ keys }) => keys)).toEqual([[key("own")], [key("team")], [key("team")]]);
    expect(own).toContain("  - name: bob   # and his\n");
  });

  it("may be JSON, and stays that", () => {
    const json = `{\n  "users": [\n    {"name": "alice", "uid": 2001},\n    {"name": "bob", "uid": 2002}\n  ]\n}\n`;
    const text = edited(json, { add: [{ name: "carol", uid: 2003 }], remember: [{ name: "dave", uid: 2004 }] });
    expect(JSON.parse(text)).toMatchObject({ former: [{ name: "dave", uid: 2004 }] });
    expect(text).toContain('    {"name": "bob", "uid": 2002},\n    {"name": "carol", "uid": 2003}\n');
    const fewer = edited(json, { remove: ["bob"] });
    expect(JSON.parse(fewer)).toEqual({ users: [{ name: "alice", uid: 2001 }] });
  });

  it.each([
    ["nothing", ""],
    ["a comment", "# nobody yet\n"],
    ["a beginning", "---\n"],
    ["an end", "---\nusers: []\n...\n"],
    ["nobody", "users: []\n"],
    ["an empty list over two lines", "users: [\n] # nobody\n"],
    ["groups only", "groups: []\n"],
    ["an empty object", "{}\n"],
    ["no last line break", "users:\n- name: zoe\n  uid: 2000"],
    ["a list that is indented no further", "users:\n- name: zoe\n  uid: 2000\ngroups: []\n"],
    ["wide hyphens", "users:\n    -   name: zoe\n        uid: 2000\n"],
    ["other line ends", "users:\r\n  - name: zoe\r\n    uid: 2000\r\n"],
    ["a byte order mark", "\ufeffusers:\n  - name: zoe\n    uid: 2000\n"],
    ["keys with question marks", "? users\n: - name: zoe\n    uid: 2000\n"],
    ["tags and anchors", "users: &u !!seq\n  - &z\n    name: zoe\n    uid: 2000\n"],
    ["an entry that is written elsewhere", "former: [&z { name: zoe, uid: 2000 }]\nusers: [*z]\n"],
    ["a comment in a list in brackets", "users: [ { name: zoe, uid: 2000 }, # first\n  { name: yan, uid: 1999 } ]\n"],
  ])("may have %s before", (_, text) => {
    const before = parseUsers(text).users?.users.map(({ name }) => name) ?? [];
    const more = edited(text, { add: [{ name: "alice", uid: 2001, keys: [key("a")] }] });
    expect(parseUsers(more).users?.users.map(({ name }) => name)).toEqual([...before, "alice"]);
    for (const line of text.split(/\r?\n/))
      for (const [comment] of line.matchAll(/#.*/g)) expect(more).toContain(comment);
    expect(more.includes("\r\n")).toBe(text.includes("\r\n"));
    expect(parseUsers(edited(more, { remove: ["alice"] })).users?.users.map(({ name }) => name)).toEqual(before);
    const none = edited(more, { remove: [...before, "alice"] });
    expect(parseUsers(none).users?.users).toEqual([]);
    expect(parseUsers(edited(more, { keys: new Map([["alice", [key("b")]]]) })).users?.users.at(-1)?.keys).toEqual([
      key("b"),
    ]);
    for (const name of before)
      expect(parseUsers(edited(text, { keys: new Map([[name, [key("b")]]]) })).problems).toEqual([]);
  });
});

// --- any file, any edit ----------------------------------------------------------------------------------------------

/** A line, and whose it is: nobody's must stay whoever goes. */
interface Line {
  readonly text: string;
  readonly of?: string;
}

interface Person {
  readonly name: string;
  readonly uid: number;
  readonly keys: readonly string[];
  readonly style: "block" | "flow" | "wide";
  readonly comments: readonly [above: boolean, behind: boolean, within: boolean, blank: boolean];
  readonly shares: boolean;
}

const NAMES = ["ann", "ben", "cat", "dan", "eli", "fay", "gus", "hal", "null", "true", "yes"];

const person = (name: string, k: number): fc.Arbitrary<Person> =>
  fc.record({
    name: fc.constant(name),
    uid: fc.constant(2000 + k),
    keys: fc.array(fc.constantFrom("a", "b # c", "d: e", "[f", "'g", "ü").map(key), { maxLength: 3 }).map(distinct),
    style: fc.constantFrom("block", "flow", "wide"),
    comments: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean(), fc.boolean()),
    shares: fc.boolean(),
  });

function distinct<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}

const fileOf = fc.record({
  people: fc
    .shuffledSubarray(NAMES, { minLength: 0 })
    .chain((names) => fc.tuple(...names.map((name, k) => person(name, k)))),
  former: fc.array(fc.constantFrom("old", "older", "oldest"), { maxLength: 2 }).map(distinct),
  formerFirst: fc.boolean(),
  indent: fc.constantFrom(0, 2, 4),
  inBrackets: fc.constantFrom(false, false, false, "inline", "lines"),
  start: fc.constantFrom("", "---\n", "# head\n\n", "# head\n---\n# again\n"),
  end: fc.constantFrom("", "# end\n", "\n# end\n\n", "  # deep\n"),
  eol: fc.constantFrom("\n", "\n", "\r\n"),
  last: fc.boolean(),
});
type FileStyle = typeof fileOf extends fc.Arbitrary<infer T> ? T : never;

function quoted(text: string): string {
  return JSON.stringify(text);
}

function inBraces({ name, uid, keys }: Pick<Person, "name" | "uid" | "keys">): string {
  const own = keys.length === 0 ? "" : `,  keys: [${keys.map(quoted).join(", ")}]`;
  return `{ name: ${quoted(name)}, uid: ${uid}${own} }`;
}

function linesOf({ people, indent, inBrackets, former, formerFirst }: FileStyle): readonly Line[] {
  const pad = " ".repeat(indent);
  const formers =
    former.length === 0
      ? []
      : [
          { text: "former:   # not any more", of: "header" },
          ...former.map((name) => ({ text: `${pad}- { name: ${name}, uid: ${3000 + name.length} }`, of: name })),
        ];
  const users = (): readonly Line[] => {
    if (people.length === 0) return [{ text: "users: []", of: "everybody" }];
    if (inBrackets === "inline")
      return [{ text: `users: [ ${people.map((one) => inBraces(one)).join(",  ")} ] # all`, of: "everybody" }];
    if (inBrackets === "lines") {
      return [
        { text: "users: [", of: "brackets" },
        // Commas come and go.
        ...people.map((one) => ({ text: `  ${inBraces(one)},  # of ${one.name}`, of: one.name })),
        { text: "] # all", of: "brackets" },
      ];
    }
    let shared = false;
    return [
      { text: "users:  # all", of: "everybody" },
      ...people.flatMap((one, k): readonly Line[] => {
        const { name, uid, keys, style, comments } = one;
        const [above, behind, within, blank] = comments;
        const before = [
          ...(blank && k > 0 ? [{ text: "" }] : []),
          ...(above ? [{ text: `${pad}# before ${name}` }] : []),
        ];
        const tail = behind ? "   # of that" : "";
        if (style === "flow") return [...before, { text: `${pad}- ${inBraces(one)}${tail}`, of: name }];
        const [hyphen, deep] = style === "wide" ? ["-   ", "    "] : ["- ", "  "];
        const uses = one.shares && shared;
        const gives = one.shares && !shared && keys.length > 0;
        shared ||= gives;
        const own = uses
          ? [`keys: *shared`]
          : keys.length === 0
            ? []
            : [
                `keys:${gives ? " &shared" : ""}`,
                ...keys.map((text) => `  - ${stringify(text, { lineWidth: 0 }).trimEnd()}`),
              ];
        return [
          ...before,
          { text: `${pad}${hyphen}name:   ${quoted(name)}${tail}`, of: name },
          ...[`uid: ${uid}`, ...own].map((text) => ({ text: `${pad}${deep}${text}`, of: name })),
          ...(within ? [{ text: `${pad}${deep}# after ${name}`, of: name }] : []),
        ];
      }),
    ];
  };
  const groups = [{ text: "groups:" }, { text: `${pad}- { name: physics,   gid: 5000 } # shared` }];
  return formerFirst ? [...formers, ...users(), ...groups] : [...groups, ...users(), ...formers];
}

const editOf = fc.record({
  remove: fc.subarray(NAMES),
  add: fc.array(
    fc.record({
      name: fc.constantFrom("new1", "new2", "new3", "no"),
      keys: fc.subarray([key("n: #"), key("m")]),
      groups: fc.subarray(["physics"]),
      account: fc.option(fc.constantFrom("physics", "true"), { nil: undefined }),
    }),
    { maxLength: 3 },
  ),
  keys: fc.option(fc.tuple(fc.constantFrom(...NAMES), fc.subarray([key("a"), key("b # c"), key("k")])), {
    nil: undefined,
  }),
  forget: fc.subarray(["old", "older", "oldest"]),
});

it("of any kind is still valid after any edit, and all other lines are what they were", () => {
  fc.assert(
    fc.property(fileOf, editOf, (file, { remove, add, keys, forget }) => {
      const lines = linesOf(file);
      const body = `${file.start}${lines.map(({ text }) => `${text}\n`).join("")}${file.end}`;
      const text = (file.last ? body.trimEnd() : body).replaceAll("\n", file.eol);
      const before = parseUsers(text);
      expect(before.problems.map(describeProblem)).toEqual([]);
      const people = before.users?.users ?? [];
      const going = people.filter(({ name }) => remove.includes(name));
      const coming = [...new Map(add.map((one) => [one.name, one])).values()].map((one, k) => ({
        ...one,
        uid: 4000 + k,
      }));
      const forgotten = (before.former ?? []).filter(({ name }) => forget.includes(name));
      const own =
        keys !== undefined && people.some(({ name }) => name === keys[0]) && !remove.includes(keys[0])
          ? keys
          : undefined;
      const result = edited(text, {
        remove: going.map(({ name }) => name),
        add: coming,
        keys: new Map(own === undefined ? [] : [own]),
        remember: going.map(({ name, uid }) => ({ name, uid })),
        forget: forgotten,
      });
      const after = parseUsers(result);
      const sorted = (list: readonly string[]) => [...list].sort();
      expect(after.users?.users.map(({ name }) => name)).toEqual([
        ...people.filter((one) => !going.includes(one)).map(({ name }) => name),
        ...coming.map(({ name }) => name),
      ]);
      for (const user of after.users?.users ?? []) {
        const expected =
          user.name === own?.[0] ? own[1] : [...people, ...coming].find(({ name }) => name === user.name)?.keys;
        expect(sorted(user.keys)).toEqual(sorted(expected ?? []));
      }
      expect(after.former).toEqual([
        ...(before.former ?? []).filter((one) => !forgotten.includes(one)),
        ...going.map(({ name, uid }) => ({ name, uid })),
      ]);
      // A line that has an alias may get what it stood for, and the last one in brackets a comma.
      const touched = new Set(["everybody", own?.[0], ...remove, ...forget]);
      // Lists that lose all that was in them are written anew.
      if (going.length === people.length) touched.add("brackets");
      if (forgotten.length === before.former?.length) touched.add("header");
      const kept = lines
        .filter((line) => !touched.has(line.of ?? "") && line.text.trim() !== "" && !line.text.includes("*shared"))
        .map((line) => line.text);
      const left = result.split(file.eol);
      let from = 0;
      for (const line of kept) {
        const at = left.indexOf(line, from);
        expect([line, at >= 0]).toEqual([line, true]);
        from = at + 1;
      }
    }),
    { numRuns: Number(process.env["FUZZ_RUNS"] ?? 150) },
  );
});
