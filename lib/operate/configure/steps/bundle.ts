import { ACCOUNTS_FILE, BUNDLE_DIRECTORY, bundleFiles } from "../../node/bundle-files";
import type { Json, Step } from "../step/step";
import { FILE_JSON } from "./shell";
import { takeAnsible, unpackRoles } from "./software";

export type BundleState = {
  /** By name. */
  readonly files: { readonly [name: string]: Json };
  /** Whether the key in it is the master's. */
  readonly mungeKey: boolean;
  /** Whether it tells which Slurm the controller is: no node may have a newer one. */
  readonly slurmVersion: boolean;
};

/** `slurm_version`: of the controller. */
const SLURM_VERSION = String.raw`
slurm_version() { slurmctld -V | awk '{ print $2 }'; }
`;

/**
 * What every node fetches, as numbered generations: a new one only when something in it changed, switched to at once,
 * the one before kept for nodes that are reading it. Then the nodes are kicked, all at once, from the master, while the
 * operator's `ohpc` goes on: whoever does not hear it looks by itself within a minute.
 */
export const bundle: Step<BundleState> = {
  id: "bundle",
  title: "the nodes' bundle",
  // Nodes need nothing of Slurm's accounts, which come meanwhile.
  needs: ["munge-key", "exports", "slurmctld", "accounts"],
  desired: (cluster) => ({ files: bundleFiles(cluster), mungeKey: true, slurmVersion: true }),
  inspect: String.raw`
${FILE_JSON}${SLURM_VERSION}
current=${BUNDLE_DIRECTORY}/current
files='{}'
# Nodes run it as it is.
if [ -x "$current/converge" ]; then
  files=$(for file in "$current"/*; do
    name=$(basename "$file")
    case $name in generation | munge.key | slurm-version) ;; *) printf '{"%s":%s}\n' "$name" "$(file_json "$file")" ;; esac
  done | jq -cs 'add // {}')
fi
key=false
if cmp -s "$current/munge.key" /srv/ohpc/state/munge/munge.key; then key=true; fi
version=false
if [ "$(cat "$current/slurm-version" 2>/dev/null)" = "$(slurm_version)" ]; then version=true; fi
echo "{\"files\":$files,\"mungeKey\":$key,\"slurmVersion\":$version}"
`,
  get apply() {
    return APPLY + unpackRoles('"$software"', '"$wanted"') + takeAnsible('"$software"') + PUBLISH;
  },
  effect: () => "live",
  words: (before, after) => {
    const names = [...new Set([...Object.keys(before?.files ?? {}), ...Object.keys(after.files)])].sort();
    const changed = names.filter((name) => before?.files[name] !== after.files[name]);
    return [
      ...(changed.length === 0 ? [] : [`nodes get ${changed.join(", ")}`]),
      ...(before?.mungeKey === true ? [] : ["nodes get the munge key"]),
      ...(before?.slurmVersion === true ? [] : ["nodes hear which Slurm the controller is"]),
    ];
  },
};

/** Of differences of the bundle, those that a change of users alone does not settle. Pure. */
export function besidesAccounts(differences: readonly string[]): readonly string[] {
  return differences.filter((line) => !line.startsWith(`files.${ACCOUNTS_FILE} `));
}

/** Makes room for another generation, `$fresh`, of which `$desired` is read from standard input. */
export const NEXT_GENERATION = String.raw`
umask 077
root=${BUNDLE_DIRECTORY}
generations=$root/generations
mkdir -p "$generations"
chmod 0755 "$root"
desired=$(cat)
# One more than any there is, also one that was left half made.
last=$(find "$generations" -mindepth 1 -maxdepth 1 -printf '%f\n' | grep -oE '^[0-9]+' | sort -n | tail -n 1 || true)
next=$((last + 1))
fresh=$generations/$next.new
rm -rf "$generations"/*.new
mkdir "$fresh"
`;

const APPLY = String.raw`${SLURM_VERSION}${NEXT_GENERATION}
while IFS= read -r name; do
  jq -j --arg name "$name" '.files[$name]' <<<"$desired" >"$fresh/$name"
done < <(jq -r '.files | keys[]' <<<"$desired")
chmod 0700 "$fresh/converge"
install -m 0400 /srv/ohpc/state/munge/munge.key "$fresh/munge.key"
slurm_version >"$fresh/slurm-version"
echo "$next" >"$fresh/generation"
# What makes stock machines nodes, with the Ansible that the master itself was made by, if it was.
wanted=$(cat "$fresh/software")
software=$root/software/$wanted
`;

/** Gives `$fresh` to the nodes, whose software is `$wanted`. */
export const PUBLISH = String.raw`
before=$(readlink "$root/current" || true)
find "$root/software" -mindepth 1 -maxdepth 1 ! -name "$wanted" ! -name "$(cat "$root/$before/software" 2>/dev/null)" -exec rm -rf {} +
mv -T "$fresh" "$generations/$next"
sync -f "$root"
ln -sfn "generations/$next" "$root/current.new"
mv -fT "$root/current.new" "$root/current"
find "$generations" -mindepth 1 -maxdepth 1 ! -name "$next" ! -name "$(basename "$before")" -exec rm -rf {} +
cd "$root/current"
awk 'NR == FNR { nodes[$1] = 1; next } $2 in nodes' nodes hosts >/run/ohpc-kick
setsid --fork python3 -IS ask.py kick </run/ohpc-kick >/dev/null 2>&1
`;
