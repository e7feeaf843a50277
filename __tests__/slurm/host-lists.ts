import fc from "fast-check";

const prefixes = fc.constantFrom("n", "cpu-", "gpu1-", "a-1-", "login", "10.77.1.", "x9y");

/** Runs of hosts with and without leading zeros, hosts without a number, repetitions. */
export const hostLists = fc
  .array(
    fc.record({
      prefix: prefixes,
      first: fc.oneof(fc.nat(12), fc.nat(1200), fc.constantFrom(9, 99, 999, 9_999_998)),
      count: fc.integer({ min: 0, max: 12 }),
      width: fc.integer({ min: 1, max: 5 }),
    }),
    { maxLength: 8 },
  )
  .map((runs) =>
    runs.flatMap(({ count, first, prefix, width }) =>
      count === 0
        ? [`${prefix}master`]
        : Array.from({ length: count }, (_, k) => prefix + String(first + k).padStart(width, "0")),
    ),
  );
