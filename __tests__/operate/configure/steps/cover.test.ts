import fc from "fast-check";
import { type AddressRange, formatAddress, parseCidr } from "../../../../lib/model/cidr";
import { coverWithSubnets } from "../../../../lib/operate/configure/steps/cover";

describe("coverWithSubnets", () => {
  it("holds every address of the range and no other, in as few subnets as can be", () => {
    const range = fc.tuple(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.nat(70_000)).map(([first, length]) => ({
      first,
      last: Math.min(first + length, 2 ** 32 - 1),
    }));
    fc.assert(
      fc.property(range, ({ first, last }: AddressRange) => {
        const subnets = coverWithSubnets({ first, last }).map((text) => parseCidr(text)!);
        expect(subnets[0]?.first).toBe(first);
        expect(subnets.at(-1)?.last).toBe(last);
        for (const [k, subnet] of subnets.slice(1).entries()) expect(subnet.first).toBe(subnets[k]!.last + 1);
        // Two neighbours that together were one subnet would be one too many.
        for (const [k, { prefix, first: start }] of subnets.slice(1).entries()) {
          const before = subnets[k]!;
          expect(before.prefix === prefix && before.first % 2 ** (33 - prefix) === 0 && start === before.last + 1).toBe(
            false,
          );
        }
      }),
    );
    expect(coverWithSubnets({ first: 0, last: 2 ** 32 - 1 })).toEqual([`${formatAddress(0)}/0`]);
  });
});
