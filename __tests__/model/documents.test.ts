import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { z } from "zod";
import { CLUSTER_SPEC_SCHEMA, readClusterSpec } from "../../lib/model/cluster-spec";
import { renderClusterSpec, clusterSpecHash } from "../../lib/model/cluster-spec-text";
import { MANIFEST_SCHEMA, readManifest } from "../../lib/model/manifest";
import { DocumentError, readVersioned } from "../../lib/model/versioned";
import { renderSlurmConf } from "../../lib/slurm/slurm-conf";

function stored(name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(__dirname, "stored", `${name}.json`), "utf8")) as Record<string, unknown>;
}

function every<T>(first: number, last: number, make: (n: number) => T): T[] {
  return Array.from({ length: last - first + 1 }, (_, k) => make(first + k));
}

describe("documents of earlier versions", () => {
  // Schema N and N − 1 must stay readable.
  test.each(every(Math.max(1, MANIFEST_SCHEMA - 1), MANIFEST_SCHEMA, (schema) => schema))(
    "a manifest of schema %i is read, and Slurm's files can be made from it",
    (schema) => {
      const manifest = readManifest(stored(`manifest-${schema}`));
      expect(manifest.schema).toBe(MANIFEST_SCHEMA);
      expect(renderSlurmConf(readClusterSpec(stored(`spec-${schema}`)), manifest)).toContain(
        "NodeName=cpu-[1-4] NodeAddr=10.20.32.[1-4] ",
      );
    },
  );

  test.each(every(Math.max(1, CLUSTER_SPEC_SCHEMA - 1), CLUSTER_SPEC_SCHEMA, (schema) => schema))(
    "a spec of schema %i is read",
    (schema) => {
      expect(readClusterSpec(stored(`spec-${schema}`)).users.users[0]?.uid).toBe(2001);
    },
  );
});

describe("a manifest", () => {
  const [site] = readManifest(stored("manifest-1")).sites;
  const withSite = (more: object) => readManifest({ ...stored("manifest-1"), sites: [{ ...site, ...more }] });

  test("says of sites whose machines were there before how they are introduced, and nothing of others", () => {
    expect(site).not.toHaveProperty("introducedOver");
    expect(withSite({ introducedOver: "ssh" }).sites).toEqual([{ ...site, introducedOver: "ssh" }]);
    expect(() => withSite({ introducedOver: "telnet" })).toThrow(/does not fit its schema[^]*introducedOver/);
  });
});

describe("documents that cannot be read", () => {
  test("are refused by name when a newer version wrote them", () => {
    expect(() => readManifest({ ...stored("manifest-1"), schema: 99 })).toThrow(
      `the manifest has schema 99, written by a newer cdktf-openhpc; this one reads up to ${MANIFEST_SCHEMA}. Update cdktf-openhpc.`,
    );
    expect(() => readClusterSpec({ ...stored("spec-1"), schema: 99 })).toThrow(/^cluster\.json has schema 99/);
  });

  test.each([undefined, null, "text", {}, { schema: "1" }, { schema: 0 }])(
    "are refused when they are none: %j",
    (document) => {
      expect(() => readManifest(document)).toThrow(
        "the manifest has no schema number: it was not written by cdktf-openhpc",
      );
    },
  );

  test("are refused with the place that does not fit", () => {
    const manifest = stored("manifest-1");
    const broken = { ...manifest, master: { ...(manifest["master"] as object), host: 7 }, password: "secret" };
    expect(() => readManifest(broken)).toThrow(DocumentError);
    expect(() => readManifest(broken)).toThrow(/does not fit its schema[^]*password[^]*master\.host/);
  });
});

describe("upgrades", () => {
  const schema = z.strictObject({ schema: z.literal(3), names: z.array(z.string()) });
  const upgrades = {
    1: ({ name, ...rest }: Record<string, unknown>) => ({ ...rest, names: name }),
    2: ({ names, ...rest }: Record<string, unknown>) => ({ ...rest, names: [names] }),
  };
  const read = (
    document: unknown,
    some: Record<number, (document: Record<string, unknown>) => Record<string, unknown>> = upgrades,
  ) => readVersioned({ what: "the list", schema, current: 3, upgrades: some, document });

  test("lead from any old schema to the current one, step by step", () => {
    const current = { schema: 3, names: ["a"] };
    expect(read({ schema: 1, name: "a" })).toEqual(current);
    expect(read({ schema: 2, names: "a" })).toEqual(current);
    expect(read(current)).toEqual(current);
  });

  test("that are gone are told", () => {
    expect(() => read({ schema: 1, name: "a" }, { 2: upgrades[2] })).toThrow(
      "the list has schema 1, which is too old for this cdktf-openhpc. Synthesize it again.",
    );
  });
});

describe("cluster.json", () => {
  const spec = readClusterSpec(stored("spec-1"));

  test("is read back as it was", () => {
    expect(readClusterSpec(JSON.parse(renderClusterSpec(spec)))).toEqual(spec);
    expect(renderClusterSpec(spec)).toMatch(/^\{\n {2}"cluster": "stored",\n[^]*\n\}\n$/);
  });

  test("is the same text whatever the order of keys", () => {
    const shuffled = (value: unknown): fc.Arbitrary<unknown> => {
      if (Array.isArray(value)) return fc.tuple(...value.map(shuffled));
      if (typeof value !== "object" || value === null) return fc.constant(value);
      const entries = Object.entries(value);
      return fc
        .tuple(
          fc.shuffledSubarray(entries, { minLength: entries.length }),
          fc.tuple(...entries.map(([, one]) => shuffled(one))),
        )
        .map(([order, values]) =>
          Object.fromEntries(order.map(([key]) => [key, values[entries.findIndex(([one]) => one === key)]])),
        );
    };
    fc.assert(
      fc.property(shuffled(spec), (other) => {
        expect(renderClusterSpec(other as typeof spec)).toBe(renderClusterSpec(spec));
      }),
      { numRuns: 50 },
    );
  });

  test("has a hash by which the manifest knows it", () => {
    expect(clusterSpecHash("")).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect(clusterSpecHash(renderClusterSpec(spec))).not.toBe(
      clusterSpecHash(renderClusterSpec({ ...spec, cluster: "other" })),
    );
  });
});
