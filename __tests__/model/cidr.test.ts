import fc from "fast-check";
import {
  cidrProblems,
  contains,
  formatAddress,
  nthAddress,
  overlaps,
  parseAddress,
  parseCidr,
} from "../../lib/model/cidr";
import { describeProblem } from "../../lib/model/problems";

describe("addresses and subnets", () => {
  test("are numbers and come back as they were", () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), (number) => {
        expect(parseAddress(formatAddress(number))).toBe(number);
      }),
    );
  });

  test.each(["10.77.0", "10.77.0.256", "010.77.0.1", "0x0a.1.1.1", "10.77.0.1 ", "::1", "a.b.c.d", ""])(
    "%j is no address",
    (text) => {
      expect(parseAddress(text)).toBeUndefined();
    },
  );

  test("of a subnet are counted from its network address", () => {
    const subnet = parseCidr("10.77.0.0/16")!;
    expect(nthAddress(subnet, 10)).toBe("10.77.0.10");
    expect(nthAddress(subnet, 65535)).toBe("10.77.255.255");
    expect(() => nthAddress(subnet, 65536)).toThrow("10.77.0.0/16 has no address number 65536");
  });

  test("know what lies in them and what they share", () => {
    const [wide, inner, other] = [parseCidr("10.77.0.0/16")!, parseCidr("10.77.3.0/24")!, parseCidr("10.78.0.0/16")!];
    expect([overlaps(wide, inner), overlaps(inner, wide), overlaps(wide, other)]).toEqual([true, true, false]);
    expect([contains(wide, inner.last), contains(inner, wide.first)]).toEqual([true, false]);
    expect(parseCidr("0.0.0.0/0")).toMatchObject({ first: 0, last: 0xffffffff });
  });

  test.each([
    "10.77.0.0",
    "10.77.0.0/33",
    "10.77.0.0/",
    "10.77.0.0/16/8",
    "10.77.0.0/-1",
    "10.77.0/16",
    "10.77.0.0/016",
  ])("%j is no subnet", (text) => {
    expect(parseCidr(text)).toBeUndefined();
    expect(cidrProblems("cidr", text)).toHaveLength(1);
  });

  test("with bits behind the prefix are mended in the message", () => {
    expect(cidrProblems("cidr", "10.77.3.1/16").map(describeProblem)).toEqual([
      'cidr is "10.77.3.1/16", but must be an IPv4 subnet such as 10.77.0.0/16, with no bit set behind its prefix; did you mean "10.77.0.0/16"?',
    ]);
    expect(cidrProblems("cidr", "10.77.0.0/16")).toEqual([]);
  });
});
