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

/**
 * Looks at a step and, if it is not so, applies it and looks again: one round trip where what was seen before may not be so
 * any more. Prints a line for `parseInspections`, and then, if it was applied, the new state.
 */
export function lookAndApplyScript(step: Step, effect: Effect): string {
  return `ohpc_desired=$(cat)
ohpc_looks=$(mktemp -d -p /run 2>/dev/null || mktemp -d)
ohpc_code=0
(set -euo pipefail
${step.inspect}
) <<<"$ohpc_desired" >"$ohpc_looks/out" 2>"$ohpc_looks/err" &
wait "$!" || ohpc_code=$?
ohpc_seen=$(cat "$ohpc_looks/out")
printf '%s %s %s\\n' "$ohpc_code" "$(base64 -w0 "$ohpc_looks/out")" "$(tail -c 4000 "$ohpc_looks/err" | base64 -w0)"
rm -rf "$ohpc_looks"
[ "$ohpc_code" = 0 ] || exit 0
# 1: not equal. What is no JSON, or cannot be compared for want of jq, is for the other side to judge.
jq -es '.[0] == .[1]' <(printf %s "$ohpc_seen") <(printf %s "$ohpc_desired") >/dev/null 2>&1 || ohpc_code=$?
[ "$ohpc_code" = 1 ] || exit 0
exec <<<"$ohpc_desired"
${applyScript(step, effect)}`;
}

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
