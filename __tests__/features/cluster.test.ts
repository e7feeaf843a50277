import { defineFeature, type DefineStepFunction, loadFeature } from "jest-cucumber";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { engineContents } from "../../lib/clouds/local/containers";
import { runEngine } from "../../lib/clouds/local/engine";
import { nodeImage } from "../../lib/images/image";
import { makeKey, type Outcome, run, ScenarioProject, until } from "../support/scenario-project";

const ALICE = "users:\n  - name: alice\n    uid: 2001\n";
const MINUTES = 60_000;
let marks = 0;

/** All scenarios are one story on one cluster, as a day on a real one is. */
const project = new ScenarioProject("story", { cpu: 0, gpu: 0 });
const { cluster } = project.definition;
const OTHER_IMAGE = `localhost/ohpc-${cluster}:1`;
const engine = { cluster, env: project.env };

jest.setTimeout(30 * MINUTES);

afterAll(async () => {
  // Its second name alone: `untag` would take all names from the image that other clusters and checks use.
  await runEngine(["rmi", OTHER_IMAGE], engine).catch(() => undefined);
  await project.remove();
}, 2 * MINUTES);

type Nodes = readonly {
  readonly host: string;
  readonly machine?: string;
  readonly slurm?: { readonly state: string; readonly responds: boolean; readonly reason?: string };
  readonly unit: object;
}[];

async function nodes(): Promise<Nodes> {
  return (await project.must("status"))["nodes"] as Nodes;
}

/** What has just ended completes for a while; on a machine that is busy, also longer than `ohpc up` waits for that. */
async function nodesBecome(what: string, good: (seen: Nodes) => boolean): Promise<void> {
  await until(what, async () => {
    const seen = await nodes();
    return good(seen) || JSON.stringify(seen);
  });
}

/** What `up` and `resume` promise as they end: nodes answer, and take jobs. What has just ended may still complete. */
async function areThere(hosts: readonly string[]): Promise<void> {
  const seen = (await nodes()).filter(({ host }) => hosts.includes(host));
  expect(seen).toHaveLength(hosts.length);
  expect(
    seen.filter(({ slurm }) => slurm?.responds !== true || !/^(idle|mixed|allocated|completing)/.test(slurm.state)),
  ).toEqual([]);
}

async function slurmBecomes(host: string, good: RegExp): Promise<void> {
  await until(`${host} ${good.source}`, async () => {
    const state = await slurmSays(host);
    return good.test(state) || state;
  });
}

async function slurmSays(host: string): Promise<string> {
  const node = (await nodes()).find((one) => one.host === host);
  return node?.slurm === undefined ? "unknown" : `${node.slurm.state}${node.slurm.responds ? "" : " (silent)"}`;
}

async function jobState(id = job): Promise<string> {
  return project.onMaster(`scontrol --oneliner show job ${id} | grep -oP '(?<=JobState=)\\w+'`);
}

async function jobBecomes(wanted: string, id = job): Promise<void> {
  await until(`job ${id} ${wanted}`, async () => {
    const state = await jobState(id);
    return state === wanted || state;
  });
}

let up: Record<string, unknown> = {};
let job = "";
let key = "";

const feature = loadFeature(join(__dirname, "cluster.feature"));

defineFeature(feature, (scenario) => {
  scenario("Build a cluster", ({ and, given, then, when }) => {
    given(
      /^a definition with (\d+) nodes in pool "cpu" and (\d+) node with 2 GPUs in pool "gpu"$/,
      (cpu: string, gpu: string) => {
        Object.assign(project.definition, { cpu: Number(cpu), gpu: Number(gpu) });
        project.users = ALICE;
      },
    );
    operatorRunsUp(when);
    then(/^(\d+) nodes answered$/, (count: string) => {
      expect(up["nodes"]).toMatchObject({ nodes: Number(count), answered: Number(count) });
    });
    and(/^Slurm has the nodes "(.*)", all idle$/, async (hosts: string) => {
      await areThere(hosts.split(" "));
      const wanted = hosts.split(" ").map((host) => `${host} idle`);
      await nodesBecome(wanted.join(", "), (seen) =>
        isDeepStrictEqual(
          seen.map(({ host, slurm }) => `${host} ${slurm?.state ?? "?"}`),
          wanted,
        ),
      );
    });
    and('"ohpc status" finds nothing that needs attention', async () => {
      const { code, stdout } = await project.ohpc("status");
      expect({ code, stdout }).toEqual({ code: 0, stdout: expect.not.stringContaining("attention") as string });
    });
    and("no compute node has a slurm.conf of its own", async () => {
      for (const host of ["cpu-1", "gpu-1"]) {
        const seen = "[ ! -e /etc/slurm/slurm.conf ] && [ -s /run/slurm/conf/slurm.conf ] && echo configless";
        expect(await project.ohpc("ssh", host, "--", seen)).toMatchObject({ code: 0, stdout: "configless\n" });
      }
    });
    and("the munge key is in no file of the project", async () => {
      const secret = Buffer.from(await project.onMaster("base64 -w0 /etc/munge/munge.key"), "base64");
      expect(secret).toHaveLength(1024);
      expect(project.filesWith(secret.toString("base64").slice(0, 40))).toEqual([]);
    });
    and('running "ohpc up" once more changes nothing', async () => {
      expect(await project.must("up")).toMatchObject({ changes: [], configured: [], started: [] });
    });
  });

  scenario("A user's way from an account to HPL", ({ and, given, then, when }) => {
    given(/^a user "(.*)" with an SSH key was added to the definition$/, (user: string) => {
      key = join(project.directory, "state", user);
      const line = makeKey(key);
      project.users = `groups:\n  - name: physics\n    gid: 3000\n${ALICE}  - name: ${user}\n    uid: 2042\n    groups: [physics]\n    keys: ["${line}"]\n`;
    });
    operatorRunsUp(when);
    then(/^"(.*)" logs in to the master with her key$/, async (user: string) => {
      const { host, port } = up["access"] as { host: string; port: number };
      const { code, stdout } = await run(
        "ssh",
        [
          "-i",
          key,
          "-o",
          "IdentitiesOnly=yes",
          "-o",
          "BatchMode=yes",
          "-o",
          `UserKnownHostsFile=${join(project.privateDirectory, "known_hosts")}`,
          "-p",
          String(port),
          `${user}@${host}`,
          "id -un; pwd",
        ],
        project.directory,
        project.env,
      );
      expect({ code, stdout }).toEqual({ code: 0, stdout: `${user}\n/home/${user}\n` });
    });
    and(/^"(.*)" has the same uid and groups on every node$/, async (user: string) => {
      const expected = await project.onMaster(`id ${user}`);
      expect(expected).toContain("uid=2042");
      expect(expected).toContain("(physics)");
      for (const host of ["cpu-1", "cpu-2", "gpu-1"]) {
        await until(`id ${user} on ${host}`, async () => {
          const { stdout } = await project.ohpc("ssh", host, "--", `id ${user} || true`);
          return stdout.trim() === expected || stdout;
        });
      }
    });
    then(/^MPI hello by "(.*)" hears from every node$/, async (user: string) => {
      const { runs } = (await project.must("smoke", "hello", "--user", user)) as { runs: { hosts: string[] }[] };
      expect(runs.flatMap(({ hosts }) => hosts).sort()).toEqual(["cpu-1", "cpu-2", "gpu-1"]);
    });
    and(/^ranks of a job of "(.*)" wait for the one that is late$/, async (user: string) => {
      const source = readFileSync(join(__dirname, "fence.c"), "utf8");
      const pmix = "-I/usr/lib/$(uname -m)-linux-gnu/pmix2/include -L/usr/lib/$(uname -m)-linux-gnu/pmix2/lib -lpmix";
      const printed = await project.onMaster(
        `runuser -l ${user} -c 'cat >fence.c && gcc -o fence fence.c ${pmix} && srun --mpi=pmix -N2 -n2 ./fence' <<'END'\n${source}\nEND`,
      );
      // Without it, MPI_Init ends on one node before it has begun on the other (lib/slurm/mpi-conf.ts).
      const ranks = [...printed.matchAll(/^rank (\d) came (\d+) left (\d+)$/gm)];
      expect(ranks.map(([, rank]) => rank).sort()).toEqual(["0", "1"]);
      const lastCame = Math.max(...ranks.map(([, , came]) => Number(came)));
      const firstLeft = Math.min(...ranks.map(([, , , left]) => Number(left)));
      expect(firstLeft).toBeGreaterThanOrEqual(lastCame);
    });
    and(/^HPL by "(.*)" on 2 nodes has PASSED$/, async (user: string) => {
      const { run: hpl } = (await project.must("smoke", "hpl", "--nodes", "2", "--seconds", "3", "--user", user)) as {
        run: { passed: boolean; gflops: number; residual: number; rows: number; columns: number };
      };
      expect(hpl).toMatchObject({ passed: true, rows: 1, columns: 2 });
      expect(hpl.gflops).toBeGreaterThan(0);
      expect(hpl.residual).toBeLessThan(16);
    });
    and(/^HPL by "(.*)" with an impossible threshold has FAILED with exit code 6$/, async (user: string) => {
      const { code, stderr } = await project.ohpc(
        "smoke",
        "hpl",
        "--seconds",
        "1",
        "--threshold",
        "1e-9",
        "--user",
        user,
      );
      expect({ code, stderr }).toEqual({ code: 6, stderr: expect.stringContaining("FAILED") as string });
    });
    accountingHasJobs(and);
  });

  scenario("GPUs are handed out by Slurm", ({ and, then, when }) => {
    when('the operator looks at the pool "gpu"', async () => {
      expect(await project.onMaster("sinfo --noheader --partition gpu --format %N")).toBe("gpu-1");
    });
    then(/^node "(.*)" registers (\d) GPUs$/, async (host: string, count: string) => {
      expect(await project.onMaster(`sinfo --Node --noheader --nodes ${host} --Format=Gres:40`)).toMatch(
        new RegExp(`^gpu:(\\w+:)?${count}`),
      );
    });
    and(/^a job with "(.*)" sees 1 GPU$/, async (gres: string) => {
      expect(
        await project.onMaster(`runuser -l alice -c 'srun --partition gpu ${gres} printenv CUDA_VISIBLE_DEVICES'`),
      ).toBe("0");
    });
    and(/^a job with "(.*)" is refused$/, async (gres: string) => {
      const { code, stderr } = await project.ohpc(
        "ssh",
        "--",
        `runuser -l alice -c 'srun --partition gpu ${gres} true'`,
      );
      expect(code).not.toBe(0);
      expect(stderr).toContain("Requested node configuration is not available");
    });
  });

  scenario("Grow a pool while a job runs", ({ and, given, then, when }) => {
    jobRuns(given);
    when(/^the pool "cpu" grows to (\d) nodes and the operator runs "ohpc up"$/, async (count: string) => {
      project.definition.cpu = Number(count);
      up = await project.must("up");
    });
    then('the job of "alice" still runs', async () => {
      expect(await jobState()).toBe("RUNNING");
    });
    and(/^Slurm has the nodes "(.*)", none of them down$/, async (hosts: string) => {
      expect((await nodes()).map(({ host }) => host)).toEqual(hosts.split(" "));
      await areThere(hosts.split(" "));
      await nodesBecome("none down", (seen) =>
        seen.every(({ slurm }) => /^(idle|mixed|allocated)/.test(slurm?.state ?? "")),
      );
    });
    and(/^only "(.*)" was made$/, async (host: string) => {
      const made = (up["changes"] as { kind: string; name: string }[]).filter(({ kind }) => kind === "machine");
      expect(made.map(({ name }) => name)).toEqual([host]);
      await project.onMaster(`scancel ${job}`);
    });
  });

  scenario("A node with a bad fan is set apart", ({ and, given, then, when }) => {
    let outcome: Outcome;
    jobRuns(given);
    when(
      /^the operator runs "ohpc drain (.*)" for a "(.*)", and waits for 1 second$/,
      async (hosts: string, reason: string) => {
        outcome = await project.ohpc("drain", hosts, "--reason", reason, "--wait", "1s");
      },
    );
    then(
      /^it ends with exit code 1, names the job, and both are drained for the "(.*)" by the operator$/,
      async (reason: string) => {
        expect(outcome).toMatchObject({
          code: 1,
          stderr: expect.stringContaining(`${job} alice RUNNING cpu-1`) as string,
        });
        const said = expect.stringMatching(new RegExp(`^${reason} \\(\\S+@\\S+\\)$`)) as string;
        expect((await nodes()).slice(0, 2)).toMatchObject([
          { slurm: { state: "draining", reason: said } },
          { slurm: { state: "drained", reason: said } },
        ]);
      },
    );
    and('the job of "alice" still runs', async () => {
      expect(await jobState()).toBe("RUNNING");
    });
    and(/^"ohpc drain (.*)" for "(.*)" keeps its "(.*)"$/, async (host: string, other: string, reason: string) => {
      const kept = [{ host, by: "person", reason: expect.stringContaining(reason) as string }];
      expect(await project.must("drain", host, "--reason", other)).toMatchObject({ drained: [], kept });
    });
    and(/^"ohpc drain (.*)" ends when the job of "alice" has ended$/, async (hosts: string) => {
      const waits = project.must("drain", hosts, "--reason", "bad fan", "--wait", "10m");
      await project.onMaster(`scancel ${job}`);
      expect(await waits).toMatchObject({ drained: [], jobs: [] });
      expect(await project.onMaster("squeue --all --noheader --nodelist=cpu-1")).toBe("");
    });
    and(/^"ohpc undrain (.*)" gives "(.*)" back, and once more nothing$/, async (hosts: string, given: string) => {
      const { undrained } = (await project.must("undrain", hosts)) as { undrained: { host: string }[] };
      expect(undrained.map(({ host }) => host)).toEqual(given.split(" "));
      // Slurm asks a node that it was given back before it calls it there.
      await nodesBecome("they take jobs", (seen) =>
        seen.every(({ slurm }) => slurm?.responds === true && /^(idle|mixed|allocated|completing)/.test(slurm.state)),
      );
      expect(await project.must("undrain", hosts)).toMatchObject({ undrained: [], free: ["cpu-1", "cpu-2", "cpu-3"] });
    });
  });

  scenario("A node dies", ({ and, then, when }) => {
    when(/^the container of "(.*)" is killed$/, async (host: string) => {
      await runEngine(["stop", "--time", "0", `ohpc-${cluster}-${host}`], engine);
    });
    then(/^"ohpc status" shows "(.*)" unreachable$/, async (host: string) => {
      await until(`${host} unreachable`, async () => {
        const unit = (await nodes()).find((node) => node.host === host)?.unit;
        return (unit !== undefined && "unreachable" in unit) || JSON.stringify(unit);
      });
    });
    and(/^"ohpc status" ends with exit code 8, and says of "(.*)" what needs attention$/, async (host: string) => {
      const { code, stdout } = await project.ohpc("status", "--json");
      const { problems } = JSON.parse(stdout) as { problems: object[] };
      expect({ code, problems }).toMatchObject({ code: 8, problems: [{ host, remedy: expect.any(String) as string }] });
    });
    and(/^Slurm marks "(.*)" down$/, async (host: string) => {
      await slurmBecomes(host, /^down/);
    });
    upBringsBack(and);
  });

  scenario("Nodes are stopped for the night", ({ and, given, then, when }) => {
    let outcome: Outcome;
    given(/^the node "(.*)" was drained by hand because of a "(.*)"$/, async (host: string, reason: string) => {
      await project.onMaster(`scontrol update nodename=${host} state=drain reason="${reason}"`);
    });
    jobRuns(and);
    when('the operator runs "ohpc stop" without agreeing', async () => {
      outcome = await project.ohpc("stop");
    });
    then("it ends with exit code 3, names the job, and everything goes on", async () => {
      expect(outcome).toMatchObject({
        code: 3,
        stderr: expect.stringContaining(`${job} alice RUNNING cpu-1`) as string,
      });
      expect(await jobState()).toBe("RUNNING");
      expect(await running()).toEqual(["cpu-1", "cpu-2", "cpu-3", "gpu-1", "master"]);
    });
    and(/^"ohpc stop --yes" stops "(.*)", and the master goes on$/, async (hosts: string) => {
      const stopped = await project.must("stop", "--yes");
      expect(stopped).toMatchObject({ stopped: hosts.split(" "), ended: [], jobs: [{ id: job }] });
      expect(await running()).toEqual(["master"]);
    });
    and(
      /^"ohpc status" shows the machines stopped, "(.*)" by "(.*)" and "(.*)" for its "(.*)"$/,
      async (ours: string, by: string, theirs: string, reason: string) => {
        await nodesBecome("all drained", (all) => all.every(({ slurm }) => slurm?.state === "drained"));
        const seen = Object.fromEntries(
          (await nodes()).map(({ host, machine, slurm }) => [host, { machine, ...slurm }]),
        );
        for (const host of ours.split(" ")) {
          const expected = {
            machine: "stopped",
            state: "drained",
            reason: expect.stringContaining(`${by} by `) as string,
          };
          expect(seen[host]).toMatchObject(expected);
        }
        expect(seen[theirs]).toMatchObject({ machine: "stopped", state: "drained", reason });
      },
    );
    and('the job of "alice" is back in the queue', async () => {
      await jobBecomes("PENDING");
    });
    and('"ohpc stop" once more stops nothing, and Terraform has nothing to change', async () => {
      expect(await project.must("stop")).toMatchObject({ stopped: [], already: ["cpu-1", "cpu-2", "cpu-3", "gpu-1"] });
      expect(await project.terraformPlan()).toContain("No changes.");
    });
    and(/^"ohpc undrain (.*)" is refused, and "ohpc drain \1" leaves it stopped$/, async (host: string) => {
      expect(await project.ohpc("undrain", host)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining(`ohpc resume scenario ${host}`) as string,
      });
      expect(await project.must("drain", host, "--reason", "dust", "--force")).toMatchObject({
        drained: [],
        kept: [{ host, by: "stop" }],
      });
    });
    and(/^"ohpc resume (.*)" brings "\1" back, and no other$/, async (host: string) => {
      expect(await project.must("resume", host)).toMatchObject({ started: [host] });
      expect(await running()).toEqual([host, "master"]);
      await areThere([host]);
      await slurmBecomes(host, /^(idle|allocated)$/);
      expect(await slurmSays("cpu-2")).toMatch(/^drained/);
    });
    resumes(and);
    and('the job of "alice" runs again', async () => {
      // A job that lost its node waits for two minutes otherwise; where these are over, Slurm refuses the change.
      await project.onMaster(
        `scontrol update jobid=${job} starttime=now || scontrol show job ${job} | grep -E 'JobState=(RUNNING|CONFIGURING)'`,
      );
      await jobBecomes("RUNNING");
      await project.onMaster(`scancel ${job}`);
    });
    and('"ohpc resume" once more starts nothing', async () => {
      expect(await project.must("resume")).toMatchObject({ started: [], nodes: { nodes: 4 } });
    });
  });

  scenario("The whole cluster is stopped over Christmas", ({ and, given, then, when }) => {
    jobWaits(given);
    when('the operator runs "ohpc stop --all --yes"', async () => {
      await project.must("stop", "--all", "--yes");
    });
    then("no machine runs, and Terraform has nothing to change", async () => {
      expect(await running()).toEqual([]);
      expect(await project.terraformPlan()).toContain("No changes.");
    });
    and('"ohpc status" says with exit code 5 that the cluster is stopped', async () => {
      const { code, stderr } = await project.ohpc("status");
      expect({ code, stderr }).toEqual({ code: 5, stderr: expect.stringContaining(`${cluster} is stopped`) as string });
      expect(stderr).toContain("stopped: cpu-[1-3],gpu-1,master");
      expect(stderr).toContain("ohpc resume scenario");
    });
    resumes(and);
    jobStillWaits(and);
    and("Terraform has nothing to change", async () => {
      expect(await project.terraformPlan()).toContain("No changes.");
    });
    and(/^MPI hello by "(.*)" hears from "(.*)"$/, async (user: string, hosts: string) => {
      const options = ["--partition", "cpu", "--user", user];
      const { runs } = (await project.must("smoke", "hello", ...options)) as { runs: { hosts: string[] }[] };
      expect(runs.flatMap((one) => one.hosts).sort()).toEqual(hosts.split(" "));
    });
    and(/^the next day begins with a mended "(.*)" and an empty queue$/, async (host: string) => {
      await project.onMaster(`scancel ${job}; scontrol update nodename=${host} state=resume`);
      await slurmBecomes(host, /^idle$/);
    });
  });

  scenario("The master is removed by hand", ({ and, given, then, when }) => {
    jobWaits(given);
    when(/^the container of "(.*)" is removed$/, async (host: string) => {
      await runEngine(["rm", "--force", "--time", "0", `ohpc-${cluster}-${host}`], engine);
    });
    upBringsBack(then);
    jobStillWaits(and);
    accountingHasJobs(and);
  });

  scenario("A newer image, with the operator's consent", ({ and, given, then, when }) => {
    let batch = "";
    given(/^a batch job of "(.*)" runs on "(.*)"$/, async (user: string, host: string) => {
      batch = await runningJob(user, host);
    });
    when("the definition names another image", async () => {
      await runEngine(["tag", nodeImage(), OTHER_IMAGE], engine);
      project.definition.image = OTHER_IMAGE;
    });
    then(
      '"ohpc up" refuses with exit code 3 and names the machines, the batch job and what waits in the queue',
      async () => {
        const { code, stderr } = await project.ohpc("up");
        expect({ code, stderr }).toEqual({
          code: 3,
          stderr: expect.stringContaining("5 machines would be replaced: cpu-[1-3],gpu-1,master") as string,
        });
        expect(stderr).toContain("jobs that wait in the queue: 1, which stay in it");
        expect(stderr).toContain(`${batch} alice RUNNING cpu-2`);
      },
    );
    and('"ohpc up --yes" makes every machine anew', async () => {
      up = await project.must("up", "--yes");
      const { answered, busy } = up["nodes"] as { answered: number; busy: number };
      // The batch job may have begun anew.
      expect(answered + busy).toBe(4);
      const { containers } = await engineContents(cluster, engine);
      expect(containers.map(({ host, image }) => ({ host, image }))).toEqual(
        ["cpu-1", "cpu-2", "cpu-3", "gpu-1", "master"].map((host) => ({ host, image: OTHER_IMAGE })),
      );
    });
    and("the batch job went back into the queue", async () => {
      expect(await project.onMaster(`scontrol --oneliner show job ${batch} | grep -oP '(?<=Restarts=)\\d+'`)).toBe("1");
    });
    jobStillWaits(and);
    accountingHasJobs(and);
  });

  scenario("The pool goes that jobs go to by default", ({ and, given, then, when }) => {
    jobRuns(given);
    when('the definition has no pool "cpu" any more', () => {
      project.definition.cpu = 0;
    });
    then(/^"ohpc up --yes" refuses with exit code 2, and names (.*)$/, async (moved: string) => {
      expect(await project.ohpc("up", "--yes")).toMatchObject({
        code: 2,
        stderr: expect.stringContaining(`jobs that name no partition would go to ${moved}`) as string,
      });
    });
    and('the job of "alice" still runs', async () => {
      expect(await jobState()).toBe("RUNNING");
      expect(await running()).toEqual(["cpu-1", "cpu-2", "cpu-3", "gpu-1", "master"]);
    });
    and(/^"ohpc up --yes" goes on once the partition "gpu" says that it is the default one$/, async () => {
      project.definition.gpuDefault = true;
      await project.must("up", "--yes");
      expect(await running()).toEqual(["gpu-1", "master"]);
    });
    and(/^jobs without a partition go to "(.*)"$/, async (name: string) => {
      expect(await project.onMaster("sinfo --noheader --format=%P")).toBe(`${name}*`);
    });
  });

  scenario("Destroy", ({ then, when }) => {
    when('the operator runs "ohpc destroy --yes"', async () => {
      await project.must("destroy", "--yes");
    });
    then("no container, network, volume, route or private file of the cluster is left", async () => {
      expect(existsSync(project.privateDirectory)).toBe(false);
      expect(await engineContents(cluster, engine)).toEqual({ containers: [], networks: [], volumes: [] });
      const { stdout } = await run("ip", ["route", "show", "table", "all"], project.directory, project.env);
      expect(stdout).not.toContain(project.definition.subnet.replace("/16", ""));
    });
  });
});

function operatorRunsUp(when: DefineStepFunction): void {
  when('the operator runs "ohpc up"', async () => {
    up = await project.must("up");
  });
}

function jobRuns(step: DefineStepFunction): void {
  step(/^a job of "(.*)" runs on "(.*)"$/, async (user: string, host: string) => {
    job = await runningJob(user, host);
  });
}

/** The id of a batch job that runs there. */
async function runningJob(user: string, host: string): Promise<string> {
  const id = await project.onMaster(
    `runuser -l ${user} -c 'sbatch --parsable --nodelist ${host} --output /dev/null --wrap "sleep 3600"'`,
  );
  await jobBecomes("RUNNING", id);
  // What is still completing, of the srun of `ohpc up` perhaps, would be told beside it.
  await until("nothing else ends", async () => {
    const ending = await project.onMaster("squeue --all --noheader --states=COMPLETING");
    return ending === "" || ending;
  });
  return id;
}

function jobWaits(step: DefineStepFunction): void {
  step('a job of "alice" waits in the queue', async () => {
    // Slurm's state names earlier jobs for a while.
    const mark = `waits-for-later-${++marks}`;
    job = await project.onMaster(
      `runuser -l alice -c 'sbatch --parsable --job-name ${mark} --begin now+1hour --output /dev/null --wrap true'`,
    );
    expect(await jobState()).toBe("PENDING");
    // slurmctld writes its state down a few seconds after it has changed.
    await until("the job is on the state disk", async () => {
      const written = await project.onMaster(`grep -ac ${mark} /srv/ohpc/state/slurmctld/job_state || true`);
      return written !== "0" || written;
    });
  });
}

function resumes(step: DefineStepFunction): void {
  step(
    /^"ohpc resume" brings "(.*)" back, and "(.*)" stays drained for its "(.*)"$/,
    async (hosts: string, drained: string, reason: string) => {
      const { started, nodes: readiness } = await project.must("resume");
      expect([...(started as string[])].sort()).toEqual(hosts.split(" ").sort());
      expect(readiness).toMatchObject({ nodes: 4, drained: [{ node: drained, reason }] });
      expect(await running()).toEqual(["cpu-1", "cpu-2", "cpu-3", "gpu-1", "master"]);
      await areThere(["cpu-1", "cpu-2", "cpu-3"]);
      for (const host of ["cpu-1", "cpu-2", "cpu-3"]) await slurmBecomes(host, /^(idle|allocated)$/);
      await slurmBecomes(drained, /^drained$/);
    },
  );
}

/** Hosts whose machines run, in the engine's own words. */
async function running(): Promise<readonly string[]> {
  const { containers } = await engineContents(cluster, engine);
  return containers.filter((container) => container.running).map(({ host }) => host);
}

function upBringsBack(step: DefineStepFunction): void {
  step(/^"ohpc up" brings "(.*)" back$/, async (host: string) => {
    up = await project.must("up");
    expect([
      ...(up["started"] as string[]),
      ...(up["changes"] as { name: string }[]).map(({ name }) => name),
    ]).toContain(host);
    await areThere((await nodes()).map(({ host: one }) => one));
    await nodesBecome("all there", (seen) =>
      seen.every(({ slurm }) => slurm?.responds === true && /^(idle|mixed|allocated)/.test(slurm.state)),
    );
  });
}

function jobStillWaits(step: DefineStepFunction): void {
  step('the job of "alice" still waits in the queue', async () => {
    expect(await jobState()).toBe("PENDING");
  });
}

function accountingHasJobs(step: DefineStepFunction): void {
  step(/^Slurm's accounting has completed jobs of "(.*)"$/, async (user: string) => {
    await until(`completed jobs of ${user}`, async () => {
      const jobs = await project.onMaster(
        `sacct --allocations --noheader --parsable2 --starttime now-1days --user ${user} --format JobName,State`,
      );
      return ["ohpc-hello|COMPLETED", "ohpc-hpl|COMPLETED"].every((one) => jobs.split("\n").includes(one)) || jobs;
    });
  });
}
