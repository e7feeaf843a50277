import { type AddressRange, formatCidr } from "../../../model/cidr";

/** The fewest subnets that hold exactly these addresses and no other: exports(5) takes subnets, not ranges. */
export function coverWithSubnets({ first, last }: AddressRange): readonly string[] {
  const subnets: string[] = [];
  for (let next = first; next <= last;) {
    let prefix = 32;
    // Twice as large for as long as it begins where a subnet of that size may begin, and ends within the range.
    while (prefix > 0 && next % 2 ** (33 - prefix) === 0 && next + 2 ** (33 - prefix) - 1 <= last) prefix--;
    subnets.push(formatCidr(next, prefix));
    next += 2 ** (32 - prefix);
  }
  return subnets;
}
