/**
 * A region in a few words: its lowest services and addresses, as an example of it.
 * Neighbours: region.ts; src/datapath puts it into a rule's status.
 * Invariant: all that the words say is in the region.
 */
import { coverRange } from './address-range.js';
import { formatAddress, formatCidr } from './addr.js';
import { addressOf, everyAddress, everyService, type Region } from './region.js';
import type { Span, Whole } from './spans.js';

const names: Readonly<Record<number, string>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmp6', 132: 'sctp' };
const protocolSize = 2 ** 16;

function protocolText({ from, end }: { readonly from: number; readonly end: number }): string {
  const protocol = from >>> 16;
  const base = protocol * protocolSize;
  const name = names[protocol] ?? `protocol ${protocol}`;
  const [first, last] = [from - base, Math.min(end - base, protocolSize) - 1];
  if ((first === 0 && last === protocolSize - 1) || names[protocol] === undefined) return name;
  if (!name.startsWith('icmp')) return first === last ? `${name} port ${first}` : `${name} ports ${first}-${last}`;
  const [type, code] = [first >>> 8, first & 255];
  return code === 0 && last >= first + 255 ? `${name} type ${type}` : `${name} type ${type} code ${code}`;
}

/** Undefined for every address. */
function addressText([span]: readonly Span[], every: readonly Span[]): string | undefined {
  const { from, end } = span!;
  if (from === every[0]!.from && end === every[0]!.end) return undefined;
  const first = addressOf(from);
  const last = addressOf(before(end));
  const [cidr, ...more] = coverRange({ first, last });
  return more.length === 0 ? formatCidr(cidr!) : `${formatAddress(first)}-${formatAddress(last)}`;
}

const before = (end: Whole): Whole => (typeof end === 'bigint' ? end - 1n : end - 1);

/** `tcp ports 80-90 from 10.1.0.0/24`. */
export function regionText({ family, services, sources, destinations }: Region): string {
  const [from, end] = [Number(services[0]!.from), Number(services[0]!.end)];
  const any = from === everyService[0]!.from && services.length <= 2 && services.at(-1)!.end === everyService[0]!.end;
  const source = addressText(sources, everyAddress[family]);
  const destination = addressText(destinations, everyAddress[family]);
  return [
    any ? 'any protocol' : protocolText({ from, end }),
    ...(source === undefined ? [] : [`from ${source}`]),
    ...(destination === undefined ? [] : [`to ${destination}`]),
  ].join(' ');
}
