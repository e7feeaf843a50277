import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ClusterView } from "../../lib/model/cluster-view";
import type { ClusterSketch } from "./cluster-builder";
import type { HandMadeCluster } from "./hand-made-cluster";
import { sampleCluster } from "./sample-cluster";

/**
 * A project with the stack `demo` of which a program in the place of Terraform tells a manifest; its machines are nobody's,
 * unless they are handed in.
 */
export class PretendedStack {
  /** Of machines that are there, with the operator's keys to them. */
  static of(cluster: HandMadeCluster, sketch: ClusterSketch): PretendedStack {
    const stack = new PretendedStack(cluster.view(sketch));
    mkdirSync(join(stack.directory, "state", "ohpc"), { recursive: true });
    symlinkSync(cluster.privateDirectory, join(stack.directory, "state", "ohpc", cluster.name));
    return stack;
  }

  readonly directory = mkdtempSync(join(tmpdir(), "pretended-"));
  readonly env: NodeJS.ProcessEnv;

  constructor({ spec, manifest: value }: ClusterView = sampleCluster({ sites: [{ cloud: "existing" }] })) {
    const stack = join(this.directory, "cdktf.out", "stacks", "demo");
    mkdirSync(stack, { recursive: true });
    const entry = { name: "demo", workingDirectory: "stacks/demo", dependencies: [], annotations: [] };
    this.write("cdktf.json", '{"app":"true"}');
    this.write("cdktf.out/manifest.json", JSON.stringify({ stacks: { demo: entry } }));
    writeFileSync(join(stack, "cluster.json"), JSON.stringify(spec));
    writeFileSync(join(stack, "cdk.tf.json"), "{}");
    this.write("outputs", JSON.stringify({ cluster: { value } }));
    this.program("terraform", `cat ${this.directory}/outputs`);
    this.env = {
      ...process.env,
      PATH: `${this.directory}:${process.env["PATH"] ?? ""}`,
      XDG_STATE_HOME: join(this.directory, "state"),
    };
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.directory, name), text);
  }

  /** A program that comes before those of this machine. */
  program(name: string, text: string): void {
    this.write(name, `#!/bin/bash\n${text}\n`);
    chmodSync(join(this.directory, name), 0o755);
  }

  remove(): void {
    rmSync(this.directory, { recursive: true });
  }
}
