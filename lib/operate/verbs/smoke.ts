import { Duration } from "../../units";
import { masterOf } from "../access/master";
import { type Deployment, openDeployment } from "../cluster/deployment";
import { Failure } from "../feedback/failure";
import type { Progress } from "../feedback/progress";
import { type Placement, placementIn, placementsEverywhere } from "../scheduler/placement";
import { type HelloResult, smokeHello } from "../smoke/hello";
import { type HplResult, smokeHpl } from "../smoke/hpl";
import type { Place } from "../stack/project";

/** What people may choose of a proof. */
export interface SmokeChoice {
  /** Who submits the job. @default - the stack's first user */
  readonly user?: string;
  /** @default - hello: all; hpl: 2 */
  readonly nodes?: number;
  /** @default - hello: all; hpl: the default one */
  readonly partition?: string;
  /** hpl: as large as memory allows. @default false */
  readonly full?: boolean;
  /** hpl: what the run may be predicted to take. @default - 120; 15 where machines share one host's cores */
  readonly seconds?: number;
  /** Minutes that a job may take with all waiting. @default - 30; with `full` 720 */
  readonly timeout?: number;
  /** hpl: a scaled residual above it is a wrong result. @default - HPL's own */
  readonly threshold?: number;
}

export interface SmokeOptions extends SmokeChoice {
  readonly stack: string;
  readonly proof: "hello" | "hpl";
  readonly place: Place;
}

/** What was proved, by whose job. */
export type Smoked = { readonly user: string } & (
  { readonly runs: readonly HelloResult[] } | { readonly run: HplResult }
);

/**
 * Proves a cluster by an ordinary user's job.
 *
 * @throws Failure of kind `proof` if the job ran and its result is wrong
 */
export async function smoke({ stack, proof, place, ...choice }: SmokeOptions, progress: Progress): Promise<Smoked> {
  const deployment = await openDeployment(stack, place);
  const user = choice.user ?? firstUser(deployment);
  const deadline = Duration.minutes(choice.timeout ?? (choice.full === true ? 720 : 30));
  const master = masterOf(deployment);
  if (proof === "hello") {
    const placements = helloPlacements(deployment, choice);
    return { user, runs: await smokeHello(master, { user, placements, deadline }, progress) };
  }
  return { user, run: await smokeHpl(master, { ...hplOptions(deployment, choice), user, deadline }, progress) };
}

const NODES_FOR_HPL = 2;

function helloPlacements({ spec, manifest }: Deployment, { partition, nodes }: SmokeChoice): readonly Placement[] {
  if (partition === undefined && nodes === undefined) return placementsEverywhere(spec, manifest);
  return [placementIn(spec, manifest, partition, nodes)];
}

function hplOptions(
  { spec, manifest }: Deployment,
  { partition, nodes, full, seconds, threshold }: SmokeChoice,
): { placement: Placement; seconds?: number; threshold?: number } {
  const most = placementIn(spec, manifest, partition, nodes);
  const placement = { ...most, nodes: nodes ?? Math.min(NODES_FOR_HPL, most.nodes) };
  return {
    placement,
    // Machines that share one host's cores are for trying things out.
    seconds: full === true ? undefined : (seconds ?? (placement.sharesCores ? 15 : 120)),
    threshold,
  };
}

function firstUser({ spec }: Deployment): string {
  const [first] = spec.users.users;
  if (first !== undefined) return first.name;
  throw new Failure("usage", `the cluster ${spec.cluster} has no users, and proofs are jobs of an ordinary user`, {
    code: "smoke.no-user",
    remedy: "add one to the stack's `users` and run `ohpc up`, or name one with --user",
  });
}
