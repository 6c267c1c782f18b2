/**
 * Contiv's ways of stating a network's subnets: address and length apart in its state, and in its API a range to allocate from.
 * Neighbours: network.ts reads what comes out of this.
 */
import { cidrContains, formatAddress, parseCidr } from '../addr.js';
import { parseRange } from '../address-range.js';
import { dropBlank, type Fields, type Trace } from './kind.js';

const apart = [
  ['subnetIP', 'subnetLen', 'subnet'],
  ['ipv6SubnetIP', 'ipv6SubnetLen', 'ipv6Subnet'],
] as const;

export function rewriteSubnets(fields: Fields, trace: Trace): void {
  for (const [address, length, ours] of apart) {
    dropBlank(fields, address, length);
    const [ip, bits] = [fields[address], fields[length]];
    if (typeof ip !== 'string' || typeof bits !== 'number' || ours in fields) continue;
    fields[ours] = `${ip}/${bits}`;
    trace.set(ours, address);
    delete fields[address];
    delete fields[length];
  }
  if (typeof fields['subnet'] === 'string') fields['subnet'] = withoutRange(fields['subnet']);
}

/** `10.1.1.10-10.1.1.50/24`: who allocates addresses keeps to the range; the network is the prefix that holds it. */
function withoutRange(text: string): string {
  const [range = '', length, ...rest] = text.split('/');
  const ends = rest.length === 0 && length !== undefined && range.includes('-') ? parseRange(range) : undefined;
  const prefix = ends && parseCidr(`${formatAddress(ends.first)}/${length}`);
  return ends && prefix && cidrContains(prefix, ends.last) ? `${formatAddress(ends.first)}/${length}` : text;
}
