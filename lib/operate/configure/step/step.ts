import type { ClusterView } from "../../../model/cluster-view";
import type { Effect } from "../../../slurm/effects";
import type { Duration } from "../../../units";

export { type Effect, EFFECTS } from "../../../slurm/effects";

/** A JSON value: what a step's state is made of, so that it can be compared and carried over SSH. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * One thing that must be true of the master, as data: scripts and pure functions, carried out by the runner.
 * `State` holds no secret: a secret is made where it is used, and only its presence is part of the state.
 */
export interface Step<State extends Json = Json> {
  /** Kebab-case; the file's name. */
  readonly id: string;
  /** What is made true, for people: `munge key`. */
  readonly title: string;
  /** Ids of the steps that come before it. */
  readonly needs: readonly string[];
  /** What should be the case. Pure. */
  desired(cluster: ClusterView): State;
  /**
   * A bash script that looks, changes nothing and prints the state as JSON; it must work on a machine where nothing is set up.
   * The desired state comes as JSON on standard input, for those that look only at what is wanted.
   */
  readonly inspect: string;
  /**
   * A bash script that reads the desired state as JSON on standard input and makes it so. Running it twice does no harm.
   * `OHPC_EFFECT` holds what `effect` said; where nobody can say, it is empty, and the strongest that may be needed is right.
   */
  readonly apply: string;
  /** What going from `before` to `after` does to a running cluster. One without parameters is the same whatever was before. */
  effect(before: State, after: State): Effect;
  /** What a line that `apply` prints says of how far it is; for steps that take minutes. Pure. */
  progress?(line: string): string | undefined;
  /** Files of the master that the state holds as text, by path; `null`: there is none. What a plan shows line by line. Pure. */
  files?(state: State): Readonly<Record<string, string | null>>;
  /**
   * What else a plan says of going from `before` to `after`, one line each. `null`: nothing is there yet. Pure.
   *
   * @default - the differences; nothing, where the state has files
   */
  words?(before: State | null, after: State): readonly string[];
  /** What people are told of a change that they did not ask for. Pure. */
  note?(before: State): string;
  /** What to try when it fails, by a pattern in its output. */
  readonly remedies?: readonly Remedy[];
  /** What people are told where the effect would be `replace cluster`. @default - the differences, and to change it back */
  readonly refusal?: { readonly cause: string; readonly remedy: string };
  /**
   * How long `apply` may take.
   *
   * @default 2 minutes
   */
  readonly timeout?: Duration;
}

export interface Remedy {
  readonly when: RegExp;
  /** @default - the last line of the output */
  readonly cause?: string;
  readonly remedy: string;
}
