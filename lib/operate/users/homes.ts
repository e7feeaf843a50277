import type { Manifest } from "../../model/manifest";
import type { FormerUser } from "../../model/users";
import { textBeside } from "../../package/text-beside";
import { Duration } from "../../units";
import type { Remote } from "../exec/remote/remote";
import type { HomeFate } from "./change";

/** A home of somebody who goes, and what became of it. */
export interface HomeState {
  readonly name: string;
  readonly path: string;
  /**
   * `none`: there is none. `there`: it is as it was. `left`: it cannot be archived or deleted, for the reason in `why`.
   */
  readonly state: "none" | "there" | "archived" | "deleted" | "left";
  /** Of the home, or of its archive; absent where counting takes too long. */
  readonly bytes?: number;
  /** The archive. */
  readonly file?: string;
  readonly why?: string;
}

/** Where homes lie. */
export function homesOf({ disks }: Pick<Manifest, "disks">): string {
  return disks.home?.path ?? "/home";
}

/** How large the homes of users are, and whether they can be archived or deleted. */
export async function lookAtHomes(
  manifest: Manifest,
  master: Remote,
  people: readonly FormerUser[],
): Promise<readonly HomeState[]> {
  return runHomes("look", manifest, master, people);
}

/** A home may hold terabytes. */
const LONGEST = Duration.days(2);

/** Archives or deletes the homes of users who went; what cannot be, stays. */
export async function endHomes(
  fate: Exclude<HomeFate, "keep">,
  manifest: Manifest,
  master: Remote,
  people: readonly FormerUser[],
): Promise<readonly HomeState[]> {
  return runHomes(fate, manifest, master, people);
}

async function runHomes(
  action: "look" | "archive" | "delete",
  manifest: Manifest,
  master: Remote,
  people: readonly FormerUser[],
): Promise<readonly HomeState[]> {
  if (people.length === 0) return [];
  const homes = homesOf(manifest);
  const printed = await master.run(textBeside(__dirname, "homes.sh"), {
    args: [action, homes, ...people.flatMap(({ name, uid }) => [name, String(uid)])],
    timeout: action === "look" ? Duration.seconds(60 + 25 * people.length) : LONGEST,
  });
  return readHomes(printed, homes, people);
}

/** What homes.sh printed; whom it says nothing of, nothing was done with. Pure. */
export function readHomes(printed: string, homes: string, people: readonly FormerUser[]): readonly HomeState[] {
  const rows = new Map(
    printed.split("\n").flatMap((row) => {
      const [, name = "", rest = ""] = /^(\S+) (.+)$/.exec(row) ?? [];
      return name === "" ? [] : [[name, rest] as const];
    }),
  );
  return people.map(({ name }) => ({
    name,
    path: `${homes}/${name}`,
    ...stateOf(rows.get(name) ?? "left nobody knows why"),
  }));
}

function stateOf(said: string): Omit<HomeState, "name" | "path"> {
  const [, bytes = "", file = ""] = /^archived (\d+) (.+)$/.exec(said) ?? [];
  if (bytes !== "") return { state: "archived", bytes: Number(bytes), file };
  const [, size] = /^there (\d+|\?)$/.exec(said) ?? [];
  if (size !== undefined) return size === "?" ? { state: "there" } : { state: "there", bytes: Number(size) };
  if (said === "none" || said === "deleted") return { state: said };
  return { state: "left", why: said.replace(/^left /, "") };
}
