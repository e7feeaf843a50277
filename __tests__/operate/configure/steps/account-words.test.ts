import { accountWords } from "../../../../lib/operate/configure/steps/account-words";

const user = (name: string, more: object = {}) => ({
  name,
  uid: 2001,
  groups: ["physics"],
  keys: ["ssh-ed25519 AAAA one@laptop"],
  shell: "/bin/bash",
  shadow: true,
  homeIsThere: true,
  ...more,
});

describe("what a plan says of accounts", () => {
  it("names who comes, who goes and what changes, and nobody else", () => {
    const before = { groups: [], users: [user("alice"), user("bob"), user("erin")] };
    const keys = ["ssh-ed25519 AAAA one@laptop", "ssh-rsa BBBB two@desk with a long comment"];
    const after = {
      groups: [],
      users: [user("alice", { shell: "/bin/zsh", keys }), user("carol", { uid: 2003 }), user("erin")],
    };
    expect(accountWords(before, after)).toEqual([
      "~ user alice: keys + ssh-rsa two@desk with a long comment; shell /bin/bash → /bin/zsh",
      "+ user carol (uid 2003)",
      "- user bob (uid 2001)",
    ]);
  });

  it("does not tell a user's own group beside the user, and tells others", () => {
    const before = { groups: [{ name: "old", gid: 3000 }], users: [] };
    const after = {
      groups: [
        { name: "alice", gid: 2001 },
        { name: "new", gid: 3001 },
      ],
      users: [user("alice")],
    };
    expect(accountWords(before, after)).toEqual([
      "+ group new (gid 3001)",
      "- group old (gid 3000)",
      "+ user alice (uid 2001)",
    ]);
  });

  it("says what is put right of an account that somebody spoilt", () => {
    const before = { groups: [], users: [user("alice", { shadow: false, homeIsThere: false, groups: [] })] };
    expect(accountWords(before, { groups: [], users: [user("alice")] })).toEqual([
      "~ user alice: groups + physics; its entry in /etc/shadow is made anew; its home is made",
    ]);
  });

  it("is all of them where nothing is there yet", () => {
    expect(accountWords(null, { groups: [], users: [user("alice")] })).toEqual(["+ user alice (uid 2001)"]);
  });
});
