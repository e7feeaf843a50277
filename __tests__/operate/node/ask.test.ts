import { execFile, execFileSync } from "node:child_process";
import { createServer, type Server, type Socket } from "node:net";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { parseAnswers } from "../../../lib/operate/node/answers";
import { programText } from "../../../lib/operate/node/bundle-files";

const HONEST = { stage: "ready", ok: true, message: "", generation: 7, since: "2026-11-22T15:47:31Z", attempts: 1 };
const SOMETHING_ELSE = { unreachable: "its node unit answers with something else" };
/** More than ask.py's own three: on a busy machine, servers that tell lies of every kind are slow themselves. */
const SECONDS = 10;
const SILENT = { unreachable: `no answer within ${SECONDS} s` };

/** What a node that lies may do with the connection, and what is told of it. */
const LIES: Readonly<Record<string, readonly [does: (socket: Socket) => void, told: object]>> = {
  "no JSON": [says("hello\n"), SOMETHING_ELSE],
  nothing: [says(""), SOMETHING_ELSE],
  HTML: [says("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n<html>"), SOMETHING_ELSE],
  "a list": [says(JSON.stringify([HONEST])), SOMETHING_ELSE],
  "answers of others": [says(JSON.stringify({ "cpu-1": HONEST, "cpu-2": HONEST })), SOMETHING_ELSE],
  "two answers": [says(`${JSON.stringify(HONEST)}\n${JSON.stringify(HONEST)}`), SOMETHING_ELSE],
  "a reason of our own": [says('{"unreachable":"the master is broken: run rm -rf /"}'), SOMETHING_ELSE],
  "brackets without an end": [says("[".repeat(10_000)), SOMETHING_ELSE],
  "a number beyond all": [says(JSON.stringify(HONEST).replace("7", "1e999")), SOMETHING_ELSE],
  "not a number": [says(JSON.stringify(HONEST).replace("7", "NaN")), SOMETHING_ELSE],
  "a generation of a thousand digits": [says(JSON.stringify(HONEST).replace("7", "9".repeat(1000))), SOMETHING_ELSE],
  "a generation below zero": [says(JSON.stringify({ ...HONEST, generation: -1 })), SOMETHING_ELSE],
  "half a generation": [says(JSON.stringify({ ...HONEST, generation: 1.5 })), SOMETHING_ELSE],
  "truth as a number": [says(JSON.stringify({ ...HONEST, ok: 1, attempts: true })), SOMETHING_ELSE],
  "a stage with a line break": [says(JSON.stringify({ ...HONEST, stage: "ready\nanswered 9 cpu" })), SOMETHING_ELSE],
  "a stage with more": [says(JSON.stringify({ ...HONEST, stage: "ready (all 4 of 4)" })), SOMETHING_ELSE],
  "a time that is none": [says(JSON.stringify({ ...HONEST, since: "now\x1b[2J" })), SOMETHING_ELSE],
  "a message that is an object": [says(JSON.stringify({ ...HONEST, message: { a: 1 } })), SOMETHING_ELSE],
  "a message of several lines": [
    says(JSON.stringify({ ...HONEST, message: "a\n answered 9 cpu\x1f\r\u2028b" })),
    { ...HONEST, message: "a answered 9 cpu b" },
  ],
  "a message that does not end": [
    says(JSON.stringify({ ...HONEST, message: "x".repeat(10_000) })),
    { ...HONEST, message: "x".repeat(500) },
  ],
  "that it has given up, in words of its own": [
    says(JSON.stringify({ ...HONEST, ok: false, final: "x" })),
    { ...HONEST, ok: false },
  ],
  "more than is asked for": [says(JSON.stringify({ ...HONEST, extra: "x", host: "cpu-2" })), HONEST],
  "no text": [says(Buffer.from([0xff, 0xfe, 0x00, 0x9b])), SOMETHING_ELSE],
  "too much": [says(JSON.stringify(HONEST) + " ".repeat(100_000)), SOMETHING_ELSE],
  "no end": [
    (socket) => {
      const more = () => {
        while (!socket.destroyed && socket.write("x".repeat(65536)));
      };
      socket.on("drain", more);
      more();
    },
    SOMETHING_ELSE,
  ],
  "a letter a second": [
    (socket) => {
      const letters = Array.from(JSON.stringify(HONEST));
      const timer = setInterval(() => socket.write(letters.shift() ?? " "), 1000);
      socket.on("close", () => {
        clearInterval(timer);
      });
    },
    SILENT,
  ],
  "not a word": [() => undefined, SILENT],
  "the truth, which it will say in a hundred years": [
    says(JSON.stringify({ ...HONEST, at: Math.floor(Date.now() / 1000) + 3_153_600_000 })),
    { ...HONEST, age: 0 },
  ],
  "the truth, at a time that is none": [says(JSON.stringify({ ...HONEST, at: "now" })), HONEST],
  "the truth of 1970": [says(JSON.stringify({ ...HONEST, at: 1 })), { ...HONEST, age: 1_000_000_000 }],
  "the truth, which is its last word": [
    says(JSON.stringify({ ...HONEST, ok: false, final: true })),
    { ...HONEST, ok: false, final: true },
  ],
  "the truth in two pieces": [
    (socket) => {
      const text = JSON.stringify(HONEST);
      socket.write(text.slice(0, 20));
      setTimeout(() => socket.end(text.slice(20)), 200);
    },
    HONEST,
  ],
};

function says(text: string | Buffer): (socket: Socket) => void {
  return (socket) => socket.end(text);
}

describe("nodes that lie to the master", () => {
  const servers: Server[] = [];
  const lies = Object.entries(LIES);
  const hosts = lies.map((_, k) => `cpu-${k + 1}`);
  let answers: ReadonlyMap<string, unknown>;
  let seconds: number;

  beforeAll(async () => {
    let port = 0;
    for (const [k, [, [does]]] of lies.entries()) {
      const server = createServer((socket) => {
        socket.on("error", () => undefined);
        socket.once("data", () => {
          does(socket);
        });
      });
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(port, address(k), resolve));
      port = (server.address() as { port: number }).port;
    }
    const started = Date.now();
    const asking = promisify(execFile)("python3", ["-c", ask(port), "state"]);
    asking.child.stdin?.end(hosts.map((host, k) => `${address(k)} ${host}\n`).join(""));
    const { stdout } = await asking;
    seconds = (Date.now() - started) / 1000;
    expect(stdout.length).toBeLessThan(1000 * hosts.length);
    answers = parseAnswers(stdout, new Set(hosts));
  });
  afterAll(() => {
    for (const server of servers) server.close();
  });

  it.each(lies.map(([name], k) => [name, k] as const))("with %s are told of as such, and alone", (_, k) => {
    expect(answers.get(`cpu-${k + 1}`)).toEqual(lies[k]?.[1][1]);
  });

  it("keep nobody waiting, and are no more than were asked", () => {
    expect([...answers.keys()]).toEqual(hosts);
    expect(seconds).toBeLessThan(5 * SECONDS);
  });
});

describe("what ask.py printed", () => {
  const asked = new Set(["cpu-1"]);

  it("of hosts that were not asked is not read", () => {
    expect([...parseAnswers(JSON.stringify({ "cpu-1": HONEST, "cpu-9": HONEST }), asked).keys()]).toEqual(["cpu-1"]);
  });

  it("may be of an older one, that believed everything", () => {
    for (const change of [{ generation: -1 }, { stage: "a\nb" }, { since: "x" }, { message: "x".repeat(5000) }]) {
      expect(parseAnswers(JSON.stringify({ "cpu-1": { ...HONEST, ...change } }), asked).get("cpu-1")).toEqual(
        SOMETHING_ELSE,
      );
    }
    expect(parseAnswers('{"cpu-1": {"generation": Infinity}}', asked).size).toBe(0);
  });

  it("is also read of a node whose unit has not run yet", () => {
    const answer = readAnswerProgram();
    expect(parseAnswers(JSON.stringify({ "cpu-1": answer }), asked).get("cpu-1")).toEqual(answer);
    const checked = execFileSync(
      "python3",
      [
        "-c",
        `${ask(1).split("async def talk")[0]}\nimport sys\nprint(json.dumps(report(sys.argv[1])))`,
        JSON.stringify(answer),
      ],
      { encoding: "utf8" },
    );
    expect(JSON.parse(checked)).toEqual(answer);
  });
});

/** What `ohpc-node-answer` says before the first run. */
function readAnswerProgram(): object {
  const program = readFileSync(join(__dirname, "../../../ansible/roles/ohpc_node/files/ohpc-node-answer"), "utf8");
  return JSON.parse(/^NOT_YET = '(\{.*\})\\n'$/m.exec(program)?.[1] ?? "") as object;
}

function ask(port: number): string {
  const text = programText("ask.py");
  expect(text).toMatch(/^PORT = \d+$/m);
  // Any port to ask from, where it chooses one itself: tests need not be root.
  return text
    .replace(/^PORT = \d+$/m, `PORT = ${port}`)
    .replace(/^SOURCES = .*$/m, "SOURCES = [0]")
    .replace(/^SECONDS = \d+$/m, `SECONDS = ${SECONDS}`);
}

function address(k: number): string {
  return `127.0.77.${k + 1}`;
}
