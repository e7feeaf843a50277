import type { Command } from "commander";
import type { Progress } from "../operate/feedback/progress";
import type { ChangePlan } from "../operate/plan/change-plan";

export interface VerbModule {
  /** @param verbs all of them */
  define(command: Command, verbs: readonly Verb[]): void;
  /** Of a verb that changes a cluster: what `ohpc plan --for` shows of it. */
  readonly planned?: PlannedVerb;
}

/** A verb that can say what it would do. */
export interface PlannedVerb {
  /** Its arguments and options, without those of how it is told. */
  declare(command: Command): void;
  /** @param command as it was parsed */
  plan(command: Command, progress: Progress): Promise<ChangePlan>;
}

export interface Verb {
  readonly name: string;
  /** What follows it, as the list of verbs shows it. */
  readonly synopsis: string;
  /** One line. */
  readonly summary: string;
  /** The module that defines options, help and action. */
  load(): VerbModule;
}
