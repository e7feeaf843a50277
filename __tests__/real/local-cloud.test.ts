import { execFileSync, spawn } from "node:child_process";
import { existsSync, readFileSync, statSync, watch } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { engineContents, listContainers } from "../../lib/clouds/local/containers";
import { driftOf, missingMachines } from "../../lib/clouds/local/drift";
import { EngineError, engineName, runEngine, runEngineScript } from "../../lib/clouds/local/engine";
import { removeLeftovers } from "../../lib/clouds/local/leftovers";
import { ownershipOf } from "../../lib/clouds/local/ownership";
import { LocalPower } from "../../lib/clouds/local/power";
import { formatAddress, formatCidr, parseCidr } from "../../lib/model/cidr";
import { Size } from "../../lib/units";
import { finished, type Sketch, Workbench } from "../support/local-workbench";
import { Place } from "../support/place";
import { makeTinyImage, removeTinyImage } from "../support/tiny-image";

const place = Place.take("local", { containers: true });
const IMAGE = `localhost/ohpc-${place.name}-tiny:1`;
const NEWER_IMAGE = `localhost/ohpc-${place.name}-newer:1`;
const PORTS = [place.port(), place.port()] as const;

const benches: Workbench[] = [];
let engine: string;

beforeAll(async () => {
  engine = await engineName();
  await makeTinyImage(IMAGE);
  await makeTinyImage(NEWER_IMAGE);
});

afterEach(async () => {
  // Failed tests must leave nothing behind either.
  for (const bench of benches.splice(0)) {
    await removeLeftovers(bench.cluster, bench.env);
    bench.remove();
  }
});

afterAll(async () => {
  await removeTinyImage(IMAGE);
  await removeTinyImage(NEWER_IMAGE);
  place.release();
});

describe("a local cluster", () => {
  it("comes up as described, needs nothing a second time, and leaves nothing behind", async () => {
    const bench = open("whole");
    await bench.apply(sketch({ pools: { cpu: 2 }, gpus: 2 }));

    const containers = await list(bench);
    expect(containers.map(({ host, role, address, running }) => ({ host, role, address, running }))).toEqual([
      { host: "cpu-1", role: "compute", address: address(1, 1), running: true },
      { host: "cpu-2", role: "compute", address: address(1, 2), running: true },
      { host: "master", role: "master", address: address(0, 10), running: true },
    ]);
    const node = await inside(bench, "cpu-1", "hostname; tr '\\0' '\\n' </proc/1/environ; ls /dev");
    expect(node).toMatch(/^cpu-1\n/);
    expect(node).toContain(`\nOHPC_MASTER_ADDRESS=${address(0, 10)}\n`);
    expect(node).toContain("\nOHPC_BUNDLE=mounted:/srv/ohpc/bundle\n");
    expect(node).toContain("\nOHPC_ROLE=compute\n");
    expect(node).toMatch(/\nnvidia0\nnvidia1\n/);
    expect(await inside(bench, "master", "ls /dev")).not.toContain("nvidia");

    // The key opens the master only if it is the very file; the state disk is the master's alone.
    expect(await inside(bench, "cpu-2", "cat /etc/ssh/authorized_keys.d/root")).toBe(
      readFileSync(join(bench.privateDirectory, "id_ed25519.pub"), "utf8"),
    );
    expect(await mounts(bench, "master")).toEqual({ "/srv/ohpc/state": "rw", "/srv/ohpc/bundle": "rw", "/home": "rw" });
    expect(await mounts(bench, "cpu-1")).toEqual({ "/srv/ohpc/bundle": "ro", "/home": "rw" });

    expect(statSync(bench.privateDirectory).mode & 0o777).toBe(0o700);
    expect(readFileSync(join(bench.privateDirectory, "engine"), "utf8")).toMatch(/^(podman|docker)\n$/);
    const hostKey = readFileSync(join(bench.privateDirectory, "host_ed25519_key.pub"), "utf8").split(" ").slice(0, 2);
    expect(readFileSync(join(bench.privateDirectory, "known_hosts"), "utf8")).toBe(`* ${hostKey.join(" ")}\n`);
    expect(routes()).toContain(`unreachable ${subnetNumber(1)} metric 4000000000`);

    expect(await bench.plan()).toEqual({});

    await bench.destroy();
    expect(await engineContents(bench.cluster, { env: bench.env })).toEqual({
      containers: [],
      networks: [],
      volumes: [],
    });
    expect(routes()).not.toContain(subnetNumber(1));
    expect(existsSync(bench.privateDirectory)).toBe(false);
  });

  it("replaces only the machines whose run spec has changed", async () => {
    const bench = open("spec");
    await bench.apply(sketch({ pools: { cpu: 1 } }));
    const before = await ids(bench);
    const changed = sketch({ pools: { cpu: 1 }, gpus: 1 });

    expect(await bench.plan(changed)).toEqual({ 'terraform_data.cpu["cpu-1"]': "delete,create" });
    await bench.apply();
    const after = await ids(bench);
    expect(after["master"]).toBe(before["master"]);
    expect(after["cpu-1"]).not.toBe(before["cpu-1"]);
    expect(await inside(bench, "cpu-1", "ls /dev")).toContain("nvidia0");
  });

  it("replaces machines when image or network change, and never a disk", async () => {
    const bench = open("image");
    await bench.apply(sketch({ pools: { cpu: 1 } }));
    await inside(bench, "master", "echo queue >/srv/ohpc/state/kept; echo data >/home/kept");
    const machines = {
      'terraform_data.cpu["cpu-1"]': "delete,create",
      'terraform_data.master["master"]': "delete,create",
    };

    expect(await bench.plan(sketch({ pools: { cpu: 1 }, homeSize: Size.gibibytes(999) }))).toEqual({});
    expect(await bench.plan(sketch({ pools: { cpu: 1 }, image: NEWER_IMAGE }))).toEqual(machines);
    await bench.apply();
    expect((await list(bench)).map(({ image }) => image)).toEqual([NEWER_IMAGE, NEWER_IMAGE]);

    const network = { "terraform_data.network": "delete,create", "terraform_data.network-sweep": "delete,create" };
    // A new bridge in the same subnet: nothing else is different for a compute node.
    const shut = { subnet: subnetNumber(1), internet: false };
    const shutOff = await bench.plan(sketch({ pools: { cpu: 1 }, image: NEWER_IMAGE, cloud: shut }));
    expect(shutOff).toEqual({ ...machines, ...network });

    const key = readFileSync(join(bench.privateDirectory, "id_ed25519.pub"), "utf8");
    const moved = sketch({ pools: { cpu: 1 }, image: NEWER_IMAGE, cloud: { ...cloudOf(1), subnet: subnetNumber(2) } });
    expect(await bench.plan(moved)).toEqual({ ...machines, ...network });
    await bench.apply();
    expect((await list(bench)).map((container) => container.address)).toEqual([address(1, 1, 2), address(0, 10, 2)]);
    expect(routes()).not.toContain(`unreachable ${subnetNumber(1)}`);
    expect(await inside(bench, "master", "cat /srv/ohpc/state/kept /home/kept")).toBe("queue\ndata\n");
    expect(readFileSync(join(bench.privateDirectory, "id_ed25519.pub"), "utf8")).toBe(key);
  });

  it("removes the machines of a pool that was deleted from the code, and those that a smaller pool has lost", async () => {
    const bench = open("pool");
    await bench.apply(sketch({ pools: { cpu: 2, big: 1 } }));
    const before = await ids(bench);

    await bench.apply(sketch({ pools: { cpu: 1 } }));
    expect(await ids(bench)).toEqual({ master: before["master"], "cpu-1": before["cpu-1"] });
  });

  it("goes on after a create that failed half-way, without what failed", async () => {
    const bench = open("half");
    const missing = "localhost/ohpc-test-nowhere:1";
    const failure: unknown = await bench
      .apply(sketch({ pools: { cpu: 1, big: 1 }, images: { big: missing } }))
      .catch((error: unknown) => error);
    expect(String(failure)).toContain(`The image ${missing} is not in ${engine}: "ohpc up" builds it.`);
    const before = await ids(bench);
    expect(Object.keys(before).sort()).toEqual(["cpu-1", "master"]);

    await bench.apply(sketch({ pools: { cpu: 1, big: 1 } }));
    expect(await ids(bench)).toMatchObject(before);
    expect(await bench.plan()).toEqual({});
  });

  it("takes over what a killed terraform had made, and destroys it even if terraform never heard of it", async () => {
    const bench = open("killed");
    bench.write(sketch({ pools: { cpu: 3 } }));
    await bench.initialize();
    const before = await killDuringApply(bench);
    expect(Object.keys(before)).not.toHaveLength(0);
    expect(Object.keys(before).length).toBeLessThan(4);

    await bench.apply();
    expect(await ids(bench)).toMatchObject(before);
    expect(await bench.plan()).toEqual({});

    // Everything is there, and terraform knows of the network only.
    const rest = (await bench.expected()).map((one) => one.address).filter((one) => one !== "terraform_data.network");
    await bench.terraform("state", "rm", "terraform_data.network-sweep", ...rest);
    await bench.destroy();
    const { containers, networks, volumes } = await engineContents(bench.cluster, { env: bench.env });
    expect([containers, networks]).toEqual([[], []]);
    // Data that terraform does not know of is removed by nobody but who asks for it.
    expect(volumes).toEqual(["bundle", "home", "state"].map((disk) => `ohpc-${bench.cluster}-${disk}`));
    await removeLeftovers(bench.cluster, bench.env);
    expect(await engineContents(bench.cluster, { env: bench.env })).toEqual({
      containers: [],
      networks: [],
      volumes: [],
    });
  });

  it("leaves nothing behind even if terraform has forgotten the machines, or all", async () => {
    const bench = open("lost");
    await bench.apply(sketch({ pools: { cpu: 1 } }));
    await bench.terraform("state", "rm", "terraform_data.cpu", "terraform_data.master");
    await bench.destroy();
    expect(await engineContents(bench.cluster, { env: bench.env })).toEqual({
      containers: [],
      networks: [],
      volumes: [],
    });

    await bench.apply();
    await removeLeftovers(bench.cluster, bench.env);
    expect(await engineContents(bench.cluster, { env: bench.env })).toEqual({
      containers: [],
      networks: [],
      volumes: [],
    });
    expect(routes()).not.toContain(subnetNumber(1));
    expect(existsSync(bench.privateDirectory)).toBe(false);
    await removeLeftovers(bench.cluster, bench.env);
  });

  it("adopts the very machine that is wanted, and replaces another one of its name", async () => {
    const bench = open("adopt");
    await bench.apply(sketch({ pools: { cpu: 1 } }));
    const before = await ids(bench);
    await runEngine(["stop", "-t", "0", `ohpc-${bench.cluster}-master`]);
    await bench.terraform("state", "rm", 'terraform_data.cpu["cpu-1"]', 'terraform_data.master["master"]');

    await bench.apply(sketch({ pools: { cpu: 1 }, gpus: 1 }));
    const after = await list(bench);
    expect(after.map(({ host, running }) => [host, running])).toEqual([
      ["cpu-1", true],
      ["master", true],
    ]);
    expect((await ids(bench))["master"]).toBe(before["master"]);
    expect((await ids(bench))["cpu-1"]).not.toBe(before["cpu-1"]);
  });

  it("tells what was removed or stopped by hand, so that it can be brought back", async () => {
    const bench = open("hand");
    await bench.apply(sketch({ pools: { cpu: 2 } }));
    const expected = await bench.expected();
    const options = { env: bench.env };
    expect(await driftOf(bench.cluster, expected, options)).toEqual({ missing: [], stopped: [] });

    await removeByHand([`ohpc-${bench.cluster}-cpu-1`]);
    await runEngine(["kill", `ohpc-${bench.cluster}-cpu-2`]);
    // The engine does not wait for its end.
    await until(async () => (await list(bench)).some(({ host, running }) => host === "cpu-2" && !running));
    expect(await bench.plan()).toEqual({});
    expect(await driftOf(bench.cluster, expected, options)).toEqual({
      missing: ['terraform_data.cpu["cpu-1"]'],
      stopped: ["cpu-2"],
    });

    const missing = await missingMachines(bench.cluster, expected, options);
    await bench.apply(undefined, ...missing.map((one) => `-replace=${one}`));
    await (await powerOf(bench)).start(["cpu-2"]);
    expect(await driftOf(bench.cluster, expected, options)).toEqual({ missing: [], stopped: [] });

    await removeByHand((await list(bench)).map(({ name }) => name));
    await runEngine(["network", "rm", `ohpc-${bench.cluster}`]);
    const lost = await driftOf(bench.cluster, expected, options);
    expect(lost.missing).toContain("terraform_data.network");
    // Meanwhile nothing meant for the cluster leaves by the default route.
    expect(() => execFileSync("ip", ["route", "get", address(0, 10)], { stdio: "pipe" })).toThrow(
      /unreachable|No route/,
    );
    await bench.apply(undefined, ...lost.missing.map((one) => `-replace=${one}`));
    expect(await driftOf(bench.cluster, await bench.expected(), options)).toEqual({ missing: [], stopped: [] });
    await bench.destroy();
  });

  it("makes a machine of which a podman that was killed has left no more than its name", async () => {
    // docker makes containers in a daemon, which is not killed with the command.
    if (engine !== "podman") return;
    const bench = open("dead");
    await bench.apply(sketch({ pools: { cpu: 1 } }));
    const name = `ohpc-${bench.cluster}-cpu-1`;
    await removeByHand([name]);
    await leaveHalfMade(name);
    await expect(runEngine(["create", "--name", name, IMAGE])).rejects.toThrow("is already in use");

    const { missing } = await driftOf(bench.cluster, await bench.expected(), { env: bench.env });
    const told = await bench.apply(undefined, ...missing.map((one) => `-replace=${one}`));
    expect(told).toContain(`note: a half-made container called ${name} was removed`);
    expect((await list(bench)).map(({ host, running }) => [host, running])).toEqual([
      ["cpu-1", true],
      ["master", true],
    ]);
  });

  it("made by an older version is destroyed by a newer one", async () => {
    const bench = open("older");
    await bench.apply(sketch({ pools: { cpu: 1 } }));
    // A newer version may make things in another way, call their inputs otherwise, and know nothing of this one's files.
    const names = ["network", "network-sweep", "state", "bundle", "home", "master", "cpu"];
    const provisioner = [
      { "local-exec": { command: "exit 1" } },
      { "local-exec": { command: "${self.input.down}", when: "destroy", interpreter: ["bash", "-c"] } },
    ];
    const newer = Object.fromEntries(
      names.map((name) => [name, { input: { remove: "newer" }, ...(name === "network-sweep" ? {} : { provisioner }) }]),
    );
    bench.writeJson({ resource: { terraform_data: newer } });

    await bench.destroy();
    expect(await engineContents(bench.cluster, { env: bench.env })).toEqual({
      containers: [],
      networks: [],
      volumes: [],
    });
  });

  it("does not meet another one beside it", async () => {
    const [one, two] = [open("one"), open("two")];
    await Promise.all([
      one.apply(sketch({ pools: { cpu: 1 } })),
      two.apply(sketch({ pools: { cpu: 1 }, cloud: cloudOf(2) })),
    ]);
    const before = await ids(two);

    await one.apply(sketch({}));
    expect(Object.keys(await ids(one))).toEqual(["master"]);
    await one.destroy();
    expect(await ids(two)).toEqual(before);
    expect((await list(two)).every(({ running }) => running)).toBe(true);
    expect(await two.plan()).toEqual({});
  });

  it("shuts down, stays down, and comes back; a reboot inside comes back by itself", async () => {
    const bench = open("power");
    await bench.apply(sketch({ pools: { cpu: 1 } }));
    const options = { env: bench.env };
    const running = async () => (await list(bench)).filter((container) => container.running).map(({ host }) => host);

    await until(async () => waitsForItsEnd(bench, "cpu-1"));
    await inside(bench, "cpu-1", "kill -s RTMIN+3 1").catch(() => "the command goes with the container");
    await until(async () => (await startedAt(bench, "cpu-1")) > 1 && (await running()).length === 2);
    expect(await running()).toEqual(["cpu-1", "master"]);

    const power = await powerOf(bench);
    const before = await power.list();
    expect(before.map(({ host, role, state }) => `${host} ${role} ${state}`)).toEqual([
      "cpu-1 compute running",
      "master master running",
    ]);
    await runEngine(["pause", `ohpc-${bench.cluster}-cpu-1`]);
    expect(await driftOf(bench.cluster, await bench.expected(), options)).toEqual({ missing: [], stopped: ["cpu-1"] });
    await power.start(["cpu-1"]);
    expect(await running()).toEqual(["cpu-1", "master"]);
    await runEngine(["pause", `ohpc-${bench.cluster}-cpu-1`]);
    await power.stop(["cpu-1"]);
    await power.stop(["cpu-1"]);
    expect(await running()).toEqual(["master"]);
    await power.stop(["cpu-1", "master"]);
    expect((await power.list()).map(({ state }) => state)).toEqual(["stopped", "stopped"]);
    await power.start(["cpu-1", "master"]);
    await power.start(["cpu-1", "master"]);
    expect(await power.list()).toEqual(before);
    await expect(power.start(["cpu-1", "cpu-9"])).rejects.toMatchObject({ failure: "unknown host", hosts: ["cpu-9"] });
    await power.end(["cpu-1"]);
    expect((await power.list()).map(({ host }) => host)).toEqual(["master"]);
    await bench.apply(
      undefined,
      ...(await missingMachines(bench.cluster, await bench.expected(), options)).map((one) => `-replace=${one}`),
    );
    expect(await driftOf(bench.cluster, await bench.expected(), options)).toEqual({ missing: [], stopped: [] });
  });

  it("without internet has no way out and no published port, but is reached from this machine", async () => {
    const bench = open("inner");
    await bench.apply(sketch({ cloud: { subnet: subnetNumber(1), internet: false } }));

    const bridge = await runEngine(["network", "inspect", "--format", "{{.Internal}}", `ohpc-${bench.cluster}`]);
    expect(bridge.trim()).toBe("true");
    expect(await runEngine(["port", `ohpc-${bench.cluster}-master`])).toBe("");
    // Nothing listens there, and it is the machine itself that says so.
    await expect(connect(address(0, 10))).resolves.toBe("ECONNREFUSED");
    await bench.destroy();
  });

  it("uses a disk that exists already, and neither makes nor removes it", async () => {
    const bench = open("given");
    const volume = `ohpc-${place.name}-existing`;
    const given = sketch({ existingHome: volume });
    await expect(bench.apply(given)).rejects.toThrow(`There is no volume called "${volume}".`);

    await runEngine(["volume", "create", volume]);
    try {
      await bench.apply(given);
      await inside(bench, "master", "echo mine >/home/kept");
      await bench.destroy();
      expect(await runEngine(["run", "--rm", "-v", `${volume}:/home`, IMAGE, "/bin/cat", "/home/kept"])).toBe("mine\n");
    } finally {
      await runEngine(["volume", "rm", volume]);
    }
  });
});

describe("a cluster knows the state that made it", () => {
  /** What another folder has of a cluster of the same name: the code, and no state. */
  function stranger(bench: Workbench): Workbench {
    const other = new Workbench(bench.cluster, bench.env);
    strangers.push(other);
    return other;
  }
  const strangers: Workbench[] = [];
  afterEach(() => {
    for (const other of strangers.splice(0)) other.remove();
  });
  const REFUSED = /The cluster "\S+" on this machine belongs to another Terraform state\./;

  it("another one's apply is refused before anything is touched, and so is its destroy", async () => {
    const bench = open("mine");
    await bench.apply(sketch({ pools: { cpu: 1 } }));
    const before = await ids(bench);
    const other = stranger(bench);
    // Other machines in another network: all of it would be in the way.
    const changed = sketch({ gpus: 1, cloud: cloudOf(2) });
    await expect(other.apply(changed)).rejects.toThrow(REFUSED);
    await other.destroy();
    expect(await ids(bench)).toEqual(before);
    expect((await list(bench)).every(({ running }) => running)).toBe(true);
    expect(await bench.plan()).toEqual({});

    const power = new LocalPower({ cluster: bench.cluster, owner: "another", env: bench.env });
    await expect(power.list()).rejects.toMatchObject({ failure: "another's" });
    await expect(power.stop(["cpu-1"])).rejects.toMatchObject({ failure: "another's" });

    await bench.destroy();
    await other.apply(sketch({}));
    expect(Object.keys(await ids(bench))).toEqual(["master"]);
    await other.destroy();
    expect(await ownershipOf(bench.cluster, { env: bench.env })).toEqual({
      marks: [],
      folder: "",
      hosts: [],
      there: false,
    });
  });

  it("one from before there were marks is changed by its own state, and by no other", async () => {
    const bench = open("unmarked");
    await bench.apply(sketch({ pools: { cpu: 1 } }));
    await runEngine(["volume", "rm", `ohpc-${bench.cluster}-owner-${await bench.owner()}`]);
    const before = await ids(bench);
    const other = stranger(bench);
    await expect(other.apply(sketch({}))).rejects.toThrow(REFUSED);
    expect(await ids(bench)).toEqual(before);

    await bench.apply(sketch({ pools: { cpu: 2 } }));
    expect(await ids(bench)).toMatchObject(before);
  });

  it("taken over on purpose it goes on running, and is no longer the first one's", async () => {
    const bench = open("given-up");
    await bench.apply(sketch({ pools: { cpu: 1 } }));
    const before = await ids(bench);
    const other = stranger(bench);
    other.env["OHPC_TAKE_OVER"] = "another name";
    await expect(other.apply(sketch({ pools: { cpu: 1 } }))).rejects.toThrow(REFUSED);
    other.env["OHPC_TAKE_OVER"] = bench.cluster;
    await other.apply(sketch({ pools: { cpu: 1 } }));
    delete other.env["OHPC_TAKE_OVER"];
    expect(await ids(bench)).toEqual(before);

    await expect(bench.apply(sketch({ pools: { cpu: 2 } }))).rejects.toThrow(REFUSED);
    await expect(bench.destroy()).rejects.toThrow(REFUSED);
    expect(await ids(bench)).toEqual(before);
    await other.destroy();
    expect(await ids(bench)).toEqual({});
  });
});

describe("before anything is made, it is refused", () => {
  it("when another network has the subnet", async () => {
    const bench = open("taken");
    const other = `ohpc-${place.name}-other`;
    const within = formatCidr(parseCidr(subnetNumber(3))!.first + 4 * 256, 22);
    await runEngine(["network", "create", "--subnet", within, other]);
    try {
      const failure = String(
        await bench
          .apply(sketch({ cloud: { ...cloudOf(1), subnet: subnetNumber(3) } }))
          .catch((error: unknown) => error),
      );
      expect(failure).toContain(`is the ${engine} network "${other}".`);
      expect(failure).toMatch(
        /Choose another, which is free here: new LocalCloud\(\{ subnet: "10\.\d+\.0\.0\/16" \}\)/,
      );
      expect(existsSync(bench.privateDirectory)).toBe(false);
      expect(routes()).not.toContain(`unreachable ${subnetNumber(3)}`);
    } finally {
      await runEngine(["network", "rm", other]);
    }
  });

  it("when a program listens on the master's port", async () => {
    const bench = open("port");
    const server = await listen();
    const { port } = server.address() as { port: number };
    try {
      await expect(bench.apply(sketch({ cloud: { subnet: subnetNumber(1), sshPort: port } }))).rejects.toThrow(
        `Port ${port} on 127.0.0.1, the way in to the cluster "${bench.cluster}", is taken by another program.`,
      );
      expect(existsSync(bench.privateDirectory)).toBe(false);
      expect(await engineContents(bench.cluster, { env: bench.env })).toEqual({
        containers: [],
        networks: [],
        volumes: [],
      });
    } finally {
      server.close();
    }
  });

  it("when a network, volume or container of that name is somebody else's, and leaves it alone", async () => {
    const bench = open("alien");
    const name = `ohpc-${bench.cluster}`;
    await runEngine(["network", "create", "--subnet", subnetNumber(3), name]);
    await expect(bench.apply(sketch({}))).rejects.toThrow(
      `There is a network called "${name}" that does not belong to the cluster`,
    );
    await runEngine(["network", "rm", name]);

    await runEngine(["volume", "create", `${name}-home`]);
    await expect(bench.apply(sketch({}))).rejects.toThrow(
      `There is a volume called "${name}-home" that does not belong to the cluster`,
    );
    await runEngine(["volume", "rm", `${name}-home`]);

    await runEngine(["create", "--name", `${name}-master`, IMAGE]);
    await expect(bench.apply(sketch({}))).rejects.toThrow(
      `There is a container called "${name}-master" that does not belong to the cluster`,
    );
    await runEngine(["rm", `${name}-master`]);

    await bench.apply(sketch({}));
    await bench.destroy();
  });
});

describe("the engine", () => {
  it("says what it said when it fails", async () => {
    const failure = await runEngine(["run", "--pull=never", "localhost/ohpc-test-nowhere:1"]).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(EngineError);
    expect(failure).toMatchObject({ kind: "failed", code: 125 });
    expect(String(failure)).toMatch(/image not known|No such image|Unable to find image/);
  });

  it("is ended when it takes longer than it may", async () => {
    const waiting = runEngine(["run", "--rm", "--name", `ohpc-${place.name}-slow`, IMAGE], { timeoutSeconds: 2 });
    await expect(waiting).rejects.toThrow("(it may take 2 s)");
    await removeByHand([`ohpc-${place.name}-slow`]);
  });
});

function open(name: string): Workbench {
  const bench = new Workbench(`${place.name}-${name}`);
  benches.push(bench);
  return bench;
}

function sketch(changes: Partial<Sketch>): Sketch {
  return { cloud: cloudOf(1), image: IMAGE, ...changes };
}

/** Of the first cluster, and of one beside it. */
function cloudOf(n: 1 | 2): Sketch["cloud"] {
  return { subnet: subnetNumber(n), sshPort: PORTS[n - 1]! };
}

function subnetNumber(n: 1 | 2 | 3): string {
  return place.quarter(n);
}

function address(block: number, k: number, subnet: 1 | 2 = 1): string {
  return formatAddress(parseCidr(subnetNumber(subnet))!.first + 256 * block + k);
}

async function powerOf(bench: Workbench): Promise<LocalPower> {
  return new LocalPower({ cluster: bench.cluster, owner: await bench.owner(), env: bench.env });
}

async function list(bench: Workbench) {
  return listContainers(bench.cluster, { env: bench.env });
}

/** Identifiers by host: a container that was replaced has another one. */
async function ids(bench: Workbench): Promise<Record<string, string>> {
  const containers = await list(bench);
  if (containers.length === 0) return {};
  const found = await runEngine(["container", "inspect", "--format", "{{.Id}}", ...containers.map(({ name }) => name)]);
  const identifiers = found.trim().split("\n");
  return Object.fromEntries(containers.map(({ host }, k) => [host, identifiers[k] ?? ""]));
}

function inside(bench: Workbench, host: string, script: string): Promise<string> {
  return runEngine(["exec", `ohpc-${bench.cluster}-${host}`, "/bin/bash", "-c", script]);
}

async function mounts(bench: Workbench, host: string): Promise<Record<string, string>> {
  const format = "{{range .Mounts}}{{if .Name}}{{.Destination}} {{.RW}}\n{{end}}{{end}}";
  const text = await runEngine(["container", "inspect", "--format", format, `ohpc-${bench.cluster}-${host}`]);
  const found: Record<string, string> = {};
  for (const line of text.trim().split("\n")) {
    const [path = "", writable] = line.split(" ");
    found[path] = writable === "true" ? "rw" : "ro";
  }
  return found;
}

async function startedAt(bench: Workbench, host: string): Promise<number> {
  return (
    Number(
      await runEngine(["container", "inspect", "--format", "{{.RestartCount}}", `ohpc-${bench.cluster}-${host}`]),
    ) + 1
  );
}

/** Whether the first process takes the signal that ends it: before it does, the kernel drops what comes from beside it. */
async function waitsForItsEnd(bench: Workbench, host: string): Promise<boolean> {
  const caught = /^SigCgt:\s*(\S+)$/m.exec(await inside(bench, host, "cat /proc/1/status"))?.[1] ?? "0";
  const END = 34 + 3;
  return ((BigInt(`0x${caught}`) >> BigInt(END - 1)) & 1n) === 1n;
}

/** Killed first: an engine may wait for containers that take no notice of being told to end. */
async function removeByHand(names: readonly string[]): Promise<void> {
  await runEngine(["kill", ...names]).catch(() => "they do not run");
  await runEngine(["rm", "-f", ...names]);
}

/** A container that podman has in its storage only: one that was killed between the two notes that it takes of it. */
async function leaveHalfMade(name: string): Promise<void> {
  const root = (await runEngine(["info", "--format", "{{.Store.GraphRoot}}"])).trim();
  const line = await runEngineScript(`printf '%s\\n' "\${engine_line[@]}" create "\${engine_limits[@]}"`);
  const [podman = "", ...flags] = line.trim().split("\n");
  for (let tries = 0; tries < 100; tries++) {
    const noted = watch(join(root, "overlay-containers"));
    const child = spawn(podman, [...flags, "--name", name, IMAGE], { stdio: "ignore" });
    // The second note follows at once, or milliseconds later on a busy machine.
    noted.once("change", () => setTimeout(() => child.kill("SIGKILL"), tries % 8));
    await new Promise((resolve) => child.once("close", resolve));
    noted.close();
    const external = await runEngine(["container", "exists", "--external", name]).then(
      () => true,
      () => false,
    );
    if (!external) continue;
    const whole = await runEngine(["container", "exists", name]).then(
      () => true,
      () => false,
    );
    if (!whole) return;
    await runEngine(["rm", "-f", name]);
  }
  throw new Error("podman could not be killed at the right moment");
}

function routes(): string {
  return execFileSync("ip", ["-4", "route", "show"], { encoding: "utf8" });
}

/**
 * Kills terraform and all that it started as soon as it has made one machine; gives the machines that run then. What it
 * was about to make may be there, too, and too broken to be started.
 */
async function killDuringApply(bench: Workbench): Promise<Record<string, string>> {
  const child = bench.start(["apply", "-auto-approve", "-parallelism=1"]);
  let said = "";
  const made = (chunk: Buffer): void => {
    said += chunk.toString();
    if (!said.includes("]: Creation complete")) return;
    child.stdout!.off("data", made);
    process.kill(-child.pid!, "SIGKILL");
  };
  child.stdout!.on("data", made);
  expect((await finished(child)).code).toBeNull();
  const running = new Set((await list(bench)).filter((one) => one.running).map(({ host }) => host));
  return Object.fromEntries(Object.entries(await ids(bench)).filter(([host]) => running.has(host)));
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 120_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error("it did not come true within two minutes");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function connect(host: string): Promise<string | undefined> {
  const { connect: open } = await import("node:net");
  return new Promise((resolve) => {
    const socket = open({ host, port: 22, timeout: 60_000 });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      resolve(error.code);
    });
    socket.once("timeout", () => {
      socket.destroy();
      resolve("ETIMEDOUT");
    });
  });
}

function listen(): Promise<Server> {
  const server = createServer();
  return new Promise((resolve) =>
    server.listen(0, "127.0.0.1", () => {
      resolve(server);
    }),
  );
}
