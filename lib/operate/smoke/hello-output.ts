/** What a run of `hello.c` showed. */
export interface HelloRun {
  readonly ranks: number;
  readonly hosts: readonly string[];
  /** As the library calls itself, e.g. `Open MPI v5.0.7`. */
  readonly mpi: string;
}

/** Reads the output, and says everything that is wrong with it. */
export function readHelloOutput(
  output: string,
  wanted: { readonly ranks: number; readonly nodes: number },
): HelloRun & { readonly problems: readonly string[] } {
  const lines = output
    .split("\n")
    .map((line) => HELLO.exec(line)?.groups)
    .filter((groups) => groups !== undefined);
  const ranks = new Set(lines.map((groups) => Number(groups["rank"])));
  const hosts = [...new Set(lines.map((groups) => groups["host"] ?? ""))].sort();
  const versions = [...new Set(lines.map((groups) => groups["mpi"] ?? ""))];
  const sum = (wanted.ranks * (wanted.ranks - 1)) / 2;
  const problems: string[] = [];
  if (lines.length !== wanted.ranks || ranks.size !== wanted.ranks) {
    problems.push(
      `${wanted.ranks} ranks should have said hello once each, but ${ranks.size} did, in ${lines.length} lines`,
    );
  }
  if (hosts.length !== wanted.nodes) {
    problems.push(
      `they should have run on ${wanted.nodes} hosts, but ran on ${hosts.length}: ${hosts.join(", ") || "none"}`,
    );
  }
  const apart = lines.filter((groups) => Number(groups["sum"]) !== sum);
  if (apart.length > 0) problems.push(`${apart.length} of the ranks were not in one MPI job with all others`);
  if (versions.length > 1) problems.push(`they speak different MPI: ${versions.join(", ")}`);
  if (lines.length > 0 && !versions.every((version) => version.startsWith("Open MPI v"))) {
    problems.push(`they should speak Open MPI, but speak ${versions.join(", ")}`);
  }
  return { ranks: ranks.size, hosts, mpi: versions[0] ?? "", problems };
}

const HELLO = /^hello rank=(?<rank>\d+) size=(?<size>\d+) sum=(?<sum>\d+) host=(?<host>[\w.-]+) mpi=(?<mpi>[ -~]*)$/;
