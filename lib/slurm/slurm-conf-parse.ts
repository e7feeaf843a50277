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
