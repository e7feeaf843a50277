import fc from "fast-check";
import { readCollected } from "../../../lib/operate/logs/collect";
import { redact } from "../../../lib/operate/logs/redact";
import { cpuMilliseconds } from "../../support/cpu-time";

const KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n-----END OPENSSH PRIVATE KEY-----";

describe("what leaves the house", () => {
  it.each([
    [KEY, "b3BlbnNzaC1rZXk"],
    [`before ${KEY.slice(0, 50)}`, "b3BlbnNzaC1r"],
    ["key AKIAIOSFODNN7EXAMPLE used", "AKIAIOSFODNN7EXAMPLE"],
    ["GET https://x.blob.core.windows.net/c/log?sv=1&sig=abc%2Bdef&se=2", "abc%2Bdef"],
    ["Authorization: Bearer abcdefghijkl", "abcdefghijkl"],
    ["postgres://admin:hunter22@db/slurm", "hunter22"],
    ['"StoragePass": "hunter22"', "hunter22"],
    ["JobCompPass             = hunter22", "hunter22"],
    ["mariadb --user slurm --password hunter22", "hunter22"],
    ["GRANT ALL TO slurm IDENTIFIED BY 'hunter22'", "hunter22"],
    ["alice:$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o:20000", "F5Jx5fExrKuPp53xLKQ"],
    ["git clone with ghp_16C7e42F292c6912E7710c838347Ae178B4a", "16C7e42F292c6912E7710c838347Ae178B4a"],
    ["export API_KEY='hun ter22'", "hun ter22"],
    ["JobCompPass=hunter22", "hunter22"],
    ["secret_access_key = wJalrXUtnFEMI/K7MDENG", "wJalrXUtnFEMI"],
    ["token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.SflKxwRJSMeKKF2QT4", "eyJzdWIiOiIxIn0"],
  ])("has no secret of %j", (text, secret) => {
    expect(redact(text, [])).not.toContain(secret);
    expect(redact(text, [])).toContain("[secret]");
  });

  it("keeps what explains a failure", () => {
    const text =
      "[2026-11-26T12:00:00] error: Node cpu-1 has low real_memory size (3900 < 4000)\nauth/munge: key /etc/munge/munge.key";
    expect(redact(text, ["train"])).toBe(text);
  });

  it("loses no more than a page to who writes the beginning of a key into a log", () => {
    const rest = "Nov 26 12:00:00 master sshd[1]: error: something else\n".repeat(1000);
    const told = redact(`Invalid user -----BEGIN PRIVATE KEY----- from 192.0.2.1\n${rest}`, []);
    expect(told.length).toBeGreaterThan(rest.length / 2);
  });

  it.each([
    ["a letter", "a"],
    ["words that begin like a secret", "token"],
    ["words with hyphens", "eyJ-"],
    ["dots", "eyJeyJeyJeyJ."],
    ["addresses", "a://b:"],
    ["beginnings of keys", "-----BEGIN PRIVATE KEY-----"],
    ["beginnings of keys without an end", "-----BEGIN AAAAAAAA "],
    ["blanks behind a field", "JobName= ", "\u0020"],
    ["words behind a field", "JobName= ", "a "],
    ["quotes", "token='"],
    ["marks", "authorization:          "],
    ["blank lines", "JobName=", "\n"],
    ["hyphens", "-"],
    ["crypt's marks", "$6$"],
    ["options without a value", "--token "],
    ["fields", "Comment= a="],
  ])("is ready in a moment, though a log be nothing but %s", (_, begin, again = begin) => {
    const text = begin + again.repeat(1_000_000 / again.length);
    expect(cpuMilliseconds(() => redact(text, []))).toBeLessThan(3000);
  });

  it("is ready in a moment, however many names there are, and however they begin", () => {
    const names = Array.from({ length: 20_000 }, (_, k) => `sample-${k}${"-".repeat(k % 500)}`);
    const text = names.slice(0, 2000).join("\n").padEnd(1_000_000, "sample of sample-0 ");
    let told = "";
    expect(cpuMilliseconds(() => (told = redact(text, names)))).toBeLessThan(5000);
    expect(told).not.toMatch(/sample-\d/);
  });

  it("does nothing to the terminal of whoever reads it", () => {
    expect(redact("error: \u001b[2J\u202ename\r\nnext\tline\n", [])).toBe("error: \\x1b[2J\\u202ename\nnext    line\n");
  });

  it("has no name of a job, wherever it stands", () => {
    const text = "JobId=7 JobName=merger with ACME UserId=alice\nslurmctld: merger with ACME-2 ended\nmerger with ACME";
    const told = redact(text, ["merger with ACME", "merger with ACME-2"]);
    expect(told).not.toMatch(/merger|ACME/);
    expect(told).toContain("UserId=alice");
  });

  it("has no field that a user typed", () => {
    const text =
      "   JobId=7 Comment=for the boss Partition=cpu\n   Command=/home/alice/x.sh --cure\n   WorkDir=/home/alice/p";
    expect(redact(text, [])).toBe(
      "   JobId=7 Comment=[job name] Partition=cpu\n   Command=[job name]\n   WorkDir=[job name]",
    );
  });

  it("has no name of a job, whatever the name is", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 6, unit: "grapheme" }), fc.lorem(), (name, around) => {
        const told = redact(`${around} ${name} ${around}`, [name]);
        return !told.includes(name) || around.includes(name) || "[job name]".includes(name);
      }),
    );
  });
});

describe("what a machine tells of itself", () => {
  const line = (name: string, text: string) => `${name} ${Buffer.from(text).toString("base64")}`;

  it("is files by name, and names of jobs apart", () => {
    const { files, jobNames } = readCollected(
      [line("slurmd.log", "error\n"), line("names", "train\nsolve\n"), ""].join("\n"),
    );
    expect([...files]).toEqual([["slurmd.log", "error\n"]]);
    expect(jobNames).toEqual(["train", "solve"]);
  });

  it("chooses no place outside of its own directory", () => {
    const hostile = ["../../etc/passwd", "/etc/passwd", "a/b", ".ssh", "-rf", "x\u001b[2J", ""];
    expect(readCollected(hostile.map((name) => line(name, "x")).join("\n")).files.size).toBe(0);
    expect(readCollected("slurmd.log not base64!").files.size).toBe(0);
  });

  it("fills no disk", () => {
    const many = Array.from({ length: 5000 }, (_, k) => line(`f${k}`, "x"));
    expect(readCollected(many.join("\n")).files.size).toBeLessThan(100);
    expect(readCollected(line("big", "x".repeat(5_000_000))).files.get("big")?.length).toBe(2_000_000);
  });
});
