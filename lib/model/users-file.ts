import { isDeepStrictEqual } from "node:util";
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseDocument,
  stringify,
  visit,
  type YAMLMap,
  YAMLSeq,
} from "yaml";
import type { FormerUser } from "./users";

/** A user as a users file says it: what is absent has its default. */
export interface FileEntry {
  readonly name: string;
  readonly uid: number;
  readonly groups?: readonly string[];
  readonly account?: string;
  readonly shell?: string;
  readonly keys?: readonly string[];
}

/** What becomes of a users file. */
export interface UsersEdit {
  /** Come last, in this order. */
  readonly add?: readonly FileEntry[];
  /** By name. */
  readonly remove?: readonly string[];
  /** New lists of keys, by user; those that were there before keep their order, and come first. */
  readonly keys?: ReadonlyMap<string, readonly string[]>;
  /** Go into the list `former`. */
  readonly remember?: readonly FormerUser[];
  /** Go from it. */
  readonly forget?: readonly FormerUser[];
}

/**
 * The text of a valid users file with the edit in it. Lines that it is not about stay as they are, byte for byte, with
 * comments and order; what is new is written as its neighbours are. What is anchored in an entry that goes, and used
 * elsewhere, moves to where it is used first. Pure.
 *
 * @returns undefined where the file is written in a way in which that cannot be done
 */
export function editUsersFile(text: string, edit: UsersEdit): string | undefined {
  const parts: readonly UsersEdit[] = [
    { remove: edit.remove ?? [] },
    { forget: edit.forget ?? [] },
    ...[...(edit.keys ?? [])].map(([name, keys]) => ({ keys: new Map([[name, keys]]) })),
    { add: edit.add ?? [] },
    { remember: edit.remember ?? [] },
  ];
  return parts.reduce<string | undefined>((now, part) => (now === undefined ? undefined : editPart(now, part)), text);
}

/** What yaml gives of a file that is whole: plain objects and lists. */
interface Content {
  readonly [key: string]: unknown;
}

function editPart(text: string, part: UsersEdit): string | undefined {
  const wanted = editedContent(contentOf(parse(text)), part);
  const ways = [() => spliced(text, part), () => rewritten(text, wanted)];
  for (const way of ways) {
    const edited = attempted(way);
    if (
      edited !== undefined &&
      isDeepStrictEqual(
        attempted(() => contentOf(parse(edited))),
        wanted,
      )
    )
      return edited;
  }
  return undefined;
}

function attempted<T>(way: () => T): T | undefined {
  try {
    return way();
  } catch {
    return undefined;
  }
}

function parse(text: string): Document.Parsed {
  const document = parseDocument(text, { uniqueKeys: false, logLevel: "error" });
  const [error] = document.errors;
  if (error !== undefined) throw error;
  return document;
}

function contentOf(document: Document): Content {
  return (document.toJS({ maxAliasCount: -1 }) as Content | null) ?? {};
}

type Entry = { readonly name?: unknown; readonly uid?: unknown; readonly keys?: unknown };

function entriesOf(content: Content, list: "users" | "former"): readonly Entry[] {
  return Array.isArray(content[list]) ? (content[list] as readonly Entry[]) : [];
}

/** What the file is to say. */
function editedContent(
  content: Content,
  { add = [], remove = [], keys, remember = [], forget = [] }: UsersEdit,
): Content {
  const users = entriesOf(content, "users")
    .filter(({ name }) => !remove.includes(String(name)))
    .map((user) => {
      const own = keys?.get(String(user.name));
      if (own === undefined || (own.length === 0 && user.keys === undefined)) return user;
      const before = Array.isArray(user.keys) ? (user.keys as readonly string[]) : [];
      return {
        ...user,
        keys: [...before.filter((key) => own.includes(key)), ...own.filter((key) => !before.includes(key))],
      };
    });
  const former = entriesOf(content, "former").filter((one) => !forget.some((other) => isDeepStrictEqual(one, other)));
  const changed = {
    users: [...users, ...add.map(plainEntry)],
    former: [...former, ...remember.map(({ name, uid }) => ({ name, uid }))],
  };
  const kept = (list: "users" | "former") => changed[list].length > 0 || content[list] !== undefined;
  return {
    ...content,
    ...(kept("users") ? { users: changed.users } : {}),
    ...(kept("former") ? { former: changed.former } : {}),
  };
}

/** Without what is as it is by default. */
function plainEntry({ name, uid, groups = [], account, shell, keys = [] }: FileEntry): Record<string, unknown> {
  return {
    name,
    uid,
    ...(groups.length > 0 ? { groups: [...groups] } : {}),
    ...(account === undefined ? {} : { account }),
    ...(shell === undefined ? {} : { shell }),
    ...(keys.length > 0 ? { keys: [...keys] } : {}),
  };
}

// --- as text ---------------------------------------------------------------------------------------------------------

function spliced(text: string, { add = [], remove = [], keys, remember = [], forget = [] }: UsersEdit): string {
  if (remove.length > 0) return withoutEntries(text, "users", ({ name }) => remove.includes(String(name)));
  if (forget.length > 0)
    return withoutEntries(text, "former", (one) => forget.some((other) => isDeepStrictEqual(one, other)));
  const [own] = keys ?? [];
  if (own !== undefined) return withKeys(text, ...own);
  if (add.length > 0) return withEntries(text, "users", add.map(plainEntry));
  return withEntries(
    text,
    "former",
    remember.map(({ name, uid }) => ({ name, uid })),
  );
}

function withoutEntries(text: string, list: "users" | "former", goes: (entry: Entry) => boolean): string {
  const document = parse(text);
  const pair = pairOf(document.contents, list);
  const seq = pair?.value;
  if (pair === undefined || !isSeq(seq)) return text;
  const places = entriesOf(contentOf(document), list).flatMap((entry, k) => (goes(entry) ? [k] : []));
  return withoutItems(text, document, pair, places);
}

function withEntries(text: string, list: "users" | "former", entries: readonly Record<string, unknown>[]): string {
  if (entries.length === 0) return text;
  const { contents } = parse(text);
  const pair = pairOf(contents, list);
  if (pair !== undefined) return withItems(text, pair, entries, isMap(contents) && contents.flow === true);
  return withPair(text, isMap(contents) ? contents : undefined, list, entries);
}

/** Of one user: those that stay keep their places, the others come last. */
function withKeys(text: string, name: string, keys: readonly string[]): string {
  const document = parse(text);
  const user = userNamed(document, name);
  if (!isMap(user)) throw new RangeError("the user is written elsewhere");
  const pair = pairOf(user, "keys");
  if (pair === undefined) return keys.length === 0 ? text : withPair(text, user, "keys", keys);
  const before = (isNode(pair.value) ? (pair.value.toJS(document) as readonly string[] | null) : null) ?? [];
  const places = before.flatMap((key, k) => (keys.includes(key) ? [] : [k]));
  const more = keys.filter((key) => !before.includes(key));
  // Others may use the list, too.
  if (isAlias(pair.value) || (isSeq(pair.value) && pair.value.anchor !== undefined)) {
    return replaceValue(text, document, pair, flow([...before.filter((_, k) => !places.includes(k)), ...more]));
  }
  const fewer = places.length === 0 ? text : withoutItems(text, document, pair, places);
  if (more.length === 0) return fewer;
  const again = userNamed(parse(fewer), name);
  const found = pairOf(again, "keys");
  if (found === undefined || !isMap(again)) throw new RangeError("the keys are gone");
  return withItems(fewer, found, more, again.flow === true);
}

function userNamed(document: Document, name: string): unknown {
  const users = pairOf(document.contents, "users")?.value;
  const place = entriesOf(contentOf(document), "users").findIndex((user) => user.name === name);
  return isSeq(users) ? users.items[place] : undefined;
}

function pairOf(map: unknown, key: string): Pair | undefined {
  return isMap(map) ? map.items.find((pair) => (isScalar(pair.key) ? pair.key.value : undefined) === key) : undefined;
}

interface Splice {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

function apply(text: string, splices: readonly Splice[]): string {
  const ordered = [...splices].sort((a, b) => b.from - a.from);
  return ordered.reduce((now, { from, to, text: fresh }) => now.slice(0, from) + fresh + now.slice(to), text);
}

/** Where what a node says begins: without anchor and tag. */
function startOf(node: unknown): number {
  if (isPair(node)) return startOf(node.key);
  const range = isNode(node) ? node.range : undefined;
  if (!range) throw new RangeError("a node without a place");
  return range[0];
}

/** Where what a node says ends: before blanks, comments and line breaks. */
function endOf(node: unknown, text: string): number {
  if (isPair(node)) {
    const value = isNode(node.value) && node.value.range ? node.value : undefined;
    const key = endOf(node.key, text);
    return value === undefined ? key : Math.max(key, endOf(value, text));
  }
  if ((isMap(node) || isSeq(node)) && node.flow !== true && node.items.length > 0)
    return endOf(node.items.at(-1), text);
  const range = isNode(node) ? node.range : undefined;
  if (!range) throw new RangeError("a node without a place");
  return range[0] + text.slice(range[0], range[1]).trimEnd().length;
}

function lineStart(text: string, at: number): number {
  return text.lastIndexOf("\n", at - 1) + 1;
}

/** Behind the line's break, or at the end of the text. */
function lineEnd(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end < 0 ? text.length : end + 1;
}

function columnOf(text: string, at: number): number {
  return at - lineStart(text, at);
}

/** Behind the lines of a block that ends at `end`: comments that stand deeper than `column` are part of it. */
function blockEnd(text: string, end: number, column: number): number {
  let after = lineEnd(text, end);
  for (;;) {
    const next = lineEnd(text, after);
    const comment = /^( *)#/.exec(text.slice(after, next));
    if (comment === null || (comment[1] ?? "").length <= column) return after;
    after = next;
  }
}

/** The hyphen before each item of a block. */
function hyphensOf(seq: YAMLSeq, text: string): readonly number[] {
  let from = startOf(seq);
  return seq.items.map((item, k) => {
    if (k > 0) {
      const [gap = ""] = /^(?:[ \t]*(?:#[^\n]*)?\r?\n)* */.exec(text.slice(lineEnd(text, from))) ?? [];
      from = lineEnd(text, from) + gap.length;
    }
    if (text[from] !== "-" || text.slice(lineStart(text, from), from).trim() !== "")
      throw new RangeError("no line of its own");
    const hyphen = from;
    from = endOf(item, text) - 1;
    return hyphen;
  });
}

function withoutItems(text: string, document: Document, pair: Pair, places: readonly number[]): string {
  const seq = pair.value;
  if (!isSeq(seq) || places.length === 0) return text;
  const gone = places.map((k) => seq.items[k]);
  const anchors = movedAnchors(document, gone);
  const going = new Set(places);
  if (seq.flow === true) return apply(text, [...anchors, ...flowCuts(text, seq, going)]);
  const hyphens = hyphensOf(seq, text);
  const all = places.length === seq.items.length;
  return apply(text, [
    ...anchors,
    ...(all ? [emptied(text, pair)] : []),
    ...places.map((k): Splice => {
      const hyphen = hyphens[k] ?? 0;
      const from = lineStart(text, hyphen);
      const to = blockEnd(text, endOf(seq.items[k], text) - 1, columnOf(text, hyphen));
      // Of two empty lines around it one is enough.
      const before = text.slice(lineStart(text, from - 1), from);
      const after = text.slice(to, lineEnd(text, to));
      const blank = from > 0 && before.trim() === "" && after !== "" && after.trim() === "" && !going.has(k + 1);
      return { from, to: blank ? lineEnd(text, to) : to, text: "" };
    }),
  ]);
}

/** `key:` becomes `key: []`. */
function emptied(text: string, { key }: Pair): Splice {
  const end = endOf(key, text);
  const [colon = ""] = /^\s*:/.exec(text.slice(end)) ?? [];
  return { from: end + colon.length, to: end + colon.length, text: " []" };
}

function flowCuts(text: string, seq: YAMLSeq, going: ReadonlySet<number>): readonly Splice[] {
  const ends = seq.items.map((item) => endOf(item, text));
  const starts = ends.map((_, k) => {
    const from = k === 0 ? startOf(seq) + 1 : (ends[k - 1] ?? 0);
    const [gap = ""] = /^(?:[\s,]|#[^\n]*\n)*/.exec(text.slice(from)) ?? [];
    return from + gap.length;
  });
  const last = ends.length - 1;
  const kept = ends.flatMap((_, k) => (going.has(k) ? [] : [k]));
  const trailing = /^\s*,/.exec(text.slice(ends[last]));
  const ownLines = [...going].every((k) => {
    const [start, end] = [starts[k] ?? 0, ends[k] ?? 0];
    const before = text.slice(lineStart(text, start), start);
    return before.trim() === "" && /^[ \t]*,?[ \t]*(#[^\n]*)?\r?\n/.test(text.slice(end));
  });
  const newLast = kept.at(-1);
  if (ownLines) {
    const cuts = [...going].map((k) => ({
      from: lineStart(text, starts[k] ?? 0),
      to: lineEnd(text, ends[k] ?? 0),
      text: "",
    }));
    const end = ends[newLast ?? -1] ?? 0;
    const comma =
      newLast !== undefined && going.has(last) && trailing === null ? /^[ \t]*,/.exec(text.slice(end)) : null;
    return comma === null ? cuts : [...cuts, { from: end, to: end + comma[0].length, text: "" }];
  }
  const cuts: Splice[] = [];
  for (const k of [...going].sort((a, b) => a - b)) {
    // What stands before the first that stays is cut up to there, all others back to the one before.
    const first = kept[0] ?? Infinity;
    if (k < first) cuts.push({ from: starts[k] ?? 0, to: starts[k + 1] ?? ends[k] ?? 0, text: "" });
    else cuts.push({ from: ends[k - 1] ?? 0, to: ends[k] ?? 0, text: "" });
  }
  if (kept.length === 0 && trailing !== null) {
    const end = ends[last] ?? 0;
    cuts.push({ from: end, to: end + trailing[0].length, text: "" });
  }
  if (cuts.some(({ from, to }) => text.slice(from, to).includes("#") && /\n/.test(text.slice(from, to))))
    throw new RangeError("comments between");
  return cuts;
}

/** Adds to the list of a pair. */
function withItems(text: string, pair: Pair, items: readonly unknown[], inFlow: boolean): string {
  const seq = pair.value;
  const eol = eolOf(text);
  if (isSeq(seq) && seq.flow === true && seq.items.length > 0) {
    return apply(
      text,
      flowInsertion(
        text,
        seq,
        items.map((item) => flow(item, isJson(text))),
      ),
    );
  }
  if (isSeq(seq) && seq.flow !== true && seq.items.length > 0) {
    const hyphens = hyphensOf(seq, text);
    const column = columnOf(text, hyphens[0] ?? 0);
    const last = seq.items.at(-1);
    const end = blockEnd(text, endOf(last, text) - 1, column);
    const style = { column, offset: Math.max(2, columnOf(text, startOf(last)) - column), eol };
    const lines = items.map((item) =>
      isMap(last) && last.flow === true ? flowLine(item, column, eol) : block(item, style),
    );
    // As those before are set apart from each other.
    const above = lineStart(text, hyphens.at(-1) ?? 0);
    const apart = seq.items.length > 1 && text.slice(lineStart(text, above - 1), above).trim() === "";
    const fresh = lines.map((line) => (apart ? eol : "") + line).join("");
    return apply(text, [{ from: end, to: end, text: onNewLine(text, end, eol) + fresh }]);
  }
  const { key } = pair;
  const end = endOf(key, text);
  const rest = text.slice(end);
  const [whole = "", before = ""] = /^(\s*:)[ \t]*(?:\[\s*\])?/.exec(rest) ?? [];
  if (whole === "" || (isNode(seq) && (seq.anchor !== undefined || seq.tag !== undefined) && !isPlain(seq)))
    throw new RangeError("not plain");
  if (inFlow) {
    const fresh = ` [${items.map((item) => flow(item, isJson(text))).join(", ")}]`;
    return apply(text, [{ from: end, to: end + whole.length, text: before + fresh }]);
  }
  const column = columnOf(text, startOf(key));
  const line = lineEnd(text, end + whole.length - 1);
  const style = { column: column + 2, offset: 2, eol };
  return apply(text, [
    { from: end, to: end + whole.length, text: before },
    { from: line, to: line, text: onNewLine(text, line, eol) + items.map((item) => block(item, style)).join("") },
  ]);
}

function isPlain(node: Node): boolean {
  return (
    (node as { anchor?: string }).anchor === undefined && /^(tag:yaml\.org,2002:(seq|null))?$/.test(node.tag ?? "")
  );
}

/** A pair with a list, behind those that are there. */
function withPair(text: string, map: YAMLMap | undefined, key: string, items: readonly unknown[]): string {
  const eol = eolOf(text);
  const list = (column: number) =>
    `${" ".repeat(column)}${key}:${eol}` +
    items.map((item) => block(item, { column: column + 2, offset: 2, eol })).join("");
  if (map === undefined) return text + onNewLine(text, text.length, eol) + list(0);
  const json = isJson(text);
  if (map.flow === true) {
    const fresh = `${json ? JSON.stringify(key) : key}: [${items.map((item) => flow(item, json)).join(", ")}]`;
    if (map.items.length === 0) return apply(text, [{ from: startOf(map) + 1, to: startOf(map) + 1, text: fresh }]);
    return apply(text, flowInsertion(text, map, [fresh]));
  }
  const column = columnOf(text, startOf(map.items[0]));
  const end = blockEnd(text, endOf(map, text) - 1, column);
  return apply(text, [{ from: end, to: end, text: onNewLine(text, end, eol) + list(column) }]);
}

function flowInsertion(text: string, collection: YAMLSeq | YAMLMap, fresh: readonly string[]): readonly Splice[] {
  const last = collection.items.at(-1);
  const end = endOf(last, text);
  const start = lineStart(text, startOf(last));
  const [indent = ""] = /^[ \t]*/.exec(text.slice(start)) ?? [];
  const comma = /^[ \t]*,/.test(text.slice(end));
  const ownLine = start > startOf(collection) && /^[ \t]*,?[ \t]*(#[^\n]*)?\r?\n/.test(text.slice(end));
  if (!ownLine) return [{ from: end, to: end, text: `, ${fresh.join(", ")}` }];
  const line = lineEnd(text, end);
  const eol = eolOf(text);
  const lines = fresh.map((item, k) => `${indent}${item}${comma || k < fresh.length - 1 ? "," : ""}${eol}`);
  return [
    { from: end, to: end, text: comma ? "" : "," },
    { from: line, to: line, text: lines.join("") },
  ];
}

function replaceValue(text: string, document: Document, pair: Pair, fresh: string): string {
  const end = endOf(pair.key, text);
  const [colon = ""] = /^\s*:/.exec(text.slice(end)) ?? [];
  const to = endOf(pair, text);
  return apply(text, [...movedAnchors(document, [pair.value]), { from: end + colon.length, to, text: ` ${fresh}` }]);
}

/** Aliases elsewhere of what is anchored in nodes that go: the first of each becomes what it stood for. */
function movedAnchors(document: Document, gone: readonly unknown[]): readonly Splice[] {
  const going = new Set<unknown>();
  for (const node of gone) {
    if (!isNode(node)) continue;
    visit(node, (_, inner) => {
      going.add(inner);
    });
  }
  const moved = new Set<unknown>();
  const splices: Splice[] = [];
  visit(document, {
    Alias: (_, alias: Alias) => {
      if (going.has(alias)) return;
      const source = alias.resolve(document);
      if (source === undefined || !going.has(source) || moved.has(source) || !alias.range) return;
      moved.add(source);
      const text = `&${alias.source} ${flow(source.toJS(document))}`;
      splices.push({ from: alias.range[0], to: alias.range[1], text });
    },
  });
  return splices;
}

function eolOf(text: string): string {
  return text.includes("\r\n") ? "\r\n" : "\n";
}

function onNewLine(text: string, at: number, eol: string): string {
  return at === 0 || text[at - 1] === "\n" ? "" : eol;
}

function isJson(text: string): boolean {
  return text.trimStart().startsWith("{") && attempted(() => JSON.parse(text) as unknown) !== undefined;
}

/** What YAML takes for text without quotes everywhere. */
const BARE = /^(?!(?:true|false|null)$)[a-z_][a-z0-9_./-]*$/;

function flow(value: unknown, json = false): string {
  if (Array.isArray(value)) {
    const items = value.map((item) => flow(item, json)).join(", ");
    return `[${items}]`;
  }
  if (typeof value === "object" && value !== null) {
    const pairs = Object.entries(value).map(([key, own]) => `${json ? JSON.stringify(key) : key}: ${flow(own, json)}`);
    return json ? `{${pairs.join(", ")}}` : `{ ${pairs.join(", ")} }`;
  }
  return !json && typeof value === "string" && BARE.test(value) ? value : JSON.stringify(value);
}

function flowLine(item: unknown, column: number, eol: string): string {
  return `${" ".repeat(column)}- ${flow(item)}${eol}`;
}

/** An item of a list with a line for each of its properties, and for each key of a user. */
function block(item: unknown, { column, offset, eol }: { column: number; offset: number; eol: string }): string {
  const hyphen = `${" ".repeat(column)}-${" ".repeat(offset - 1)}`;
  if (typeof item !== "object" || item === null) return `${hyphen}${scalar(item)}${eol}`;
  const deeper = " ".repeat(column + offset);
  const lines = Object.entries(item).flatMap(([key, value]) => {
    if (key !== "keys") return [`${key}: ${Array.isArray(value) ? flow(value) : scalar(value)}`];
    return [`${key}:`, ...(value as readonly string[]).map((one) => `  - ${scalar(one)}`)];
  });
  return lines.map((line, k) => `${k === 0 ? hyphen : deeper}${line}${eol}`).join("");
}

function scalar(value: unknown): string {
  return stringify(value, { lineWidth: 0 }).trimEnd();
}

// --- as a document ---------------------------------------------------------------------------------------------------

/** Where a file is written so that its text cannot be cut: yaml writes it anew, with comments and order. */
function rewritten(text: string, wanted: Content): string {
  const document = parse(text);
  const lists = (["users", "former"] as const).filter(
    (list) => !isDeepStrictEqual(wanted[list], contentOf(document)[list]),
  );
  for (const list of lists) {
    const fresh = new YAMLSeq(document.schema);
    const before = pairOf(document.contents, list)?.value;
    const nodes = isSeq(before) ? before.items : [];
    for (const entry of entriesOf(wanted, list)) {
      const same = nodes.find((node) => isNode(node) && isDeepStrictEqual(node.toJS(document), entry));
      fresh.items.push(same ?? document.createNode(entry));
    }
    document.set(list, fresh);
  }
  // Aliases of what is gone: each says itself what it stood for.
  const original = parse(text);
  const values = new Map<string, unknown>();
  visit(original, {
    Alias: (_, alias) => {
      const source = alias.resolve(original);
      if (source !== undefined) values.set(`${alias.source} ${alias.range?.[0] ?? -1}`, source.toJS(original));
    },
  });
  visit(document, {
    Alias: (_, alias) => {
      if (alias.resolve(document) !== undefined) return undefined;
      return document.createNode(values.get(`${alias.source} ${alias.range?.[0] ?? -1}`));
    },
  });
  return document.toString({ lineWidth: 0 });
}
