import { textBeside } from "../../../package/text-beside";
import { Duration } from "../../../units";
import type { Step } from "../step/step";
import { accountsProgram } from "./accounts";
import { SACCTMGR, SLURM_REGISTRY } from "./slurm-accounts";

export type DeparturesState = {
  readonly cluster: string;
  readonly users: readonly { readonly name: string; readonly uid: number }[];
  readonly accounts: readonly string[];
  /** Who and what is still there of those that nobody wants any more. */
  readonly left: readonly string[];
};

/**
 * Users who go, once nobody can log in as them (`accounts`): their jobs are cancelled, also those that are held; then they
 * leave Slurm, then the machine, with their processes; nodes follow by their bundle. Whoever got another number leaves the
 * old one the same way. An account of Slurm's that goes, or that a user has changed, goes when its last job is over.
 * Whoever cannot be removed is named; nobody else waits for it, and no other step needs this one.
 */
export const departures: Step<DeparturesState> = {
  id: "departures",
  title: "users who go",
  needs: ["slurm-accounts", "slurmctld", "runaway-jobs"],
  desired: ({ manifest, spec }) => ({
    cluster: manifest.cluster,
    users: spec.users.users.map(({ name, uid }) => ({ name, uid })).sort((a, b) => (a.name < b.name ? -1 : 1)),
    accounts: [...new Set(spec.users.users.map(({ account }) => account))].sort(),
    left: [],
  }),
  get inspect() {
    return `${look()}look\n`;
  },
  get apply() {
    return `${look()}${SACCTMGR}${textBeside(__dirname, "departures.sh")}`;
  },
  effect: () => "live",
  words: (before) => (before?.left ?? []).map((who) => `- ${who}`),
  remedies: [
    {
      when: /^could not be removed: /m,
      remedy:
        "they cannot log in any more. End their jobs (scancel ID). Where only their records say that jobs are not over, the next run ends those, once slurmctld has forgotten the jobs: five minutes after they ended (MinJobAge). Then run it again",
    },
  ],
  timeout: Duration.minutes(5),
};

function look(): string {
  return String.raw`
${SLURM_REGISTRY}
desired=$(cat)
leaving() {${accountsProgram("leaving", "")}}
forget() {${accountsProgram("remove", '"$@"')}}

# Pairs of user and account that have a job; asked only where it matters.
active() {
  if jq -e --argjson desired "$desired" '(.former | length) + (.accounts - $desired.accounts | length) == 0' >/dev/null; then return; fi
  timeout 30 squeue --all --noheader --format='%u|%a' 2>/dev/null | sort -u || true
}

look() {
  local ours
  ours=$(owned)
  jq -c --argjson ours "$ours" --arg leaving "$(leaving)" --arg active "$(active <<<"$ours")" '
    . as $desired
    | [$desired.users[].name] as $wanted
    | ($active | split("\n") | map(select(. != "") | split("|"))) as $active
    | .left = (
        ([($leaving | split("\n")[] | select(. != "") | split(" ")[0]), ($ours.users | keys[])
            | select(. as $name | $wanted | index($name) | not)] | unique | map("user \(.)"))
        + [$leaving | split("\n")[] | select(. != "") | split(" ") | select(.[0] as $name | $wanted | index($name)) | "uid \(.[1]) of \(.[0])"]
        + [$ours.former[] | select([.user, .account] as $pair | $active | index([$pair]) | not) | "\(.user) in \(.account)"]
        + [($ours.accounts - $desired.accounts)[] | select(. as $name | [$active[][1]] | index($name) | not) | "account \(.)"])
  ' <<<"$desired"
}
`;
}
