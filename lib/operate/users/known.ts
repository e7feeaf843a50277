import type { ClusterView } from "../../model/cluster-view";
import { FIRST_ID, LAST_ID } from "../../model/users";
import { textBeside } from "../../package/text-beside";
import { ACCOUNTS_REGISTRY, KEYS_DIRECTORY } from "../configure/steps/accounts";
import type { Remote } from "../exec/remote/remote";
import type { KnownNumbers } from "./change";
import { homesOf } from "./homes";

/** Which numbers are, or were, somebody's on the master. */
export async function knownNumbers({ manifest }: Pick<ClusterView, "manifest">, master: Remote): Promise<KnownNumbers> {
  const printed = await master.run(textBeside(__dirname, "known.sh"), { args: [ACCOUNTS_REGISTRY, homesOf(manifest)] });
  return readKnown(printed);
}

/** What known.sh printed; numbers that people cannot have do not matter. Pure. */
export function readKnown(printed: string): KnownNumbers {
  const rows = printed.split("\n");
  const people = (uid: number) => uid >= FIRST_ID && uid <= LAST_ID;
  const ours = rows.flatMap((row) => {
    const [, name = "", uid = ""] = /^ours ([a-z_][a-z0-9_-]{0,31}) (\d{1,10})$/.exec(row) ?? [];
    return name !== "" && people(Number(uid)) ? [{ name, uid: Number(uid) }] : [];
  });
  const numbers = (kind: "taken" | "group") =>
    rows.flatMap((row) => {
      const [, word, number] = /^(taken|group) (\d{1,10})$/.exec(row) ?? [];
      return word === kind && people(Number(number)) ? [Number(number)] : [];
    });
  return { ours, taken: numbers("taken"), gids: numbers("group") };
}

/** Keys with which the master lets somebody in. */
export async function keysOn(master: Remote, name: string): Promise<readonly string[]> {
  if (!/^[a-z_][a-z0-9_-]{0,31}$/.test(name)) return [];
  const text = (await master.read(`${KEYS_DIRECTORY}/${name}`)) ?? "";
  return text.split("\n").filter((line) => line !== "");
}
