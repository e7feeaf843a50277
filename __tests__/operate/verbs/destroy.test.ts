import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Progress } from "../../../lib/operate/feedback/progress";
import { destroy } from "../../../lib/operate/verbs/destroy";
import { PretendedStack } from "../../support/pretended-stack";
import { sampleCluster } from "../../support/sample-cluster";

const QUIET: Progress = {
  phase: async (_, work) => work({ title: () => undefined, detail: () => undefined }),
  note: () => undefined,
};

describe("destroying a stack whose state knows of nothing", () => {
  it("leaves what this machine remembers of the cluster that another folder has made", async () => {
    const view = sampleCluster({ sites: [{ cloud: "existing" }] });
    const stack = new PretendedStack(view);
    try {
      stack.program(
        "terraform",
        `case "$*" in *version*) echo '{"terraform_version":"1.9.0"}' ;; *show*) echo '{}' ;; esac`,
      );
      const directory = join(stack.directory, "state", "ohpc", view.manifest.cluster);
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      writeFileSync(join(directory, "known_hosts"), "master ssh-ed25519 AAAA\n");
      const destroyed = await destroy(
        {
          stack: "demo",
          place: { cwd: stack.directory, env: stack.env },
          consenter: { yes: true },
          platformFor: () => undefined,
        },
        QUIET,
      );
      expect(destroyed).toEqual({ machines: [], disks: [], others: [] });
      expect(readdirSync(directory)).toContain("known_hosts");
    } finally {
      stack.remove();
    }
  });
});
