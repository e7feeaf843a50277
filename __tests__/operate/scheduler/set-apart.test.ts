import {
  giveBack,
  lookAtNodes,
  planDrain,
  planUndrain,
  reasonOf,
  setApart,
  type SlurmNodes,
} from "../../../lib/operate/scheduler/set-apart";
import { RemoteError } from "../../../lib/operate/exec/remote/remote";
import { readNodeRow } from "../../../lib/operate/scheduler/status";
import { pretendedMaster } from "../../support/pretended-master";
import { thrownBy } from "../../support/thrown-by";

const AT = "2030-01-01T00:00:00";
const OURS = "bad fan (eve@desk)";

/** As sinfo tells them: name, state, who gave the reason, reason. */
function nodes(...rows: readonly string[]): SlurmNodes {
  return new Map(
    rows.map((row) => {
      const [host = "", state = "", by = "", reason = ""] = row.split(";");
      return readNodeRow(`${host}|${state}|${by}|${AT}|${reason}`)!;
    }),
  );
}

const SEEN = nodes(
  "cpu-1;mixed;Unknown;none",
  "cpu-2;drained;root;an older reason (bob@desk)",
  `cpu-3;draining;root;${OURS}`,
  "cpu-4;drained*;root;ohpc stop by bob@desk",
  "cpu-5;drained;root;ohpc: /tmp is 100 % full",
  "cpu-6;drained;root;ohpc up: Prolog error",
  "cpu-7;drained;slurm;Kill task failed",
  "cpu-8;down*;slurm;Not responding",
  "cpu-9;down;root;bad disk",
);
const hosts = (list: readonly { readonly host: string }[]) => list.map(({ host }) => host);

describe("nodes that somebody wants to set apart", () => {
  it("are drained, but for those that somebody has drained already, or ohpc stop", () => {
    const plan = planDrain(SEEN, OURS, false);
    expect(plan.drain).toEqual(["cpu-1", "cpu-5", "cpu-6", "cpu-7", "cpu-8", "cpu-9"]);
    expect(plan.kept.map(({ host, by }) => `${host} ${by}`)).toEqual(["cpu-2 person", "cpu-3 person", "cpu-4 stop"]);
    expect(plan.overruled.map(({ host, by }) => `${host} ${by}`)).toEqual([
      "cpu-5 unit",
      "cpu-6 up",
      "cpu-7 slurm",
      "cpu-8 slurm",
      "cpu-9 person",
    ]);
  });

  it("get another reason by force, if it is another, and not where a machine is stopped", () => {
    const plan = planDrain(SEEN, OURS, true);
    expect(plan.drain).toContain("cpu-2");
    expect(hosts(plan.kept)).toEqual(["cpu-3", "cpu-4"]);
  });

  it("are told to Slurm with the words of the operator, and who that is", async () => {
    const asked: (readonly string[])[] = [];
    const master = pretendedMaster(async (_, { args = [] } = {}) => {
      asked.push(args);
      return Promise.resolve(`cpu-1|draining|root|${AT}|${OURS}\ncpu-2|idle|Unknown|Unknown|none\n`);
    });
    expect((await setApart(master, ["cpu-1", "cpu-2"], OURS)).get("cpu-1")).toMatchObject({ reason: OURS });
    await giveBack(master, ["cpu-1"]);
    expect(asked).toEqual([
      ["drain", "cpu-[1-2]", OURS],
      ["resume", "cpu-1"],
    ]);
    expect(await setApart(master, [], OURS)).toEqual(new Map());
    expect(asked).toHaveLength(2);
  });

  it("that Slurm does not know are named", async () => {
    const master = pretendedMaster(async () => Promise.resolve(`cpu-1|idle|Unknown|Unknown|none\nno row at all\n`));
    await expect(lookAtNodes(master, ["cpu-1", "cpu-8", "cpu-9"])).rejects.toMatchObject({
      message: "Slurm on master does not know cpu-[8-9]",
    });
  });

  it("are not waited for where slurmctld is silent", async () => {
    const master = pretendedMaster(async () => Promise.reject(new RemoteError("master", "failed", 124, "")));
    await expect(lookAtNodes(master, ["cpu-1"])).rejects.toMatchObject({ details: { code: "slurmctld.silent" } });
  });
});

describe("nodes that somebody wants to give back", () => {
  it("are those that people, Slurm, or ohpc up have set apart, and answer", () => {
    expect(hosts(planUndrain(SEEN).give)).toEqual(["cpu-2", "cpu-3", "cpu-6", "cpu-7", "cpu-9"]);
  });

  it("are not those whose machines are stopped, whose units give them back, that are silent, or free", () => {
    const { stopped, kept, free } = planUndrain(SEEN);
    expect({ stopped: hosts(stopped), kept: hosts(kept), free }).toEqual({
      stopped: ["cpu-4"],
      kept: ["cpu-5", "cpu-8"],
      free: ["cpu-1"],
    });
  });
});

describe("a reason", () => {
  it("is the operator's words, and who that is", () => {
    expect(reasonOf('  fan 3 "rattles" | schon länger ', "eve@desk")).toBe('fan 3 "rattles" | schon länger (eve@desk)');
  });

  it.each([
    ["  ", "a few words"],
    ["x".repeat(201), "at most 200 characters"],
    ["a\nNodeName=cpu-2", "one line of what can be printed"],
    ["\x1b[2J", "one line of what can be printed"],
    ["a\u202eb", "one line of what can be printed"],
    ["ohpc stop by me", 'something that does not begin with "ohpc stop"'],
    ["ohpc: disk", 'something that does not begin with "ohpc:"'],
    ["ohpc up: disk", 'something that does not begin with "ohpc up:"'],
  ])("(%j) must be %s", (text, want) => {
    expect(thrownBy(() => reasonOf(text, "eve@desk"))).toMatchObject({
      kind: "usage",
      message: expect.stringContaining(`the reason must be ${want}`) as string,
    });
  });
});
