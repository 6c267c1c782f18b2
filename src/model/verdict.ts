/**
 * What policy says of a connection, from the objects: for connections that no packet asks about any more.
 * Neighbours: src/pipeline says the same in flows, and test/evaluator/verdict.test.ts holds the two together; src/datapath/cut.
 * Invariant: the words are those of the Policy section: of the rules that match the highest priority decides, deny among equals.
 */
import { cidrContains, type Address } from './addr.js';
import { lastPort } from './ports.js';
import type { Endpoint, Group, Rule, State } from './types.js';

/** One end of a connection; nobody known has no endpoint, and so no group. */
export interface End {
  readonly endpoint: Endpoint | undefined;
  readonly address: Address;
}

/** A connection in the direction of its first packet. */
export interface Connection {
  readonly source: End;
  readonly destination: End;
  readonly protocol: number;
  /** Destination port of TCP, UDP and SCTP. */
  readonly port?: number;
  /** Of ICMP and ICMPv6. */
  readonly icmp?: { readonly type: number; readonly code: number };
}

const numbersOf: Readonly<Record<string, readonly number[]>> = { tcp: [6], udp: [17], sctp: [132], icmp: [1, 58] };

function serviceFits(rule: Rule, { protocol, port, icmp }: Connection): boolean {
  if (rule.protocol === undefined) return true;
  const numbers = typeof rule.protocol === 'number' ? [rule.protocol] : (numbersOf[rule.protocol] ?? []);
  if (!numbers.includes(protocol)) return false;
  if (rule.icmp !== undefined) {
    return rule.icmp.type === icmp?.type && (rule.icmp.code === undefined || rule.icmp.code === icmp.code);
  }
  return (
    rule.ports.length === 0 || (port !== undefined && rule.ports.some(({ from, to }) => from <= port && port <= to))
  );
}

function peerFits(rule: Rule, connection: Connection): boolean {
  const peer = rule.direction === 'in' ? connection.source : connection.destination;
  const { group, network, cidrs } = rule.peer;
  if (network !== undefined) return peer.endpoint?.network === network;
  if (group !== undefined && peer.endpoint?.group !== group) return false;
  return cidrs.length === 0 || cidrs.some((cidr) => cidrContains(cidr, peer.address));
}

/** The rules that speak for one end's group and are enforced, whatever they match. */
function* enforced(state: State, connection: Connection, direction: Rule['direction']): Iterable<Rule> {
  for (const policy of groupOf(state, connection, direction)?.policies ?? []) {
    if (state.policies.get(policy)?.audit === true) continue;
    for (const rule of state.policyRules(policy)) if (rule.direction === direction) yield rule;
  }
}

function groupOf(state: State, connection: Connection, direction: Rule['direction']): Group | undefined {
  const { endpoint } = direction === 'in' ? connection.destination : connection.source;
  return endpoint?.group === undefined ? undefined : state.groups.get(endpoint.group);
}

const matches = (rule: Rule, connection: Connection): boolean =>
  serviceFits(rule, connection) && peerFits(rule, connection);

/** Whether one list denies: of the rules in `directions`, and a default of deny as the last of them. */
function listDenies(state: State, connection: Connection, directions: readonly Rule['direction'][]): boolean {
  let [highest, denied] = [-1, false];
  for (const direction of directions) {
    const group = groupOf(state, connection, direction);
    if (group?.defaultAction === 'deny' && highest < 0) [highest, denied] = [0, true];
    for (const rule of enforced(state, connection, direction)) {
      if (rule.priority < highest || !matches(rule, connection)) continue;
      denied = rule.action === 'deny' || (rule.priority === highest && denied);
      highest = rule.priority;
    }
  }
  return denied;
}

/** The rule that is named for `rule`'s verdict: of those that match and decide alike, the one with the lowest key. */
export function namedFor(state: State, rule: Rule, connection: Connection): Rule {
  const directions: readonly Rule['direction'][] =
    state.settings.policyMode === 'joint' ? ['out', 'in'] : [rule.direction];
  let lowest = rule;
  for (const direction of directions) {
    for (const each of enforced(state, connection, direction)) {
      const alike = each.priority === rule.priority && each.action === rule.action;
      if (alike && each.key < lowest.key && matches(each, connection)) lowest = each;
    }
  }
  return lowest;
}

/** Whether the policy of `state` denies a connection. */
export function denies(state: State, connection: Connection): boolean {
  if (state.settings.policyMode === 'joint') return listDenies(state, connection, ['out', 'in']);
  return listDenies(state, connection, ['out']) || listDenies(state, connection, ['in']);
}

/** Ports between which no rule about the two ends makes a difference, one of each stretch. */
function portsThatMatter(state: State, { source, destination }: Connection): Set<number> {
  const ports = new Set([1]);
  for (const { endpoint } of [source, destination]) {
    const group = endpoint?.group === undefined ? undefined : state.groups.get(endpoint.group);
    for (const policy of group?.policies ?? []) {
      for (const rule of state.policyRules(policy)) {
        for (const { from, to } of rule.ports) ports.add(from).add(Math.min(to + 1, lastPort));
      }
    }
  }
  return ports;
}

/** Whether the policy of `state` denies a connection whatever its port, which nobody knows. */
export function deniesEveryPort(state: State, connection: Connection): boolean {
  return [...portsThatMatter(state, connection)].every((port) => denies(state, { ...connection, port }));
}

/** Who has an address in a tenant's address space: the endpoint itself, else the one with the longest prefix that holds it. */
export class AddressBook {
  readonly #own = new Map<string, Endpoint>();
  readonly #allowed: {
    readonly length: number;
    readonly holds: (address: Address) => boolean;
    readonly endpoint: Endpoint;
  }[] = [];

  constructor(state: State, tenant: string) {
    for (const e of state.endpoints.values()) {
      if (e.tenant !== tenant) continue;
      if (e.ipv4 !== undefined) this.#own.set(keyOf(e.ipv4), e);
      for (const ipv6 of e.ipv6) this.#own.set(keyOf(ipv6), e);
      for (const { ipv4, ipv6 } of e.allowed) {
        for (const cidr of [ipv4, ipv6]) {
          if (cidr === undefined) continue;
          this.#allowed.push({ length: cidr.length, holds: (address) => cidrContains(cidr, address), endpoint: e });
        }
      }
    }
    this.#allowed.sort((a, b) => b.length - a.length);
  }

  end(address: Address): End {
    const endpoint = this.#own.get(keyOf(address)) ?? this.#allowed.find(({ holds }) => holds(address))?.endpoint;
    return { endpoint, address };
  }
}

function keyOf(address: Address): string {
  return typeof address === 'number' ? String(address) : address.join('.');
}
