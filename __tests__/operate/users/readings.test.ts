import { readHomes } from "../../../lib/operate/users/homes";
import { readKnown } from "../../../lib/operate/users/known";
import { readTaken } from "../../../lib/operate/scheduler/taken";

/** What scripts print on the master may hold what users made of it. */
describe("numbers that the master knows", () => {
  it("are those of people, by rows that fit", () => {
    const rows = [
      "ours alice 2001",
      "ours alice 2001 x",
      "ours Bob 2002",
      "ours root 0",
      "ours eve 70000",
      "taken 1500",
    ];
    expect(readKnown([...rows, "taken 999", "taken x", "group 3000", "group -1", ""].join("\n"))).toEqual({
      ours: [{ name: "alice", uid: 2001 }],
      taken: [1500],
      gids: [3000],
    });
  });
});

describe("homes", () => {
  it("are what the script says of them; whom it says nothing of, keeps the home", () => {
    const printed = `a none\nb there 5\nc there ?\nd archived 7 /home/.archive/d-2004-x.tar.gz\ne deleted\nf left tar: a b\nevil deleted\n`;
    const people = ["a", "b", "c", "d", "e", "f", "g"].map((name, k) => ({ name, uid: 2000 + k }));
    expect(readHomes(printed, "/home", people)).toEqual([
      { name: "a", path: "/home/a", state: "none" },
      { name: "b", path: "/home/b", state: "there", bytes: 5 },
      { name: "c", path: "/home/c", state: "there" },
      { name: "d", path: "/home/d", state: "archived", bytes: 7, file: "/home/.archive/d-2004-x.tar.gz" },
      { name: "e", path: "/home/e", state: "deleted" },
      { name: "f", path: "/home/f", state: "left", why: "tar: a b" },
      { name: "g", path: "/home/g", state: "left", why: "nobody knows why" },
    ]);
  });
});

describe("nodes that take accounts", () => {
  it("are read from the last picture, and only those that are the cluster's", () => {
    const printed =
      "taken 0 3\nlate cpu-1 it has configuration 1, not 2\n\ntaken 1 3\nlate cpu-2 x y\noff cpu-3 z\noff evil z\noverdue\n";
    expect(readTaken(printed, new Set(["cpu-1", "cpu-2", "cpu-3"]))).toEqual({
      nodes: 3,
      taken: 1,
      off: [{ node: "cpu-3", why: "z" }],
      late: [{ node: "cpu-2", why: "x y" }],
      overdue: true,
    });
  });
});
