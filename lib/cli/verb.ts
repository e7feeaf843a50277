import type { Command } from "commander";

export interface VerbModule {
  /** @param verbs all of them */
  define(command: Command, verbs: readonly Verb[]): void;
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
