import { costText } from "../../lib/cli/cost";
import { costOf } from "../../lib/clouds/cost";
import { FILES, ITEMS } from "../support/sample-cost";

describe("what a cluster costs", () => {
  it("is shown item by item, running and stopped, with what is unknown and where prices come from", () => {
    const text = costText({ cluster: "demo", ...costOf([...ITEMS, FILES]), unknownClouds: ["existing"] }).join("\n");
    expect(text).toMatch(/m7a.large \(cpu\) +2 +0.5000 +1.0000 +-\n/);
    expect(text).toMatch(/home +1 +0.1000 +0.1000 +0.1000 +faster is dearer\n/);
    expect(text).toMatch(/running +1.1000 USD\/h +803.00 USD\/month, and what no price is known for\n/);
    expect(text).toMatch(/stopped +0.1000 USD\/h +73.00 USD\/month, and what no price is known for\n/);
    expect(text).toContain("billed on after ohpc stop --all: home, files\n");
    expect(text).toContain('no price is known for: files, everything in the cloud "existing"\n');
    expect(text).toMatch(/prices:\n {2}machines: a list, 2026-01-01\n {2}disks: a page, 2026-01-02$/);
  });
});
