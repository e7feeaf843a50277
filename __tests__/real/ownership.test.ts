import { rmSync } from "node:fs";
import { listContainers } from "../../lib/clouds/local/containers";
import { type Outcome, ScenarioProject, until } from "../support/scenario-project";

/** One cluster, and two folders that say the same of it. Each test goes on where the one before left it. */
const project = new ScenarioProject("owner", { cpu: 1, gpu: 0 });
project.users = "users:\n  - name: alice\n    uid: 2001\n";
const { cluster } = project.definition;
let copy: ScenarioProject;
let job = "";

beforeAll(async () => {
  await project.must("up");
  copy = project.copy();
  job = await project.onMaster("runuser --login alice --command 'sbatch --parsable --wrap \"sleep 3600\"'");
  await until("the job runs", async () => {
    const state = await jobState(project);
    return state === "RUNNING" || state;
  });
}, 1_200_000);

afterAll(async () => {
  rmSync(copy.directory, { recursive: true, force: true });
  await project.remove();
});

async function jobState(from: ScenarioProject): Promise<string> {
  return from.onMaster(`scontrol --oneliner show job ${job} | grep -oP '(?<=JobState=)\\w+'`);
}

async function machines(): Promise<readonly string[]> {
  return (await listContainers(cluster, { env: project.env })).map(({ host, status }) => `${host} ${status}`);
}

function failure({ code, stdout }: Outcome): object {
  const { error } = JSON.parse(stdout) as { error: { code: string; message: string } };
  return { exit: code, code: error.code, message: error.message };
}

const ANOTHERS = `the cluster ${cluster} on this machine belongs to another Terraform state`;

describe("a folder that is another one's copy, without its state,", () => {
  it.each([
    ["up", "--yes"],
    ["destroy", "--yes"],
  ])("is refused: ohpc %s %s", async (verb, ...args) => {
    const refused = await copy.ohpc(verb, ...args, "--json");
    expect(failure(refused)).toEqual({ exit: 2, code: "cluster.another-state", message: ANOTHERS });
    // Where it was made, what is there, and how to take it over on purpose.
    expect(refused.stderr).toContain(project.directory);
    expect(refused.stderr).toContain("its machines are there (cpu-1,master)");
    expect(refused.stderr).toContain("--take-over");
    expect(await machines()).toEqual(["cpu-1 running", "master running"]);
    expect(await jobState(project)).toBe("RUNNING");
  });

  it.each(["stop", "configure"])("knows of nothing to be changed: ohpc %s", async (verb) => {
    const args = verb === "stop" ? ["--all", "--yes"] : [];
    expect(failure(await copy.ohpc(verb, ...args, "--json"))).toMatchObject({ exit: 1, code: "stack.not-deployed" });
    expect(await machines()).toEqual(["cpu-1 running", "master running"]);
  });

  it("takes the cluster over on purpose; what that would end is asked for, and what it leaves goes on", async () => {
    copy.definition.stock = "debian-13";
    const asked = await copy.ohpc("up", "--take-over", "--json");
    expect(failure(asked)).toMatchObject({ exit: 3 });
    expect(asked.stderr).toContain("2 machines would be replaced: cpu-1,master");
    expect(await jobState(project)).toBe("RUNNING");

    delete copy.definition.stock;
    await copy.must("up", "--take-over");
    expect(await jobState(copy)).toBe("RUNNING");
    const again = await copy.must("up");
    expect(again).toMatchObject({ changes: [], configured: [] });
  });

  it("has it from then on: the first folder is refused by every verb that changes something", async () => {
    const another = { exit: 2, code: "cluster.another-state", message: ANOTHERS };
    expect(failure(await project.ohpc("up", "--yes", "--json"))).toEqual(another);
    expect(failure(await project.ohpc("destroy", "--yes", "--json"))).toEqual(another);
    expect(failure(await project.ohpc("stop", "--all", "--yes", "--json"))).toMatchObject({
      exit: 2,
      message: ANOTHERS,
    });
    expect(failure(await project.ohpc("configure", "--json"))).toMatchObject({ code: "step/owner" });
    expect(await machines()).toEqual(["cpu-1 running", "master running"]);
    expect(await jobState(copy)).toBe("RUNNING");
  });

  it("gives the name free by destroying it", async () => {
    await copy.must("destroy", "--yes");
    expect(await machines()).toEqual([]);
    expect((await project.ohpc("destroy", "--yes", "--json")).code).toBe(0);
  });
});
