import { commonPart, sorted } from "./address-ranges";
import { type AddressRange, type Cidr, formatCidr, formatRange, sizeOf } from "./cidr";

/** What must be known to find free addresses. */
export interface Search {
  readonly cidr: Cidr;
  readonly nodes: number;
  /** Where to begin: the address of the block that would have been chosen. */
  readonly from: number;
  /** Addresses that no host may have. */
  readonly kept: readonly AddressRange[];
  /** Blocks of others. */
  readonly owned: readonly AddressRange[];
  /** Addresses of a block that leaves room to grow. */
  readonly slot: number;
  /** Addresses at both ends of the subnet that stay free. */
  readonly margin: number;
}

/**
 * Addresses that nobody has, as a user writes them: the first free block from the place where the search begins, with
 * room to grow; in a crowded subnet just as many as are needed. `undefined` if there is no room at all.
 */
export function freeAddresses(search: Search): string | undefined {
  const { cidr, margin, nodes, slot } = search;
  const [kept, owned] = [sorted(search.kept), sorted(search.owned)];
  const room = { first: cidr.first + margin, last: cidr.last - margin };
  const needed = 2 ** Math.ceil(Math.log2(nodes + 1));
  for (const size of needed < slot ? [slot, needed] : [needed]) {
    const count = Math.floor(sizeOf(cidr) / size);
    const start = Math.floor((search.from - cidr.first) / size);
    for (let step = 0; step < count; step++) {
      const first = cidr.first + ((start + step) % count) * size;
      const block = { first, last: first + size - 1 };
      const hosts = { first: first + 1, last: first + nodes };
      const inside = block.first >= room.first && block.last <= room.last;
      if (inside && commonPart([block], owned) === undefined && commonPart([hosts], kept) === undefined) {
        return formatCidr(first, 32 - Math.log2(size));
      }
    }
  }
  const gap = firstGap(room, sorted([...kept, ...owned]), nodes);
  return gap === undefined ? undefined : formatRange(gap);
}

/** The first `size` addresses of `room` between sorted ranges that are taken. */
function firstGap(room: AddressRange, taken: readonly AddressRange[], size: number): AddressRange | undefined {
  let first = room.first;
  for (const range of taken) {
    if (first + size - 1 < range.first) break;
    first = Math.max(first, range.last + 1);
  }
  return first + size - 1 <= room.last ? { first, last: first + size - 1 } : undefined;
}
