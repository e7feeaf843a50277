import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hostsFile, programText } from "../../../lib/operate/node/bundle-files";
import { viewOf } from "../../support/cluster-builder";

describe("write-hosts", () => {
  const scratch = mkdtempSync(join(tmpdir(), "hosts-"));
  afterAll(() => {
    rmSync(scratch, { recursive: true });
  });
  const [program, wanted, file] = ["write-hosts", "wanted", "hosts"].map((name) => join(scratch, name)) as [
    string,
    string,
    string,
  ];

  function write(before: string, hosts = hostsFile(viewOf({ pools: { cpu: 1 } }))): string {
    writeFileSync(program, programText("write-hosts.sh"));
    writeFileSync(wanted, hosts);
    writeFileSync(file, before);
    execFileSync("bash", [program, wanted, file]);
    return readFileSync(file, "utf8");
  }
  const ours =
    "# ohpc: begin\n127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n10.1.0.10 master\n10.1.0.51 cpu-1\n# ohpc: end\n";

  it("puts the cluster's lines first and keeps those of others", () => {
    expect(write("")).toBe(ours);
    expect(write("# mine\n192.0.2.7 licenses # flexlm\n")).toBe(`${ours}# mine\n192.0.2.7 licenses # flexlm\n`);
  });

  it("takes away what would send our names elsewhere", () => {
    expect(write("127.0.1.1 master.example master\n10.9.9.9 cpu-1\n10.9.9.10 cpu-10 # not cpu-1\n")).toBe(
      `${ours}10.9.9.10 cpu-10 # not cpu-1\n`,
    );
  });

  it("replaces its own lines, and changes nothing the second time", () => {
    const once = write("192.0.2.7 licenses\n", hostsFile(viewOf({ pools: { cpu: 3 } })));
    expect(once).toContain("cpu-3");
    const twice = write(once);
    expect(twice).toBe(`${ours}192.0.2.7 licenses\n`);
    expect(write(twice)).toBe(twice);
  });
});
