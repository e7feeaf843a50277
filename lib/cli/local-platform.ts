import { readFileSync } from "node:fs";
import { join } from "node:path";
import { engineContents } from "../clouds/local/containers";
import { driftOf, expectedIn } from "../clouds/local/drift";
import { type EngineName, EngineError } from "../clouds/local/engine";
import { engineNamed } from "../clouds/local/engine-prelude";
import { buildNodeImage } from "../clouds/local/image";
import { removeLeftovers } from "../clouds/local/leftovers";
import { LocalPower } from "../clouds/local/power";
import { ImageBuildError } from "../images/failure";
import { nodeImage, stockImage } from "../images/image";
import type { ImageFolder } from "../images/recipe";
import type { Platform } from "../operate/deploy/platform";
import { Failure, type FailureKind } from "../operate/feedback/failure";
import type { Progress } from "../operate/feedback/progress";
import { specOf } from "../operate/stack/spec";
import type { SynthesizedStack } from "../operate/stack/synthesis";
import { Duration } from "../units";

/** What a cluster on this machine needs beside Terraform: engine, image, and a look at what people did by hand. */
export function localPlatform(stack: SynthesizedStack, engine: unknown): Platform {
  const { cluster } = specOf(stack);
  const wanted = { cluster, engine: engineNamed(engine) };
  const config = readFileSync(join(stack.directory, "cdk.tf.json"), "utf8");
  const stock = config.includes(stockImage());
  return {
    patience: Duration.minutes(stock ? 30 : 2),
    prepare: async (progress) => {
      // Machines may all have an image of the user's own.
      if (stock) await buildImage(progress, { ...wanted, folder: "debian-13" });
      if (config.includes(nodeImage())) await buildImage(progress, wanted);
    },
    drift: async (state) => explained(async () => driftOf(cluster, expectedIn(state), wanted)),
    start: async (hosts) => new LocalPower(wanted).start(hosts),
    remains: async () =>
      explained(async () => {
        const { containers, networks, volumes } = await engineContents(cluster, wanted);
        return [...containers.map(({ name }) => name), ...networks, ...volumes];
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

const KINDS: Readonly<Record<EngineError["kind"], readonly [FailureKind, string]>> = {
  none: ["usage", "local.engine-missing"],
  permission: ["usage", "local.engine-permission"],
  failed: ["failed", "local.engine-failed"],
};

/** What the engine's finder says comes in two lines: what is wrong, and what to do. */
function engineFailure({ kind, message }: EngineError): Failure {
  const [failure, code] = KINDS[kind];
  const [first = "", ...rest] = message.trim().split("\n");
  if (kind === "failed") return new Failure(failure, first, { code, output: rest });
  const remedy = rest.at(-1);
  return new Failure(failure, first.replace(/\.$/, ""), { code, remedy });
}
