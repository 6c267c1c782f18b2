/**
 * What a rule matches, as a region of three sides: services, sources and destinations, of one family.
 * Neighbours: spans.ts has the arithmetic of a side; cover.ts subtracts regions; region-text.ts writes one.
 * Invariant: a side is exactly what the rule's flows match: port 0, protocols without a name, and ICMPv6 in IPv4, are in it, too.
 */
import { cidrContains, lastAddress, type Address, type Cidr } from './addr.js';
import { common, sizeOf, without, type Span, type Spans, type Whole } from './spans.js';
import type { Rule } from './types.js';

export type Family = 4 | 6;

export interface Region {
  readonly family: Family;
  /** A service is 24 bits: the protocol's number, then the port, or type and code of ICMP, or nothing that a rule could tell apart. */
  readonly services: Spans;
  readonly sources: Spans;
  readonly destinations: Spans;
}

/** One connection, as rules see it. */
export interface Spot {
  readonly family: Family;
  readonly service: number;
  readonly source: Address;
  readonly destination: Address;
}

const protocolSize = 2 ** 16;

function exceptProtocol(protocol: number): Spans {
  return without(everyService, [{ from: protocol * protocolSize, end: (protocol + 1) * protocolSize }]);
}

export const everyService: Spans = [{ from: 0, end: 2 ** 24 }];
export const everyAddress: Readonly<Record<Family, Spans>> = {
  4: [{ from: 0, end: 2 ** 32 }],
  6: [{ from: 0n, end: 2n ** 128n }],
};
export const families: readonly Family[] = [4, 6];

/** What honest packets are: ICMP is of IPv4, ICMPv6 of IPv6. A rule of the one may meet the other's address all the same. */
export const plausible: Readonly<Record<Family, Region>> = {
  4: { family: 4, services: exceptProtocol(58), sources: everyAddress[4], destinations: everyAddress[4] },
  6: { family: 6, services: exceptProtocol(1), sources: everyAddress[6], destinations: everyAddress[6] },
};

const numbersOf: Readonly<Record<string, readonly number[]>> = { tcp: [6], udp: [17], sctp: [132], icmp: [1, 58] };

/** The numbers of the protocols that a rule names; none: all. */
export function protocolsOf({ protocol }: Rule): readonly number[] {
  if (protocol === undefined) return [];
  return typeof protocol === 'number' ? [protocol] : (numbersOf[protocol] ?? []);
}

export function servicesOf(rule: Rule): Spans {
  const protocols = protocolsOf(rule);
  if (protocols.length === 0) return everyService;
  return protocols.flatMap((protocol): Span[] => {
    const base = protocol * protocolSize;
    if (rule.icmp !== undefined) {
      const { type, code } = rule.icmp;
      const from = base + type * 256 + (code ?? 0);
      return [{ from, end: from + (code === undefined ? 256 : 1) }];
    }
    if (rule.ports.length === 0) return [{ from: base, end: base + protocolSize }];
    return rule.ports.map(({ from, to }) => ({ from: base + from, end: base + to + 1 }));
  });
}

function wholeOf(address: Address): Whole {
  if (typeof address === 'number') return address;
  return BigInt(`0x${Array.from(address, (byte) => byte.toString(16).padStart(2, '0')).join('')}`);
}

export function addressOf(number: Whole): Address {
  if (typeof number === 'number') return number;
  const text = number.toString(16).padStart(32, '0');
  return Uint8Array.from({ length: 16 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
}

/** Neighbouring prefixes stay two spans. */
function spanOf(cidr: Cidr): Span {
  const last = wholeOf(lastAddress(cidr));
  return { from: wholeOf(cidr.address), end: typeof last === 'bigint' ? last + 1n : last + 1 };
}

function regionIn(rule: Rule, family: Family): Region | undefined {
  const { cidrs } = rule.peer;
  const peers = cidrs.length === 0 ? everyAddress[family] : cidrs.filter((c) => c.family === family).map(spanOf);
  if (peers.length === 0) return undefined;
  const [sources, destinations] =
    rule.direction === 'in' ? [peers, everyAddress[family]] : [everyAddress[family], peers];
  return { family, services: servicesOf(rule), sources, destinations };
}

type Known = { readonly [family in Family]: Region | undefined } & { readonly share: number };

const known = new WeakMap<Rule, Known>();

function knownOf(rule: Rule): Known {
  let its = known.get(rule);
  if (its === undefined) {
    const [four, six] = [regionIn(rule, 4), regionIn(rule, 6)];
    known.set(rule, (its = { 4: four, 6: six, share: (four ? sizeIn(four) : 0) + (six ? sizeIn(six) : 0) }));
  }
  return its;
}

/** Undefined for a rule about addresses of the other family alone. */
export const regionOf = (rule: Rule, family: Family): Region | undefined => knownOf(rule)[family];

/** How much a rule matches: 2 is everything, of both families. */
export const shareOf = (rule: Rule): number => knownOf(rule).share;

function sizeIn({ family, services, sources, destinations }: Region): number {
  const all = sizeOf(everyAddress[family]);
  return (sizeOf(services) / 2 ** 24) * (sizeOf(sources) / all) * (sizeOf(destinations) / all);
}

/** What is in both, which are of one family; undefined when nothing is. */
export function overlapOf(a: Region, b: Region): Region | undefined {
  const services = common(a.services, b.services);
  const sources = services.length === 0 ? [] : common(a.sources, b.sources);
  const destinations = sources.length === 0 ? [] : common(a.destinations, b.destinations);
  return destinations.length === 0 ? undefined : { family: a.family, services, sources, destinations };
}

/** What is in `a` and not in `b`: up to three regions, disjoint. */
export function remainderOf(a: Region, b: Region): Region[] {
  const both = overlapOf(a, b);
  if (both === undefined) return [a];
  return [
    { ...a, services: without(a.services, b.services) },
    { ...a, services: both.services, sources: without(a.sources, b.sources) },
    { ...both, destinations: without(a.destinations, b.destinations) },
  ].filter(({ services, sources, destinations }) => services.length * sources.length * destinations.length > 0);
}

/** Its lowest connection. */
export function spotOf({ family, services, sources, destinations }: Region): Spot {
  const lowest = (spans: Spans): Whole => spans[0]!.from;
  return {
    family,
    service: Number(lowest(services)),
    source: addressOf(lowest(sources)),
    destination: addressOf(lowest(destinations)),
  };
}

/** Whether the rule matches it, who the ends are set aside. */
export function matchesAt(rule: Rule, { service, source, destination }: Spot): boolean {
  const protocols = protocolsOf(rule);
  if (protocols.length > 0 && !protocols.includes(service >>> 16)) return false;
  const rest = service % protocolSize;
  if (rule.icmp !== undefined) {
    if (rule.icmp.type !== rest >>> 8) return false;
    if (rule.icmp.code !== undefined && rule.icmp.code !== (rest & 255)) return false;
  } else if (rule.ports.length > 0 && !rule.ports.some(({ from, to }) => from <= rest && rest <= to)) return false;
  const { cidrs } = rule.peer;
  const peer = rule.direction === 'in' ? source : destination;
  return cidrs.length === 0 || cidrs.some((cidr) => cidrContains(cidr, peer));
}
