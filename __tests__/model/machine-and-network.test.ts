import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { machineFor } from "../../lib/model/machine";
import { PORT_MATRIX, portsBetween } from "../../lib/model/ports";
import { PRIVATE_DIRECTORY_SHELL, cacheDirectory, privateDirectory } from "../../lib/model/private-directory";
import { ConfigurationError, didYouMean, refuse } from "../../lib/model/problems";

describe("the port matrix", () => {
  test("lets the operator reach the master by SSH and nothing else", () => {
    expect(
      PORT_MATRIX.filter(({ from }) => from === "operator").map(({ ports, to }) => [to, ports.map(({ from }) => from)]),
    ).toEqual([["master", [22]]]);
  });

  test("has Slurm, NFS and the ports of srun from compute nodes to the master", () => {
    expect(portsBetween("compute", "master").map(({ from, protocol, to }) => `${protocol} ${from}-${to}`)).toEqual([
      "tcp 617-617",
      "tcp 619-619",
      "tcp 2049-2049",
      "tcp 60001-63000",
      "tcp 640-699",
    ]);
    expect(portsBetween("master", "compute").map(({ from }) => from)).toEqual([22, 618, 630, 610]);
  });

  test("leaves MPI between compute nodes free", () => {
    expect(portsBetween("compute", "compute")).toMatchObject([{ protocol: "all", from: 0, to: 65535 }]);
  });

  test("opens nothing that it does not name", () => {
    expect(portsBetween("operator", "compute")).toEqual([]);
    expect(portsBetween("compute", "operator")).toEqual([]);
  });

  test("says of each rule why it is there, under a name that clouds take", () => {
    for (const { name, why } of PORT_MATRIX.flatMap(({ ports }) => ports)) {
      expect(name).toMatch(/^[a-z][a-z-]*[a-z]$/);
      expect(why.length).toBeGreaterThan(10);
    }
  });
});

describe("private things", () => {
  test.each([
    [{ HOME: "/home/ann" }, "/home/ann/.local/state/ohpc/demo"],
    [{ HOME: "/home/ann", XDG_STATE_HOME: "/var/state" }, "/var/state/ohpc/demo"],
    [{ HOME: "/home/ann", XDG_STATE_HOME: "" }, "/home/ann/.local/state/ohpc/demo"],
    [{ HOME: "/home/ann", XDG_STATE_HOME: "state" }, "/home/ann/.local/state/ohpc/demo"],
    [{ HOME: "/home/a n'n", XDG_STATE_HOME: undefined }, "/home/a n'n/.local/state/ohpc/demo"],
  ])("of %j lie in %s, also for the shell", (env, directory) => {
    expect(privateDirectory("demo", env)).toBe(directory);
    const shell = execFileSync("sh", ["-euc", `printf %s "${PRIVATE_DIRECTORY_SHELL}/demo"`], {
      env,
    });
    expect(shell.toString()).toBe(directory);
  });

  test("are never put into the root directory because HOME is missing", () => {
    expect(() => privateDirectory("demo", {})).toThrow(
      "neither HOME nor XDG_STATE_HOME says where private files may lie",
    );
    expect(() =>
      execFileSync("sh", ["-euc", `d="${PRIVATE_DIRECTORY_SHELL}/demo"; echo "$d"`], { env: {}, stdio: "pipe" }),
    ).toThrow();
  });

  test("that can be made again lie in the cache", () => {
    expect(cacheDirectory({ HOME: "/home/ann" })).toBe("/home/ann/.cache/ohpc");
    expect(cacheDirectory({ HOME: "/home/ann", XDG_CACHE_HOME: "/var/cache" })).toBe("/var/cache/ohpc");
  });
});

describe("a machine", () => {
  const vendor = { cloud: "aws", type: "hpc7a.96xlarge" };

  test("may be one for all clouds, or one per kind of cloud with one for the rest", () => {
    expect(machineFor("medium", "aws")).toBe("medium");
    expect(machineFor(vendor, "aws")).toBe(vendor);
    expect(machineFor({ aws: vendor, default: "large" }, "aws")).toBe(vendor);
    expect(machineFor({ aws: vendor, default: "large" }, "azure")).toBe("large");
    expect(machineFor({ aws: vendor }, "azure")).toBeUndefined();
  });
});

describe("problems", () => {
  test("are told all at once", () => {
    const problems = [
      { at: "nodes", got: 0, want: "a whole number from 1 to 10000" },
      { at: "machine", got: undefined, want: "a size", hint: 'did you mean "medium"?' },
    ];
    expect(() => {
      refuse('ComputePool "demo/cpu"', problems);
    }).toThrow(new ConfigurationError('ComputePool "demo/cpu"', problems).message);
    expect(new ConfigurationError('ComputePool "demo/cpu"', problems).message).toBe(
      'ComputePool "demo/cpu" cannot be built:\n' +
        "  - nodes is 0, but must be a whole number from 1 to 10000\n" +
        '  - machine is missing, but must be a size; did you mean "medium"?',
    );
    expect(() => {
      refuse("nothing", []);
    }).not.toThrow();
  });

  test("offer the nearest word, and none when none is near", () => {
    expect(didYouMean("medum", ["small", "medium", "large"])).toBe('did you mean "medium"?');
    expect(didYouMean("MEDIUM", ["small", "medium"])).toBe('did you mean "medium"?');
    expect(didYouMean("hpc7a", ["small", "medium"])).toBeUndefined();
  });

  test("offer each word for itself", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1 }), (words) => {
        for (const word of words) expect(didYouMean(word, words)).toBe(`did you mean "${word}"?`);
      }),
      { numRuns: 30 },
    );
  });
});
