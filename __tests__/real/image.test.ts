import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { execFileSync } from "node:child_process";
import { runEngine, runEngineScript } from "../../lib/clouds/local/engine";
import { buildNodeImage, imageEngine } from "../../lib/clouds/local/image";
import { fetchAnsible } from "../../lib/images/ansible";
import { BUILD_FOLDER, buildPrefix, removeBuildVolumes, withBuildContainer } from "../../lib/images/container";
import type { ImageEngine } from "../../lib/images/engine";
import type { ImageBuildError } from "../../lib/images/failure";
import { type ImageProgress, pruneImages } from "../../lib/images/image";
import { whileLocked } from "../../lib/images/lock";
import { readRecipe } from "../../lib/images/recipe";
import { NODE_ANSWER_PORT } from "../../lib/model/ports";
import { cacheDirectory } from "../../lib/model/private-directory";
import { packageRoot } from "../../lib/package/root";
import { softwareHash } from "../../lib/software/roles";
import { Place } from "../support/place";

const MINUTES = 60_000;
const recipe = readRecipe();
const scratch = mkdtempSync(join(tmpdir(), "image-"));
const place = Place.take("image", { containers: true });
const machine = `ohpc-${place.name}`;
/** These builds meet no other: what they leave is theirs. */
const cache = join(scratch, "cache", "ohpc");
const env = { ...process.env, XDG_CACHE_HOME: join(scratch, "cache") };

beforeAll(async () => {
  await buildNodeImage();
  // Fetched once is enough.
  mkdirSync(cache, { recursive: true });
  const ansible = await fetchAnsible(recipe, cacheDirectory(), process.env);
  symlinkSync(ansible, join(cache, basename(ansible)));
}, 20 * MINUTES);

afterAll(async () => {
  await runEngineScript('engine rm --force "$1" >/dev/null 2>&1 || true', [machine]);
  place.release();
  rmSync(scratch, { recursive: true, force: true });
});

/** Runs bash in the machine, as root or as a plain user. */
async function inMachine(script: string, user = "root"): Promise<string> {
  return (await runEngine(["exec", "--user", user, machine, "bash", "-c", `set -euo pipefail\n${script}`])).trim();
}

/** Runs sh in a container that is not booted: the image as it is. */
async function inImage(image: string, script: string): Promise<string> {
  const output = await runEngine(["run", "--rm", "--network", "none", "--entrypoint", "sh", image, "-c", script]);
  return output.trim();
}

describe("a machine from the node image", () => {
  const keys = join(scratch, "keys");
  let port = "";

  beforeAll(async () => {
    mkdirSync(keys);
    for (const key of ["id", "host"]) {
      execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(keys, key)]);
    }
    const script = `
      case $engine_name in
        podman) flags=(--systemd=always --security-opt unmask=all) ;;
        docker) flags=(-e container=docker --tmpfs /run --tmpfs /run/lock --security-opt systempaths=unconfined -v /sys/fs/cgroup/systemd:/sys/fs/cgroup/systemd:rw) ;;
      esac
      engine run -d --name "$1" "\${flags[@]}" --cap-add SYS_ADMIN --cap-add SYS_PTRACE --cap-add NET_ADMIN --cap-add SYS_NICE \
        --security-opt seccomp=unconfined --shm-size 1g --tmpfs /tmp:rw,exec,mode=1777 --device /dev/fuse -p 127.0.0.1::22 \
        -v "$2/id.pub:/etc/ssh/authorized_keys.d/root:ro" -v "$2/host:/etc/ssh/ssh_host_ed25519_key:ro" "$3" >/dev/null
      engine port "$1" 22`;
    port = (await runEngineScript(script, [machine, keys, recipe.image])).trim().split(":").at(-1) ?? "";
    const hostKey = readFileSync(join(keys, "host.pub"), "utf8");
    writeFileSync(join(keys, "known_hosts"), `[127.0.0.1]:${port} ${hostKey}`);
  });

  function ssh(command: string): string {
    const options = ["BatchMode=yes", "IdentitiesOnly=yes", "StrictHostKeyChecking=yes", "ConnectTimeout=30"];
    options.push(`UserKnownHostsFile=${join(keys, "known_hosts")}`);
    const flags = options.flatMap((option) => ["-o", option]);
    return execFileSync(
      "ssh",
      ["-F", "none", ...flags, "-i", join(keys, "id"), "-p", port, "root@127.0.0.1", command],
      {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
      },
    ).trim();
  }

  it("answers over SSH, with the pinned host key and the operator's key", async () => {
    const answer = await until(() => ssh("hostname; locale charmap"));
    expect(answer.split("\n").at(-1)).toBe("UTF-8");
  });

  it("boots completely, with nothing failed", async () => {
    const state = await until(() => {
      const said = ssh("systemctl is-system-running || true");
      if (said === "starting" || said === "initializing") throw new Error(said);
      return said;
    });
    expect({ state, failed: ssh("systemctl --failed --plain --no-legend") }).toEqual({
      state: "running",
      failed: "",
    });
  });

  it("starts none of the cluster's daemons by itself", async () => {
    const daemons = ["slurmctld", "slurmd", "slurmdbd", "munge", "mariadb"];
    const states = await inMachine(`systemctl is-enabled ${daemons.join(" ")} || true`);
    expect(states.split("\n")).toEqual(daemons.map(() => "disabled"));
  });

  it("has the programs in the versions that it records", async () => {
    const recorded = JSON.parse(await inMachine("cat /usr/share/ohpc/versions.json")) as Record<string, string>;
    const client = "printf 'ClusterName=a\\nSlurmctldHost=a\\n' >/tmp/slurm.conf; SLURM_CONF=/tmp/slurm.conf srun -V";
    const programs: Readonly<Record<string, readonly string[]>> = {
      slurm: ["slurmctld -V", "slurmd -V", client],
      munge: ["munged --version"],
      mariadb: ["mariadbd --version"],
      openmpi: ["ompi_info --version", "mpirun --version"],
      apptainer: ["apptainer --version", "singularity --version"],
      lmod: ["bash -lc 'module --version' 2>&1"],
      nodeExporter: ["prometheus-node-exporter --version 2>&1"],
      gcc: ["gcc -dumpfullversion", "gfortran -dumpfullversion", "g++ -dumpfullversion"],
      python: ["python3 --version"],
    };
    for (const [name, commands] of Object.entries(programs)) {
      // 1:11.8.6-0+deb13u1 is upstream's 11.8.6
      const upstream = (recorded[name] ?? "not recorded").replace(/^\d+:/, "").replace(/[-+].*$/, "");
      for (const command of commands) {
        expect({ command, said: await inMachine(command) }).toEqual({
          command,
          said: expect.stringContaining(upstream) as string,
        });
      }
    }
    expect(recorded["slurm"]).toMatch(/^24\.11\./);
  });

  it("says which roles made it, so that none are applied to it again", async () => {
    expect(await inMachine("cat /usr/share/ohpc/software")).toBe(softwareHash());
  });

  it("has fixed numbers for the accounts that own the state disk", async () => {
    expect(await inMachine("id -u slurm; id -g slurm; id -u munge; id -g munge; id -u mysql; id -g mysql")).toBe(
      "401\n401\n402\n402\n403\n403",
    );
  });

  it("solves a linear system with xhpl from its module, over two ranks, as a plain user", async () => {
    await inMachine("id -u alice >/dev/null 2>&1 || useradd -m -u 2001 alice");
    const input = [
      ...[
        "HPL",
        "by hand",
        "HPL.out",
        "6",
        "1",
        "500",
        "1",
        "64",
        "0",
        "1",
        "1",
        "2",
        "16.0",
        "1",
        "2",
        "1",
        "4",
        "1",
        "2",
      ],
      ...["1", "1", "1", "0", "1", "0", "2", "64", "0", "0", "1", "8"],
    ].join("\n");
    const output = await inMachine(
      `mkdir -p ~alice/hpl && cat > ~alice/hpl/HPL.dat <<'END'\n${input}\nEND\nchown -R alice: ~alice/hpl
       su - alice -c 'cd hpl && module load hpl && OPENBLAS_NUM_THREADS=1 mpirun --oversubscribe -n 2 xhpl' 2>&1`,
    );
    expect(output).toMatch(/^WR\S+\s+500\s+64\s+1\s+2\s/m);
    expect(output).toMatch(/1 tests completed and passed residual checks/);
  });

  it("stops xhpl with an error when its input is wrong", async () => {
    const said = await inMachine(
      "cd /tmp && mpirun --allow-run-as-root -n 1 /opt/ohpc/pub/hpl/bin/xhpl 2>&1; echo ended with $?",
    ).catch((error: unknown) => String(error));
    expect(said).not.toContain("ended with 0");
    expect(await inMachine("! (cd /tmp && mpirun --allow-run-as-root -n 1 /opt/ohpc/pub/hpl/bin/xhpl 2>&1)")).toContain(
      "cannot open file HPL.dat",
    );
  });

  it("runs a container image as a plain user", async () => {
    await inMachine("id -u alice >/dev/null 2>&1 || useradd -m -u 2001 alice");
    const build = `mkdir -p root/bin root/etc root/proc root/sys root/dev root/tmp root/home
      printf '#include <stdio.h>\\nint main(void) { puts("hello from inside"); return 0; }\\n' > hello.c
      gcc -static -o root/bin/hello hello.c && apptainer build --force hello.sif root >/dev/null 2>&1
      apptainer exec hello.sif /bin/hello`;
    expect(await inMachine(`su - alice -c '${build.replaceAll("'", `'\\''`)}'`)).toContain("hello from inside");
  });

  it("starts the database from the blank one that it carries, for the unix socket only", async () => {
    const answer = await inMachine(`
      cp -a /usr/share/ohpc/mysql /srv/ohpc/state/mysql
      systemctl start mariadb
      mariadb -N -e 'select 6 * 7; select @@skip_networking'
      if su -s /bin/sh nobody -c 'mariadb -u root -e "select 1"' 2>/dev/null; then echo anybody is root; fi`);
    expect(answer).toBe("42\n1");
  });

  it("has a timer that looks after compute nodes only", async () => {
    // Neither role nor boot.env: a machine that has not been told yet what it is.
    expect(await inMachine("systemctl is-active ohpc-node.timer ohpc-node-answer.socket")).toBe("active\nactive");
    await inMachine("printf 'OHPC_ROLE=master\\n' > /etc/ohpc/boot.env; systemctl start ohpc-node.service");
    const states = await until(async () => {
      const said = await inMachine("systemctl is-active ohpc-node.timer ohpc-node-answer.socket || true");
      // The two stop one after the other; a run of before may have come between, and the next is in a minute.
      if (said !== "inactive\ninactive") throw new Error(said);
      return said;
    });
    expect(states).toBe("inactive\ninactive");
  });

  it("tells what a node waits for, and counts how often, until there is a bundle to hand over to", async () => {
    await inMachine(`
      printf 'OHPC_ROLE=compute\\nOHPC_BUNDLE=mounted:/srv/ohpc/bundle\\n' > /etc/ohpc/boot.env
      systemctl start ohpc-node-answer.socket; systemctl start --no-block ohpc-node.timer ohpc-node.service`);
    const talk = `import socket, sys
with socket.create_connection(("127.0.0.1", ${NODE_ANSWER_PORT}), 5, ("", 1000 + int(sys.argv[2]))) as connection:
    connection.sendall(sys.argv[1].encode() + b"\\n")
    print(connection.makefile().read())`;
    let times = 0;
    // From a port of root's own, another each time: the one before is not free again at once.
    const ask = (question: string) => inMachine(`python3 -c '${talk}' ${question} ${times++ % 24}`);
    const waiting = await until(async () => {
      const state = JSON.parse(await ask("state")) as { attempts: number };
      if (state.attempts < 2) throw new Error(JSON.stringify(state));
      return state;
    });
    expect(waiting).toMatchObject({
      stage: "bundle",
      ok: false,
      message: expect.stringContaining("no bundle yet") as string,
    });
    await inMachine(`
      mkdir -p /srv/ohpc/bundle/generations/1 && ln -s generations/1 /srv/ohpc/bundle/current
      printf '#!/bin/sh\\n{ echo "$(pwd) $0"; stat -c %%a /run/ohpc/bundle; } >/run/ohpc/handed\\nmv /run/ohpc/handed /run/ohpc/handed-over\\n' > /srv/ohpc/bundle/current/converge
      chmod 0755 /srv/ohpc/bundle/current/converge`);
    expect(await ask("nonsense")).toContain("error");
    await ask("kick");
    expect(await until(() => inMachine("cat /run/ohpc/handed-over"))).toBe("/ /run/ohpc/bundle/converge\n700");
  });
});

describe("the node image", () => {
  it("is not built again when it is there, which takes but a moment", async () => {
    const seen: ImageProgress[] = [];
    const started = performance.now();
    const { image, built } = await buildNodeImage({ onProgress: (progress) => seen.push(progress) });
    expect({ image, built, seen }).toEqual({ image: recipe.image, built: [], seen: [] });
    // A build takes minutes.
    expect(performance.now() - started).toBeLessThan(60_000);
  });

  it("holds no key, no secret and no machine's identity, in no layer", async () => {
    const script = `
      grep -rlI -e 'PRIVATE KEY-----' /etc /root /home /opt /srv /var || true
      find /etc/ssh /etc/munge -type f \\( -name 'ssh_host_*' -o -name '*.key' \\)
      find / -xdev \\( -name authorized_keys -o -name id_rsa -o -name id_ed25519 -o -name .netrc -o -name .pgpass \\) -type f
      cat /etc/machine-id /var/lib/dbus/machine-id 2>/dev/null
      awk -F: '$2 !~ /^[!*]/ { print "password of " $1 }' /etc/shadow`;
    for (const { tag } of recipe.layers) expect({ tag, found: await inImage(tag, script) }).toEqual({ tag, found: "" });
  });

  it("keeps nothing of its own building: no package lists, no archives, no files of ours", async () => {
    // Empty folders that were mount points, below /run, which is empty in every machine anyway, may stay.
    const script = `
        find /var/lib/apt/lists /var/cache/apt /run/ohpc-build /tmp /var/tmp -type f ! -name lock`;
    expect(await inImage(recipe.image, script)).toBe("");
  });

  it(
    "is what its roles say: applying them again changes nothing",
    async () => {
      const lines: string[] = [];
      const ansible = await fetchAnsible(recipe, cache, env);
      const options = {
        parent: recipe.image,
        name: "again",
        root: packageRoot(),
        cache,
        engine: imageEngine(),
        env,
        ansible,
      };
      const roles = recipe.layers.flatMap((layer) => layer.roles);
      const variables = JSON.stringify({ layer_roles: roles });
      const command = ["python3", "-m", "ansible", "playbook", "-i", "localhost,", "-e", variables, "layer.yml"];
      // Like a build, whose volumes it uses.
      await whileLocked(
        join(cache, "build.lock"),
        () => undefined,
        async () => {
          await withBuildContainer({ ...options, onLine: (line) => lines.push(line) }, async (container) => {
            await container.exec(["apt-get", "--quiet", "update"]);
            await container.exec(command, `${BUILD_FOLDER}/ansible`);
          });
          await removeBuildVolumes(imageEngine(), cache);
        },
      );
      const changed = lines.filter((line) => line.startsWith("changed:"));
      expect(changed).toEqual([]);
      expect(lines.find((line) => line.startsWith("localhost "))).toMatch(/changed=0 .*failed=0/);
    },
    10 * MINUTES,
  );
});

describe("building in layers", () => {
  const name = `ohpc-${place.name}`;
  const root = join(scratch, "tree");
  // The first layer of the real image is a Debian with systemd: nothing has to be fetched for this.
  const withBase = { ...env, OHPC_BASE_IMAGE: recipe.layers[0]?.tag ?? "" };
  const role = (role: string, tasks: string): void => {
    mkdirSync(join(root, "ansible/roles", role, "tasks"), { recursive: true });
    writeFileSync(join(root, "ansible/roles", role, "tasks/main.yml"), `---\n${tasks}`);
  };
  const OPEN = "- name: Open the door\n  ansible.builtin.command: cat /etc/door\n  changed_when: false\n";
  const present = async () => (await runEngine(["images", "--format", "{{.Repository}}:{{.Tag}}"])).split("\n");

  beforeAll(() => {
    for (const part of ["ansible", "images"]) cpSync(join(packageRoot(), part), join(root, part), { recursive: true });
    const file = JSON.parse(readFileSync(join(root, "images/node/image.json"), "utf8")) as object;
    const layers = ["first", "second"].map((layer) => ({ name: layer, roles: [layer] }));
    writeFileSync(join(root, "images/node/image.json"), JSON.stringify({ ...file, name, layers }));
    role("first", "- name: Make the house\n  ansible.builtin.copy: { dest: /etc/house, content: one, mode: '0644' }\n");
    role("second", OPEN);
  });

  afterAll(async () => {
    const own = (await present()).filter((image) => image.startsWith(`localhost/${name}`));
    await runEngineScript('for image; do engine rmi --force "$image" >/dev/null 2>&1 || true; done', own);
  });

  it("tells which layer failed, at which task and why, and keeps what was finished", async () => {
    const before = await leftovers();
    const error = (await buildNodeImage({ root, env: withBase }).catch(
      (failure: unknown) => failure,
    )) as ImageBuildError;
    expect(error).toMatchObject({ name: "ImageBuildError", layer: "second", task: "second : Open the door" });
    expect(error.message).toContain('layer 3 of 3 (second) failed at "second : Open the door"');
    expect(error.message).toContain("the finished layers are kept (base, first)");
    expect(error.message).toContain("/etc/door");
    const { base, layers, image } = readRecipe(root);
    const images = await present();
    expect([base.tag, layers[0]?.tag, image].map((tag) => images.includes(tag ?? ""))).toEqual([true, true, false]);
    expect(await leftovers()).toEqual(before);
  });

  it("goes on from there when the layer is mended, and a second build at the same time waits and finds it done", async () => {
    role("second", OPEN.replace("/etc/door", "/etc/house"));
    const waited: string[] = [];
    const [one, other] = await Promise.all([
      buildNodeImage({ root, env: withBase, onProgress: ({ line }) => waited.push(line) }),
      buildNodeImage({ root, env: withBase, onProgress: ({ line }) => waited.push(line) }),
    ]);
    const built = [...one.built, ...other.built].map(({ layer }) => layer);
    expect(built).toEqual(["second"]);
    expect(waited).toContain("waiting for another build of the image");
    expect(await inImage(one.image, "cat /etc/house")).toBe("one");
  });

  it("removes images of other versions on request, but none that a machine uses", async () => {
    const used = readRecipe(root).image;
    const container = (await runEngine(["create", "--entrypoint", "true", used])).trim().split("\n").at(-1) ?? "";
    try {
      role("second", OPEN.replace("/etc/door", "/etc/hostname"));
      const now = (await buildNodeImage({ root, env: withBase })).image;
      await pruneImages(ownImages, { root });
      const images = await present();
      expect([used, now].map((image) => images.includes(image))).toEqual([true, true]);
      await runEngine(["rm", container]);
      expect(await pruneImages(ownImages, { root })).toContain(used);
      expect((await present()).filter((image) => image === used || image === now)).toEqual([now]);
    } finally {
      await runEngineScript('engine rm --force "$1" >/dev/null 2>&1 || true', [container]);
    }
  });
});

/** This machine's engine, as if it had no other images than those of these tests: bases of other versions are another check's. */
const ownImages: ImageEngine = {
  ...imageEngine(),
  run: async (args, options) => {
    const said = await imageEngine().run(args, options);
    if (args[0] !== "images") return said;
    return said
      .split("\n")
      .filter((image) => image.startsWith(`localhost/ohpc-${place.name}`))
      .join("\n");
  },
};

/** Containers and volumes of builds. */
async function leftovers(): Promise<string> {
  return runEngineScript(
    `engine ps --all --format '{{.Names}}' | grep "^$1" || true; engine volume ls --format '{{.Name}}' | grep "^$1" || true`,
    [buildPrefix(cache)],
  );
}

/** Tries until it does not throw any more. */
async function until<T>(attempt: () => T | Promise<T>): Promise<T> {
  const limit = Date.now() + 240_000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > limit) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
