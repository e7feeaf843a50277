import { expandHosts } from "./hostlist";

/** A key as it was written, and its value without quotes. */
export interface ConfEntry {
  readonly key: string;
  readonly value: string;
}

/** A slurm.conf taken apart, for comparing. Keys are in lower case: Slurm does not tell `slurmdport` from `SlurmdPort`. */
export interface ParsedSlurmConf {
  readonly settings: ReadonlyMap<string, ConfEntry>;
  /** By host, however lines fold them. */
  readonly nodes: ReadonlyMap<string, ReadonlyMap<string, ConfEntry>>;
  /** By name. */
  readonly partitions: ReadonlyMap<string, ReadonlyMap<string, ConfEntry>>;
}

/** Reads what `renderSlurmConf` writes, and what people do to such a file; not `Include`, which ohpc never writes. */
export function parseSlurmConf(text: string): ParsedSlurmConf {
  const settings = new Map<string, ConfEntry>();
  const nodes = new Map<string, ReadonlyMap<string, ConfEntry>>();
  const partitions = new Map<string, ReadonlyMap<string, ConfEntry>>();
  for (const line of logicalLines(text)) {
    const fields = fieldsOf(line);
    const [first] = fields.keys();
    if (first === "nodename") addNodes(fields, nodes);
    else if (first === "partitionname") partitions.set(fields.get(first)?.value ?? "", without(fields, first));
    else for (const [key, entry] of fields) settings.set(key, entry);
  }
  return { settings, nodes, partitions };
}

/** Whether Slurm could make anything of it: its hostlists end, and it has what every slurm.conf must have. */
export function isWholeSlurmConf(text: string): boolean {
  try {
    const { settings } = parseSlurmConf(text);
    return settings.has("clustername") && settings.has("slurmctldhost");
  } catch {
    return false;
  }
}

/**
 * Whether a file, damaged or not, is the slurm.conf of another cluster than the second. The name of one that ends soon after
 * may be half of it: that of a file without its SlurmctldHost, which comes next, does not count.
 */
export function isOfAnother(text: string, ours: string): boolean {
  const value = (conf: string, key: string) =>
    logicalLines(conf)
      .map((line) => fieldsOf(line).get(key)?.value)
      .findLast((found) => found !== undefined);
  if (value(text, "slurmctldhost") === undefined) return false;
  const name = value(text, "clustername");
  return name !== undefined && name !== value(ours, "clustername");
}

/** Hosts of one line share one map, except for their addresses: a line may stand for thousands. */
function addNodes(fields: ReadonlyMap<string, ConfEntry>, nodes: Map<string, ReadonlyMap<string, ConfEntry>>): void {
  const hosts = expandHosts(fields.get("nodename")?.value ?? "");
  const address = fields.get("nodeaddr");
  const addresses = address === undefined ? [] : expandHosts(address.value);
  const shared = without(without(fields, "nodename"), "nodeaddr");
  hosts.forEach((host, k) => {
    const own = addresses[k];
    nodes.set(host, own === undefined ? shared : new Map([...shared, ["nodeaddr", { key: "NodeAddr", value: own }]]));
  });
}

function logicalLines(text: string): readonly string[] {
  return text
    .replace(/\\\r?\n/g, " ")
    .split(/\r?\n/)
    .map((line) => line.replace(/#.*$/, "").trim())
    .filter((line) => line !== "");
}

function fieldsOf(line: string): ReadonlyMap<string, ConfEntry> {
  const fields = new Map<string, ConfEntry>();
  for (const [, key = "", quoted, plain = ""] of line.matchAll(/([A-Za-z][A-Za-z0-9]*)\s*=\s*(?:"([^"]*)"|(\S*))/g)) {
    fields.set(key.toLowerCase(), { key, value: quoted ?? plain });
  }
  return fields;
}

function without(fields: ReadonlyMap<string, ConfEntry>, key: string): ReadonlyMap<string, ConfEntry> {
  return new Map([...fields].filter(([one]) => one !== key));
}
