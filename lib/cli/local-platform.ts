import { readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { engineContents } from "../clouds/local/containers";
import { displacedBy } from "../clouds/local/displaced";
import { driftOf, expectedIn } from "../clouds/local/drift";
import { type EngineName, EngineError } from "../clouds/local/engine";
import { engineNamed } from "../clouds/local/engine-prelude";
import { buildNodeImage, hasImage } from "../clouds/local/image";
import { removeLeftovers } from "../clouds/local/leftovers";
import { claimantIn, markCluster, type Ownership, ownershipOf, standing, takingOver } from "../clouds/local/ownership";
import { LocalPower } from "../clouds/local/power";
import { ImageBuildError } from "../images/failure";
import { nodeImage, stockImage } from "../images/image";
import type { ImageFolder } from "../images/recipe";
import type { Platform } from "../operate/deploy/platform";
import { Failure, type FailureKind } from "../operate/feedback/failure";
import type { Progress } from "../operate/feedback/progress";
import { specOf } from "../operate/stack/spec";
import type { SynthesizedStack } from "../operate/stack/synthesis";
import { foldHosts } from "../slurm/hostlist";
import { Duration } from "../units";

/** What a cluster on this machine needs beside Terraform: engine, image, and a look at what people did by hand. */
export function localPlatform(stack: SynthesizedStack, engine: unknown, takeOver = false): Platform {
  const { cluster } = specOf(stack);
  const wanted = { cluster, engine: engineNamed(engine) };
  const config = readFileSync(join(stack.directory, "cdk.tf.json"), "utf8");
  const stock = config.includes(stockImage());
  let owner: string | undefined;
  let nothingThere = false;
  let imageThere: Promise<boolean> | undefined;
  return {
    claim: async (state) =>
      explained(async () => {
        // Asked while Terraform plans, and nobody waits for it.
        if (config.includes(nodeImage())) imageThere = hasImage(nodeImage(), wanted);
        const claimant = claimantIn(state, cluster, expectedIn(state));
        const ownership = await ownershipOf(cluster, wanted);
        ({ owner } = claimant);
        nothingThere = !ownership.there;
        const how = standing(ownership, claimant, realpathSync(stack.directory));
        if (how === "settled") return undefined;
        if (how === "strange" && !takeOver) throw strangerFailure(cluster, stack.name, ownership);
        return { env: takingOver(cluster), settle: async (mark) => explained(async () => markCluster(cluster, mark)) };
      }),
    displaced: async (plan) => (nothingThere ? [] : explained(async () => displacedBy(plan, cluster, wanted))),
    patience: Duration.minutes(stock ? 30 : 2),
    prepare: async (progress) => {
      // Machines may all have an image of the user's own.
      if (stock) await buildImage(progress, { ...wanted, folder: "debian-13" });
      if (config.includes(nodeImage()) && (await imageThere) !== true) await buildImage(progress, wanted);
    },
    drift: async (state) => explained(async () => driftOf(cluster, expectedIn(state), wanted)),
    start: async (hosts) => new LocalPower({ ...wanted, owner }).start(hosts),
    remains: async (state) =>
      explained(async () => {
        const { containers, networks, volumes } = await engineContents(cluster, wanted);
        const known = new Set(expectedIn(state).map(({ name }) => name));
        return [...containers.map(({ name }) => name), ...networks, ...volumes].filter((name) => !known.has(name));
      }),
    sweep: async () => explained(async () => removeLeftovers(cluster)),
  };
}

/** Builds what is missing of an image. */
export async function buildImage(
  progress: Progress,
  wanted: { readonly cluster?: string; readonly engine?: EngineName; readonly folder?: ImageFolder } = {},
): Promise<Awaited<ReturnType<typeof buildNodeImage>>> {
  const title = wanted.folder === undefined ? "Image of the nodes" : "Image of stock machines";
  return progress.phase(title, async (report) =>
    explained(async () =>
      buildNodeImage({
        ...wanted,
        onProgress: ({ layer, number, of, line }) => {
          report.title(`${title}: layer ${number} of ${of} (${layer})`);
          report.detail(line);
        },
      }),
    ),
  );
}

/** Errors of the engine in the tool's own words. */
export async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof EngineError) throw engineFailure(error);
    if (error instanceof ImageBuildError) {
      const [message = "", ...rest] = error.message.split("\n");
      throw new Failure("failed", message, { code: "image.failed", output: rest.map((line) => line.trimEnd()) });
    }
    throw error;
  }
}

/** What there is belongs to another folder: nothing of it is touched. */
function strangerFailure(cluster: string, stack: string, { folder, hosts, there }: Ownership): Failure {
  const where = folder === "" ? "" : `; it was last marked in ${folder}`;
  const what = hosts.length > 0 ? `its machines are there (${foldHosts(hosts)})` : there ? "its data are there" : "";
  return new Failure("usage", `the cluster ${cluster} on this machine belongs to another Terraform state`, {
    code: "cluster.another-state",
    cause: `${what}, and this folder's state did not make it${where}`,
    remedy: [
      "work where it was made, or bring that state here",
      "for a cluster of your own, give it another clusterName",
      `to take this one over on purpose: ohpc up ${stack} --take-over (or ohpc destroy ${stack} --take-over)`,
    ].join("; "),
  });
}

const KINDS: Readonly<Record<EngineError["kind"], readonly [FailureKind, string]>> = {
  none: ["usage", "local.engine-missing"],
  permission: ["usage", "local.engine-permission"],
  silent: ["failed", "local.engine-silent"],
  failed: ["failed", "local.engine-failed"],
};

/** What our scripts say of the engine comes in two lines: what is wrong, and what to do. */
function engineFailure({ kind, message }: EngineError): Failure {
  const [failure, code] = KINDS[kind];
  const [first = "", ...rest] = message.trim().split("\n");
  if (kind === "failed") return new Failure(failure, first, { code, output: rest });
  const silent = /^The container engine does not answer: (.*)\.$/.exec(first);
  const remedy = rest.at(-1)?.replace(/\.$/, "");
  if (silent !== null)
    return new Failure(failure, "the container engine does not answer", { code, cause: silent[1], remedy });
  return new Failure(failure, first.replace(/\.$/, ""), { code, remedy });
}
