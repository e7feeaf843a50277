import fc from "fast-check";
import { encodeAddresses } from "../../lib/model/address-runs";
import {
  type AddressBlock,
  type AddressClaim,
  type AddressSpace,
  type Taken,
  claimAddresses,
  hostAddresses,
  masterAddressProblems,
} from "../../lib/model/addresses";
import { contains, formatAddress, nthAddress, parseAddress, parseCidr, parseRange } from "../../lib/model/cidr";
import { describeProblem } from "../../lib/model/problems";
import { cpuMilliseconds } from "../support/cpu-time";

const space = (cidr = "10.77.0.0/16", rest: Partial<AddressSpace> = {}): AddressSpace => {
  const subnet = parseCidr(cidr)!;
  return { cidr: subnet, reserved: [], masterAddress: nthAddress(subnet, 10), taken: [], ...rest };
};

const claim = (addresses: AddressClaim["addresses"], nodes = 4, rest: Partial<AddressClaim> = {}): AddressClaim => ({
  pool: "cpu",
  nodes,
  addresses,
  ...rest,
});

const addressesOf = (one: AddressClaim, where = space()): string[] => {
  const { block, problems } = claimAddresses(one, where);
  expect(problems.map(describeProblem)).toEqual([]);
  return hostAddresses(block!);
};

const told = (one: AddressClaim, where = space()): string[] => claimAddresses(one, where).problems.map(describeProblem);

/** The block of a pool as the next one meets it. */
const taken = (one: AddressClaim, where = space()): Taken => ({
  owner: `pool "${one.pool}"`,
  ranges: claimAddresses(one, where).block!.owned,
});

/** The line that a message says to paste, read back as a property. */
const pasted = (message: string): string => /paste addresses: "([^"]+)"/.exec(message)?.[1] ?? "nothing to paste";

describe("a pool without addresses of its own choice", () => {
  test("has host k at place k of a block that its name alone chooses", () => {
    const [first, ...rest] = addressesOf(claim(undefined, 300));
    expect(first).toMatch(/^10\.77\.\d+\.1$/);
    expect(rest.map((address) => parseAddress(address)! - parseAddress(first!)!)).toEqual(rest.map((_, k) => k + 1));
    expect(addressesOf(claim(undefined, 300))[0]).toBe(first);
  });

  test("is never in the first block, which is the master's, nor in the last", () => {
    fc.assert(
      fc.property(fc.string(), (pool) => {
        const { block } = claimAddresses({ pool, nodes: 1 }, space("10.0.0.0/22"));
        expect(["10.0.1.1", "10.0.2.1"]).toContain(hostAddresses(block!)[0]);
      }),
    );
  });

  test("keeps every address when it grows, and shrinks from the end", () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 600 }), fc.integer({ min: 1, max: 600 }), (pool, a, b) => {
        const [small, large] = [
          claimAddresses({ pool, nodes: Math.min(a, b) }, space()),
          claimAddresses({ pool, nodes: Math.max(a, b) }, space()),
        ];
        fc.pre(small.block !== undefined && large.block !== undefined);
        expect(hostAddresses(large.block).slice(0, Math.min(a, b))).toEqual(hostAddresses(small.block));
        expect(large.block.owned[0]?.first).toBe(small.block.owned[0]?.first);
      }),
      { numRuns: 50 },
    );
  });

  test("does not share a single address with any other pool, in whatever order they come", () => {
    const pools = fc.uniqueArray(
      fc.record({ pool: fc.string({ maxLength: 6 }), nodes: fc.integer({ min: 1, max: 700 }) }),
      {
        selector: ({ pool }) => pool,
        maxLength: 12,
      },
    );
    fc.assert(
      fc.property(pools, fc.constantFrom("10.0.0.0/16", "10.0.0.0/20", "10.0.0.0/24"), (claims, cidr) => {
        const where = space(cidr, { reserved: ["10.0.0.1-10.0.0.3"] });
        const used = new Set([
          where.masterAddress,
          "10.0.0.0",
          "10.0.0.1",
          "10.0.0.2",
          "10.0.0.3",
          formatAddress(where.cidr.last),
        ]);
        const blocks: Taken[] = [];
        for (const one of claims) {
          const there = { ...where, taken: blocks };
          let answer = claimAddresses(one, there);
          if (answer.block === undefined) {
            // The line in the message must be one that works.
            const line = pasted(describeProblem(answer.problems[0]!));
            if (line === "nothing to paste") continue;
            answer = claimAddresses({ ...one, addresses: line }, there);
            expect(answer.problems.map(describeProblem)).toEqual([]);
          }
          const addresses = hostAddresses(answer.block!);
          expect(addresses).toHaveLength(one.nodes);
          expect(
            addresses.filter((address) => used.has(address) || !contains(where.cidr, parseAddress(address)!)),
          ).toEqual([]);
          for (const address of addresses) used.add(address);
          blocks.push({ owner: `pool "${one.pool}"`, ranges: answer.block!.owned });
        }
      }),
      { numRuns: 40 },
    );
  });

  test("that collides with another gets the very line to paste", () => {
    const other = taken(claim(undefined, 4, { pool: "cpu" }));
    const block = addressesOf(claim(undefined))[0]!.replace(/\.1$/, "");
    const next = `10.77.${Number(block.split(".")[2]) + 1}.0/24`;
    expect(told(claim(undefined), space("10.77.0.0/16", { taken: [{ ...other, owner: 'pool "gpu"' }] }))).toEqual([
      `addresses is "${block}.0-${block}.255", but must be a block of its own (${block}.0-${block}.255 belongs to pool "gpu"); paste addresses: "${next}"`,
    ]);
  });

  test("that no longer fits before the end of the subnet is told where it would", () => {
    const [message = ""] = told(claim(undefined, 12_000), space("10.0.0.0/18"));
    expect(message).toContain("but must be inside the blocks for pools 10.0.1.0-10.0.62.255");
    expect(addressesOf(claim(pasted(message), 12_000), space("10.0.0.0/18"))).toHaveLength(12_000);
  });

  test("in a subnet that is too small for blocks must say its addresses, and is told which", () => {
    expect(told(claim(undefined, 10), space("10.0.0.0/24"))).toEqual([
      'addresses is missing, but must be given, because the subnet 10.0.0.0/24 has too few addresses for a block per pool; paste addresses: "10.0.0.16/28"',
    ]);
    expect(told(claim(undefined, 200), space("10.0.0.0/24"))).toEqual([
      expect.stringContaining('paste addresses: "10.0.0.11-10.0.0.210"'),
    ]);
    expect(told(claim(undefined, 300), space("10.0.0.0/24"))).toEqual([
      expect.stringContaining("10.0.0.0/24 has no room for 300 nodes"),
    ]);
  });

  test("in a network that was there before must say its addresses", () => {
    const [message = ""] = told(claim(undefined, 4, { required: true }));
    expect(message).toContain(
      "addresses is missing, but must be given, because the network was there before the cluster",
    );
    expect(addressesOf(claim(pasted(message), 4, { required: true }))).toHaveLength(4);
  });
});

describe("a pool with addresses", () => {
  test("of a subnet has host k at network address + k", () => {
    expect(addressesOf(claim("10.77.33.0/24", 2))).toEqual(["10.77.33.1", "10.77.33.2"]);
  });

  test("of a range has host k at the k-th address", () => {
    expect(addressesOf(claim("10.77.33.5-10.77.33.9", 2))).toEqual(["10.77.33.5", "10.77.33.6"]);
  });

  test("of a list has them in the order of the list", () => {
    expect(addressesOf(claim(["10.77.33.9", "10.77.33.2-10.77.33.4", "10.77.34.0/30"], 5))).toEqual([
      "10.77.33.9",
      "10.77.33.2",
      "10.77.33.3",
      "10.77.33.4",
      "10.77.34.1",
    ]);
  });

  test.each<[string, AddressClaim["addresses"], string]>([
    ["outside the subnet", "10.78.0.0/24", "inside the subnet 10.77.0.0/16"],
    ["an address twice", ["10.77.33.1-10.77.33.5", "10.77.33.4"], "each address once (10.77.33.4 is there twice)"],
    ["too few", "10.77.33.1-10.77.33.3", "enough for 4 nodes (it is enough for 3)"],
    ["too small a subnet", "10.77.33.0/30", "enough for 4 nodes (it is enough for 3)"],
    ["the master's", "10.77.0.8-10.77.0.12", "addresses that are free (10.77.0.10 is the address of the master)"],
    ["what the platform keeps", "10.77.0.0/30", "addresses that are free (10.77.0.1 is reserved by the platform)"],
    [
      "the network address",
      ["10.77.0.0", "10.77.9.0/24"],
      "addresses that are free (10.77.0.0 is the network address of the subnet)",
    ],
    [
      "the broadcast address",
      "10.77.255.252-10.77.255.255",
      "addresses that are free (10.77.255.255 is the broadcast address of the subnet)",
    ],
    ["another pool's", "10.77.40.9-10.77.40.40", 'a block of its own (10.77.40.9-10.77.40.40 belongs to pool "gpu")'],
  ])("must not have %s", (_what, addresses, want) => {
    const gpu = { owner: 'pool "gpu"', ranges: [parseRange("10.77.40.0/24")!] };
    const messages = told(
      claim(addresses),
      space("10.77.0.0/16", { reserved: ["10.77.0.1", "10.77.0.2"], taken: [gpu] }),
    );
    expect(messages.join("\n")).toContain(`but must be ${want}`);
    expect(addressesOf(claim(pasted(messages[0]!)), space())).toHaveLength(4);
  });

  test("that cannot be read is told where", () => {
    expect(told(claim(["10.77.33.1", "10.77.33", "10.77.33.9-10.77.33.2", "10.77.33.1/24"]))).toEqual(
      [1, 2, 3].map(
        (k) => expect.stringMatching(new RegExp(`^addresses\\[${k}\\] is "[^"]+", but must be a subnet`)) as string,
      ),
    );
    expect(told(claim([]))).toEqual(["addresses is [], but must be at least one address"]);
    expect(told(claim("master"))).toEqual([expect.stringContaining('addresses is "master", but must be a subnet')]);
  });

  test("has all its problems told at once, and none says undefined", () => {
    const messages = told(claim(["10.77.0.10", "10.77.0.10", "10.78.0.1"]));
    expect(messages).toHaveLength(4);
    expect(messages.join("\n")).not.toContain("undefined");
  });

  test("keeps each address when the list grows at its end", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { minLength: 2 }), fc.nat(), (places, seed) => {
        const list = places.map((place) => `10.77.33.${place}`);
        const nodes = 1 + (seed % list.length);
        expect(addressesOf(claim(list, nodes))).toEqual(list.slice(0, nodes));
      }),
    );
  });

  test("may be thousands of single ones", () => {
    const list = Array.from({ length: 10_000 }, (_, k) => formatAddress(parseAddress("10.77.1.0")! + 2 * k));
    const gpu = {
      owner: 'pool "gpu"',
      ranges: list.map((address) => ({ first: parseAddress(address)! + 1, last: parseAddress(address)! + 1 })),
    };
    let block: AddressBlock | undefined;
    const time = cpuMilliseconds(() => {
      block = claimAddresses(claim(list, 10_000), space("10.77.0.0/16", { taken: [gpu] })).block;
    });
    expect(time).toBeLessThan(1000);
    expect(encodeAddresses(hostAddresses(block!))).toEqual(list);
  });
});

describe("the master's address", () => {
  const subnet = parseCidr("10.77.0.0/16")!;

  test.each([
    ["10.77.0.10", []],
    ["10.78.0.10", ['address is "10.78.0.10", but must be inside the subnet 10.77.0.0/16']],
    ["10.77.0.1", ['address is "10.77.0.1", but must be another address: it is reserved by the platform']],
    ["10.77.0.0", ['address is "10.77.0.0", but must be another address: it is the network address of the subnet']],
    ["master", ['address is "master", but must be an IPv4 address such as 10.77.0.10']],
  ])("%s", (address, problems) => {
    expect(masterAddressProblems(address, subnet, ["10.77.0.1-10.77.0.3"]).map(describeProblem)).toEqual(problems);
  });
});
