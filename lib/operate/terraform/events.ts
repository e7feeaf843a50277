import { z } from "zod";

/** One line of what `terraform plan/apply -json` writes, as far as we use it. */
export type TerraformEvent =
  | { readonly kind: "version"; readonly program: "terraform" | "tofu"; readonly version: string }
  | {
      readonly kind: "started" | "completed" | "failed";
      readonly address: string;
      readonly action: string;
      readonly seconds: number;
      /** Of what is made now, once it is. */
      readonly id?: string | undefined;
    }
  | { readonly kind: "provisioner"; readonly address: string; readonly output: string }
  | { readonly kind: "diagnostic"; readonly diagnostic: Diagnostic }
  | { readonly kind: "outputs"; readonly values: Readonly<Record<string, unknown>> };

export interface Diagnostic {
  readonly severity: "error" | "warning";
  readonly summary: string;
  readonly detail: string;
  /** The resource that it is about. */
  readonly address?: string;
}

/** What a line means; `undefined` for lines of no interest to us. Pure. */
export function terraformEvent(line: string): TerraformEvent | undefined {
  const parsed = eventSchema.safeParse(jsonOf(line));
  if (!parsed.success) return undefined;
  const event = parsed.data;
  switch (event.type) {
    case "version":
      return "tofu" in event && event.tofu !== undefined
        ? { kind: "version", program: "tofu", version: event.tofu }
        : { kind: "version", program: "terraform", version: event.terraform ?? "" };
    case "apply_start":
    case "apply_complete":
    case "apply_errored":
      return {
        kind: event.type === "apply_start" ? "started" : event.type === "apply_complete" ? "completed" : "failed",
        address: event.hook.resource.addr,
        action: event.hook.action,
        seconds: event.hook.elapsed_seconds,
        id: event.hook.id_key === "id" ? event.hook.id_value : undefined,
      };
    case "provision_progress":
      // Terraform tells the whole command first; people want to know what it does.
      if (event.hook.output.startsWith("Executing: [")) return undefined;
      return { kind: "provisioner", address: event.hook.resource.addr, output: event.hook.output };
    case "diagnostic":
      return { kind: "diagnostic", diagnostic: event.diagnostic };
    case "outputs": {
      const values = Object.entries(event.outputs).filter(([, output]) => output.value !== undefined);
      return { kind: "outputs", values: Object.fromEntries(values.map(([name, { value }]) => [name, value])) };
    }
  }
}

const resource = z.object({ addr: z.string() });
const eventSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("version"), terraform: z.string().optional(), tofu: z.string().optional() }),
  ...(["apply_start", "apply_complete", "apply_errored"] as const).map((type) =>
    z.object({
      type: z.literal(type),
      hook: z.object({
        resource,
        action: z.string(),
        elapsed_seconds: z.number().default(0),
        id_key: z.string().optional(),
        id_value: z.string().optional(),
      }),
    }),
  ),
  z.object({ type: z.literal("provision_progress"), hook: z.object({ resource, output: z.string() }) }),
  z.object({
    type: z.literal("diagnostic"),
    diagnostic: z.object({
      severity: z.enum(["error", "warning"]),
      summary: z.string(),
      detail: z.string().default(""),
      address: z.string().optional(),
    }),
  }),
  z.object({
    type: z.literal("outputs"),
    outputs: z.record(z.string(), z.object({ value: z.unknown().optional() })),
  }),
]);

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
