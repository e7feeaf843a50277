import { createHash } from "node:crypto";
import type { ConfScope, Effect } from "../../lib/slurm/effects";

/** A key of slurm.conf, and another value than the one that it has. */
export interface Trial {
  /** What has the key. @default "cluster" */
  readonly of?: ConfScope;
  readonly key: string;
  /** Absent: the key goes, or the node or partition that it names. */
  readonly to?: string;
  /** The node or partition that has the key. @default - the first one */
  readonly at?: string;
  /** Other keys of the cluster that are set before and after. */
  readonly with?: Readonly<Record<string, string>>;
  /** Where its jobs run, as options of `sbatch` and `srun`. @default - on the first node */
  readonly jobs?: string;
  /** A script for the master, before. */
  readonly prepare?: string;
  /** What the manual says, where not all of it can be seen: the effect is no weaker. */
  readonly atLeast?: { readonly effect: Effect; readonly why: string };
}

/** What was seen when a key got another value while a batch job, a step of it and an `srun` from outside ran. */
export interface Observation {
  readonly from: string;
  readonly to: string;
  /** What became of `scontrol reconfigure`. */
  readonly reconfigure: "taken" | "refused" | "ends slurmctld";
  /** After which action the daemons showed what they show in the end. Of most keys that are slurmd's alone nothing shows. */
  readonly inForce: Action | "not shown";
  /** Whether `scontrol reconfigure` made slurmd a new process that had read the controller's file. */
  readonly node: "new process" | "as before";
  /** What became of the jobs. */
  readonly jobs: Readonly<Record<Action, string>>;
}

/** In the order in which they are done. */
export const ACTIONS = ["reconfigure", "restart slurmctld", "restart slurmd"] as const;
export type Action = (typeof ACTIONS)[number];

/** What is said of jobs that ran to their good end. */
export const GO_ON = "go on";

/** The weakest effect that brings the value into force and that jobs survive, as far as it shows. */
export function effectSeen({ inForce, jobs, reconfigure }: Observation, { of = "cluster", atLeast }: Trial): Effect {
  if (atLeast !== undefined) return atLeast.effect;
  // Jobs of a node or partition that goes, or becomes another, lose it by what is wanted, however Slurm is told.
  const survive = (action: Action) => of !== "cluster" || jobs[action] === GO_ON;
  const from = inForce === "not shown" ? "reconfigure" : inForce;
  if (reconfigure === "taken" && from === "reconfigure" && survive("reconfigure")) return "reconfigure";
  if (from !== "restart slurmd" && survive("restart slurmctld")) return "restart slurmctld";
  return "drain and restart slurmd";
}

/** What the daemons show, by its name. */
type Shown = ReadonlyMap<string, string>;

interface Machines {
  inside(host: string, ...command: readonly string[]): Promise<string>;
}

/** A value that Slurm does not run with. */
export class NotLegal extends Error {
  override readonly name = "NotLegal";
}

/**
 * Changes keys of slurm.conf on a real cluster by hand, one at a time, while jobs run, and tells what it sees. Node units,
 * which would mend what it does, stand still meanwhile.
 */
export class EffectProbe {
  private base = "";

  /**
   * @param nodes - all that the cluster has
   * @param user - whose jobs run
   */
  constructor(
    private readonly machines: Machines,
    private readonly nodes: readonly string[],
    private readonly user: string,
  ) {}

  /** Before the first trial. */
  async begin(): Promise<void> {
    this.base = await this.on("master", "cat /etc/slurm/slurm.conf");
    // Its unit has done all that it does at boot by then.
    await this.on("master", THERE, this.nodes.join(","));
    await this.onNodes("systemctl stop ohpc-node.timer ohpc-node.service");
    await this.reset();
  }

  /** After the last one: the cluster is what it was. */
  async end(): Promise<void> {
    await this.reset();
    await this.onNodes("systemctl start ohpc-node.timer");
  }

  /** Of Slurm: `24.11.5`. */
  async version(): Promise<string> {
    return (await this.on("master", "slurmctld -V")).trim().replace(/^\S+ /, "");
  }

  /**
   * Tries many at once, and those of which not all is well in halves, down to one.
   *
   * @param tell - is called for each, as soon as it is known
   */
  async measureAll(
    trials: readonly Trial[],
    tell: (trial: Trial, seen: Observation | NotLegal) => void,
  ): Promise<void> {
    const [only] = trials;
    if (only === undefined) return;
    const measured = trials.length === 1 ? undefined : await this.harmless(trials);
    if (measured !== undefined) {
      trials.forEach((trial, k) => {
        tell(trial, measured[k]!);
      });
    } else if (trials.length === 1) {
      tell(only, await this.measure(only).catch(unlessNotLegal));
    } else {
      const middle = Math.ceil(trials.length / 2);
      await this.measureAll(trials.slice(0, middle), tell);
      await this.measureAll(trials.slice(middle), tell);
    }
  }

  /** @throws NotLegal */
  async measure(trial: Trial): Promise<Observation> {
    if (trial.prepare !== undefined) await this.on("master", trial.prepare);
    const before = Object.entries(trial.with ?? {}).reduce(
      (conf, [key, to]) => changed(conf, { key, to }).conf,
      this.base,
    );
    const { conf: after, from } = changed(before, trial);
    const { fate, shown, ...seen } = await this.round(trial, before, after, ACTIONS);
    const observation = { from, to: trial.to ?? "", inForce: inForceSince(shown, trial), ...seen };
    if (fate === GO_ON) return { ...observation, jobs: byAction(() => GO_ON) };
    // Which of them it was is told by one at a time, each with jobs of its own.
    const fates = new Map<Action, string>();
    for (const action of ACTIONS) fates.set(action, (await this.round(trial, before, after, ALONE[action])).fate);
    return { ...observation, jobs: byAction((action) => fates.get(action) ?? "") };
  }

  /** All at once; `undefined` if not all are taken by `scontrol reconfigure`, in force after it, and let jobs go on. */
  private async harmless(trials: readonly Trial[]): Promise<readonly Observation[] | undefined> {
    const [first] = trials;
    if (first === undefined) return undefined;
    try {
      const after = trials.reduce((conf, trial) => changed(conf, trial).conf, this.base);
      const { fate, shown, ...seen } = await this.round(first, this.base, after, ACTIONS);
      if (fate !== GO_ON || seen.reconfigure !== "taken" || seen.node !== "new process") return undefined;
      const measured = trials.map((trial): Observation => {
        const { from } = changed(this.base, trial);
        return { from, to: trial.to ?? "", inForce: inForceSince(shown, trial), ...seen, jobs: byAction(() => GO_ON) };
      });
      return measured.every(({ inForce }) => !inForce.startsWith("restart")) ? measured : undefined;
    } catch (error) {
      unlessNotLegal(error);
      return undefined;
    }
  }

  /** @throws NotLegal */
  private async round(
    trial: Trial,
    before: string,
    after: string,
    actions: readonly Action[],
  ): Promise<Pick<Observation, "reconfigure" | "node"> & { readonly fate: string; readonly shown: readonly Shown[] }> {
    const parsed = await this.on("master", PARSED, after);
    if (parsed !== "") throw new NotLegal(parsed.trim());
    if (before !== this.base) await this.act("reconfigure", before);
    const jobs = await this.startJobs(trial.jobs ?? `--nodelist=${this.nodes[0] ?? ""}`);
    const shown = [await this.shown()];
    const processes = await this.slurmds();
    let reconfigure: Observation["reconfigure"] = "taken";
    let node: Observation["node"] = "as before";
    for (const action of actions) {
      const code = await this.act(action, after);
      const now = await this.shown();
      shown.push(now);
      if (action === "restart slurmctld" && now.size === 0) {
        await this.reset();
        throw new NotLegal("slurmctld does not run with it");
      }
      if (action !== "reconfigure") continue;
      // Clients that have read the file may not be understood by a controller that has not.
      const runs = now.size > 0 || (await this.on("master", "pgrep -cx slurmctld || true")).trim() !== "0";
      if (code !== 0) reconfigure = runs ? "refused" : "ends slurmctld";
      const hash = createHash("sha256").update(after).digest("hex");
      const slurmds = await this.slurmds();
      if (slurmds.every((slurmd, k) => slurmd.pid !== processes[k]?.pid && slurmd.file === hash)) node = "new process";
    }
    const fate = await this.endJobs(jobs);
    if (fate === GO_ON && reconfigure === "taken") await this.act("reconfigure", this.base);
    else await this.reset();
    return { reconfigure, node, fate, shown };
  }

  /** The exit code of `scontrol reconfigure`. Comes back when controller and nodes are there again, if they are. */
  private async act(action: Action, conf: string): Promise<number> {
    if (action === "restart slurmd") await this.onNodes("timeout 30 systemctl restart slurmd || true");
    return Number(await this.on("master", `${INSTALL}${SCRIPTS[action]}`, conf, this.nodes.join(",")));
  }

  private async startJobs(options: string): Promise<readonly string[]> {
    const started = await this.on("master", START_JOBS, this.user, options);
    return started.trim().split("\n");
  }

  /** Tells the jobs to end, and how they did. */
  private async endJobs(jobs: readonly string[]): Promise<string> {
    const ends = (await this.on("master", END_JOBS, this.user, ...jobs)).trim().split("\n");
    const fates = ["batch job", "srun"].flatMap((job, k) => {
      const [state = "", restarts = ""] = ends[k]?.split(" ") ?? [];
      if (state === "COMPLETED" && restarts === "0") return [];
      if (state === "RUNNING") return [`${job} never ends`];
      return [`${job} ${restarts === "0" ? state : "starts anew"}`];
    });
    return fates.join(", ") || GO_ON;
  }

  /** All that the daemons show of their settings; nothing if there is no controller. */
  private async shown(): Promise<Shown> {
    const [controller, slurmds] = await Promise.all([this.on("master", SHOWN), this.onNodes(SHOWN_BY_SLURMD)]);
    if (!controller.includes("SLURM_VERSION")) return new Map();
    const own = slurmds.map((lines, k) => lines.replaceAll(/^(?=.)/gm, `${this.nodes[k] ?? ""}:`));
    const lines = [controller, ...own].flatMap((text) => text.split("\n"));
    return new Map(lines.map((line) => [line.split("=")[0]?.trim() ?? "", line]));
  }

  private async slurmds(): Promise<readonly { readonly pid: string; readonly file: string }[]> {
    const script =
      "systemctl show --value --property=MainPID slurmd; sha256sum </run/slurm/conf/slurm.conf | cut -d' ' -f1";
    return (await this.onNodes(script)).map((said) => {
      const [pid = "", file = ""] = said.split("\n");
      return { pid, file };
    });
  }

  /** The cluster as it was, without a job. */
  private async reset(): Promise<void> {
    await this.on("master", `${INSTALL}timeout 5 scancel --user="$2" || true`, this.base, this.user);
    await this.act("restart slurmctld", this.base);
    // A step whose srun is gone is not ended by anything else.
    await this.onNodes("systemctl kill --kill-whom=all --signal=KILL slurmd || true");
    await this.act("restart slurmd", this.base);
    await this.on("master", QUIET, this.user, this.nodes.join(","));
  }

  private async onNodes(script: string, ...args: readonly string[]): Promise<readonly string[]> {
    return Promise.all(this.nodes.map(async (node) => this.on(node, script, ...args)));
  }

  private async on(host: string, script: string, ...args: readonly string[]): Promise<string> {
    return this.machines.inside(host, "bash", "-c", script, "probe", ...args);
  }
}

/** What comes before a restart of slurmd without jobs of its own: nodes ask a slurmctld that has read the file. */
const ALONE: Readonly<Record<Action, readonly Action[]>> = {
  reconfigure: ["reconfigure"],
  "restart slurmctld": ["restart slurmctld"],
  "restart slurmd": ["restart slurmctld", "restart slurmd"],
};

const INSTALL = `
if [ "$(cat /etc/slurm/slurm.conf; echo .)" != "$1." ]; then
  printf %s "$1" >/etc/slurm/slurm.conf.new
  mv -f /etc/slurm/slurm.conf.new /etc/slurm/slurm.conf
fi
`;

/** What clients say of a file that they do not take. */
const PARSED = `
mkdir -p /tmp/parsed
printf %s "$1" >/tmp/parsed/slurm.conf
SLURM_CONF=/tmp/parsed/slurm.conf scontrol show hostnames x 2>&1 >/dev/null | grep -iE 'error|fatal' || true
`;

const ANSWERS = `
while [ "$SECONDS" -lt 12 ]; do
  if timeout 8 scontrol ping 2>/dev/null | grep -q 'is UP'; then break; fi
  sleep 0.05
done
`;

/** A node that does not come is seen by what becomes of its jobs. */
const SETTLED = `
while [ "$SECONDS" -lt 20 ]; do
  if ! timeout 8 sinfo --noheader --format=%T --nodes="$2" | grep -qE '[*]|unk|down'; then break; fi
  sleep 0.1
done
`;

/** After its own restart slurmctld asks nodes seconds later; jobs do not wait for that. */
const SCRIPTS: Readonly<Record<Action, string>> = {
  reconfigure: `code=0; timeout 30 scontrol reconfigure >/dev/null 2>&1 || code=$?; ${ANSWERS}${SETTLED} echo $code`,
  "restart slurmctld": `timeout 30 systemctl restart slurmctld >/dev/null 2>&1 || true; ${ANSWERS} echo 0`,
  "restart slurmd": `${SETTLED} echo 0`,
};

const THERE = `
while [ "$SECONDS" -lt 200 ]; do
  if [ "$(sinfo --noheader --format=%T --nodes="$1" | sort -u)" = idle ]; then exit 0; fi
  sleep 0.2
done
exit 1
`;

/** A batch job with a step, and a step from outside; all run when it comes back. */
const START_JOBS = String.raw`
set -e
cd "$(getent passwd "$1" | cut -d: -f6)"
rm -f go step outside
wait='until [ -e ~/go ]; do sleep 0.1; done'
runuser --login "$1" --command "sbatch --parsable --output=/dev/null --ntasks=1 --mem=100 $2 --wrap \"srun bash -c 'touch ~/step; $wait'\""
(runuser --login "$1" --command "srun --job-name=outside --ntasks=1 --mem=100 $2 bash -c 'touch ~/outside; $wait'" >/dev/null 2>&1 </dev/null &)
for ((k = 0; k < 300; k++)); do
  if [ -e step ] && [ -e outside ]; then break; fi
  sleep 0.1
done
ls step outside >/dev/null
squeue --noheader --user="$1" --name=outside --states=running --format=%A
`;

/** Of each job its state and how often it was begun anew, when all are over or do not end. */
const END_JOBS = String.raw`
touch "$(getent passwd "$1" | cut -d: -f6)/go"
shift
while [ "$SECONDS" -lt 20 ]; do
  ends=$(for job in "$@"; do
    said=$(timeout 8 scontrol --oneliner show job "$job" 2>/dev/null || true)
    echo "$(grep -oP 'JobState=\K\S+' <<<"$said") $(grep -oP 'Restarts=\K\S+' <<<"$said")"
  done)
  if ! grep -qE 'RUNNING|COMPLETING|PENDING|^ $' <<<"$ends"; then break; fi
  sleep 0.1
done
echo "$ends"
`;

const QUIET = `
scancel --user="$1" || true
for ((k = 0; k < 300; k++)); do
  # What is completing for ever, on a node or in a partition that has come back, is over with a node that is down.
  if [ "$k" = 20 ]; then scontrol update nodename="$2" state=down reason=probe || true; fi
  scontrol update nodename="$2" state=resume 2>/dev/null || true
  if [ -z "$(squeue --noheader)" ] && [ "$(sinfo --noheader --format=%T --nodes="$2" | sort -u)" = idle ]; then exit 0; fi
  sleep 0.1
done
squeue
sinfo --long --Node
exit 1
`;

/** Without what changes by itself. */
const SHOWN = `
timeout 8 scontrol show config 2>/dev/null | grep ' = ' | grep -vE '^(BOOT_TIME|HASH_VAL|NEXT_JOB_ID|MULTIPLE_SLURMD) '
timeout 8 scontrol --oneliner show nodes 2>/dev/null | while read -r line; do
  name=\${line%% *}
  grep -oE '\\b(CoresPerSocket|CPUTot|CPUEfctv|AvailableFeatures|Gres|RealMemory|Sockets|ThreadsPerCore|Weight|Partitions)=[^ ]*' <<<"$line" | sed "s/^/$name /;s/=/ /2;s/^NodeName=/node /"
done | sed 's/ /:/;s/ /:/;s/=/ /;s/ /=/'
timeout 8 scontrol --oneliner show partitions 2>/dev/null | while read -r line; do
  name=\${line%% *}; name=\${name#*=}
  tr ' ' '\\n' <<<"$line" | grep = | grep -v '^State=' | sed "s/^/partition:$name:/"
done
true`;

const SHOWN_BY_SLURMD = `
timeout 8 scontrol show slurmd 2>/dev/null | grep -E '^Slurmd (Debug|Logfile)' || true`;

/** The first action after which all that is shown of the key was as it was in the end. */
function inForceSince(shown: readonly Shown[], { of = "cluster", key }: Trial): Observation["inForce"] {
  const [first, last] = [shown[0] ?? new Map<string, string>(), shown.at(-1) ?? new Map<string, string>()];
  const mine = (name: string) => of !== "cluster" || plain(name) === key.toLowerCase();
  const names = [...new Set([...first.keys(), ...last.keys()])].filter(
    (name) => mine(name) && first.get(name) !== last.get(name),
  );
  if (names.length === 0) return "not shown";
  const k = shown.findIndex((now) => names.every((name) => now.get(name) === last.get(name)));
  return ACTIONS[k - 1] ?? "not shown";
}

/** `Prolog[0]` and `cpu-1:Slurmd Debug` as keys of slurm.conf. */
function plain(name: string): string {
  return name
    .replace(/^.*:|\[.*$/g, "")
    .replaceAll(" ", "")
    .toLowerCase();
}

/** slurm.conf with the key changed, in the line of what has it. */
function changed(
  conf: string,
  { of = "cluster", at, key, to }: Trial,
): { readonly conf: string; readonly from: string } {
  const lines = conf.split("\n");
  const first = { cluster: key, node: "NodeName", partition: "PartitionName" }[of];
  const k = lines.findIndex(
    (line) => new RegExp(`^${first}=`, "i").test(line) && (at === undefined || line.startsWith(`${first}=${at} `)),
  );
  const line = lines[k] ?? "";
  if (of === "cluster" || key === first) {
    const from = /=(\S*)/.exec(line)?.[1] ?? "";
    // A node or partition that is added comes behind the last.
    if (k === -1 || (key === first && to !== undefined && of !== "cluster")) {
      return {
        conf: `${conf}${of === "cluster" ? `${key}=${to ?? ""}` : (to ?? "")}\n`,
        from: of === "cluster" ? from : "",
      };
    }
    return { conf: lines.toSpliced(k, 1, ...(to === undefined ? [] : [`${key}=${to}`])).join("\n"), from };
  }
  const field = new RegExp(`( ${key}=)(\\S*)`);
  const from = field.exec(line)?.[2] ?? "";
  const rest = line.replace(field, "");
  return { conf: lines.toSpliced(k, 1, to === undefined ? rest : `${rest} ${key}=${to}`).join("\n"), from };
}

function unlessNotLegal(error: unknown): NotLegal {
  if (error instanceof NotLegal) return error;
  throw error;
}

function byAction(fate: (action: Action) => string): Observation["jobs"] {
  const [reconfigure, slurmctld, slurmd] = ACTIONS;
  return { [reconfigure]: fate(reconfigure), [slurmctld]: fate(slurmctld), [slurmd]: fate(slurmd) };
}
