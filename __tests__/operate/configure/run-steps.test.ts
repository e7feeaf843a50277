import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { planSteps, runSteps, type StepEvent } from "../../../lib/operate/configure/run-steps";
import { type StepError } from "../../../lib/operate/configure/step-error";
import type { Step } from "../../../lib/operate/configure/step/step";
import { RemoteError } from "../../../lib/operate/exec/remote/remote";
import { BashRemote } from "../../support/bash-remote";
import { viewOf } from "../../support/cluster-builder";

let scratch = "";
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "steps-"));
});
afterEach(() => {
  rmSync(scratch, { recursive: true });
});

/** These steps ask nothing of the cluster. */
const cluster = viewOf();

describe("runSteps", () => {
  it("makes true what is not, and leaves alone what is", async () => {
    writeFileSync(join(scratch, "b"), "yes");
    const result = await runSteps([file("a"), file("b")], cluster, new BashRemote());
    expect(result.changed.map(({ effect, id }) => [id, effect])).toEqual([["a", "live"]]);
    expect(result.unchanged.map(({ id }) => id)).toEqual(["b"]);
    expect(readFileSync(join(scratch, "a"), "utf8")).toBe("yes");
  });

  it("changes nothing the second time, with one round trip", async () => {
    const steps = [file("a"), file("b", { needs: ["a"] }), file("c", { needs: ["b"] })];
    await runSteps(steps, cluster, new BashRemote());
    const remote = new BashRemote();
    const second = await runSteps(steps, cluster, remote);
    expect(second.changed).toEqual([]);
    expect(second.unchanged).toHaveLength(3);
    expect(remote.runs).toBe(1);
  });

  it("applies each step after all that it needs", async () => {
    const steps = [file("last", { needs: ["b", "a"] }), file("b", { needs: ["a"] }), file("a", { slow: true })];
    await runSteps(steps, cluster, new BashRemote());
    expect(readFileSync(join(scratch, "log"), "utf8")).toBe("a\nb\nlast\n");
  });

  it("does not make steps wait that need nothing of each other", async () => {
    const meet = (id: string, other: string) =>
      file(id, {
        more: `touch here-${id}; for _ in $(seq 1000); do [ -e here-${other} ] && break; sleep 0.05; done; [ -e here-${other} ]`,
      });
    await runSteps([meet("a", "b"), meet("b", "a")], cluster, new BashRemote());
    expect(readFileSync(join(scratch, "log"), "utf8").split("\n").sort()).toEqual(["", "a", "b"]);
  });

  it("looks again at what something it needs may have changed", async () => {
    // `b` was true when all were looked at; applying `a` undoes it.
    writeFileSync(join(scratch, "b"), "yes");
    const result = await runSteps(
      [file("a", { more: "rm b" }), file("b", { needs: ["a"] })],
      cluster,
      new BashRemote(),
    );
    expect(result.changed.map(({ id }) => id)).toEqual(["a", "b"]);
  });

  it("looks again and applies in one round trip, unless the effect depends on what is seen", async () => {
    const remote = new BashRemote();
    const depends: Step = { ...file("c", { needs: ["b"] }), effect: (before) => (before === null ? "live" : "live") };
    await runSteps([file("a"), file("b", { needs: ["a"] }), depends], cluster, remote);
    // One for all; a; b; a look at c, and c.
    expect(remote.runs).toBe(5);
    expect(readFileSync(join(scratch, "log"), "utf8")).toBe("a\nb\nc\n");
  });

  it("does not apply what something it needs has made true", async () => {
    const steps = [file("a", { more: "printf yes >b" }), file("b", { needs: ["a"] })];
    const result = await runSteps(steps, cluster, new BashRemote());
    expect(result.changed.map(({ id }) => id)).toEqual(["a"]);
    expect(readFileSync(join(scratch, "log"), "utf8")).toBe("a\n");
  });

  it("tells step, host, cause, remedy and the last lines when a script fails", async () => {
    const broken = file("broken", {
      more: "seq 1 100; echo 'mkfs: /dev/sdb is in use' >&2; exit 7",
      remedies: [{ when: /is in use/, cause: "the disk is in use", remedy: "unmount it" }],
    });
    const events: StepEvent[] = [];
    const error = await failure(
      runSteps([broken], cluster, new BashRemote(), { onEvent: (event) => events.push(event) }),
    );
    expect(error).toMatchObject({ host: "master", step: "broken", kind: "failed" });
    expect(error.details).toMatchObject({ code: "step/broken", cause: "the disk is in use", remedy: "unmount it" });
    expect(error.details.output).toHaveLength(50);
    expect(error.details.output?.at(-1)).toBe("mkfs: /dev/sdb is in use");
    expect(events.at(-1)).toMatchObject({ kind: "failed", error });
  });

  it("takes the last line for the cause when nobody knows better", async () => {
    const error = await failure(
      runSteps([file("a", { more: "echo 'it is Tuesday' >&2; false" })], cluster, new BashRemote()),
    );
    expect(error.details.cause).toBe("it is Tuesday");
  });

  it("leaves what needs a failed step, finishes the rest, and goes on there the next time", async () => {
    const steps = (more: string) => [file("a", { more }), file("b", { needs: ["a"] }), file("c", { slow: true })];
    await failure(runSteps(steps("false"), cluster, new BashRemote()));
    expect(existsSync(join(scratch, "b"))).toBe(false);
    expect(existsSync(join(scratch, "c"))).toBe(true);
    const again = await runSteps(steps("true"), cluster, new BashRemote());
    expect(again.unchanged.map(({ id }) => id)).toEqual(["a", "c"]);
    expect(again.changed.map(({ id }) => id)).toEqual(["b"]);
  });

  it("tells of a failure that holds up others before one that holds up nothing", async () => {
    const steps = [
      file("alone", { more: "false" }),
      file("needed", { slow: true, more: "false" }),
      file("other", { needs: ["needed"] }),
    ];
    const error = await failure(runSteps(steps, cluster, new BashRemote()));
    expect(error.step).toBe("needed");
  });

  it("reports a step that was applied and still is not so", async () => {
    const liar = { ...file("liar"), apply: "cat >/dev/null" };
    const error = await failure(runSteps([liar], cluster, new BashRemote()));
    expect(error.details.code).toBe("step/liar");
    expect(error.details.cause).toContain('content is null instead of "yes"');
    expect(error.details.remedy).toMatch(/^run it again: it goes on where it was; if it stays so/);
  });

  it("reports an inspection that fails, or prints no JSON, without applying anything", async () => {
    for (const inspect of ["echo oops >&2; exit 3", "echo no json"]) {
      const error = await failure(runSteps([{ ...file("a"), inspect }], cluster, new BashRemote()));
      expect(error.message).toBe("master: could not look at file a");
      expect(existsSync(join(scratch, "a"))).toBe(false);
    }
  });

  it("says that the machine went away, when it did", async () => {
    const remote = new BashRemote();
    jest.spyOn(remote, "run").mockRejectedValue(new RemoteError("master", "unreachable", 255, "Broken pipe"));
    const error = await failure(runSteps([file("a")], cluster, remote));
    expect(error.kind).toBe("unreachable");
    expect(error.details.remedy).toContain("goes on");
  });

  it("refuses what would make it another cluster, before anything is changed", async () => {
    const rename: Step = { ...file("name", { needs: ["a"] }), effect: () => "replace cluster" };
    const error = await failure(runSteps([file("a"), rename], cluster, new BashRemote()));
    expect(error.kind).toBe("consent");
    expect(existsSync(join(scratch, "a"))).toBe(false);
  });

  it("looks at what cannot be looked at yet once what it needs is there", async () => {
    const tool = join(scratch, "tool");
    const needy = { ...file("b", { needs: ["a"] }), inspect: `test -e ${tool}\n${file("b").inspect}` };
    const install = file("a", { more: `touch ${tool}` });
    const plan = await planSteps([install, needy], cluster, new BashRemote());
    expect(plan.map(({ differences: found }) => found.join())).toEqual([
      'content is null instead of "yes"',
      "cannot be told before a is done",
    ]);
    const result = await runSteps([install, needy], cluster, new BashRemote());
    expect(result.changed.map(({ id, differences: found }) => [id, found.join()])).toEqual([
      ["a", 'content is null instead of "yes"'],
      ["b", 'content is null instead of "yes"'],
    ]);
    // Where nothing is missing any more, what cannot be looked at is a fault.
    rmSync(tool);
    await expect(runSteps([install, needy], cluster, new BashRemote())).rejects.toThrow("could not look at file b");
  });

  it("refuses another cluster also where that is seen only when the machine has what looking takes", async () => {
    const tool = join(scratch, "tool");
    const rename: Step = {
      ...file("name", { needs: ["a"] }),
      inspect: `test -e ${tool}\n${file("name").inspect}`,
      effect: () => "replace cluster",
    };
    const error = await failure(runSteps([file("a", { more: `touch ${tool}` }), rename], cluster, new BashRemote()));
    expect(error.kind).toBe("consent");
    expect(existsSync(join(scratch, "name"))).toBe(false);
  });

  it("tells how far a long step is", async () => {
    const long: Step = {
      ...file("a", { more: "echo TASK one; echo noise; echo TASK two >&2" }),
      progress: (line) => (line.startsWith("TASK ") ? line.slice(5) : undefined),
    };
    const told: string[] = [];
    await runSteps([long], cluster, new BashRemote(), {
      onEvent: (event) => {
        if (event.kind === "progress") told.push(event.text);
      },
    });
    expect(told).toEqual(["one", "two"]);
  });

  it("tells what people are told of a change, by what was there before", async () => {
    const noting: Step = { ...file("a"), note: (before) => `it was ${JSON.stringify(before)}` };
    const notes: unknown[] = [];
    const onEvent = (event: StepEvent) => {
      if (event.kind === "changed") notes.push(event.note);
    };
    await runSteps([noting, file("b", { needs: ["a"] })], cluster, new BashRemote(), { onEvent });
    expect(notes).toEqual(['it was {"id":"a","content":null}', undefined]);
    await runSteps([noting], cluster, new BashRemote(), { onEvent });
    expect(notes).toHaveLength(2);
  });

  it("tells apply which effect is meant, and gives both scripts the desired state", async () => {
    const step = file("a", { more: 'echo "$OHPC_EFFECT" >effect' });
    await runSteps([{ ...step, effect: () => "restart slurmctld" }], cluster, new BashRemote());
    expect(readFileSync(join(scratch, "effect"), "utf8")).toBe("restart slurmctld\n");
  });
});

describe("planSteps", () => {
  it("tells what would be done and changes nothing", async () => {
    writeFileSync(join(scratch, "b"), "no");
    const plan = await planSteps([file("a"), file("b")], cluster, new BashRemote());
    expect(plan.map(({ differences: found, effect }) => [effect, found])).toEqual([
      ["live", ['content is null instead of "yes"']],
      ["live", ['content is "no" instead of "yes"']],
    ]);
    expect(readFileSync(join(scratch, "b"), "utf8")).toBe("no");
    expect(existsSync(join(scratch, "a"))).toBe(false);
  });
});

interface FileOptions extends Partial<Pick<Step, "needs" | "remedies">> {
  readonly slow?: boolean;
  /** What else `apply` does, at its end. */
  readonly more?: string;
}

/** A step that wants a file in the scratch folder to say "yes". */
function file(id: string, { more = "true", needs = [], remedies = [], slow = false }: FileOptions = {}): Step {
  return {
    id,
    title: `file ${id}`,
    needs,
    remedies,
    desired: () => ({ id, content: "yes" }),
    inspect: `cd '${scratch}'; jq -c --argjson content "$(if [ -e ${id} ]; then jq -Rs . ${id}; else echo null; fi)" '.content = $content'`,
    apply: `cd '${scratch}'; ${slow ? "sleep 0.3; " : ""}jq -j .content >${id}; echo ${id} >>log; ${more}`,
    effect: () => "live",
  };
}

async function failure(promise: Promise<unknown>): Promise<StepError> {
  return promise.then(
    () => {
      throw new Error("it should have failed");
    },
    (error: unknown) => error as StepError,
  );
}
