import { readHelloOutput } from "../../../lib/operate/smoke/hello-output";

describe("what MPI hello prints", () => {
  const line = (rank: number, host: string, { size = 4, sum = 6, mpi = "Open MPI v5.0.7" } = {}) =>
    `hello rank=${rank} size=${size} sum=${sum} host=${host} mpi=${mpi}`;
  const wanted = { ranks: 4, nodes: 2 };
  const good = [line(0, "cpu-1"), line(2, "cpu-2"), line(1, "cpu-1"), line(3, "cpu-2")];

  it("is right when every rank spoke once, on as many hosts as there should be", () => {
    const output = ["a warning of somebody", ...good].join("\n");
    expect(readHelloOutput(output, wanted)).toEqual({
      ranks: 4,
      hosts: ["cpu-1", "cpu-2"],
      mpi: "Open MPI v5.0.7",
      problems: [],
    });
  });

  it.each([
    ["a rank is silent", good.slice(1), /4 ranks should have said hello once each, but 3 did, in 3 lines/],
    ["a rank speaks twice", [...good, line(0, "cpu-1")], /but 4 did, in 5 lines/],
    ["they all run on one host", good.map((text) => text.replace("cpu-2", "cpu-1")), /on 2 hosts, but ran on 1: cpu-1/],
    [
      "each is alone",
      [0, 1, 2, 3].map((k) => line(0, `cpu-${(k % 2) + 1}`, { size: 1, sum: 0 })),
      /not in one MPI job/,
    ],
    ["one speaks another MPI", [...good.slice(1), line(0, "cpu-1", { mpi: "MPICH Version: 4.2" })], /different MPI/],
    ["nobody speaks", [], /but 0 did/],
  ])("is wrong when %s", (_, lines, problem) => {
    expect(readHelloOutput(lines.join("\n"), wanted).problems.join("\n")).toMatch(problem);
  });
});
