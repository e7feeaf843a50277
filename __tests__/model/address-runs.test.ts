import fc from "fast-check";
import { decodeAddresses, encodeAddresses } from "../../lib/model/address-runs";
import { formatAddress } from "../../lib/model/cidr";
import { DocumentError } from "../../lib/model/versioned";

describe("runs of addresses", () => {
  test("keep the order of hosts and join neighbours, also over an octet", () => {
    expect(encodeAddresses(["10.0.0.255", "10.0.1.0", "10.0.0.9", "10.0.0.8"])).toEqual([
      "10.0.0.255-10.0.1.0",
      "10.0.0.9",
      "10.0.0.8",
    ]);
  });

  test("come back as they were", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(0xfffffff), fc.nat(20))), (runs) => {
        const addresses = runs.flatMap(([first, count]) =>
          Array.from({ length: count }, (_, k) => formatAddress(first + k)),
        );
        expect(decodeAddresses(encodeAddresses(addresses))).toEqual(addresses);
      }),
    );
  });

  test.each(["", "10.0.0.2-10.0.0.1", "10.0.0.0/24", "10.0.0.1-2", "10.0.0.1-10.0.0.2-10.0.0.3"])(
    "%j is none",
    (run) => {
      expect(() => decodeAddresses([run])).toThrow(DocumentError);
    },
  );

  test("are made of addresses only", () => {
    expect(() => encodeAddresses(["master"])).toThrow('"master" is not an IPv4 address');
  });
});
