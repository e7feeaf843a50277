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
  /** @param words as they would be typed behind the verb, without the stack */
  plan(stack: string, words: readonly string[], progress: Progress): Promise<ChangePlan>;
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
