/**
 * A range of addresses, `10.1.1.5-10.1.1.9` or Contiv's `10.1.1.5-9`, as the fewest prefixes that hold just these.
 * Neighbours: addr.ts reads the ends; kinds/rule.ts takes ranges where it takes prefixes.
 * Invariant: the prefixes are disjoint and hold every address of the range and no other.
 */
import { compareAddress, lastAddress, maskAddress, parseAddress, type Address, type Cidr } from './addr.js';

interface AddressRange {
  readonly first: Address;
  readonly last: Address;
}

/** Undefined for anything but two addresses of one family, the lower one first. */
export function parseRange(text: string): AddressRange | undefined {
  const [from = '', to = '', ...rest] = text.split('-');
  const first = parseAddress(from);
  if (first === undefined || rest.length > 0) return undefined;
  // Contiv gives the last octet alone.
  const short = typeof first === 'number' && /^(0|[1-9][0-9]{0,2})$/.test(to);
  const last = parseAddress(short ? from.replace(/[0-9]+$/, to) : to);
  if (last === undefined || typeof last !== typeof first) return undefined;
  return compareAddress(first, last) <= 0 ? { first, last } : undefined;
}

/** The fewest prefixes for a range, ascending: at most 62 for IPv4 and 254 for IPv6. */
export function coverRange({ first, last }: AddressRange): Cidr[] {
  const family = typeof first === 'number' ? 4 : 6;
  const bits = family === 4 ? 32 : 128;
  const cover: Cidr[] = [];
  for (let at: Address | undefined = first; at !== undefined;) {
    let length = bits;
    while (length > 0 && fits(at, length - 1, last)) length--;
    const prefix: Cidr = { address: at, length, family };
    cover.push(prefix);
    const end = lastAddress(prefix);
    at = compareAddress(end, last) < 0 ? following(end) : undefined;
  }
  return cover;
}

/** The address starts the prefix of that length, which ends inside the range. */
function fits(address: Address, length: number, last: Address): boolean {
  if (compareAddress(maskAddress(address, length), address) !== 0) return false;
  const family = typeof address === 'number' ? 4 : 6;
  return compareAddress(lastAddress({ address, length, family }), last) <= 0;
}

function following(address: Address): Address {
  if (typeof address === 'number') return address + 1;
  const next = Uint8Array.from(address);
  for (let i = 15; i >= 0; i--) {
    next[i] = ((next[i] ?? 0) + 1) & 0xff;
    if (next[i] !== 0) break;
  }
  return next;
}
