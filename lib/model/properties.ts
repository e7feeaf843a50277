import type { Duration, Size } from "../units";
import { didYouMean, type Problem } from "./problems";

/** Values that are taken whole, whatever they hold. */
type Whole = string | number | boolean | Size | Duration;

/** The objects with properties of their own among what `V` may be, also as elements of a list. */
type Parts<V, W> = V extends Whole | W
  ? never
  : V extends readonly (infer E)[]
    ? Parts<E, W>
    : string extends keyof V
      ? never
      : V;

/** Of a union, the properties of each of its members. */
type Keys<T> = T extends unknown ? keyof T : never;
type Value<T, K> = T extends unknown ? (K extends keyof T ? NonNullable<T[K]> : never) : never;

/**
 * A table of the properties of `T`. The compiler refuses one that lacks a property or has another, so that it cannot
 * drift from the interface that it stands beside: `const NAMES = { … } satisfies PropertyNames<T>`.
 *
 * `W`: classes and interfaces of others that are taken whole.
 */
export type PropertyNames<T, W = never> = {
  readonly [K in Keys<T>]: [Parts<Value<T, K>, W>] extends [never]
    ? true | Kind
    : Bag<Readonly<Record<Keys<Parts<Value<T, K>, W>>, unknown>>>;
};

type Names = Readonly<Record<string, unknown>>;

/** A kind of value, told by what it is or can do: another copy of this package makes the same kinds. */
export interface Kind {
  /** As it follows "must be" in a message. */
  readonly want: string;
  readonly fits: (value: unknown) => boolean;
  /** All that it may be, where that is a few words. */
  readonly words?: readonly string[];
  /** Of a list, or an object whose names are free: what each of its values is. */
  readonly each?: Kind;
  readonly needed?: boolean;
}

/** An object with properties, or a list of such objects. */
export interface Bag<N = Names> {
  readonly names: N;
  readonly list: boolean;
  /** What may be given in its stead: `partition: "cpu"`. */
  readonly or?: Kind;
  readonly needed?: boolean;
}

export const TEXT: Kind = { want: "text", fits: (value) => typeof value === "string" };
export const NUMBER: Kind = { want: "a number", fits: (value) => typeof value === "number" };
export const FLAG: Kind = { want: "true or false", fits: (value) => typeof value === "boolean" };

export function oneOf(...words: readonly string[]): Kind {
  const want = words.map((word) => JSON.stringify(word)).join(" or ");
  return { want, words, fits: (value) => typeof value === "string" && words.includes(value) };
}

export const TEXTS: Kind = listOfEach("a list of texts", TEXT);
export const TEXT_MAP: Kind = {
  want: "an object whose values are texts",
  each: TEXT,
  fits: (value) => isObject(value) && Object.values(value).every(TEXT.fits),
};
export const SIZE: Kind = amount(
  able("a Size, such as Size.gibibytes(40)", "toMebibytes", "toGibibytes", "isLessThan"),
  (size) => (size as Size).toMebibytes() + (size as Size).toGibibytes(),
);
export const DURATION: Kind = amount(able("a Duration, such as Duration.hours(8)", "toSlurm", "toSeconds"), (time) =>
  (time as Duration).toSeconds(),
);

/** A value of a class that is a number in the end, whoever has made the class. */
function amount({ want, fits }: Kind, read: (value: unknown) => unknown): Kind {
  return { want, fits: (value) => fits(value) && Number.isFinite(read(value)) };
}

/** A value of a class: whatever has these methods. */
export function able(want: string, ...methods: readonly string[]): Kind {
  return {
    want,
    fits: (value) =>
      typeof value === "object" &&
      value !== null &&
      methods.every((name) => typeof (value as Record<string, unknown>)[name] === "function"),
  };
}

export function listOfEach(want: string, each: Kind): Kind {
  return { want, each, fits: (value) => Array.isArray(value) && value.every(each.fits) };
}

export function either(want: string, ...kinds: readonly Kind[]): Kind {
  return { want, fits: (value) => kinds.some(({ fits }) => fits(value)) };
}

export function bag<N>(names: N, or?: Kind): Bag<N> {
  return { names, list: false, or };
}

export function listOf<N>(names: N, or?: Kind): Bag<N> {
  return { names, list: true, or };
}

/** The same, which has to be given. */
export function needed<P extends Kind | Bag<unknown>>(property: P): P {
  return { ...property, needed: true };
}

/** What was given as properties, by its names and kinds alone. */
export interface Given<T> {
  readonly problems: readonly Problem[];
  /** Without what is wrong, so that what else is wrong can be told together with it. */
  readonly usable: T;
  /** Whether everything is there that is needed to tell. */
  readonly complete: boolean;
}

/** Reads properties as TypeScript would: nothing has to have looked at them before, as where stacks are JavaScript. */
export function readProperties<T>(given: T, names: Names, at = ""): Given<T> {
  if (!isObject(given) || (!isPlain(given) && !knowsAll(given, names))) {
    const want = `an object with properties: ${Object.keys(names).join(", ")}`;
    const problems = [{ at: at === "" ? "props" : at, got: shown(given), want }];
    return { problems, usable: {} as T, complete: false };
  }
  const path = (name: string) => (at === "" ? name : `${at}.${name}`);
  const problems = namesIn(given)
    .filter((name) => !Object.hasOwn(names, name))
    .map((name) => unknownName(name, path(name), Object.keys(names)));
  const usable: Record<string, unknown> = {};
  let complete = true;
  for (const [name, property] of Object.entries(names) as [string, true | Kind | Bag][]) {
    const read = readable(path(name), () => readProperty(given[name], property, path(name)));
    problems.push(...read.problems);
    if (read.usable !== undefined && read.complete) usable[name] = read.usable;
    else if (property !== true && property.needed === true) complete = false;
  }
  return { problems, usable: usable as T, complete };
}

/** What throws when somebody reads it, such as a getter, is told like anything else. */
function readable(at: string, read: () => Given<unknown>): Given<unknown> {
  try {
    return read();
  } catch (error) {
    const hint = `reading it failed with ${error instanceof Error ? error.message : typeof error}`;
    return {
      problems: [{ at, got: "a value that cannot be read", want: "one that can", hint }],
      usable: undefined,
      complete: false,
    };
  }
}

/** What is given under a name that is no property. */
export function unknownName(name: string, at: string, known: readonly string[]): Problem {
  const hint = didYouMean(name, known);
  const problem = { at, got: name, want: `one of ${known.join(", ")}` };
  return hint === undefined ? problem : { ...problem, hint };
}

function readProperty(value: unknown, property: true | Kind | Bag, at: string): Given<unknown> {
  const taken = { problems: [], usable: value, complete: true };
  const refused = (want: string, hint?: string): Given<unknown> => {
    const problem = { at, got: shown(value), want };
    return { problems: [hint === undefined ? problem : { ...problem, hint }], usable: undefined, complete: false };
  };
  if (property === true) return value === null ? refused("given, or left out") : taken;
  if (value === undefined) return property.needed === true ? refused(wantOf(property)) : taken;
  if ("fits" in property) {
    if (property.fits(value)) return taken;
    const within = property.each === undefined ? [] : eachProblems(value, property, property.each, at);
    if (within.length > 0) return { problems: within, usable: undefined, complete: false };
    return refused(property.want, typeof value === "string" ? didYouMean(value, property.words ?? []) : undefined);
  }
  const { list, names, or } = property;
  if (or?.fits(value) === true) return taken;
  if (!list) return isObject(value) ? readProperties<unknown>(value, names, at) : refused(wantOf(property));
  if (!Array.isArray(value)) return refused(wantOf(property));
  const elements = value.map((one, k) => readProperties<unknown>(one, names, `${at}[${k}]`));
  return {
    problems: elements.flatMap(({ problems }) => problems),
    usable: elements.filter(({ complete }) => complete).map(({ usable }) => usable),
    complete: true,
  };
}

/** Which of many values is none: nobody looks for it among hundreds. */
function eachProblems(value: unknown, { fits }: Kind, each: Kind, at: string): readonly Problem[] {
  const isList = Array.isArray(value);
  if (!(isList || isObject(value)) || !fits(isList ? [] : {})) return [];
  return Object.entries<unknown>(value)
    .filter(([, one]) => !each.fits(one))
    .map(([name, one]) => ({ at: isList ? `${at}[${name}]` : `${at}.${name}`, got: shown(one), want: each.want }));
}

function wantOf(property: Kind | Bag): string {
  if ("fits" in property) return property.want;
  const known = Object.keys(property.names).join(", ");
  const wants = property.list ? `a list of objects with properties: ${known}` : `an object with properties: ${known}`;
  return property.or === undefined ? wants : `${property.or.want}, or ${wants}`;
}

/** Every property that reading it would find, inherited ones, too; none of `Object.prototype` is among them. */
function namesIn(value: object): string[] {
  const names: string[] = [];
  for (const name in value) names.push(name);
  return names;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Also of another realm, such as a test runner's. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** A class of one's own may keep properties; one that has others stands for something else. */
function knowsAll(value: object, names: Names): boolean {
  const own = namesIn(value);
  return own.length > 0 && own.every((name) => Object.hasOwn(names, name));
}

/** For messages, which show JSON: what that cannot show, or not well. */
function shown(value: unknown): unknown {
  if (typeof value === "function") return value.name === "" ? "a function" : `the function ${value.name}`;
  if (typeof value === "bigint" || typeof value === "symbol") return String(value);
  if (Array.isArray(value)) return value.length === 0 ? [] : `a list of ${value.length}`;
  if (typeof value !== "object" || value === null) return value;
  if (!isPlain(value)) return `a value of the class ${value.constructor.name}`;
  return `an object with ${namesIn(value).join(", ") || "nothing in it"}`;
}
