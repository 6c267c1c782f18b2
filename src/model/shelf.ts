/**
 * Rules of one direction by what they match, so that those about one connection, or one rule's, are found without looking at all.
 * Neighbours: policy-index.ts makes one for each sort of rules; cover.ts and conflict.ts ask.
 * Invariant: what is answered may match; nothing that matches is left out.
 */
import { coverRange } from './address-range.js';
import { lastAddress, maskAddress, type Address } from './addr.js';
import { protocolsOf, servicesOf, type Family, type Spot } from './region.js';
import type { Rule } from './types.js';

/** Fewer are looked at one by one. */
const few = 12;

type Key = number | string;

/** In the order of the addresses: bytes as characters compare as they do. */
const keyOf = (address: Address): Key => (typeof address === 'number' ? address : String.fromCharCode(...address));

/** Some rules, not looked at yet. */
interface Found extends Iterable<Rule> {
  readonly length: number;
}

/** Rules under prefixes of one family; services are numbers of 32 bits here, as IPv4 addresses are. */
class Prefixes {
  readonly #byLength = new Map<number, Map<Key, Rule[]>>();
  /** Beside each other: where a prefix begins, and whose it is. Sorted when somebody asks. */
  #firsts: Key[] = [];
  #rules: Rule[] = [];
  #sorted = true;

  add(address: Address, length: number, rule: Rule): void {
    let ofLength = this.#byLength.get(length);
    if (ofLength === undefined) this.#byLength.set(length, (ofLength = new Map<Key, Rule[]>()));
    const first = keyOf(address);
    const there = ofLength.get(first);
    if (there === undefined) ofLength.set(first, [rule]);
    else there.push(rule);
    this.#firsts.push(first);
    this.#rules.push(rule);
    this.#sorted = false;
  }

  /** Those whose prefix holds the address. */
  holding(address: Address): Rule[][] {
    const found: Rule[][] = [];
    for (const [length, ofLength] of this.#byLength) {
      const rules = ofLength.get(keyOf(maskAddress(address, length)));
      if (rules !== undefined) found.push(rules);
    }
    return found;
  }

  /** Those whose prefix begins in the range, both of whose ends belong to it. */
  beginning(from: Address, last: Address): Found {
    this.#sort();
    const [start, end] = [this.#place(keyOf(from), false), this.#place(keyOf(last), true)];
    const rules = this.#rules;
    return {
      length: end - start,
      *[Symbol.iterator]() {
        for (let i = start; i < end; i++) yield rules[i]!;
      },
    };
  }

  #sort(): void {
    if (this.#sorted) return;
    const [firsts, rules] = [this.#firsts, this.#rules];
    const order = firsts
      .map((_, i) => i)
      .sort((a, b) => (firsts[a]! < firsts[b]! ? -1 : firsts[a]! > firsts[b]! ? 1 : 0));
    this.#firsts = order.map((i) => firsts[i]!);
    this.#rules = order.map((i) => rules[i]!);
    this.#sorted = true;
  }

  /** How many begin before the key; or at it, as well. */
  #place(key: Key, at: boolean): number {
    let [low, high] = [0, this.#firsts.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const first = this.#firsts[middle]!;
      if (first < key || (at && first === key)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const total = (lists: readonly Pick<Found, 'length'>[]): number => lists.reduce((sum, { length }) => sum + length, 0);

/** The services of a rule as prefixes of 32-bit numbers, the highest eight of which are zero. */
function addServices(into: Prefixes, rule: Rule): void {
  if (protocolsOf(rule).length === 0) {
    into.add(0, 8, rule);
    return;
  }
  for (const { from, end } of servicesOf(rule)) {
    const [first, last] = [Number(from), Number(end) - 1];
    if (first === last)
      into.add(first, 32, rule); // by far the most
    else for (const { address, length } of coverRange({ first, last })) into.add(address, length, rule);
  }
}

interface Filed {
  /** All rules. */
  readonly services: Prefixes;
  /** Those without addresses. */
  readonly anywhere: Prefixes;
  /** Those with addresses. */
  readonly addresses: { readonly [family in Family]: Prefixes };
}

export class Shelf {
  readonly rules: readonly Rule[];
  #filed: Filed | undefined;

  constructor(rules: readonly Rule[]) {
    this.rules = rules;
  }

  /** Rules that may match the connection. */
  at({ service, family, source, destination }: Spot): readonly (readonly Rule[])[] {
    if (this.rules.length <= few) return [this.rules];
    const { services, anywhere, addresses } = this.#file();
    const peer = this.rules[0]!.direction === 'in' ? source : destination;
    const byAddress = [...anywhere.holding(service), ...addresses[family].holding(peer)];
    const byService = services.holding(service);
    return total(byService) < total(byAddress) ? byService : byAddress;
  }

  /** Rules that may match some connection that the rule matches. */
  meeting(rule: Rule): Iterable<Rule> {
    if (this.rules.length <= few) return this.rules;
    const { services, anywhere, addresses } = this.#file();
    const byService = meetingServices(services, rule);
    // Of rules in opposite directions, each speaks of the addresses of the other's end.
    const apart = rule.direction !== this.rules[0]!.direction;
    if (apart || rule.peer.cidrs.length === 0) return each(byService);
    const byAddress = meetingServices(anywhere, rule);
    for (const cidr of rule.peer.cidrs) {
      const there = addresses[cidr.family];
      byAddress.push(...there.holding(cidr.address), there.beginning(cidr.address, lastAddress(cidr)));
    }
    return each(total(byService) < total(byAddress) ? byService : byAddress);
  }

  #file(): Filed {
    if (this.#filed !== undefined) return this.#filed;
    const filed = {
      services: new Prefixes(),
      anywhere: new Prefixes(),
      addresses: { 4: new Prefixes(), 6: new Prefixes() },
    };
    for (const rule of this.rules) {
      addServices(filed.services, rule);
      if (rule.peer.cidrs.length === 0) addServices(filed.anywhere, rule);
      for (const { family, address, length } of rule.peer.cidrs) filed.addresses[family].add(address, length, rule);
    }
    this.#filed = filed;
    return filed;
  }
}

/** Rules that are found several times come once. */
function* each(lists: readonly Found[]): Iterable<Rule> {
  const seen = new Set<Rule>();
  for (const rules of lists) {
    for (const rule of rules) {
      if (seen.has(rule)) continue;
      seen.add(rule);
      yield rule;
    }
  }
}

function meetingServices(index: Prefixes, rule: Rule): Found[] {
  return servicesOf(rule).flatMap(({ from, end }) => {
    const first = Number(from);
    return [...index.holding(first), index.beginning(first, Number(end) - 1)];
  });
}
