import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { textBeside } from "../../../lib/package/text-beside";

const SCRIPT = textBeside(join(__dirname, "..", "..", "..", "lib", "operate", "smoke"), "follow-job.sh");
const DIRECTORY = "/home/alice/ohpc-smoke/hello.Ab12Cd";

/** Programs of the master as a hostile user would like them to be; what was cancelled is noted. */
let bin: string;
beforeEach(() => {
  bin = mkdtempSync(join(tmpdir(), "follow-"));
  program("getent", 'echo "alice:x:2001:2001::/home/alice:/usr/bin/zsh"');
  program("scancel", `printf '%s\\n' "$*" >>"${bin}/cancelled"`);
  says({});
});
afterEach(() => {
  rmSync(bin, { recursive: true });
});

function program(name: string, text: string): void {
  writeFileSync(join(bin, name), `#!/bin/bash\n${text}\n`);
  chmodSync(join(bin, name), 0o755);
}

interface Sayings {
  readonly directory?: string;
  readonly sbatch?: string;
  readonly squeue?: string;
}

function says({ directory = DIRECTORY, sbatch = "7", squeue = "7|alice|RUNNING|0:0|cpu-1|0:01|None" }: Sayings): void {
  program(
    "runuser",
    `case $* in *sbatch*) printf -- '${sbatch}\\n' ;; *tail*) echo text ;; *) echo '${directory}' ;; esac`,
  );
  program("squeue", `printf '%s\\n' '${squeue}'`);
}

function follow(): ChildProcessWithoutNullStreams {
  const env = { ...process.env, PATH: `${bin}:${process.env["PATH"] ?? ""}` };
  const args = ["alice", "hello", "60", "", "job.sh", "x"];
  return spawn("bash", ["-c", `set -euo pipefail\n${SCRIPT}`, "follow", ...args], { env });
}

async function ended(child: ChildProcessWithoutNullStreams) {
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (text: Buffer) => (stdout += text.toString()));
  child.stderr.on("data", (text: Buffer) => (stderr += text.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  const cancelled = existsSync(join(bin, "cancelled")) ? readFileSync(join(bin, "cancelled"), "utf8") : "";
  return { code, stdout, stderr, cancelled };
}

const BEGUN = `directory ${DIRECTORY}\njob 7\nstate RUNNING None\n`;

describe("what follows a job", () => {
  it("tells its end and its output, and cancels nothing", async () => {
    says({ squeue: "7|alice|COMPLETED|0:0|cpu-1|0:01|None" });
    expect(await ended(follow())).toEqual({
      code: 0,
      stdout: `directory ${DIRECTORY}\njob 7\nstate COMPLETED None\nend COMPLETED 0:0 cpu-1 0:01\noutput\ntext\n`,
      stderr: "",
      cancelled: "",
    });
  });

  it.each([
    "/etc",
    "/home/alice/ohpc-smoke/../../root",
    `${DIRECTORY}/../../..`,
    `${DIRECTORY}\nend COMPLETED 0:0 cpu-1 0:01`,
    "/home/alice/ohpc-smoke/hello.$(id)",
    "",
  ])("takes %j for no directory of the user's", async (directory) => {
    says({ directory });
    const { code, stdout, stderr } = await ended(follow());
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("alice has no directory for it below /home/alice/ohpc-smoke");
  });

  it.each(["", "7 8", "--user=bob", "7x", "$(id)", "12345678901", "-1", "7;a b"])(
    "takes %j for no number of a job",
    async (sbatch) => {
      says({ sbatch });
      const { code, stdout, stderr, cancelled } = await ended(follow());
      expect({ code, stdout, cancelled }).toEqual({ code: 1, stdout: `directory ${DIRECTORY}\n`, cancelled: "" });
      expect(stderr).toContain("did not tell the number of a job");
    },
  );

  it("takes the number that sbatch tells in a federation", async () => {
    says({ sbatch: "sbatch: a warning\\n7;demo", squeue: "7|alice|COMPLETED|0:0|cpu-1|0:01|None" });
    expect((await ended(follow())).stdout).toContain("job 7\n");
  });

  it("neither follows nor cancels a job of somebody else's", async () => {
    says({ squeue: "7|bob|COMPLETED|0:0|cpu-1|0:01|None" });
    const { code, stderr, cancelled } = await ended(follow());
    expect({ code, cancelled }).toEqual({ code: 1, cancelled: "" });
    expect(stderr).toContain("the job that sbatch told is not one of alice");
  });

  it("tells of a reason only what is one", async () => {
    says({ squeue: "7|alice|CANCELLED|0:0||0:00|by \u001b[2Jroot\u0007" });
    expect((await ended(follow())).stdout).toContain("state CANCELLED by___2Jroot_\n");
  });

  it("cancels the job when nobody waits any more", async () => {
    const child = follow();
    const result = ended(child);
    child.stdout.on("data", (text: Buffer) => {
      if (text.toString().includes("state")) child.stdin.end("\n\n");
    });
    const { stdout, cancelled } = await result;
    expect({ stdout, cancelled }).toEqual({
      stdout: `${BEGUN}end ABANDONED cancelled\n`,
      cancelled: "--user=alice 7\n",
    });
  });

  it("says so when it cannot", async () => {
    program("scancel", "exit 1");
    const child = follow();
    child.stdin.end();
    // Before there is a job, there is none to cancel.
    expect((await ended(child)).stdout).toBe(`directory ${DIRECTORY}\nend ABANDONED unsubmitted\n`);
    const later = follow();
    later.stdout.on("data", (text: Buffer) => {
      if (text.toString().includes("state")) later.stdin.end();
    });
    expect((await ended(later)).stdout).toBe(`${BEGUN}end ABANDONED kept\n`);
  });

  it.each(["SIGTERM", "SIGHUP"] as const)("cancels the job when it is ended by %s", async (signal) => {
    const child = follow();
    const result = ended(child);
    child.stdout.on("data", (text: Buffer) => {
      if (text.toString().includes("state")) child.kill(signal);
    });
    expect((await result).cancelled).toBe("--user=alice 7\n");
  });

  it("cancels the job when nobody reads any more", async () => {
    program(
      "squeue",
      `[ -e "${bin}/closed" ] && state=COMPLETING || state=RUNNING; echo "7|alice|$state|0:0|cpu-1|0:01|None"`,
    );
    const child = follow();
    await once(child.stdout, "data");
    child.stdout.destroy();
    child.stderr.destroy();
    const gone = once(child, "exit");
    writeFileSync(join(bin, "closed"), "");
    await gone;
    expect(readFileSync(join(bin, "cancelled"), "utf8")).toBe("--user=alice 7\n");
  });
});
