import { isDeepStrictEqual } from "node:util";
import { z } from "zod";

export type Action = "create" | "update" | "replace" | "delete";

/** What losing it means. `machine`, `disk` and `network` are what a cluster is made of; `glue` can be made again at any time. */
export type ResourceKind = "machine" | "disk" | "attachment" | "network" | "glue" | "other";

export interface PlannedChange {
  readonly address: string;
  readonly action: Action;
  readonly kind: ResourceKind;
  /** What people call it: the host, the volume; else the address. */
  readonly name: string;
  /** Terraform's word for why, e.g. `replace_because_tainted`. */
  readonly reason?: string | undefined;
  /** Of an update: whether its vendor stops the machine for it, or the one that the disk is attached to, and starts it again. */
  readonly stops?: boolean | undefined;
}

export interface PlanVerdict {
  readonly changes: readonly PlannedChange[];
  /** What would be lost with all that is on it: needs consent. */
  readonly losses: readonly PlannedChange[];
}

/**
 * Sorts what a plan does into what may simply be done and what needs consent. Pure.
 *
 * `gone` are the addresses that we asked to be replaced because nothing is there any more: no loss.
 * Neither is a tainted resource, whose creation never succeeded.
 */
export function judgePlan(shown: unknown, gone: readonly string[] = []): PlanVerdict {
  const { resource_changes: resourceChanges } = planSchema.parse(shown);
  const changes = resourceChanges.flatMap((resource) => {
    const action = resource.mode === "managed" ? actionOf(resource.change.actions) : undefined;
    if (action === undefined) return [];
    const values = resource.change.before ?? resource.change.after;
    const change: PlannedChange = {
      address: resource.address,
      action,
      kind: isMastersIdentity(resource.address) ? "glue" : kindOf(resource.type, values),
      name: hostKey(resource.address) ?? ownName(values) ?? resource.address,
      reason: resource.action_reason,
      ...(action === "update" && stopsMachine(resource.type, resource.change) ? { stops: true } : {}),
    };
    return [change];
  });
  const nothingThere = new Set(gone);
  // Another disk in the place of one that is in use; where the machine goes, too, it is no loss of its own.
  const machinesGo = changes.some(({ kind, action }) => kind === "machine" && action !== "create");
  const losses = changes.filter(
    ({ action, kind, address, reason, stops }) =>
      (action === "replace" || action === "delete" || stops === true) &&
      kind !== "glue" &&
      !(kind === "attachment" && (action === "delete" || machinesGo)) &&
      reason !== "replace_because_tainted" &&
      !nothingThere.has(address),
  );
  return { changes, losses };
}

/**
 * Attributes that a provider stops a machine for when it changes them, and starts it again.
 *
 * aws_instance: `instance_type`, `ebs_optimized` and the capacity reservation, as ModifyInstanceAttribute and
 * ModifyInstanceCapacityReservationAttributes of EC2 want it stopped. azurerm_linux_virtual_machine (4.55): `shouldShutDown`
 * and `shouldDeallocate` of its update; azurerm_managed_disk: what it detaches, or deallocates its machine for.
 */
const STOPPED_FOR: Readonly<Record<string, readonly string[]>> = {
  aws_instance: ["instance_type", "ebs_optimized", "capacity_reservation_specification"],
  azurerm_linux_virtual_machine: [
    ...["size", "os_disk", "proximity_placement_group_id", "dedicated_host_id", "dedicated_host_group_id"],
    ...[
      "capacity_reservation_group_id",
      "encryption_at_host_enabled",
      "additional_capabilities",
      "network_interface_ids",
    ],
    ...["disk_controller_type"],
  ],
  azurerm_managed_disk: ["disk_size_gb", "storage_account_type", "disk_encryption_set_id"],
};

function stopsMachine(
  type: string,
  { before, after }: { readonly before?: unknown; readonly after?: unknown },
): boolean {
  const [was, is] = [before, after] as readonly (Readonly<Record<string, unknown>> | null | undefined)[];
  return (STOPPED_FOR[type] ?? []).some((key) => !isDeepStrictEqual(was?.[key], is?.[key]));
}

/** Hosts whose machines their vendor stops for a change, and starts again. */
export function machinesStopped(changes: readonly PlannedChange[]): readonly string[] {
  return changes.filter(({ kind, stops }) => kind === "machine" && stops === true).map(({ name }) => name);
}

/** Hosts whose machines go, are made anew, or stop for a while: no job outlives it there. */
export function machinesTaken(changes: readonly PlannedChange[]): readonly string[] {
  return [...machinesIn(changes, ["replace", "delete"]), ...machinesStopped(changes)];
}

/** Hosts whose machines a plan deals with in one of these ways; also those that somebody took away already. */
export function machinesIn(changes: readonly PlannedChange[], actions: readonly Action[]): readonly string[] {
  return changes.filter(({ kind, action }) => kind === "machine" && actions.includes(action)).map(({ name }) => name);
}

/**
 * What the master may do in its cloud. Older versions gave every master rights that nothing used, and such a plan takes
 * them away again.
 */
function isMastersIdentity(address: string): boolean {
  return /^(aws_iam_\w+|azurerm_user_assigned_identity|azurerm_role_\w+)\.\S+_machine-identity(_[a-z]+)?_[0-9A-F]{8}$/.test(
    address,
  );
}

/** The key of a resource in a `for_each`, from its address: a host's name. */
export function hostKey(address: string): string | undefined {
  return /\["([^"]+)"\]$/.exec(address)?.[1];
}

/** For people: the host, or Terraform's name without its type and the hash that cdktf puts behind it. */
export function shownAddress(address: string): string {
  return hostKey(address) ?? address.replace(/^\w+\./, "").replace(/_[0-9A-F]{8}$/, "");
}

/** `name` is what the engine and most providers call it. */
function ownName(values: unknown): string | undefined {
  const parsed = namedSchema.safeParse(values);
  return parsed.success ? (parsed.data.input?.name ?? parsed.data.name) : undefined;
}

function actionOf(actions: readonly string[]): Action | undefined {
  const has = (action: string) => actions.includes(action);
  if (has("delete") && has("create")) return "replace";
  return (["create", "update", "delete"] as const).find(has);
}

/** What losing a resource means, by its type and, on `local`, its arguments. */
export function kindOf(type: string, values: unknown): ResourceKind {
  if (type === "terraform_data") {
    const marked = markSchema.safeParse(values);
    if (!marked.success) return "glue";
    return marked.data.input.kind === "volume" ? "disk" : marked.data.input.kind;
  }
  return KINDS.find(([pattern]) => pattern.test(type))?.[1] ?? "other";
}

/** The first that fits. A type that is in no line is somebody's own: losing it needs consent too. */
const KINDS: readonly (readonly [RegExp, ResourceKind])[] = [
  [/^(aws_instance|azurerm_linux_virtual_machine)$/, "machine"],
  [/^(aws_ebs_volume|azurerm_managed_disk|aws_efs_file_system|aws_fsx_\w+_file_system|azurerm_storage_share)$/, "disk"],
  [/^(aws_volume_attachment|azurerm_virtual_machine_data_disk_attachment)$/, "attachment"],
  [/^(aws_vpc|aws_subnet|azurerm_virtual_network|azurerm_subnet|azurerm_resource_group)$/, "network"],
  // An interface goes and comes with its machine, and keeps its address.
  [/_(rule|association|attachment|route|network_interface)$|^(null_resource|random_\w+|time_\w+)$/, "glue"],
];

/** On `local` everything is a `terraform_data`: what is more than glue says so in its input. */
const markSchema = z.looseObject({ input: z.looseObject({ kind: z.enum(["machine", "volume", "network"]) }) });

const namedSchema = z.looseObject({
  name: z.string().optional(),
  input: z.looseObject({ name: z.string().optional() }).optional(),
});

const planSchema = z.looseObject({
  resource_changes: z
    .array(
      z.looseObject({
        address: z.string(),
        mode: z.string(),
        type: z.string(),
        index: z.union([z.string(), z.number()]).optional(),
        action_reason: z.string().optional(),
        change: z.looseObject({ actions: z.array(z.string()), before: z.unknown(), after: z.unknown() }),
      }),
    )
    .default([]),
});
