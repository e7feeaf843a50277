import { spawn } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { makeKey, OHPC, run, ScenarioProject, until } from "../support/scenario-project";

/** What users and jobs lose, and who is asked: one cluster, each test goes on where the one before left it. */
const project = new ScenarioProject("consent", { cpu: 2, gpu: 0 });

beforeAll(async () => {
  project.users = usersFile("alice", "bob", "carol");
  await project.must("up");
});
afterAll(async () => {
  await project.remove();
});

describe("a change of users alone", () => {
  const file = () => join(project.directory, "users.yaml");
  const left = (document: Record<string, unknown>) => (document["left"] as readonly string[]).join("\n");

  it("gives an account whose job runs at once on every node, in its group, and leaves all else as it is", async () => {
    project.users = `# who may what: ask alice\ngroups:\n  - { name: physics, gid: 3000 }   # all of them\n${project.users}`;
    project.save();
    const before = readFileSync(file(), "utf8");
    await chmod(file(), 0o640);
    // What else somebody is about to change, or has changed by hand.
    project.definition.partition = "work";
    await project.onMaster("echo '# by hand' >>/srv/ohpc/bundle/current/write-hosts");
    const added = await project.must("users add", "erin", "--groups", "physics", "--account", "physics");
    expect(added).toMatchObject({ people: [{ name: "erin", uid: 2004 }], nodes: { nodes: 2, taken: 2 } });
    expect(await project.onMaster("runuser -l erin -c 'srun --nodes 2 --label id -Gn' | sort")).toBe(
      "0: erin physics\n1: erin physics",
    );
    expect(readFileSync(file(), "utf8")).toBe(
      `${before}  - { name: erin, uid: 2004, groups: [physics], account: physics }\n`,
    );
    expect(statSync(file()).mode & 0o777).toBe(0o640);
    expect(
      await project.onMaster("sinfo --noheader --format='%R'; tail -n 1 /srv/ohpc/bundle/current/write-hosts"),
    ).toBe("cpu\n# by hand");
    expect(left(added)).toMatch(/^the nodes' bundle: files.write-hosts .*\nthe stack: Slurm's part of it changed/);
    const again = await project.must("users add", "erin", "--groups", "physics", "--account", "physics");
    expect(again).toMatchObject({ changed: [], steps: [] });
    expect(left(again)).toMatch(/^slurm.conf: .*work.*\nthe nodes' bundle: files.write-hosts/);
    delete project.definition.partition;
    expect(await project.must("up")).toMatchObject({ changes: [], configured: [{ id: "bundle" }] });
  });

  it("has keys that let in, and out", async () => {
    const key = makeKey(join(project.directory, "erins"));
    await project.must("users keys", "erin", "--add", "erins.pub");
    expect(await project.onMaster("cat /etc/ssh/authorized_keys.d/erin")).toBe(key);
    await project.must("users keys", "erin", "--remove", "scenario");
    expect(await project.onMaster("ls /etc/ssh/authorized_keys.d")).not.toContain("erin");
  });

  it("asks before somebody goes with a job; where nobody agrees, file and job are what they were", async () => {
    const id = await submit("erin", "--nodelist cpu-2");
    await state(id, "RUNNING");
    const before = readFileSync(file(), "utf8");
    const { code, stderr } = await project.ohpc("users remove", "erin", "--home", "archive");
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr: expect.stringContaining(`${id} erin RUNNING cpu-2`) as string,
    });
    expect(stderr).toMatch(/1 user would go, with 1 job; their log-ins and processes end: erin\n/);
    expect(stderr).toContain("the home of erin, /home/erin, ");
    expect(stderr).toContain("ohpc users remove scenario erin --home archive --yes");
    expect(readFileSync(file(), "utf8")).toBe(before);
    await state(id, "RUNNING");
    expect(await project.must("users list")).toMatchObject({
      users: [
        ...["alice", "bob", "carol"].map((name) => ({ name, standing: "there", jobs: { running: 0, pending: 0 } })),
        { name: "erin", uid: 2004, groups: ["physics"], standing: "there", jobs: { running: 1, pending: 0 } },
      ],
    });
  });

  it("archives a home as the user could read it, and follows nothing that the user put there", async () => {
    const make = "mkdir -p a/b; echo mine >a/b/file; ln a/b/file twice; ln -s /etc/shadow link; mkfifo pipe";
    await project.onMaster(`runuser -l erin -c '${make}'`);
    const { homes } = (await project.must("users remove", "erin", "--home", "archive", "--yes")) as {
      homes: { file: string; state: string }[];
    };
    expect(homes).toMatchObject([{ name: "erin", state: "archived" }]);
    const archive = homes[0]?.file ?? "";
    const seen = `ls -d /home/erin 2>/dev/null || echo gone; stat -c '%U %a' ${archive} /home/.archive
      mkdir /run/back; tar -xzf ${archive} -C /run/back --numeric-owner
      cd /run/back/erin; cat a/b/file twice; stat -c '%u %F' . link pipe; readlink link; rm -r /run/back; head -n 1 /etc/shadow | cut -d: -f1`;
    expect(await project.onMaster(seen)).toBe(
      [
        "gone",
        "root 600",
        "root 700",
        "mine",
        "mine",
        "2004 directory",
        "2004 symbolic link",
        "2004 fifo",
        "/etc/shadow",
        "root",
      ].join("\n"),
    );
    expect(readFileSync(file(), "utf8")).toMatch(
      /former:\n {2}- (name: erin\n {4}uid: 2004|\{ name: erin, uid: 2004 \})\n$/,
    );
    await until("the node has nothing of erin", async () => {
      const { stdout } = await project.ohpc("ssh", "cpu-2", "--", "getent passwd erin; pgrep -l -U 2004; true");
      return stdout === "" || stdout;
    });
    // Nobody else ever gets the number; erin has it again.
    const { people } = await project.must("users add", "frank", "erin");
    expect(people).toEqual([
      { name: "frank", uid: 2005 },
      { name: "erin", uid: 2004 },
    ]);
  });

  it("leaves a home that cannot be read whole, or is none, and says so", async () => {
    await project.onMaster(
      "runuser -l frank -c 'echo mine >secret; chmod 000 secret'; rm -r /home/erin; ln -s /etc /home/erin; chown -h erin /home/erin",
    );
    const { code, stderr } = await project.ohpc("users remove", "frank", "erin", "--home", "archive", "--yes");
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining("frank/secret: Cannot open") as string,
    });
    expect(stderr).toContain("/home/erin is symbolic link of uid 2004");
    expect(
      await project.onMaster("cat /home/frank/secret; test -e /etc/passwd && rm /home/erin; ls /home/.archive | wc -l"),
    ).toBe("mine\n1");
  });

  it("that dies half-way is gone on with by the same again", async () => {
    const words = ["users", "remove", "scenario", "frank", "bob", "--home", "delete", "--yes"];
    const child = spawn(process.execPath, [OHPC, ...words], {
      cwd: project.directory,
      env: project.env,
      stdio: "ignore",
    });
    const ended = new Promise((resolve) => child.once("close", resolve));
    await until("the file is written", async () =>
      Promise.resolve(!readFileSync(file(), "utf8").includes("name: bob, uid: 2002 }\n  - { name: carol") || "not yet"),
    );
    child.kill("SIGKILL");
    await ended;
    project.users = readFileSync(file(), "utf8");
    // What the dead one was holding on the master is free a moment later.
    await until("the same again is done", async () => {
      const { code, stdout, stderr } = await project.ohpc("users remove", "frank", "bob", "--home", "delete", "--yes");
      return code === 0 || `${stdout}${stderr}`;
    });
    expect(
      await project.onMaster("ls /home; getent passwd bob frank; sacctmgr --noheader show associations user=bob,frank"),
    ).toBe("alice\ncarol");
    expect(await project.must("users list")).toMatchObject({
      users: [
        { name: "alice", standing: "there" },
        { name: "carol", standing: "there" },
        { name: "frank", standing: "former", uid: 2005 },
        { name: "erin", standing: "former", uid: 2004 },
        { name: "bob", standing: "former", uid: 2002 },
      ],
    });
    project.users = usersFile("alice", "bob", "carol");
    // The group goes.
    expect(await project.must("up", "--yes")).toMatchObject({ changes: [] });
  });
});

describe("a partition that gets another name", () => {
  let runs = "";
  let waits = "";

  it("is asked about with its jobs, those that run and those that wait, and nothing is changed", async () => {
    runs = await submit("alice", "--job-name train --nodelist cpu-1");
    waits = await submit("alice", "--begin now+1hour");
    await state(runs, "RUNNING");
    project.definition.partition = "work";
    const { code, stderr } = await project.ohpc("up");
    expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringContaining("partition cpu goes") as string });
    expect(stderr).toContain(`${runs} alice RUNNING cpu-1 train`);
    expect(stderr).toContain(`${waits} alice PENDING`);
    expect(await project.onMaster("sinfo --noheader --format='%R %a'")).toBe("cpu up");
    await state(runs, "RUNNING");
  });

  it.each([
    ["has a line that ends too soon", "echo 'NodeName=xx[' >>/etc/slurm/slurm.conf"],
    ["has a key that there is not", "echo 'Colour=blue' >>/etc/slurm/slurm.conf"],
    ["is gone", "rm /etc/slurm/slurm.conf"],
  ])("is asked about with its jobs where the slurm.conf of the master %s", async (_, damage) => {
    await project.onMaster(`cp -p /etc/slurm/slurm.conf /run/whole; ${damage}`);
    const { code, stderr } = await project.ohpc("up");
    await project.onMaster("mv -f /run/whole /etc/slurm/slurm.conf");
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr: expect.stringContaining(`${runs} alice RUNNING cpu-1 train`) as string,
    });
  });

  it("is asked about by configure, too, where the stack was deployed without ohpc; then nothing is closed", async () => {
    const stack = join(project.directory, "cdktf.out", "stacks", "scenario");
    await run("terraform", ["apply", "-auto-approve", "-input=false"], stack, project.env);
    const { code, stderr } = await project.ohpc("configure");
    expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringContaining(`${runs} alice RUNNING`) as string });
    expect(stderr).toContain("ohpc configure scenario --yes");
    expect(await project.onMaster("sinfo --noheader --format='%R %a'")).toBe("cpu up");
  });

  it("cancels them, as it was said, with --yes", async () => {
    await project.must("configure", "--yes");
    await state(runs, "CANCELLED");
    await state(waits, "CANCELLED");
    expect(await project.onMaster("sinfo --noheader --format='%R %a'")).toBe("work up");
  });

  it("is not asked about where no job is in it; those that are over stay so when it comes back", async () => {
    delete project.definition.partition;
    await project.must("up");
    await queueIsEmpty();
  });
});

describe("a pool that shrinks", () => {
  it("cancels the jobs that require a node that goes, and puts others back into the queue: what was said is what happens", async () => {
    const free = await submit("alice", "--exclude cpu-1");
    const pinned = await submit("alice", "--nodelist cpu-2 --begin now+1hour --job-name pinned");
    const wide = await submit("bob", "--nodes 2 --hold");
    const behind = await submit("bob", `--dependency afterok:${pinned}`);
    await project.onMaster("scontrol create partitionname=by-hand nodes=cpu-1");
    const byHand = await submit("bob", "--partition by-hand --hold");
    await state(free, "RUNNING");
    project.definition.cpu = 1;
    const { code, stderr } = await project.ohpc("up");
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr: expect.stringMatching(
        new RegExp(
          `would be cancelled: they require a node that goes.*\n.*${pinned} alice PENDING pinned\n(.*\n)*.*would go back into the queue.*\n.*${free} alice RUNNING cpu-2`,
        ),
      ) as string,
    });
    expect(stderr).toMatch(new RegExp(`would wait for ever: partition cpu has 1 node\n.*${wide} bob PENDING`));
    expect(stderr).toMatch(new RegExp(`would wait for ever: they wait for jobs that .*\n.*${behind} bob PENDING`));
    expect(stderr).toMatch(new RegExp(`would be cancelled: partition by-hand goes\n.*${byHand} bob PENDING`));
    await state(free, "RUNNING");
    await project.must("up", "--yes");
    await state(pinned, "CANCELLED");
    await state(free, "PENDING");
    await state(wide, "PENDING");
    await state(behind, "PENDING");
    await state(byHand, "CANCELLED");
    await project.onMaster("scancel --user=alice; scancel --user=bob");
  });
});

describe("users who go", () => {
  let jobs: Readonly<Record<"runs" | "waits" | "held", string>>;
  /** A job of bob's that never ends in the accounting database. */
  let never = "";

  it("are named with their jobs, and stay where nobody agrees", async () => {
    const runs = await submit("bob", "", "setsid sleep 3601 & sleep 3602");
    await state(runs, "RUNNING");
    const waits = await submit("bob", "--begin now+1hour");
    const held = await submit("carol");
    await project.onMaster(`scontrol hold ${held}; runuser -l bob -c 'setsid sleep 3603 >/dev/null 2>&1 </dev/null &'`);
    jobs = { runs, waits, held };
    project.users = usersFile("alice", "dave");
    const { code, stderr } = await project.ohpc("up");
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr: expect.stringContaining("2 users would go, with 3 jobs") as string,
    });
    expect(stderr).toContain("their homes stay: bob, carol");
    for (const line of [`${runs} bob RUNNING cpu-1`, `${waits} bob PENDING`, `${held} carol PENDING`]) {
      expect(stderr).toContain(line);
    }
    await state(runs, "RUNNING");
    expect(await project.onMaster("id -un bob; getent passwd dave || echo none")).toBe("bob\nnone");
  });

  it("that Slurm does not let go cannot log in any more, are named, and keep nobody else", async () => {
    // It is over, and slurmctld still remembers it.
    never = await submit("bob", "--hold");
    await project.onMaster(`scancel ${never}`);
    await until("its end is recorded", async () => {
      const seen = await project.onMaster(`sacct --allusers --noheader --parsable2 --format=state --jobs ${never}`);
      return seen.startsWith("CANCELLED") || seen;
    });
    await sql("update job_table set time_end = 0, state = 0 where id_job = ${bobs}", never);
    const { code, stderr } = await project.ohpc("up", "--yes");
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/could not be removed: bob \(/) as string,
    });
    expect(stderr).toContain("MinJobAge");
    expect(stderr).not.toMatch(/could not be removed:.*carol/);
    for (const id of Object.values(jobs)) await state(id, "CANCELLED");
    const seen = await project.onMaster(
      "getent passwd bob; getent shadow bob | cut -d: -f2,8; getent passwd carol || echo none; ls /home",
    );
    expect(seen).toMatch(/^bob:x:2002:2002::\/home\/bob:\/usr\/sbin\/nologin\n!\*:1\nnone\nalice\nbob\ncarol\ndave$/);
    // Everybody else is there, on the nodes, too.
    expect(await project.onMaster("runuser -l dave -c 'srun id -un'")).toBe("dave");
  });

  it("go with the next run once they can; nothing of them is left, but their homes", async () => {
    // As of a job that slurmctld does not know any more.
    await sql("update job_table set time_submit = time_submit - 1 where id_job = ${bobs}", never);
    const { code, stderr, stdout } = await project.ohpc("up");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(`unless they are submitted again: ${never} bob PENDING\n`);
    expect(
      await project.onMaster("getent passwd bob carol; sacctmgr --noheader show associations user=bob,carol; ls /home"),
    ).toBe("alice\nbob\ncarol\ndave");
    for (const host of ["master", "cpu-1"]) {
      await until(`no process of theirs on ${host}`, async () => {
        const seen = "getent passwd bob carol; pgrep -l -U 2002,2003; true";
        const { stdout } = await project.ohpc("ssh", ...(host === "master" ? [] : [host]), "--", seen);
        return stdout === "" || stdout;
      });
    }
    expect(await project.must("up")).toMatchObject({ changes: [], configured: [] });
  });

  it("are counted where a users file lost everybody", async () => {
    project.users = "users: []\n";
    const { code, stderr } = await project.ohpc("up");
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr: expect.stringMatching(/all 2 users would go, with 0 jobs; .*: alice, dave/) as string,
    });
  });
});

describe("a slurmctld that does not run", () => {
  it("is no reason to change nothing any more: what cannot be seen is asked about, and said as it is", async () => {
    project.users = usersFile("alice", "dave");
    project.definition.partition = "work";
    await project.onMaster("systemctl stop slurmctld");
    const { code, stderr } = await project.ohpc("up");
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr: expect.stringContaining("Slurm on master does not answer: jobs may be running") as string,
    });
    await project.must("up", "--yes");
    expect(await project.onMaster("sinfo --noheader --format='%R %a'")).toBe("work up");
    // The srun of `up` itself was in the partition that goes.
    await queueIsEmpty();
    delete project.definition.partition;
    await project.must("up");
  });
});

describe("a node", () => {
  const accounts = "/run/ohpc/bundle/accounts.py apply --registry /var/lib/ohpc/accounts.json --keep busy";
  const without = `jq '.users |= map(select(.name != "alice"))' /run/ohpc/bundle/accounts.json | python3 ${accounts}`;
  const seen = "getent passwd alice | cut -d: -f7; pgrep -U 2001 -x sleep";

  it("keeps an account whose job still runs there, though nobody logs in to it; then it goes with all processes", async () => {
    const id = await submit("alice", "", "sleep 3605");
    await state(id, "RUNNING");
    // So that the node does not put things right by itself meanwhile.
    const onNode = async (command: string) => {
      const { code, stdout, stderr } = await project.ohpc("ssh", "cpu-1", "--", command);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      return stdout;
    };
    await onNode("systemctl stop ohpc-node.timer ohpc-node.service");
    await until("it runs", async () => /^\S+\n\d+\n$/.test(await onNode(`${seen} || true`)) || "not yet");
    expect(await onNode(`${without}; ${seen}`)).toMatch(/^\/usr\/sbin\/nologin\n\d+\n$/);
    await project.onMaster(`scancel ${id}; while squeue --noheader | grep -q .; do sleep 0.2; done`);
    await onNode(`setpriv --reuid 2001 --clear-groups setsid --fork sleep 3606; ${without}`);
    // What was killed is seen until systemd has taken note of it.
    await until("nothing is left", async () => {
      const left = await onNode(`${seen} || true`);
      return left === "" || left;
    });
  });
});

function usersFile(...names: readonly string[]): string {
  const uids: Readonly<Record<string, number>> = { alice: 2001, bob: 2002, carol: 2003, dave: 2004 };
  return `users:\n${names.map((name) => `  - { name: ${name}, uid: ${uids[name] ?? 0} }\n`).join("")}`;
}

async function submit(user: string, options = "", command = "sleep 3600"): Promise<string> {
  const words = `sbatch --parsable --mem 10 --output /dev/null ${options} --wrap "${command}"`;
  return project.onMaster(`runuser -l ${user} -c '${words}'`);
}

async function state(id: string, wanted: string): Promise<void> {
  await until(`job ${id} is ${wanted}`, async () => {
    const seen = await project.onMaster(
      `scontrol --oneliner show job ${id} | grep -oP '(?<=JobState=)\\w+' | head -n 1`,
    );
    return seen === wanted || seen;
  });
}

/** Jobs that are over are in it while they complete. */
async function queueIsEmpty(): Promise<void> {
  await until("the queue is empty", async () => {
    const jobs = await project.onMaster("squeue --all --noheader");
    return jobs === "" || jobs;
  });
}

/** Changes a record of Slurm's database behind its back. */
async function sql(statement: string, id: string): Promise<void> {
  const table = `\\\`${project.definition.cluster}_job_table\\\``;
  const text = statement.replace("job_table", table).replace("${bobs}", id);
  await project.onMaster(`mysql slurm_acct_db -e "${text}"`);
}
