import { isDeepStrictEqual } from "node:util";
import type { FormerUser } from "../../model/users";
import { Duration } from "../../units";
import { agreeToPlan, type ChangeConsent } from "../configure/change-consent";
import type { StepResult } from "../configure/run-steps";
import { carryOutUsersSteps } from "../configure/users-steps";
import type { HoldingRemote, Remote } from "../exec/remote/remote";
import { agree, type Consenter } from "../feedback/consent";
import { count } from "../feedback/count";
import { Failure } from "../feedback/failure";
import type { Progress } from "../feedback/progress";
import { type PhaseTime, TimedProgress } from "../feedback/timed-progress";
import { NOW } from "../feedback/treatment";
import { type CommandLock, withCommandLock } from "../lock/command-lock";
import { lockMaster, lockOwner } from "../lock/lock";
import type { ChangePlan } from "../plan/change-plan";
import { usersChanges } from "../plan/users-changes";
import { jobsSeen } from "../scheduler/jobs";
import { accountsTaken, type Taken } from "../scheduler/taken";
import type { Place } from "../stack/project";
import { changedSources } from "../stack/sources";
import { specOf } from "../stack/spec";
import { stackNamed, synthesize } from "../stack/synthesis";
import { specAhead } from "../users/ahead";
import type { HomeFate, UsersChange } from "../users/change";
import { replaceUsersFile } from "../users/file";
import { endHomes, type HomeState } from "../users/homes";
import {
  homeLines,
  openUsersScene,
  planUsersChange,
  type UsersClusterPlan,
  type UsersPlan,
  type UsersScene,
} from "../users/plan";

export interface ChangeUsersOptions {
  readonly stack: string;
  readonly place: Place;
  readonly change: UsersChange;
  readonly consenter: Consenter;
  /** As it was typed. */
  readonly command: string;
  /** How long nodes may take. @default 2 minutes */
  readonly limit?: Duration;
}

/** What became of a change of users. */
export interface UsersChanged {
  readonly cluster: string;
  readonly file: string;
  readonly deployed: boolean;
  /** Whom the file has changed for. */
  readonly changed: readonly FormerUser[];
  /** Whom it was about. */
  readonly people: readonly FormerUser[];
  readonly steps: readonly StepResult[];
  readonly nodes?: Taken;
  readonly homes: readonly HomeState[];
  /** What else differs between the stack and its cluster, and was left. */
  readonly left: readonly string[];
  readonly phases: readonly PhaseTime[];
  readonly seconds: number;
}

/**
 * Changes the users of a stack: its users file, then accounts, associations and the nodes' accounts, and nothing else of
 * the cluster. Asks before users lose anything. A run that died is gone on with by the same again, or by `up`.
 *
 * @throws Failure e.g. of kind `consent`; then file and cluster are as they were
 */
export async function changeUsers(options: ChangeUsersOptions, shown: Progress): Promise<UsersChanged> {
  const { stack: name, place, change, command } = options;
  const progress = new TimedProgress(shown);
  return withCommandLock(place.env, command, async (commandLock) => {
    const scene = await openUsersScene(name, place);
    const { deployment, master, stack } = scene;
    await commandLock.lockCluster(stack);
    const cluster = deployment?.manifest.cluster ?? specOf(stack).cluster;
    const held = master && (await lockMaster(cluster, master, lockOwner(command)));
    try {
      const plan = await progress.phase("Look at the users", async () => planUsersChange(scene, change));
      if (plan.cluster !== undefined && master !== undefined) await agreeToLosses(plan, plan.cluster, options, master);
      const ahead = await takeIntoStack(scene, plan, { place, commandLock, progress });
      const done = {
        cluster,
        file: plan.file.name,
        deployed: deployment !== undefined,
        changed: plan.edited.changed,
        people: plan.edited.people,
      };
      if (plan.cluster === undefined || master === undefined) {
        return { ...done, steps: [], homes: [], left: [], phases: progress.phases, seconds: progress.seconds };
      }
      const carried = await carryOut(plan.edited.people, plan.cluster, options, master, progress);
      const left = [...new Set([...plan.cluster.left, ...ahead])];
      return { ...done, ...carried, left, phases: progress.phases, seconds: progress.seconds };
    } finally {
      await held?.release();
    }
  });
}

/**
 * What `changeUsers` would do, found by looking only.
 *
 * @throws Failure telling all that is wrong with it
 */
export async function planUsers(options: ChangeUsersOptions, progress: Progress): Promise<ChangePlan> {
  const { stack: name, place, change, command, consenter } = options;
  const { treatment = NOW } = consenter;
  return withCommandLock(place.env, `ohpc plan ${name}`, async (commandLock) => {
    const scene = await openUsersScene(name, place);
    await commandLock.lockCluster(scene.stack);
    const plan = await progress.phase("Look at the users", async () => planUsersChange(scene, change));
    const seen = plan.cluster === undefined ? { jobs: [] } : await jobsSeen(scene.master);
    const cluster = scene.deployment?.manifest.cluster ?? specOf(scene.stack).cluster;
    return usersChanges({ stack: name, cluster, command, treatment, plan, change, seen });
  });
}

/** What `agreeToPlan` says of homes where nobody wants them to go. */
const HOMES_STAY = ", their homes stay";

async function agreeToLosses(
  { edited }: UsersPlan,
  { own, view, homes }: UsersClusterPlan,
  { change, consenter, command }: ChangeUsersOptions,
  master: Remote,
): Promise<void> {
  const question = `Change ${view.manifest.cluster} like this?`;
  const fate = change.kind === "remove" ? change.homes : "keep";
  const lines = homeLines(homes, fate);
  const told = { asked: false };
  const all: Consenter =
    fate === "keep"
      ? consenter
      : {
          ...consenter,
          ask: async (losses) => {
            told.asked = true;
            const said = losses.map((line) => line.replace(HOMES_STAY, ""));
            await agree(consenter, [...said, ...lines], question, `${command} --yes`);
            return true;
          },
        };
  const consent: ChangeConsent = { consenter: all, command, agreed: new Set() };
  await agreeToPlan(own, view, master, consent);
  const loses = fate === "delete" && homes.some(({ state }) => state === "there");
  if (loses && !told.asked)
    await agree(consenter, lines, `Delete ${count(edited.people.length, "home")}?`, `${command} --yes`);
}

/**
 * Writes the file, and has the app read it: what is carried out is what the stack says then. An app that does not take it
 * leaves all as it was.
 *
 * @returns what else of the stack has changed
 */
async function takeIntoStack(
  { project, stack }: UsersScene,
  { file, edited }: UsersPlan,
  { place, commandLock, progress }: { place: Place; commandLock: CommandLock; progress: Progress },
): Promise<readonly string[]> {
  const changes = edited.text !== file.text;
  if (!changes && changedSources(project, stack).length === 0) return [];
  return progress.phase(`Write ${file.name}`, async () => {
    await commandLock.lockOutput(project);
    const before = specOf(stack);
    if (changes) replaceUsersFile(file, edited.text);
    try {
      const fresh = stackNamed(await synthesize(project, place.env, stack.name), stack.name);
      const spec = specOf(fresh);
      if (isDeepStrictEqual(spec.users, edited.users)) return specAhead(before, spec);
      throw new Failure("usage", `the users of the stack ${stack.name} are not those of ${file.name}`, {
        code: "users.other",
        cause: "the app makes something else of the file, or does not read it any more",
        remedy: `ohpc up ${stack.name} does what the app says; ${file.name} is as it was`,
      });
    } catch (error) {
      if (changes) replaceUsersFile({ ...file, text: edited.text }, file.text);
      throw error;
    } finally {
      await commandLock.releaseOutput();
    }
  });
}

/** Enough for nodes that are busy; a node that is ready takes less than a second. */
const NODES_PATIENCE = Duration.minutes(2);

async function carryOut(
  people: readonly FormerUser[],
  plan: UsersClusterPlan,
  { change, limit = NODES_PATIENCE }: ChangeUsersOptions,
  master: HoldingRemote,
  progress: Progress,
): Promise<Pick<UsersChanged, "steps" | "nodes" | "homes">> {
  const { manifest } = plan.view;
  const { changed: steps, late } = await progress.phase("Accounts", async (report) =>
    carryOutUsersSteps(plan, plan.view, master, report),
  );
  const nodes = await progress.phase("Nodes have the accounts", async (report) =>
    accountsTaken(manifest, master, limit, report),
  );
  if (late !== undefined) throw late;
  const fate = change.kind === "remove" ? change.homes : "keep";
  if (fate === "keep") return { steps, nodes, homes: [] };
  const homes = await progress.phase(fate === "archive" ? "Archive the homes" : "Delete the homes", async () =>
    endHomes(fate, manifest, master, people),
  );
  refuseLeft(homes, fate);
  return { steps, nodes, homes };
}

/** All else is done by then. */
function refuseLeft(homes: readonly HomeState[], fate: HomeFate): void {
  const left = homes.filter(({ state }) => state === "left");
  if (left.length === 0) return;
  const names = left.map(({ name }) => name).join(", ");
  throw new Failure(
    "failed",
    `the homes of ${names} could not be ${fate === "archive" ? "archived" : "deleted"}, and stay; the accounts are gone`,
    {
      code: "users.homes-left",
      remedy: "mend it (ohpc ssh), then run it again: it goes on with the homes",
      output: left.map(({ name, path, why = "" }) => `${name}, ${path}: ${why}`),
    },
  );
}
