/**
 * Rules that can never decide, because another one decides everything they match, wherever they speak.
 * Neighbours: kinds/rule.ts is the rule; src/datapath reports it in the rule's status.
 * Invariant: asked, not kept up to date: a state is indexed policy by policy when somebody asks about a rule of it.
 */
import { cidrContains, formatCidr, maskAddress, type Cidr } from './addr.js';
import type { PortRange } from './ports.js';
import type { Rule, State } from './types.js';

/** The rules of a policy by what a rule that covers another must have in common with it: a few look-ups find them all. */
interface Index {
  readonly rules: Map<string, Rule[]>;
  /** Prefix lengths that occur in the policy, by family. */
  readonly lengths: { readonly 4: Set<number>; readonly 6: Set<number> };
  /** Policies that speak wherever this one does, this one among them, and that count or decide as it does. */
  readonly together: readonly string[];
}

const indexes = new WeakMap<State, Map<string, Index>>();

/** The rule that decides in its place; of several, the one that is first in order. */
export function shadowOf(state: State, rule: Rule): Rule | undefined {
  let first: Rule | undefined;
  for (const policy of indexOf(state, rule.policy).together) {
    for (const other of candidates(indexOf(state, policy), rule)) {
      if (precedes(other, rule) && covers(other, rule) && (first === undefined || precedes(other, first)))
        first = other;
    }
  }
  return first;
}

/** Whether `a` decides a packet that both match: the higher priority, deny among equals, then the lower key. */
function precedes(a: Rule, b: Rule): boolean {
  if (a.priority !== b.priority) return a.priority > b.priority;
  if (a.action !== b.action) return a.action === 'deny';
  return a.key < b.key;
}

/** Whether everything that `b` matches, `a` matches. One rule at a time: several that cover it together are not found. */
function covers(a: Rule, b: Rule): boolean {
  const { group, network, cidrs } = a.peer;
  if (a.direction !== b.direction) return false;
  if (group !== undefined && group !== b.peer.group) return false;
  if (network !== undefined && network !== b.peer.network) return false;
  if (!protocolsOf(b).includes(protocolOf(a))) return false;
  if (a.icmp && (a.icmp.type !== b.icmp?.type || (a.icmp.code ?? b.icmp.code) !== b.icmp.code)) return false;
  return hold(a.ports, b.ports, portsWithin) && hold(cidrs, b.peer.cidrs, cidrWithin);
}

/** None means all; both lists are merged, so that a part of `b` cannot lie across two of `a`. */
function hold<T>(a: readonly T[], b: readonly T[], within: (part: T, whole: T) => boolean): boolean {
  if (a.length === 0) return true;
  return b.length > 0 && b.every((part) => a.some((whole) => within(part, whole)));
}

const portsWithin = (part: PortRange, whole: PortRange): boolean => whole.from <= part.from && part.to <= whole.to;
const cidrWithin = (part: Cidr, whole: Cidr): boolean =>
  whole.length <= part.length && cidrContains(whole, part.address);

const protocolOf = (rule: Rule): string => String(rule.protocol ?? '');

/** Protocols that a rule covering this one may have. */
function protocolsOf(rule: Rule): string[] {
  const own = protocolOf(rule);
  if (own === '') return [''];
  return own === '1' || own === '58' ? ['', own, 'icmp'] : ['', own];
}

const objectOf = ({ peer }: Rule): string => peer.group ?? (peer.network === undefined ? '' : `n ${peer.network}`);

/** A range stands under its own word: few rules have one, and they are compared one by one. */
function portWord(range: PortRange | undefined): string {
  return range === undefined ? '' : range.from === range.to ? String(range.from) : 'range';
}

const word = (...parts: string[]): string => parts.join('|');

function* candidates(index: Index, rule: Rule): Iterable<Rule> {
  const [range] = rule.ports;
  const ports = new Set(['', ...(range === undefined ? [] : ['range', portWord(range)])]);
  const [cidr] = rule.peer.cidrs;
  const addresses = [''];
  for (const length of cidr === undefined ? [] : index.lengths[cidr.family]) {
    if (length > cidr!.length) continue;
    addresses.push(formatCidr({ ...cidr!, address: maskAddress(cidr!.address, length), length }));
  }
  for (const object of new Set(['', objectOf(rule)])) {
    for (const protocol of protocolsOf(rule)) {
      for (const address of addresses) {
        for (const port of ports) yield* index.rules.get(word(rule.direction, object, protocol, address, port)) ?? [];
      }
    }
  }
}

function indexOf(state: State, policy: string): Index {
  let ofState = indexes.get(state);
  if (ofState === undefined) indexes.set(state, (ofState = new Map<string, Index>()));
  let index = ofState.get(policy);
  if (index === undefined) ofState.set(policy, (index = build(state, policy)));
  return index;
}

function build(state: State, policy: string): Index {
  const rules = new Map<string, Rule[]>();
  const lengths = { 4: new Set<number>(), 6: new Set<number>() };
  for (const rule of state.policyRules(policy)) {
    const { cidrs } = rule.peer;
    for (const { family, length } of cidrs) lengths[family].add(length);
    const addresses = cidrs.length === 0 ? [''] : cidrs.map(formatCidr);
    const ports = new Set(rule.ports.length === 0 ? [''] : rule.ports.map(portWord));
    for (const address of addresses) {
      for (const port of ports) {
        const key = word(rule.direction, objectOf(rule), protocolOf(rule), address, port);
        const there = rules.get(key);
        if (there) there.push(rule);
        else rules.set(key, [rule]);
      }
    }
  }
  return { rules, lengths, together: policiesWith(state, policy) };
}

function policiesWith(state: State, policy: string): string[] {
  const seen = new Set<number>();
  let common: string[] | undefined;
  for (const group of state.policyGroups(policy)) {
    if (seen.has(group.policySet)) continue;
    seen.add(group.policySet);
    common = (common ?? [...group.policies]).filter((key) => group.policies.includes(key));
    if (common.length === 1) break;
  }
  const audited = state.policies.get(policy)?.audit;
  return (common ?? [policy]).filter((key) => state.policies.get(key)?.audit === audited);
}
