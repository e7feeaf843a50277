import { describeProblem } from "../../lib/model/problems";
import { confFile, confLine, confLines } from "../../lib/slurm/conf-line";
import { hostsOf, hostsOfPool } from "../../lib/slurm/hosts";
import { cpusOf, defMemPerCpu, realMemory } from "../../lib/slurm/memory";
import { settingsProblems } from "../../lib/slurm/owned-settings";
import { CPU_AND_GPU, PRODUCTION } from "./clusters";

describe("settingsProblems", () => {
  const told = (settings: Record<string, string>) => settingsProblems(settings).map(describeProblem);

  test("has nothing against keys that are Slurm's and not ours", () => {
    expect(
      told({
        PriorityWeightFairshare: "10000",
        SchedulerParameters: "bf_window=4320,bf_continue",
        MailProg: "/bin/mail -s x",
      }),
    ).toEqual([]);
  });

  test("refuses keys that the library owns, in any case, with the reason", () => {
    expect(told({ StateSaveLocation: "/tmp", nodename: "x" })).toEqual([
      'slurm.settings.StateSaveLocation is "/tmp", but must be left out; it is on the state disk, which outlives the master',
      'slurm.settings.nodename is "x", but must be left out; machines come from pools',
    ]);
  });

  test("asks whether you meant another key", () => {
    expect(told({ SchedulerParameter: "x" })).toEqual([
      'slurm.settings is "SchedulerParameter", but must be a key of slurm.conf; did you mean "SchedulerParameters"?',
    ]);
    expect(told({ Frobnicate: "x" })).toEqual(['slurm.settings is "Frobnicate", but must be a key of slurm.conf']);
  });

  test("refuses the same key twice", () => {
    expect(told({ KillWait: "1", killwait: "2" })).toEqual([
      'slurm.settings.killwait is "2", but must be left out: KillWait is the same key',
    ]);
  });

  test.each(["", "  ", "a\nSlurmUser=root", 'a"b', "a # b", "a\\"])(
    "refuses the value %j, which would become something else",
    (value) => {
      expect(told({ KillWait: value })).toEqual([expect.stringContaining("must be text on one line")]);
    },
  );
});

describe("confLine", () => {
  test("leaves out what is not set, and keeps 0", () => {
    expect(confLine({ A: undefined, B: "", C: [], D: 0, E: ["x", "y"], F: "z" })).toBe("D=0 E=x,y F=z");
    expect(confLines({ A: undefined, B: 1, C: 2 })).toEqual(["B=1", "C=2"]);
  });

  test("quotes a value with spaces", () => {
    expect(confLine({ MailProg: "/bin/mail -s x" })).toBe('MailProg="/bin/mail -s x"');
  });

  test.each(["a\nb", "a#b", 'a"b', "a\\"])("never writes %j", (value) => {
    expect(() => confLine({ Key: value })).toThrow("Key cannot have the value");
  });

  test("ends each file with one end of line", () => {
    expect(confFile("demo", [["A=1"], [], ["B=2"]])).toBe(
      "# Written by ohpc for cluster demo; change the stack, not this file.\n\nA=1\n\nB=2\n",
    );
  });
});

describe("memory", () => {
  test.each([
    [2048, 1689],
    [4096, 3635],
    [8192, 7526],
    [786432, 746854],
    [1, 1],
  ])("promises of %i MiB %i", (memoryMebibytes, promised) => {
    expect(realMemory({ memoryMebibytes })).toBe(promised);
  });

  test("counts hardware threads as CPUs", () => {
    expect(cpusOf({ sockets: 2, coresPerSocket: 24, threadsPerCore: 2, memoryMebibytes: 1 })).toBe(96);
  });

  test("of no machine has no share", () => {
    expect(defMemPerCpu([])).toBeUndefined();
  });
});

describe("hosts of the manifest", () => {
  test("come with the master first, each with its address", () => {
    expect(hostsOf(CPU_AND_GPU.manifest)).toEqual([
      { name: "master", address: "10.77.0.10" },
      { name: "cpu-1", address: "10.77.32.1" },
      { name: "cpu-2", address: "10.77.32.2" },
      { name: "gpu-1", address: "10.77.91.1" },
      { name: "gpu-2", address: "10.77.91.2" },
    ]);
    expect(hostsOf(PRODUCTION.manifest)).toContainEqual({ name: "s02", address: "10.20.200.9" });
  });

  test("are refused when there are more of them than addresses", () => {
    expect(() => hostsOfPool({ name: "cpu", hosts: "cpu-[1-3]", addresses: ["10.0.0.1-10.0.0.2"] })).toThrow(
      'the manifest has 3 hosts and 2 addresses for pool "cpu"',
    );
  });
});
