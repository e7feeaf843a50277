import { createHash } from "node:crypto";
import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";
import { SPEC_FILE } from "../../model/schema-numbers";
import { packageJson } from "../../package/package-json";
import { EFFECTS } from "../../slurm/effects";
import { Duration } from "../../units";
import type { PlannedStep } from "../configure/run-steps";
import { Failure } from "../feedback/failure";
import { NOW, type Treatment } from "../feedback/treatment";
import { operator } from "../scheduler/drain";
import type { SynthesizedStack } from "../stack/synthesis";
import { Terraform } from "../terraform/terraform";
import type { ChangePlan } from "./change-plan";
import type { Ahead } from "./look-ahead";
import type { PreparedStack } from "./prepare-stack";

/** Raised only when an `ohpc` that knows the old one would do harm. */
const PLAN_FILE_SCHEMA = 1;

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const treatmentSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("now") }),
  z.strictObject({ kind: z.literal("requeue") }),
  z.strictObject({ kind: z.literal("wait"), seconds: z.number().positive() }),
]);

const planFileSchema = z.strictObject({
  schema: z.literal(PLAN_FILE_SCHEMA),
  /** Version of `ohpc` that wrote it. */
  ohpc: z.string(),
  /** ISO 8601. */
  made: z.string(),
  by: z.string(),
  stack: z.string(),
  /** What the app made: Terraform's definition and the spec. */
  definition: hash,
  spec: hash,
  terraform: z.strictObject({
    /** `local`, `http`, `s3`… */
    backend: z.string(),
    /** Absent: nothing was ever applied. */
    state: z.strictObject({ lineage: z.string(), serial: z.number() }).optional(),
    /** Of a state in a file: the folder that it belongs to, as a hash. */
    folder: hash.optional(),
    /** Terraform's own plan, base64; absent: it has nothing to do. */
    plan: z.string().optional(),
  }),
  seen: z.strictObject({
    /** Addresses of what was removed by hand, and hosts that did not run. */
    missing: z.array(z.string()),
    stopped: z.array(z.string()),
    /** What each step found that had something to do, as a hash; absent: nobody could look. */
    steps: z.record(z.string(), hash).optional(),
  }),
  treatment: treatmentSchema,
  takeOver: z.boolean().optional(),
  batch: z.int().positive().optional(),
  maxEffect: z.enum(EFFECTS).optional(),
  plan: z.looseObject({
    cluster: z.string(),
    command: z.string(),
    changes: z.boolean(),
    effect: z.enum(EFFECTS),
    scopes: z.array(z.string()),
  }),
});

export type PlanFile = z.infer<typeof planFileSchema>;

/** A plan file as it was read. */
export interface ReadPlan {
  readonly content: PlanFile;
  /** Of its whole text: the same file is applied once. */
  readonly id: string;
  readonly path: string;
}

export interface PlanFileInput {
  readonly prepared: PreparedStack;
  readonly ahead: Ahead;
  readonly plan: ChangePlan;
  readonly options: {
    readonly treatment?: Treatment | undefined;
    readonly takeOver?: boolean | undefined;
    readonly batch?: number | undefined;
    readonly maxEffect?: PlanFile["maxEffect"];
  };
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Writes a plan for `ohpc apply`, readable by its owner alone: Terraform's plan holds a copy of the state.
 *
 * @returns its absolute path
 */
export async function writePlanFile(path: string, input: PlanFileInput): Promise<string> {
  const { prepared, ahead, plan, options, env } = input;
  const { planned, stack } = prepared;
  const { treatment = NOW, takeOver, batch, maxEffect } = options;
  const terraform = new Terraform(stack.directory, env);
  const backend = terraform.backend();
  const state = await terraform.stateVersion();
  const content: PlanFile = {
    schema: PLAN_FILE_SCHEMA,
    ohpc: packageJson().version,
    made: new Date().toISOString(),
    by: operator(),
    stack: stack.name,
    ...definitionOf(stack),
    terraform: {
      backend,
      state,
      folder: backend === "local" ? folderOf(stack) : undefined,
      plan: planned.plan.changesAnything ? readFileSync(planned.plan.file).toString("base64") : undefined,
    },
    seen: { ...seenOf(planned), steps: ahead.steps === undefined ? undefined : stepsSeen(ahead.steps) },
    treatment: treatment.kind === "wait" ? { kind: "wait", seconds: treatment.limit.toSeconds() } : treatment,
    takeOver,
    batch,
    maxEffect,
    plan: { ...plan, scopes: [...plan.scopes] },
  };
  const file = resolve(path);
  const fresh = `${file}.${process.pid}.new`;
  try {
    writeFileSync(fresh, `${JSON.stringify(content, undefined, 1)}\n`, { mode: 0o600, flag: "wx" });
    chmodSync(fresh, 0o600);
    renameSync(fresh, file);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Failure("usage", `the plan cannot be written to ${file}: ${why}`, {
      code: "plan.unwritable",
      remedy: "name another file after --out",
    });
  }
  return file;
}

const LARGEST = 256 * 1024 * 1024;

/** @throws Failure if it is no plan file, or of a version that this one does not know */
export function readPlanFile(path: string): ReadPlan {
  const file = resolve(path);
  const text = textOf(file);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw notAPlan(file, "it is not JSON");
  }
  const { schema } = z.looseObject({ schema: z.unknown() }).catch({ schema: undefined }).parse(json);
  if (typeof schema === "number" && schema > PLAN_FILE_SCHEMA) {
    throw new Failure("usage", `${file} was written by a newer ohpc`, {
      code: "plan.newer",
      remedy: "apply it with that one, or make a plan with this one",
    });
  }
  const parsed = planFileSchema.safeParse(json);
  if (!parsed.success) {
    const wrong = [...new Set(parsed.error.issues.map(({ path: at }) => at.join(".")))].filter(Boolean).slice(0, 5);
    throw notAPlan(file, wrong.length === 0 ? "it has no schema" : `wrong: ${wrong.join(", ")}`);
  }
  return { content: parsed.data, id: createHash("sha256").update(text).digest("hex"), path: file };
}

function notAPlan(file: string, why: string): Failure {
  return new Failure("usage", `${file} is no plan: ${why}`, {
    code: "plan.unreadable",
    remedy: "ohpc plan STACK --out FILE makes one",
  });
}

/** Text of a file that is one: a pipe would never end. */
function textOf(file: string): string {
  try {
    const opened = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const { size } = fstatSync(opened);
      if (!fstatSync(opened).isFile() || size > LARGEST) throw new Error("it is no file, or too large");
      return readFileSync(opened, "utf8");
    } finally {
      closeSync(opened);
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw notAPlan(file, why);
  }
}

/** How jobs are treated that are in the way. Pure. */
export function treatmentOf({ treatment }: Pick<PlanFile, "treatment">): Treatment {
  return treatment.kind === "wait" ? { kind: "wait", limit: Duration.seconds(treatment.seconds) } : treatment;
}

export function definitionOf({
  directory,
}: Pick<SynthesizedStack, "directory">): Pick<PlanFile, "definition" | "spec"> {
  const of = (name: string) => sha256(readFileSync(join(directory, name)));
  return { definition: of("cdk.tf.json"), spec: of(SPEC_FILE) };
}

/** Another folder has another state. */
export function folderOf({ directory }: Pick<SynthesizedStack, "directory">): string {
  return sha256(Buffer.from(realpathSync(directory)));
}

export function seenOf({ missing, stopped }: PreparedStack["planned"]): Pick<PlanFile["seen"], "missing" | "stopped"> {
  return { missing: [...missing].sort(), stopped: [...stopped].sort() };
}

/** What steps found that have something to do. Pure. */
export function stepsSeen(steps: readonly PlannedStep[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    steps
      .filter(({ differences }) => differences.length > 0)
      .map(({ step, before, after }) => [step.id, sha256(Buffer.from(JSON.stringify([before, after])))]),
  );
}

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
