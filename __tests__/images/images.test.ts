import childProcess, { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import { imageFailure } from "../../lib/images/failure";
import { nodeImage, stockImage } from "../../lib/images/image";
import { whileLocked } from "../../lib/images/lock";
import { debianMirror } from "../../lib/images/mirror";
import { pipConf, pipSettings } from "../../lib/images/pip";
import { readRecipe } from "../../lib/images/recipe";
import { worthTelling } from "../../lib/images/told-lines";
import { packageRoot } from "../../lib/package/root";
import { cpuMilliseconds } from "../support/cpu-time";

const root = packageRoot();
const scratch = mkdtempSync(join(tmpdir(), "ohpc-image-"));
afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});

/** Another checkout, in which files may be changed. */
function checkout(name: string, changes: Readonly<Record<string, string>> = {}): string {
  const folder = join(scratch, name);
  for (const part of ["ansible", "images"]) cpSync(join(root, part), join(folder, part), { recursive: true });
  for (const [path, added] of Object.entries(changes)) {
    writeFileSync(join(folder, path), readFileSync(join(folder, path), "utf8") + added);
  }
  return folder;
}

describe("the name of the node image", () => {
  const layers = readRecipe().layers.map(({ name }) => name);
  /** Which layers have another name in a checkout with these changes. */
  const renamed = (name: string, changes: Readonly<Record<string, string>>): readonly string[] => {
    const [before, after] = [readRecipe(), readRecipe(checkout(name, changes))];
    return [
      ...(before.base.tag === after.base.tag ? [] : ["base"]),
      ...before.layers.filter((layer, index) => after.layers[index]?.tag !== layer.tag).map((layer) => layer.name),
    ];
  };

  it("is a local one and ends with a hash", () => {
    expect(nodeImage()).toMatch(/^localhost\/ohpc-node:[0-9a-f]{12}$/);
  });

  it("is the same in every checkout of one version", () => {
    expect(nodeImage(checkout("same"))).toBe(nodeImage());
  });

  it("is computed in a moment", () => {
    const milliseconds = Array.from({ length: 10 }, () =>
      cpuMilliseconds(() => {
        nodeImage();
      }),
    );
    expect(Math.min(...milliseconds)).toBeLessThan(50);
  });

  it("changes with a role, from its layer on", () => {
    expect(renamed("slurm", { "ansible/roles/slurm/files/slurmd.conf": "# changed\n" })).toEqual(
      layers.slice(layers.indexOf("slurm")),
    );
  });

  it("changes with the last role in the last layer only", () => {
    const changed = renamed("node", { "ansible/roles/ohpc_node/files/ohpc-node": "# changed\n" });
    expect(changed).toEqual(layers.slice(-1));
  });

  it("changes in every layer with what every layer does, but not in the base", () => {
    expect(renamed("seal", { "images/node/seal.sh": "# changed\n" })).toEqual(layers);
  });

  it("changes in everything with the base", () => {
    expect(renamed("base", { "images/node/base.sh": "# changed\n" })).toEqual(["base", ...layers]);
  });

  it("does not change with documentation", () => {
    expect(renamed("readme", { "images/node/README.md": "More words.\n" })).toEqual([]);
  });
});

describe("the layers", () => {
  const recipe = readRecipe();

  it("apply every role of site.yml, in its order, so that a baked machine and a stock one are the same", () => {
    const site = parse(readFileSync(join(root, "ansible/site.yml"), "utf8")) as [{ roles: { role: string }[] }];
    const baked = recipe.layers.flatMap(({ roles }) => roles).filter((role) => role !== "in_container");
    expect(baked).toEqual(site[0].roles.map(({ role }) => role));
  });

  it("have names that the engine and people can tell apart", () => {
    expect(new Set(recipe.layers.map(({ tag }) => tag)).size).toBe(recipe.layers.length);
    for (const { name, tag } of recipe.layers) expect(tag).toContain(`ohpc-node-${name}:`);
  });
});

describe("the image of stock machines", () => {
  const recipe = readRecipe(root, "debian-13");

  it("stands on the base of the node image and has none of its roles", () => {
    expect(recipe.base).toEqual(readRecipe().base);
    expect(recipe.layers.flatMap(({ roles }) => roles)).toEqual(["cloud_image", "in_container"]);
    expect(stockImage()).toMatch(/^localhost\/ohpc-debian-13:[0-9a-f]{12}$/);
  });

  it("does not change with the roles that its machines apply to themselves", () => {
    expect(stockImage(checkout("stock-slurm", { "ansible/roles/slurm/files/slurmd.conf": "# changed\n" }))).toBe(
      stockImage(),
    );
  });

  it("has of pip's settings what leads to the package index, and nothing else", () => {
    const printed = [
      ...[":env:.find-links='/opt/wheels'", "global.index-url='https://a.example/simple'", "global.cert='/etc/a.pem'"],
      ...["global.extra-index-url='https://b.example\\nhttps://c.example'", ":env:.cert='/etc/b.pem'", "user.name='x'"],
    ];
    expect(pipConf(pipSettings(printed.join("\n")))).toBe(
      "[global]\nindex-url = https://a.example/simple\ncert = /etc/b.pem\nextra-index-url = https://b.example\n  https://c.example\n",
    );
  });
});

describe("a layer that fails", () => {
  const output = [
    "TASK [packages : Install Debian packages] **********",
    "changed: [localhost]",
    "TASK [hpl : Fetch the source] **********",
    "[ERROR]: Task failed: Module failed: Request failed: HTTP Error 404: Not Found",
  ];
  const names = readRecipe().layers.map(({ name }) => name);
  const failure = imageFailure(readRecipe(), "hpl", output);

  it("is named with its task and the cause", () => {
    const number = names.indexOf("hpl") + 2;
    expect(failure.message).toContain(
      `layer ${number} of ${names.length + 1} (hpl) failed at "hpl : Fetch the source"`,
    );
    expect(failure.message).toContain("why: Request failed: HTTP Error 404: Not Found");
    expect(failure).toMatchObject({ layer: "hpl", task: "hpl : Fetch the source" });
  });

  it("tells which layers are kept", () => {
    expect(failure.message).toContain(
      "the finished layers are kept (base, system, mpi); the next build goes on from there",
    );
    expect(imageFailure(readRecipe(), "base", []).message).toContain("the next build starts from the beginning");
  });

  it("shows the last 50 lines and no more", () => {
    const { output: kept, message } = imageFailure(
      readRecipe(),
      "mpi",
      Array.from({ length: 200 }, (_, line) => `line ${line}`),
    );
    expect(kept).toHaveLength(50);
    expect(message).toContain("  line 199");
    expect(message).not.toContain("line 149\n");
  });
});

describe("what a build writes", () => {
  it("is told as the tasks that it comes to, and what we say ourselves", () => {
    const lines = [
      "fetching docker.io/library/debian:trixie-slim",
      "Error: initializing source docker://debian:trixie-slim: pinging container registry",
      "docker.io/library/debian:trixie-slim cannot be had: using debootstrap",
      "I: Retrieving Packages",
      "I: Retrieving base-files 13.8",
      "I: Unpacking the base system...",
      "I: Base system installed successfully.",
      "TASK [packages : Install Debian packages] ****************",
      "changed: [localhost]",
      "RUNNING HANDLER [base : Reload the SSH server] ***",
      "Reading package lists...",
      "",
      "waiting for another build of the image",
    ];
    expect(lines.map(worthTelling).filter((line) => line !== undefined)).toEqual([
      "fetching docker.io/library/debian:trixie-slim",
      "docker.io/library/debian:trixie-slim cannot be had: using debootstrap",
      "Retrieving Packages",
      "Unpacking the base system...",
      "Base system installed successfully.",
      "packages : Install Debian packages",
      "base : Reload the SSH server",
      "waiting for another build of the image",
    ]);
  });
});

describe("Debian's mirror on this machine", () => {
  it("is found in one-line sources, past other vendors' archives", () => {
    const text = [
      "deb https://vendor.example/apt stable-vendor main",
      "# deb http://old.example/debian trixie main",
      "deb-src http://source.example/debian bookworm main",
      "deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main contrib",
      "deb http://mirror.example/security bookworm-security main",
    ].join("\n");
    expect(debianMirror([text])).toEqual({
      main: "http://mirror.example/debian",
      security: "http://mirror.example/security",
    });
  });

  it("is found in deb822 sources, with comments in them and other paragraphs disabled", () => {
    const text = [
      "Types: deb\nURIs: http://disabled.example/debian\nSuites: bookworm\nComponents: main\nEnabled: no\n",
      "Types: deb deb-src\nURIs: http://mirror.example/debian\nSuites: bookworm-updates\n# a comment\n bookworm\nComponents: main\nSigned-By: /k.gpg\n",
      "Types: deb\nURIs: http://mirror.example/security\nSuites: bookworm-security\nComponents: main\n",
    ].join("\n");
    expect(debianMirror([text])).toEqual({
      main: "http://mirror.example/debian",
      security: "http://mirror.example/security",
    });
  });

  it("is none on another distribution, or where it cannot be used from here", () => {
    expect(debianMirror(["deb http://mirror.example/ubuntu noble main", "deb cdrom:[Debian]/ bookworm main"])).toEqual(
      {},
    );
  });
});

describe("the lock of a build", () => {
  it("lets one build wait for the other, and says so", async () => {
    const file = join(scratch, "build.lock");
    const happened: string[] = [];
    let release = (): void => undefined;
    const first = whileLocked(
      file,
      () => happened.push("first waits"),
      () =>
        new Promise<void>((resolve) => {
          happened.push("first works");
          release = () => {
            happened.push("first ends");
            resolve();
          };
        }),
    );
    await until(() => happened.includes("first works"));
    const second = whileLocked(
      file,
      () => happened.push("second waits"),
      () => Promise.resolve(happened.push("second works")),
    );
    await until(() => happened.includes("second waits"));
    release();
    await Promise.all([first, second]);
    expect(happened).toEqual(["first works", "second waits", "first ends", "second works"]);
  });

  it("can be opened by nobody else, who could keep it from us", async () => {
    const file = join(scratch, "private", "build.lock");
    const mode = (path: string) => statSync(path).mode & 0o777;
    const modes = await whileLocked(file, fail, () => Promise.resolve([mode(dirname(file)), mode(file)]));
    expect(modes).toEqual([0o700, 0o600]);
  });

  it("is given back when the work fails", async () => {
    const file = join(scratch, "failed.lock");
    const failing = whileLocked(file, fail, () => Promise.reject(new Error("broken")));
    await expect(failing).rejects.toThrow("broken");
    await expect(whileLocked(file, fail, () => Promise.resolve("free"))).resolves.toBe("free");
  });

  it("is not waited for where nobody has it, however slow the machine is", async () => {
    const flock = execFileSync("which", ["flock"], { encoding: "utf8" }).trim();
    writeFileSync(join(scratch, "flock"), `#!/bin/sh\nsleep 1\nexec ${flock} "$@"\n`, { mode: 0o755 });
    const env = { PATH: `${scratch}:${process.env["PATH"] ?? ""}` };
    const { spawn } = childProcess;
    const slowly = (command: string, args: readonly string[], options: childProcess.SpawnOptions) =>
      spawn(command, args, { ...options, env });
    const spy = jest.spyOn(childProcess, "spawn").mockImplementation(slowly);
    try {
      const happened: string[] = [];
      await whileLocked(
        join(scratch, "slow.lock"),
        () => happened.push("waits"),
        () => Promise.resolve(happened.push("works")),
      );
      expect(happened).toEqual(["works"]);
    } finally {
      spy.mockRestore();
    }
  });
});

function fail(): void {
  throw new Error("nobody else holds it");
}

async function until(condition: () => boolean): Promise<void> {
  const limit = Date.now() + 60_000;
  while (!condition()) {
    if (Date.now() > limit) throw new Error("has not happened within a minute");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
