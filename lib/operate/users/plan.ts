import type { ClusterView } from "../../model/cluster-view";
import { MASTER_PATIENCE, masterOf } from "../access/master";
import { type Deployment, deploymentIfAny } from "../cluster/deployment";
import { planUsersSteps, refuseUnready, type UsersSteps } from "../configure/users-steps";
import type { HoldingRemote } from "../exec/remote/remote";
import { count } from "../feedback/count";
import type { Place, Project } from "../stack/project";
import { openStack, type SynthesizedStack } from "../stack/synthesis";
import { leftLines, stackAhead } from "./ahead";
import { type ChangedUsers, changedUsers, type HomeFate, type UsersChange } from "./change";
import { type UsersFile, usersFileOf } from "./file";
import { type HomeState, lookAtHomes } from "./homes";
import { keysOn, knownNumbers } from "./known";

/** What a change of users would do, found by looking only. */
export interface UsersPlan {
  readonly file: UsersFile;
  readonly edited: ChangedUsers;
  /** Absent where nothing is deployed. */
  readonly cluster?: UsersClusterPlan;
}

export interface UsersClusterPlan extends UsersSteps {
  /** The cluster with the users that it is to have. */
  readonly view: ClusterView;
  /** What else differs, and is left: a line each, for people. */
  readonly left: readonly string[];
  /** Of those whose homes are not kept. */
  readonly homes: readonly HomeState[];
}

/** A stack whose users change, and the way to its cluster, if there is one. */
export interface UsersScene {
  readonly project: Project;
  readonly stack: SynthesizedStack;
  readonly deployment?: Deployment;
  readonly master?: HoldingRemote;
}

/**
 * The scene of a change, as the stack was last synthesized.
 *
 * @throws Failure
 */
export async function openUsersScene(stackName: string, place: Place): Promise<UsersScene> {
  const { project, stack } = await openStack(stackName, place);
  const deployment = await deploymentIfAny(project, stack, place.env);
  const master = deployment && masterOf(deployment, MASTER_PATIENCE);
  return { project, stack, deployment, master };
}

/**
 * What a change of users would do. Changes nothing.
 *
 * @throws Failure telling all that is wrong with it
 */
export async function planUsersChange(
  { project, stack, deployment, master }: UsersScene,
  change: UsersChange,
): Promise<UsersPlan> {
  const file = usersFileOf(project, stack);
  if (deployment === undefined || master === undefined) return { file, edited: changedUsers(file, change) };
  const { spec, manifest } = deployment;
  const known = await knownNumbers({ manifest }, master);
  const keysThere = change.kind === "keys" ? await keysOn(master, change.name) : [];
  const edited = changedUsers(file, change, known, keysThere);
  const view: ClusterView = { spec: { ...spec, users: edited.users }, manifest };
  const ends = change.kind === "remove" && change.homes !== "keep";
  const [steps, homes] = await Promise.all([
    planUsersSteps(view, master),
    lookAtHomes(manifest, master, ends ? edited.people : []),
  ]);
  refuseUnready(steps, master, stack.name);
  const left = [...leftLines(steps.others), ...stackAhead(stack, manifest)];
  return { file, edited, cluster: { ...steps, view, left, homes } };
}

/** So many homes are named. */
const NAMED = 10;

/** What would become of homes, for people. Pure. */
export function homeLines(homes: readonly HomeState[], fate: HomeFate): readonly string[] {
  const lines = homes.flatMap((home) => homeLine(home, fate));
  const rest = lines.length - NAMED;
  return [...lines.slice(0, NAMED), ...(rest > 0 ? [`and ${count(rest, "more home")} likewise`] : [])];
}

function homeLine({ name, path, state, bytes, why }: HomeState, fate: HomeFate): readonly string[] {
  if (state === "none") return [];
  if (state === "left") return [`the home of ${name} would stay: ${why ?? ""}`];
  const size = bytes === undefined ? "of a size that takes long to count" : sizeText(bytes);
  if (fate === "archive") return [`the home of ${name}, ${path}, ${size}, would go into an archive`];
  return [`the home of ${name}, ${path}, ${size}, would be deleted with all that is in it`];
}

/** `3.4 GiB`, for people. Pure. */
export function sizeText(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  const amount = bytes / 1024 ** power;
  return `${power === 0 ? amount : amount.toFixed(1)} ${units[power] ?? ""}`;
}
