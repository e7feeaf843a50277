import { chosenHosts } from "../../../lib/operate/hosts/chosen-hosts";
import { sampleManifest } from "../../support/sample-cluster";
import { thrownBy } from "../../support/thrown-by";

const manifest = sampleManifest();

describe("the hosts that are meant", () => {
  const chosen = (hosts: readonly string[], pools: readonly string[] = []) => chosenHosts(manifest, { hosts, pools });

  it("are all nodes, unless some are named: one by one, as hostlists, or by their pools", () => {
    expect(chosen([])).toEqual(["cpu-1", "cpu-2", "cpu-3", "cpu-4", "gpu-1", "gpu-2"]);
    expect(chosen(["cpu-[2-3]", "cpu-3"], ["gpu"])).toEqual(["cpu-2", "cpu-3", "gpu-1", "gpu-2"]);
    expect(chosen(["master"])).toEqual(["master"]);
  });

  it("that are not there are told all at once, with the nearest names", () => {
    expect(thrownBy(() => chosen(["cpu-9", "mester", "cpu-[1"], ["gpo"]))).toMatchObject({
      kind: "usage",
      details: {
        output: [
          'there is no host "cpu-9": did you mean "cpu-1"?',
          'there is no host "mester": did you mean "master"?',
          'there is no host "cpu-[1": did you mean "cpu-1"?',
          'there is no pool "gpo": did you mean "gpu"?',
        ],
        remedy: "it has master, cpu-[1-4] (pool cpu), gpu-[1-2] (pool gpu)",
      },
    });
  });
});
