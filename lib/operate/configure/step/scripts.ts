import type { Effect, Json, Step } from "./step";

/** What one step's inspection gave. */
export interface Inspection {
  readonly exitCode: number;
  readonly stdout: string;
  /** The end of it. */
  readonly stderr: string;
}

/**
 * One script that inspects all steps at once, each in a shell of its own, so that looking costs one round trip.
 * It reads the desired states, one line of JSON each, and prints one line for each, for `parseInspections`.
 */
export function inspectScript(steps: readonly Step[]): string {
  const looks = steps.map(
    ({ inspect }, k) =>
      `(set -euo pipefail\n${inspect}\n) < <(sed -n ${k + 1}p "$ohpc_looks/desired") >"$ohpc_looks/${k}.out" 2>"$ohpc_looks/${k}.err" &\nohpc_pids+=($!)`,
  );
  // Not in /tmp, which may be full.
  return `ohpc_looks=$(mktemp -d -p /run 2>/dev/null || mktemp -d)
trap 'rm -rf "$ohpc_looks"' EXIT
cat >"$ohpc_looks/desired"
ohpc_pids=()
${looks.join("\n")}
for ohpc_k in "\${!ohpc_pids[@]}"; do
  ohpc_code=0
  wait "\${ohpc_pids[ohpc_k]}" || ohpc_code=$?
  printf '%s %s %s\\n' "$ohpc_code" "$(base64 -w0 "$ohpc_looks/$ohpc_k.out")" "$(tail -c 4000 "$ohpc_looks/$ohpc_k.err" | base64 -w0)"
done
`;
}

export function inspectInput(desired: readonly Json[]): string {
  return desired.map((state) => `${JSON.stringify(state)}\n`).join("");
}

export function parseInspections(printed: string): readonly Inspection[] {
  const text = (encoded = "") => Buffer.from(encoded, "base64").toString();
  return printed
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [code, stdout, stderr] = line.split(" ");
      return { exitCode: Number(code), stdout: text(stdout), stderr: text(stderr) };
    });
}

/** How a script that fails says which of the machine's disks hold nothing more: programs only say that some disk does. */
export const FULL_DISK = "ohpc: no room left on ";

// One that is read-only is always full.
const TELL_FULL_DISKS = `ohpc_full_disks() {
  local ohpc_disk
  timeout 5 df --local --block-size=1K --output=avail,itotal,iavail,target 2>/dev/null |
    awk 'NR > 1 && $4 !~ /^\\/(dev|proc|sys|etc)(\\/|$)/ && ($1 < 64 || ($2 + 0 > 0 && $3 < 8)) { print $4 }' |
    while IFS= read -r ohpc_disk; do if [ -w "$ohpc_disk" ]; then echo "${FULL_DISK}$ohpc_disk"; fi; done
}
trap 'ohpc_code=$?; [ "$ohpc_code" = 0 ] || ohpc_full_disks >&2' EXIT`;

/** Applies a step and looks again, in one round trip: what it prints is the new state, what `apply` says goes to standard error. */
export function applyScript({ apply, inspect }: Step, effect: Effect): string {
  return `${TELL_FULL_DISKS}
export OHPC_EFFECT='${effect}'
ohpc_desired=$(cat)
(set -euo pipefail
${apply}
) <<<"$ohpc_desired" 1>&2
(set -euo pipefail
${inspect}
) <<<"$ohpc_desired"
`;
}
