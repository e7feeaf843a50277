import fc from "fast-check";
import { DocumentError } from "../../lib/model/versioned";
import { expandHosts, foldHosts } from "../../lib/slurm/hostlist";
import { cpuMilliseconds } from "../support/cpu-time";
import { hostLists } from "./host-lists";

describe("foldHosts", () => {
  test.each([
    [["cpu-1", "cpu-2", "cpu-4"], "cpu-[1-2,4]"],
    [["cpu-1"], "cpu-1"],
    [["n08", "n09", "n10"], "n[08-10]"],
    [["n99", "n100"], "n[99-100]"],
    [["n9", "n10"], "n[9-10]"],
    [["n09", "n9"], "n[09,9]"],
    [["n1", "n3", "n2"], "n[1,3,2]"],
    [["a1", "b1", "a2"], "a1,b1,a2"],
    [["login", "a1", "a2"], "login,a[1-2]"],
    [["10.77.1.1", "10.77.1.2"], "10.77.1.[1-2]"],
    [["n000000000001", "n000000000002"], "n000[000000001-000000002]"],
    [[], ""],
  ])("folds %j into %s", (hosts, list) => {
    expect(foldHosts(hosts)).toBe(list);
    expect(expandHosts(list)).toEqual(hosts);
  });
});

describe("expandHosts", () => {
  test.each([
    ["n[1-3,7],login", ["n1", "n2", "n3", "n7", "login"]],
    ["n[01-02,3]", ["n01", "n02", "n3"]],
    ["n[001-001]", ["n001"]],
    ["[1-2]", ["1", "2"]],
  ])("expands %s", (list, hosts) => {
    expect(expandHosts(list)).toEqual(hosts);
  });

  test.each([
    "n[3-1]",
    "n[1-65537]",
    "n[1",
    "n1]",
    "n[]",
    "n[a]",
    "n[1-2]x",
    "a[1-2]b[1-2]",
    "n[[1]]",
    "a,,b",
    "a b",
    "n[1-2-3]",
    ",",
  ])("refuses %s", (list) => {
    expect(() => expandHosts(list)).toThrow(DocumentError);
    expect(() => expandHosts(list)).toThrow("is not a hostlist");
  });
});

describe("folding and expanding", () => {
  test("loses no host, invents none and keeps their order", () => {
    fc.assert(
      fc.property(hostLists, (hosts) => {
        expect(expandHosts(foldHosts(hosts))).toEqual(hosts);
      }),
    );
  });

  test("takes ten thousand hosts in a moment, in order or not", () => {
    const hosts = Array.from({ length: 10_000 }, (_, k) => `cpu-${k + 1}`);
    const odd = [...hosts.filter((_, k) => k % 2 === 0), ...hosts.filter((_, k) => k % 2 === 1)];
    const scattered = hosts.map((host, k) => (k % 2 === 0 ? `${host}x` : host));
    let results: string[][] = [];
    const time = cpuMilliseconds(() => {
      results = [hosts, odd, scattered].map((list) => expandHosts(foldHosts(list)));
    });
    expect(time).toBeLessThan(1000);
    expect(results).toEqual([hosts, odd, scattered]);
    expect(foldHosts(hosts)).toBe("cpu-[1-10000]");
  });
});
