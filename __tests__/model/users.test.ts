import fc from "fast-check";
import { stringify } from "yaml";
import { describeProblem } from "../../lib/model/problems";
import { parseUsers } from "../../lib/model/users";
import { cpuMilliseconds } from "../support/cpu-time";

/** A public key as ssh-keygen writes it: the type again inside the data, then the key. */
function publicKey(type = "ssh-ed25519", inner = type, bytes = 36): string {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(inner.length);
  return `${type} ${Buffer.concat([length, Buffer.from(inner), Buffer.alloc(bytes, 7)]).toString("base64")}`;
}

const told = (file: unknown): string[] => parseUsers(stringify(file)).problems.map(describeProblem);
const alice = { name: "alice", uid: 2001 };

describe("a users file", () => {
  test("needs a name and a uid for each user; the rest has defaults", () => {
    expect(parseUsers("users:\n  - name: alice\n    uid: 2001\n")).toEqual({
      users: {
        groups: [{ name: "alice", gid: 2001 }],
        users: [{ name: "alice", uid: 2001, gid: 2001, groups: [], shell: "/bin/bash", keys: [], account: "users" }],
      },
      former: [],
      problems: [],
    });
  });

  test("gives users the groups, keys, shell and account that it says", () => {
    const key = `${publicKey()} alice@laptop`;
    const { users } = parseUsers(
      stringify({
        groups: [{ name: "physics", gid: 3000 }],
        users: [
          { ...alice, groups: ["physics"], keys: [key], shell: "/bin/zsh", account: "physics" },
          { name: "bob", uid: 2002, gid: 3000 },
          { name: "carol", uid: 2003, gid: 5003 },
        ],
      }),
    );
    expect(users?.groups).toEqual([
      { name: "physics", gid: 3000 },
      { name: "alice", gid: 2001 },
      { name: "carol", gid: 5003 },
    ]);
    expect(users?.users[0]).toEqual({
      ...alice,
      gid: 2001,
      groups: ["physics"],
      keys: [key],
      shell: "/bin/zsh",
      account: "physics",
    });
    expect(users?.users.map(({ gid }) => gid)).toEqual([2001, 3000, 5003]);
  });

  test("hands out a number once: nobody else gets that of a former user, who may come back with it", () => {
    const former = [
      { name: "bob", uid: 2002 },
      { name: "docker", uid: 2003 },
    ];
    expect(parseUsers(stringify({ users: [alice], former }))).toMatchObject({ former, problems: [] });
    // The spec is the same with them as without.
    expect(parseUsers(stringify({ users: [alice], former })).users).toEqual(
      parseUsers(stringify({ users: [alice] })).users,
    );
    expect(told({ users: [alice, { name: "carol", uid: 2002 }], former })).toEqual([
      "users[1].uid is 2002, but must be another number than that of former[0]; files of bob still belong to it",
    ]);
    expect(told({ users: [alice, { name: "bob", uid: 2002 }], former })).toEqual([]);
    expect(
      told({
        users: [{ name: "carol", uid: 2002, colour: "blue" }, alice],
        former: [
          { name: "Bob", uid: 2001 },
          { name: "eve", uid: 7 },
          { name: "dan", uid: 2001 },
          { name: "fay" },
          "gus",
        ],
      }),
    ).toEqual([
      'users[0].colour is "colour", but must be one of name, uid, gid, groups, shell, keys, account',
      "former[3].uid is missing, but must be a whole number",
      'former[4] is "gus", but must be a mapping of properties',
      'former[0].name is "Bob", but must be a lower case letter or underscore followed by lower case letters, digits, hyphens and underscores, at most 32 in all',
      "former[1].uid is 7, but must be a whole number from 1001 to 60000; it is the system's",
      "former[2].uid is 2001, but must be another uid than that of former[0]",
      "users[1].uid is 2001, but must be another number than that of former[0]; files of Bob still belong to it",
    ]);
  });

  test("may be empty", () => {
    expect(parseUsers("").users).toEqual({ groups: [], users: [] });
    expect(parseUsers("users: []\n").users).toEqual({ groups: [], users: [] });
  });

  test("has all that is wrong with it told at once, each with its place", () => {
    expect(
      told({
        groups: [
          { name: "physics", gid: 3000 },
          { name: "docker", gid: 3001 },
        ],
        users: [
          alice,
          { name: "bob", uid: 2001 },
          { name: "carol", uid: 999, groups: ["fysics", "wheel"] },
          { name: "alice", uid: 2004 },
          { name: "Eve", uid: 60001, shell: "bash", keys: ["ssh-ed25519 AAAA"], account: "root" },
        ],
      }),
    ).toEqual([
      'groups[1].name is "docker", but must be another name; the machines have it for themselves',
      "users[1].uid is 2001, but must be another uid than that of users[0]",
      "users[2].uid is 999, but must be a whole number from 1001 to 60000; it is the system's",
      'users[2].groups[0] is "fysics", but must be a group of this file; did you mean "physics"?',
      'users[2].groups[1] is "wheel", but must be a group of this file',
      'users[3].name is "alice", but must be another name than that of users[0]',
      'users[4].name is "Eve", but must be a lower case letter or underscore followed by lower case letters, digits, hyphens and underscores, at most 32 in all',
      "users[4].uid is 60001, but must be a whole number from 1001 to 60000; systemd-homed and desktops have it",
      'users[4].shell is "bash", but must be a shell that the machines have: /bin/bash, /bin/sh or /bin/zsh, or /usr/sbin/nologin for nobody to log in; did you mean "/bin/bash"?',
      'users[4].keys[0] is "ssh-ed25519 AAAA", but must be an OpenSSH public key as ssh-keygen writes it: ssh-ed25519 AAAA… comment',
      'users[4].account is "root", but must be another account; root is the administrators\'',
    ]);
  });

  test.each(["root", "slurm", "munge", "mysql", "nobody", "docker", "sudo", "rdma", "dhcpcd", "clock", "lpadmin"])(
    "cannot have a user called %s",
    (name) => {
      expect(told({ users: [{ name, uid: 2001 }] })).toEqual([
        `users[0].name is "${name}", but must be another name; the machines have it for themselves`,
      ]);
    },
  );

  test("asks whether you meant another property", () => {
    expect(told({ users: [{ ...alice, key: [], shel: "/bin/sh" }], group: [] })).toEqual([
      'users[0].key is "key", but must be one of name, uid, gid, groups, shell, keys, account; did you mean "keys"?',
      'users[0].shel is "shel", but must be one of name, uid, gid, groups, shell, keys, account; did you mean "shell"?',
      'group is "group", but must be one of groups, users, former; did you mean "groups"?',
    ]);
  });

  test("is told what kind of value belongs where", () => {
    expect(
      told({ users: [{ name: "alice" }, { name: 7, uid: "2001", keys: "ssh-ed25519" }, "bob"], groups: {} }),
    ).toEqual([
      "groups is {}, but must be a list",
      "users[0].uid is missing, but must be a whole number",
      "users[1].name is 7, but must be text",
      'users[1].uid is "2001", but must be a whole number',
      'users[1].keys is "ssh-ed25519", but must be a list',
      'users[2] is "bob", but must be a mapping of properties',
    ]);
    expect(told(["alice"])).toEqual(['users.yaml is ["alice"], but must be a mapping of properties']);
    expect(told({ users: [{ ...alice, uid: 2001.5 }] })).toEqual([
      "users[0].uid is 2001.5, but must be a whole number",
    ]);
  });

  test("that is not YAML is told with its line", () => {
    const { problems } = parseUsers("users:\n  - name: a\n    name: b\n", "team.yaml");
    expect(problems.map(describeProblem)).toEqual([
      expect.stringMatching(/^team\.yaml is ".*line 3.*", but must be valid YAML$/),
    ]);
  });

  test("keeps users' own groups apart from shared ones", () => {
    const physics = { name: "physics", gid: 3000 };
    expect(told({ groups: [physics], users: [{ name: "physics", uid: 2001 }] })).toEqual([
      'users[0].name is "physics", but must be another name than that of a group; write gid: 3000 if it is the user\'s first group',
    ]);
    expect(told({ groups: [physics], users: [{ name: "alice", uid: 3000 }] })).toEqual([
      "users[0].uid is 3000, but must be another number than the gid of a group, unless gid says that this group is the user's first; write gid: 3000 if it is",
    ]);
    expect(told({ groups: [physics], users: [{ name: "alice", uid: 3000, gid: 3000 }] })).toEqual([]);
    expect(told({ users: [alice, { name: "bob", uid: 2002, gid: 2001 }] })).toEqual([
      "users[1].gid is 2001, but must be another number than the gid of users[0]; declare a group to share it",
    ]);
  });

  test.each([
    [publicKey(), true],
    [`${publicKey()} alice@laptop and more`, true],
    [publicKey("ssh-rsa", "ssh-rsa", 256), true],
    [publicKey("sk-ssh-ed25519@openssh.com"), true],
    [publicKey("ssh-ed25519", "ssh-rsa"), false],
    [publicKey("ssh-dss"), false],
    [publicKey("ssh-ed25519", "ssh-ed25519", 20), false],
    ["ssh-ed25519", false],
    ["", false],
    [`from="10.0.0.0/8" ${publicKey()}`, false],
    [`${publicKey()}\n${publicKey()}`, false],
    ["not a key at all", false],
    [`${publicKey()} alice\tat her laptop, 日本 👩‍💻`, true],
    [`${publicKey()} alice\u2028laptop`, false],
    [`${publicKey()} alice\u0085laptop`, false],
    [`${publicKey()} alice\flaptop`, false],
    [`${publicKey()} alice\u001b[2Jlaptop`, false],
    [`${publicKey()} alice\ud800laptop`, false],
    [`${publicKey()} alice\0laptop`, false],
  ])("judges the key line %j", (key, good) => {
    expect(told({ users: [{ ...alice, keys: [key] }] })).toHaveLength(good ? 0 : 1);
  });

  test("with a private key in it does not print it", () => {
    const [message = ""] = told({ users: [{ ...alice, keys: ["-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0"] }] });
    expect(message).toContain("give the file that ends with .pub");
    expect(message).not.toContain("c2VjcmV0");
  });

  test.each(["debian", "admin", "azureuser", "ubuntu", "ec2-user", "ssm-user"])(
    "cannot have %s, with whom images of clouds come",
    (name) => {
      const words = `is "${name}", but must be another name; images of clouds come with a user of this name`;
      expect(told({ users: [{ name, uid: 2001 }] })).toEqual([`users[0].name ${words}`]);
      expect(told({ groups: [{ name, gid: 3000 }] })).toEqual([`groups[0].name ${words}`]);
    },
  );

  test.each(["_chrony", "_apt", "systemd-coredump", "systemd-oom"])("leaves %s to packages", (name) => {
    expect(told({ users: [{ name, uid: 2001 }] })).toEqual([
      `users[0].name is "${name}", but must be another name; packages of the system begin theirs like that`,
    ]);
  });

  test.each([
    [0, "it is root's"],
    [401, "it is the system's"],
    [1000, "the user of the clouds' own images has it"],
    [60_578, "systemd-homed and desktops have it"],
    [61_184, "systemd gives it to services"],
    [65_519, "systemd gives it to services"],
    [65_534, "it is nobody's"],
    [65_535, "it stands for no user where numbers have 16 bits"],
    [524_288, "containers of users have it"],
    [4_294_967_295, "it stands for no user"],
  ])("gives nobody the number %d: %s", (id, owner) => {
    const want = `is ${id}, but must be a whole number from 1001 to 60000; ${owner}`;
    expect(
      told({
        users: [
          { name: "alice", uid: id },
          { name: "bob", uid: 2002, gid: id },
        ],
        groups: [{ name: "physics", gid: id }],
      }),
    ).toEqual(expect.arrayContaining([`users[0].uid ${want}`, `users[1].gid ${want}`, `groups[0].gid ${want}`]));
  });

  test("gives users shells that the machines have, by any of their paths, or none", () => {
    for (const shell of [
      "/bin/bash",
      "/usr/bin/bash",
      "/bin/sh",
      "/bin/zsh",
      "/usr/bin/zsh",
      "/usr/sbin/nologin",
      "/bin/false",
    ])
      expect(told({ users: [{ ...alice, shell }] })).toEqual([]);
    expect(told({ users: [{ ...alice, shell: "/usr/local/bin/zsh" }] })[0]).toMatch(/; did you mean "\/bin\/zsh"\?$/);
    for (const shell of ["/usr/bin/fish", "/bin/tcsh", "/bin/bash ", "/bin/bash\n", "", "/bin/../bin/bash"])
      expect(told({ users: [{ ...alice, shell }] })[0]).toContain("must be a shell that the machines have");
  });

  test("gives messages without undefined, whatever is in it", () => {
    const value = fc.oneof(
      fc.constantFrom("alice", "physics", "root", 2001, 2002, 3000, "", null),
      fc.jsonValue({ maxDepth: 1 }),
    );
    const entry = fc.record(
      { name: value, uid: value, gid: value, groups: fc.array(value), keys: value, account: value },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.record({ users: fc.array(entry), groups: fc.array(entry) }, { requiredKeys: [] }), (file) => {
        const { problems, users } = parseUsers(stringify(file));
        expect(users === undefined).toBe(problems.length > 0);
        for (const problem of problems) {
          expect(describeProblem({ ...problem, got: "" })).not.toContain("undefined");
        }
      }),
      { numRuns: 40 },
    );
  });

  describe("in YAML that is up to no good", () => {
    const bomb = ["a: &a [x, x, x, x, x, x, x, x, x, x]"];
    for (const [from, to] of ["a b", "b c", "c d", "d e", "e f", "f g", "g h"].map((pair) => pair.split(" ")))
      bomb.push(`${to}: &${to} [${Array<string>(10).fill(`*${from}`).join(", ")}]`);

    test.each([
      ["aliases within aliases", bomb.join("\n"), /YAML that can be read$/],
      ["an alias within itself", "users: &u\n  - *u\n", /users\[0\] is .*mapping of properties/],
      ["an alias of nothing", "users: *nobody\n", /nobody/],
      ["a merge key", "x: &x { uid: 2001 }\nusers:\n  - <<: *x\n    name: alice\n", /users\[0\]\.<<.*no merge keys/],
      ["a key twice", "users: []\nusers: []\n", /the key \\"users\\" a second time at line 2.*valid YAML$/],
      ["a tag of a program", "users: !!js/function 'x'\n", /js\/function.*valid YAML$/],
      ["a tag of its own", "users:\n  - !person { name: alice, uid: 2001 }\n", /person.*valid YAML$/],
      ["binary data", "users:\n  - name: !!binary aGk=\n    uid: 2001\n", /must be text$/],
      ["two documents", "users: []\n---\nusers: []\n", /valid YAML$/],
      ["a mapping as a key", "? { a: b }\n: c\n", /one of groups, users, former/],
      ["nesting without end", "[".repeat(100_000), /YAML/],
      ["no YAML at all", "\u0000\u0001\u0002", /YAML|mapping/],
      ["a prototype", "__proto__: { users: [] }\nusers: []\n", /one of groups, users, former/],
      ["more than anybody writes", `# ${"x".repeat(9 * 1024 * 1024)}\n`, /bytes.*at most 8388608 bytes$/],
    ])("has %s told", (_, text, message) => {
      const { problems, users } = parseUsers(text);
      expect(users).toBeUndefined();
      expect(problems.map(describeProblem).join("\n")).toMatch(message);
      expect(problems.length).toBeLessThanOrEqual(20);
    });

    test("is read or refused in seconds, however much there is of it", () => {
      const many = (line: (k: number) => string) => Array.from({ length: 40_000 }, (_, k) => line(k)).join("\n");
      for (const text of [
        many((k) => `key${k}: ${k}`),
        many((k) => `- &a${k} x`),
        `a: &a x\nb:\n${many(() => "- *a")}`,
        many(() => "users: ["),
      ]) {
        expect(cpuMilliseconds(() => parseUsers(text))).toBeLessThan(10_000);
      }
    });

    test("may name a value once for all", () => {
      const users = Array.from({ length: 3000 }, (_, k) => `  - { name: user${k}, uid: ${2000 + k}, account: *a }`);
      const text = `groups: []\nusers:\n  - { name: alice, uid: 1999, account: &a physics }\n${users.join("\n")}\n`;
      expect(parseUsers(text).users?.users.map(({ account }) => account)).toEqual(Array(3001).fill("physics"));
    });
  });

  test("takes two thousand users in a moment", () => {
    const users = Array.from({ length: 2000 }, (_, k) => ({ name: `user${k}`, uid: 2000 + k }));
    const text = stringify({ users });
    let count: number | undefined;
    const time = cpuMilliseconds(() => {
      count = parseUsers(text).users?.users.length;
    });
    expect(time).toBeLessThan(3000);
    expect(count).toBe(2000);
  });
});

describe("users whose kinds are wrong", () => {
  it("keep nobody from hearing what is wrong with the others", () => {
    const groups = [
      { name: "physics", gid: "3000" },
      { name: "docker", gid: 3001 },
    ];
    const users = [
      { name: "alice", uid: "2001" },
      { name: "bob", uid: 12, groups: ["physics", "phisics"] },
      null,
      { name: "carol", uid: 2003, shel: "/bin/sh" },
      { name: "dave", uid: 2004, shell: "/bin/tcsh" },
      { name: "dave", uid: 2004 },
    ];
    expect(told({ groups, users })).toEqual([
      'groups[0].gid is "3000", but must be a whole number',
      'users[0].uid is "2001", but must be a whole number',
      "users[2] is null, but must be a mapping of properties",
      expect.stringMatching(/^users\[3\]\.shel is "shel", but must be one of .*; did you mean "shell"\?$/),
      expect.stringMatching(/^groups\[1\]\.name is "docker", but must be another name/),
      expect.stringMatching(/^users\[1\]\.uid is 12, but must be a whole number from 1001/),
      'users[1].groups[1] is "phisics", but must be a group of this file; did you mean "physics"?',
      expect.stringMatching(/^users\[4\]\.shell is "\/bin\/tcsh", but must be a shell that the machines have/),
      'users[5].name is "dave", but must be another name than that of users[4]',
      "users[5].uid is 2004, but must be another uid than that of users[4]",
    ]);
  });

  it("that are no lists at all are told", () => {
    expect(told({ groups: "physics", users: { alice: 2001 } })).toEqual([
      'groups is "physics", but must be a list',
      'users is {"alice":2001}, but must be a list',
    ]);
  });
});
