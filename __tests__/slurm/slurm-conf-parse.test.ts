import { isOfAnother, isWholeSlurmConf } from "../../lib/slurm/slurm-conf-parse";

const WHOLE = "ClusterName=demo\nSlurmctldHost=master(10.1.0.10)\nNodeName=cpu-[1-2]\n";

describe("a slurm.conf that somebody damaged", () => {
  it("is not whole when it is empty, ends too soon, or has a hostlist without its end", () => {
    expect(isWholeSlurmConf(WHOLE)).toBe(true);
    for (const damaged of ["", "\n# nothing\n", WHOLE.slice(0, 20), `${WHOLE}NodeName=xx[`, "\0\0", "NodeName=cpu-1\n"])
      expect(isWholeSlurmConf(damaged)).toBe(false);
  });

  it("is another cluster's only if it says so, and not if it may have lost half of its name", () => {
    const other = WHOLE.replace("demo", "other");
    expect(isOfAnother(other, WHOLE)).toBe(true);
    expect(isOfAnother(`${other}NodeName=xx[`, WHOLE)).toBe(true);
    for (const ours of [
      "",
      `${WHOLE}NodeName=xx[`,
      "ClusterName=de",
      "ClusterName=de\nNodeName=xx[",
      "SlurmctldHost=master",
    ])
      expect(isOfAnother(ours, WHOLE)).toBe(false);
  });
});
