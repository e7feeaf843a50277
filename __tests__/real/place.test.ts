import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { runEngine } from "../../lib/clouds/local/engine";
import { overlaps, parseCidr } from "../../lib/model/cidr";
import { firstOutput } from "../support/first-output";
import { Place } from "../support/place";

const LIMIT = { timeoutSeconds: 240 } as const;
/** Beyond the places of other tests: they come and go meanwhile, and the first that is free would be another each time. */
const FAR = { containers: true, from: 64 } as const;

/** Another check: takes a place, says what it is called, and lives until it is ended. */
function otherCheck() {
  const program = `
    const { Place } = require(${JSON.stringify(require.resolve("../support/place"))});
    const place = Place.take("test", ${JSON.stringify(FAR)});
    console.log(JSON.stringify({ name: place.name, subnet: place.subnet, port: place.port() }));
    setInterval(() => undefined, 1000);
  `;
  return spawn(process.execPath, ["-r", require.resolve("tsx/cjs"), "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

async function networks(): Promise<readonly string[]> {
  return (await runEngine(["network", "ls", "--format", "{{.Name}}"], LIMIT)).trim().split("\n");
}

describe("a place on this machine", () => {
  it("is had by one check at a time; what a dead one has left in it goes, and nothing else", async () => {
    const other = otherCheck();
    const theirs = JSON.parse(await firstOutput(other)) as { name: string; subnet: string; port: number };
    const own = Place.take("test", FAR);
    const [left, alive] = [`ohpc-${theirs.name}`, `ohpc-${own.name}`];
    try {
      expect(own.name).not.toBe(theirs.name);
      expect(own.port()).not.toBe(theirs.port);
      expect(overlaps(parseCidr(own.subnet)!, parseCidr(theirs.subnet)!)).toBe(false);

      await runEngine(["network", "create", "--subnet", theirs.subnet, left], LIMIT);
      await runEngine(["network", "create", "--subnet", own.subnet, alive], LIMIT);
      const third = Place.take("test", FAR);
      third.release();
      expect(await networks()).toEqual(expect.arrayContaining([left, alive]));

      other.kill("SIGKILL");
      await once(other, "close");
      // Another check of places may have ended, and freed one before it.
      const from = Number(/\d+/.exec(theirs.name));
      const next = Place.take("test", { ...FAR, from });
      next.release();
      expect(next.name).toBe(theirs.name);
      expect(await networks()).not.toContain(left);
      expect(await networks()).toContain(alive);
    } finally {
      other.kill("SIGKILL");
      await runEngine(["network", "rm", alive], LIMIT).catch(() => undefined);
      own.release();
    }
  });

  it("is none whose ports some program has", async () => {
    const first = Place.take("test");
    const server = createServer().listen(first.port(), "127.0.0.1");
    await once(server, "listening");
    first.release();
    const second = Place.take("test");
    expect(second.name).not.toBe(first.name);
    second.release();
    server.close();
    await once(server, "close");
  });

  it("is none whose addresses something has", async () => {
    const first = Place.take("test", { containers: true });
    const network = `somebody-elses-${first.name}`;
    await runEngine(["network", "create", "--subnet", first.subnet.replace("0.0/16", "7.0/24"), network], LIMIT);
    try {
      first.release();
      const second = Place.take("test", { containers: true });
      expect(second.name).not.toBe(first.name);
      second.release();
    } finally {
      await runEngine(["network", "rm", network], LIMIT);
    }
  });
});
