import { refuseStronger } from "../../../lib/operate/feedback/max-effect";
import { thrownBy } from "../../support/thrown-by";

describe("what may be done at most", () => {
  const parts = [
    { words: "accounts", effect: "live" },
    { words: "slurm.conf", effect: "restart slurmctld" },
    { words: "replace cpu-1", effect: "replace node" },
  ] as const;

  it("is anything where nobody said, and as much as was said", () => {
    refuseStronger(parts, undefined);
    refuseStronger(parts, "replace node");
    refuseStronger(parts.slice(0, 1), "live");
  });

  it("is no more than that: all that is stronger is named, with what would allow it", () => {
    expect(
      thrownBy(() => {
        refuseStronger(parts, "reconfigure");
      }),
    ).toMatchObject({
      kind: "consent",
      details: {
        code: "effect.too-strong",
        remedy: expect.stringContaining('--max-effect "replace node"') as string,
        output: ["restart slurmctld: slurm.conf", "replace node: replace cpu-1"],
      },
    });
  });
});
