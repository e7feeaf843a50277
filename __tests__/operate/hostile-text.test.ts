import fc from "fast-check";
import { failureLines, describeFailure } from "../../lib/cli/describe-failure";
import { shown } from "../../lib/cli/output";
import { PlainProgress } from "../../lib/cli/plain-progress";
import { statusText } from "../../lib/cli/status";
import { hostKeysIn } from "../../lib/clouds/console";
import { describeEvent } from "../../lib/operate/deploy/apply-plan";
import { introduceAll } from "../../lib/operate/deploy/introduce";
import { RemoteError } from "../../lib/operate/exec/remote/remote";
import type { Progress } from "../../lib/operate/feedback/progress";
import { nodesReady, readReady } from "../../lib/operate/scheduler/ready";
import { attentionOf } from "../../lib/operate/scheduler/attention";
import { parseStatus } from "../../lib/operate/scheduler/status";
import { readHelloOutput } from "../../lib/operate/smoke/hello-output";
import { readHplOutput } from "../../lib/operate/smoke/hpl-output";
import { readProtocol } from "../../lib/operate/smoke/job";
import { appFailure } from "../../lib/operate/stack/app-failure";
import { terraformEvent } from "../../lib/operate/terraform/events";
import { terraformFailure } from "../../lib/operate/terraform/failure";
import { Duration } from "../../lib/units";
import { harmIn, hostileText } from "../support/hostile-text";
import { pretendedMaster } from "../support/pretended-master";
import { sampleCluster } from "../support/sample-cluster";

const { spec, manifest } = sampleCluster();
const HOSTS = ["cpu-1", "cpu-2", "cpu-3", "cpu-4", "gpu-1", "gpu-2"];

/** What a pipe gets of what is told. */
function written(): { readonly progress: Progress; readonly text: () => string } {
  let text = "";
  const stream = { write: (chunk: string) => (text += chunk) } as unknown as NodeJS.WritableStream;
  return { progress: new PlainProgress(stream), text: () => text };
}

function harmless(lines: readonly string[]): void {
  const text = lines.map((line) => shown(line)).join("\n");
  expect(harmIn(text)).toBeUndefined();
  expect(text.split("\n")).toHaveLength(Math.max(1, lines.length));
}

/** Sections of status.sh with hostile lines among them. */
const printedStatus = fc
  .record({
    texts: fc.array(hostileText(), { minLength: 9, maxLength: 9 }),
    answers: fc.dictionary(fc.constantFrom(...HOSTS, "cpu-9", "__proto__"), fc.oneof(fc.jsonValue(), hostileText())),
  })
  .map(({ texts, answers }) => {
    const [version, controller, service, node, partition, jobs, disk, generation, end] = texts;
    return [
      `\fversion\nslurm-wlm 24.11.5${version}\n\fcontroller\nSlurmctld(primary) at master is UP${controller}`,
      `\n\fservices\nmunge\x1factive\n${service}\x1f${service}`,
      `\n\fnodes\ncpu-1|idle|Unknown|Unknown|none\ncpu-2|drained|root|2026-11-22T16:06:53|${node}\n${node}`,
      `\n\fpartitions\ncpu*\x1fup\x1finfinite\x1f0/6/0/6\n${partition}\x1fup\x1f${partition}\x1f1/1/1/1`,
      `\n\fjobs\n 12 RUNNING\n${jobs}\n\fdisks\n/home 10 5 5 1 1\n${disk} 1 1 1 1 1`,
      `\n\fgeneration\n7${generation}\n\funits\n${JSON.stringify(answers)}${end}`,
    ].join("");
  });

describe("hostile text among what status.sh prints", () => {
  it("is told of nodes that there are, each once, with what they can be", () => {
    fc.assert(
      fc.property(printedStatus, (printed) => {
        const status = parseStatus(manifest, printed);
        expect(status.nodes.map(({ host }) => host)).toEqual(HOSTS);
        for (const { slurm, unit } of status.nodes) {
          expect(slurm?.state ?? "idle").toMatch(/^[a-z_+]+$/i);
          if (!("unreachable" in unit)) expect(unit.stage).toMatch(/^[a-z-]+$/);
        }
        for (const [state, count] of Object.entries(status.jobs)) {
          expect(state).toMatch(/^[A-Z_]+$/);
          expect(count).toBeLessThan(1e9);
        }
        for (const { name } of status.partitions) expect(name).toMatch(/^[\w.-]+$/);
        for (const service of Object.keys(status.services)) expect(service).toMatch(/^[\w@.-]+$/);
        harmless(
          statusText("demo", { ...status, problems: attentionOf({ ...status, stack: "demo", master: "master" }) }),
        );
      }),
    );
  });

  it("is counted and said where it takes the place of a row", () => {
    const printed = "\fnodes\ncpu-1|idle|root|Unknown|none\nx\x1b[2J|idle\n\fjobs\n 12 RUNNING\nnothing at all\n";
    const status = parseStatus(manifest, printed);
    expect(status).toMatchObject({ unreadable: 2, jobs: { RUNNING: 12 } });
    expect(statusText("demo", { ...status, problems: [] })).toContain("2 lines of the master's answer made no sense");
    expect(statusText("demo", { ...parseStatus(manifest, ""), problems: [] }).join("\n")).not.toContain(
      "made no sense",
    );
  });
});

describe("hostile text among what ready.sh prints", () => {
  it("is told line by line, and is no more than the nodes that there are", async () => {
    await fc.assert(
      fc.asyncProperty(hostileText(), async (text) => {
        const line = text.replaceAll("\n", " ");
        const printed = `nodes 5 6\nwaiting gpu-1 down ${line}\nunit gpu-1 software ${line}\nnodes 6 6\ndrained gpu-1 ${line}\nanswered 5 cpu\nanswered ${line}\n`;
        const master = pretendedMaster(async (_, { onLine } = {}) => {
          for (const told of printed.split("\n")) onLine?.(told);
          return Promise.resolve(printed);
        });
        const { progress, text: told } = written();
        const { answered, drained } = await progress.phase("Nodes", (report) =>
          nodesReady(master, { spec, manifest }, Duration.seconds(60), report),
        );
        expect(answered).toBe(5);
        expect(drained).toHaveLength(1);
        expect(harmIn(told())).toBeUndefined();
      }),
    );
  });

  it("is never a number", () => {
    expect(readReady("nodes 9e9 1\nanswered 1e9 cpu\nanswered -3 cpu\nbusy NaN cpu\nanswered 2 cpu\n")).toMatchObject({
      ready: 0,
      answered: 2,
      busy: 0,
    });
  });
});

describe("hostile text of Terraform, apps and vendors", () => {
  it("is one line of progress, or of a failure", () => {
    fc.assert(
      fc.property(hostileText(), (text) => {
        const hook = { resource: { addr: text }, action: text, elapsed_seconds: 1, output: text };
        const events = ["apply_complete", "apply_errored", "provision_progress"].map((type) => ({ type, hook }));
        const diagnostic = { severity: "error" as const, summary: text, detail: text, address: text };
        const warning = { type: "diagnostic", diagnostic: { ...diagnostic, severity: "warning" } };
        for (const event of [...events, warning, text]) {
          const read = terraformEvent(JSON.stringify(event));
          const line = read === undefined ? undefined : describeEvent(read);
          if (line !== undefined) harmless([line]);
        }
        harmless(failureLines(describeFailure(terraformFailure("apply", [diagnostic], text))));
        harmless(failureLines(describeFailure(terraformFailure("init", [], text))));
        harmless(failureLines(describeFailure(appFailure(text, 1, text, text))));
        harmless(failureLines(describeFailure(appFailure("node", 1, "", `ConfigurationError: ${text}`))));
      }),
    );
  });

  it("is no host key", () => {
    fc.assert(
      fc.property(hostileText(), (text) => {
        const console = `-----BEGIN SSH HOST KEY KEYS-----\n${text}\nssh-ed25519 AAAA ${text}\n-----END SSH HOST KEY KEYS-----`;
        for (const key of hostKeysIn(console)) expect(key).toMatch(/^(ssh|ecdsa)-[a-z0-9-]+ [A-Za-z0-9+/]+=*$/);
      }),
    );
  });
});

describe("hostile text of machines over SSH", () => {
  it("is one line for each that cannot be told of its cluster", async () => {
    await fc.assert(
      fc.asyncProperty(hostileText(), async (text) => {
        const one = { host: "cpu-1", address: "10.0.0.1", role: "compute" as const, script: "", args: [] };
        const error: unknown = await introduceAll([one], { note: () => undefined }, async () =>
          Promise.reject(new RemoteError("cpu-1", "failed", 1, text)),
        ).catch((refused: unknown) => refused);
        harmless(failureLines(describeFailure(error)));
      }),
    );
  });

  it("is read as the output of proofs without an end of our own", () => {
    fc.assert(
      fc.property(hostileText(), (text) => {
        const hello = readHelloOutput(`hello rank=0 size=1 sum=0 host=cpu-1 mpi=Open MPI v5 ${text}`, {
          ranks: 1,
          nodes: 1,
        });
        harmless([...hello.problems, ...hello.hosts, hello.mpi]);
        const hpl = readHplOutput(text);
        if ("problem" in hpl) harmless([hpl.problem]);
        const { id, state, directory, rest } = readProtocol(
          `directory ${text}\njob ${text}\nend ${text}\noutput\n${text}`,
        );
        harmless([id, state, directory, ...rest]);
      }),
    );
  });
});
