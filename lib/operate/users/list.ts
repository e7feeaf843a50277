import { describeProblem } from "../../model/problems";
import { describeKey, type KeyDescription } from "../../model/ssh-key";
import { type FormerUser, parseUsers, type UsersSpec } from "../../model/users";
import { MASTER_PATIENCE, masterOf } from "../access/master";
import { type Deployment, deploymentIfAny } from "../cluster/deployment";
import { StepError } from "../configure/step-error";
import { planUsersSteps } from "../configure/users-steps";
import { RemoteError } from "../exec/remote/remote";
import { Failure } from "../feedback/failure";
import type { Progress } from "../feedback/progress";
import { jobsSeen } from "../scheduler/jobs";
import type { Place, Project } from "../stack/project";
import { specOf } from "../stack/spec";
import { openStack, type SynthesizedStack } from "../stack/synthesis";
import { type UsersFile, usersFileOf } from "./file";
import { countJobs, type JobCount, NO_JOBS, type Standing, standingsOf } from "./standing";

/** A user of a stack, or somebody who was one. */
export interface ListedUser {
  readonly name: string;
  /** Absent of somebody whom only Slurm still knows. */
  readonly uid?: number;
  /** Absent of former users, like all that follows but the standing. */
  readonly gid?: number;
  readonly groups?: readonly string[];
  readonly account?: string;
  readonly shell?: string;
  readonly keys?: readonly KeyDescription[];
  /** Absent where nothing is deployed, or the master does not answer. */
  readonly standing?: Standing;
  /** Absent where nobody could see the jobs. */
  readonly jobs?: JobCount;
}

export interface UsersList {
  readonly cluster: string;
  /** Absent where the users do not come from a file. */
  readonly file?: string;
  readonly deployed: boolean;
  readonly users: readonly ListedUser[];
}

/**
 * The users of a stack: what its users file says, and what the cluster has of it.
 *
 * @throws Failure
 */
export async function listUsers(stackName: string, place: Place, progress: Progress): Promise<UsersList> {
  const { project, stack } = await openStack(stackName, place);
  const spec = specOf(stack);
  const file = fileIfAny(project, stack);
  const { users, former } = file === undefined ? { users: spec.users, former: [] } : usersIn(file);
  const deployment = await deploymentIfAny(project, stack, place.env);
  const seen = deployment && (await seenOn(deployment, users, progress));
  const listed = users.users.map(({ keys, ...user }): ListedUser => {
    const standing = seen?.standings.of(user.name);
    return {
      ...user,
      keys: keys.map(describeKey),
      standing,
      jobs: seen?.jobs && (seen.jobs.get(user.name) ?? NO_JOBS),
    };
  });
  const here = new Set(users.users.map(({ name }) => name));
  const going = (seen?.standings.going ?? []).filter(({ name }) => !here.has(name));
  const gone = former.filter(({ name }) => !here.has(name) && !going.some((one) => one.name === name));
  return {
    cluster: deployment?.manifest.cluster ?? spec.cluster,
    file: file?.name,
    deployed: deployment !== undefined,
    users: [
      ...listed,
      ...going.map(({ name, uid }): ListedUser => {
        const number = uid ?? former.findLast((one) => one.name === name)?.uid;
        return { name, uid: number, standing: "to go", jobs: seen?.jobs && (seen.jobs.get(name) ?? NO_JOBS) };
      }),
      ...gone.map(({ name, uid }): ListedUser => ({ name, uid, standing: "former" })),
    ],
  };
}

function fileIfAny(project: Project, stack: SynthesizedStack): UsersFile | undefined {
  try {
    return usersFileOf(project, stack);
  } catch (error) {
    if (error instanceof Failure && error.details.code === "users.no-file") return undefined;
    throw error;
  }
}

function usersIn({ name, text }: UsersFile): { readonly users: UsersSpec; readonly former: readonly FormerUser[] } {
  const { users, former = [], problems } = parseUsers(text, name);
  if (users !== undefined) return { users, former };
  const lines = problems.map((problem) => `  - ${describeProblem(problem)}`);
  throw new Failure("usage", [`${name} is not valid`, ...lines].join("\n"), { code: "users.problems" });
}

async function seenOn(deployment: Deployment, users: UsersSpec, progress: Progress) {
  const { spec, manifest } = deployment;
  const master = masterOf(deployment, MASTER_PATIENCE);
  try {
    const [{ own }, jobs] = await Promise.all([
      planUsersSteps({ spec: { ...spec, users }, manifest }, master),
      jobsSeen(master),
    ]);
    if ("unknown" in jobs) progress.note(jobs.unknown);
    return { standings: standingsOf(own), jobs: "unknown" in jobs ? undefined : countJobs(jobs.jobs) };
  } catch (error) {
    if (!(error instanceof RemoteError || error instanceof StepError)) throw error;
    progress.note(`${master.host} does not answer: what the cluster has of its users is not known`);
    return undefined;
  }
}
