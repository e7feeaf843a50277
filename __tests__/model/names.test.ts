import fc from "fast-check";
import {
  defaultHostTemplate,
  expandHostTemplate,
  hostNameClashes,
  hostTemplateProblems,
} from "../../lib/model/host-names";
import {
  clusterNameProblems,
  featureProblems,
  hostNameProblems,
  partitionNameProblems,
  poolNameProblems,
} from "../../lib/model/names";
import { describeProblem } from "../../lib/model/problems";

const told = (problems: readonly Parameters<typeof describeProblem>[0][]) => problems.map(describeProblem);

describe("names", () => {
  test.each([
    [
      clusterNameProblems,
      ["demo", "a", "a-1", "x".repeat(40)],
      ["", "1a", "-a", "A", "a_b", "a.b", "a b", "x".repeat(41)],
    ],
    [poolNameProblems, ["cpu", "gpu-a100", "c1"], ["", "Cpu", "cpu-", "1cpu", "c_pu", "c".repeat(41)]],
    [partitionNameProblems, ["cpu", "Batch", "long_jobs", "a-1"], ["", "a,b", "a b", "1a", "a[1]", "a=b"]],
    [
      hostNameProblems,
      ["master", "c1", "0a", "x".repeat(63)],
      ["", "-a", "a-", "A1", "a.b", "a_b", "12", "x".repeat(64)],
    ],
    [
      (name: string) => featureProblems([name]),
      ["efa", "hpc7a.96xlarge", "NVLink"],
      ["", "a&b", "a|b", "a,b", "a b", "[a]", "a:b", "a*2"],
    ],
  ])("%p takes %j and refuses %j", (problems, right, wrong) => {
    for (const name of right) expect(told(problems(name))).toEqual([]);
    for (const name of wrong) expect(problems(name)).toHaveLength(1);
  });

  test.each(["ALL", "all", "Default", "DEFAULT", "localhost"])(
    "that Slurm or the machine keeps are refused: %s",
    (name) => {
      for (const problems of [clusterNameProblems, poolNameProblems, partitionNameProblems, hostNameProblems]) {
        expect(problems(name)[0]?.want).toBe("another name");
      }
      expect(featureProblems(["efa", name])[0]).toMatchObject({ at: "features[1]", want: "another name" });
    },
  );

  test.each(["master", "operator"])("that firewalls have for others are refused for pools: %s", (name) => {
    expect(told(poolNameProblems(name))).toEqual([
      expect.stringMatching(`^name is "${name}", but must be another name; it stands for `),
    ]);
    expect(poolNameProblems(`${name}s`)).toEqual([]);
    expect(hostNameProblems(name)).toEqual([]);
  });

  test("are refused with the reason and what would be right", () => {
    expect(told(partitionNameProblems("ALL"))).toEqual([
      'partition is "ALL", but must be another name; Slurm reads it as every node',
    ]);
    expect(told(clusterNameProblems("Demo"))).toEqual([
      'clusterName is "Demo", but must be a lower case letter followed by lower case letters, digits and hyphens, at most 40 characters in all; did you mean "demo"?',
    ]);
  });

  test("of any kind give messages without undefined", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.nat(3), (name, count) => {
        const problems = [
          ...[clusterNameProblems, poolNameProblems, partitionNameProblems, hostNameProblems].flatMap((check) =>
            check(name),
          ),
          ...featureProblems([name]),
          ...hostTemplateProblems(name, count),
          ...hostNameClashes([
            { owner: "the master", hosts: [name] },
            { owner: 'pool "cpu"', hosts: [name] },
          ]),
        ].filter(({ got }) => got !== "undefined");
        for (const problem of problems) expect(describeProblem({ ...problem, got: "" })).not.toContain("undefined");
      }),
    );
  });
});

describe("host-name templates", () => {
  test.each([
    ["c{}", 3, ["c1", "c2", "c3"]],
    ["c{:02}", 2, ["c01", "c02"]],
    ["c{:02}", 0, []],
    [defaultHostTemplate("cpu"), 2, ["cpu-1", "cpu-2"]],
  ])("%s gives %i names", (template, count, names) => {
    expect(expandHostTemplate(template, count)).toEqual(names);
    expect(hostTemplateProblems(template, count)).toEqual([]);
  });

  test("keep counting behind the width that they ask for", () => {
    expect(expandHostTemplate("c{:02}", 100).slice(8, 10).concat(expandHostTemplate("c{:02}", 100).slice(98))).toEqual([
      "c09",
      "c10",
      "c99",
      "c100",
    ]);
  });

  test.each([
    ["node", 'did you mean "node{}"?'],
    ["c{", 'did you mean "c{}"?'],
    ["c{}-{}", "it has more than one placeholder"],
    ["c{}x", "Slurm cannot fold names with text behind the number"],
    ["c{:2}", '"{:2}" is no placeholder'],
    ["c{n}", '"{n}" is no placeholder'],
  ])("%s is refused: %s", (template, hint) => {
    expect(told(hostTemplateProblems(template, 4))).toEqual([
      `hostNames is ${JSON.stringify(template)}, but must be text that ends with one {} or {:02} for the number of the host, e.g. c{} or c{:02}; ${hint}`,
    ]);
    expect(() => expandHostTemplate(template, 4)).toThrow(RangeError);
  });

  test("are judged by the names that they give, the longest too", () => {
    expect(hostTemplateProblems("C{}", 1)[0]?.hint).toBe('it gives "C1"');
    expect(hostTemplateProblems("{}", 1)[0]?.hint).toBe('it gives "1"');
    expect(hostTemplateProblems(`${"c".repeat(62)}{}`, 9)).toEqual([]);
    expect(hostTemplateProblems(`${"c".repeat(62)}{}`, 10)[0]?.hint).toBe(`it gives "${"c".repeat(62)}10"`);
  });
});

describe("hostNameClashes", () => {
  const pool = (name: string, template: string, count: number) => ({
    owner: `pool "${name}"`,
    hosts: expandHostTemplate(template, count),
  });

  test("finds none where all names differ, though templates look alike", () => {
    expect(
      hostNameClashes([pool("a", "c{}", 9), pool("b", "c{:02}", 9), { owner: "the master", hosts: ["master"] }]),
    ).toEqual([]);
  });

  test("names the hosts that clash, by comparing all of them", () => {
    expect(told(hostNameClashes([pool("a", "c{}", 12), pool("b", "c{:02}", 14)]))).toEqual([
      'hostNames is "c10, c11, c12", but must be names of its own for pool "b"; pool "a" has the same',
    ]);
    expect(
      told(hostNameClashes([{ owner: "the master", hosts: ["c1"] }, pool("a", "c{}", 500), pool("b", "c{}", 500)])),
    ).toEqual([
      'hostNames is "c1", but must be names of its own for pool "a"; the master has the same',
      'hostNames is "c1", but must be names of its own for pool "b"; the master has the same',
      'hostNames is "c2, c3, c4 and 496 more", but must be names of its own for pool "b"; pool "a" has the same',
    ]);
  });
});
