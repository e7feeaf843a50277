import fc from "fast-check";
import { differences } from "../../../../lib/operate/configure/step/differences";

describe("differences", () => {
  it("says where two states differ, in words", () => {
    expect(differences({ users: [{ shell: "/bin/sh" }] }, { users: [{ shell: "/bin/bash" }] })).toEqual([
      'users[0].shell is "/bin/sh" instead of "/bin/bash"',
    ]);
    expect(differences({ conf: "a\nb\n" }, { conf: "a\nc\n" })).toEqual(['conf lacks "c"', 'conf still has "b"']);
    expect(differences({ conf: "a\nb\n" }, { conf: "b\na\n" })).toEqual([
      "conf has its lines in another order, or twice",
    ]);
    expect(differences({ list: [1] }, { list: [] })).toEqual(["list[0] is 1 instead of missing"]);
  });

  it("finds none between equal states, and at least one between others", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        expect(differences(a as never, structuredClone(a) as never)).toEqual([]);
        const same = JSON.stringify(a) === JSON.stringify(b);
        if (!same && typeof a !== "object" && typeof b !== "object")
          expect(differences(a as never, b as never)).not.toEqual([]);
      }),
    );
  });
});
