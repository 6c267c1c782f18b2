// The match part of a flow as written: shorthands, fields, bit ranges, and the facts they establish.
// Neighbours: place.ts turns items into wire fields, flow.ts calls both.
// Invariant: facts come from literals only; a hole never establishes a prerequisite.

import { FlowError } from '../errors.js';
import type { Field } from '../fields/field.js';
import { fieldByName, knownField } from '../fields/registry.js';
import { type Expanded, firstLeaf, type Leaf, leafOf, Token } from '../template/shape.js';
import { parseInteger, parseValue } from '../text/value.js';
import type { Numbers } from '../text/port.js';
import { ethertype, type Facts, noFacts, protocol } from './facts.js';

/** One `name=value` of a match. */
export interface Item {
  /** Name as written, lower case, without its range. */
  readonly name: string;
  /** First bit and number of bits when a range was given. */
  readonly range: { readonly start: number; readonly width: number } | undefined;
  readonly text: string;
  readonly leaf: Leaf | undefined;
}

const shorthands: Readonly<Record<string, readonly [dlType: number, nwProto?: number]>> = {
  ip: [ethertype.ipv4],
  ipv6: [ethertype.ipv6],
  arp: [ethertype.arp],
  rarp: [ethertype.rarp],
  mpls: [ethertype.mpls],
  mplsm: [ethertype.mplsm],
  icmp: [ethertype.ipv4, protocol.icmp],
  tcp: [ethertype.ipv4, protocol.tcp],
  udp: [ethertype.ipv4, protocol.udp],
  sctp: [ethertype.ipv4, protocol.sctp],
  icmp6: [ethertype.ipv6, protocol.icmp6],
  tcp6: [ethertype.ipv6, protocol.tcp],
  udp6: [ethertype.ipv6, protocol.udp],
  sctp6: [ethertype.ipv6, protocol.sctp],
};

export function isShorthand(text: string): boolean {
  return Object.hasOwn(shorthands, text.toLowerCase());
}

/** Names whose field depends on the protocol. */
const generic: ReadonlySet<string> = new Set(['tp_src', 'tp_dst']);

export function isMatchName(name: string): boolean {
  return generic.has(name) || name === 'dl_vlan' || name === 'dl_vlan_pcp' || fieldByName(name) !== undefined;
}

export function parseItem(expanded: Expanded, text: string): Item[] {
  const short = shorthands[text.toLowerCase()];
  if (short !== undefined) {
    const [dlType, nwProto] = short;
    const items = [literalItem('eth_type', `0x${dlType.toString(16)}`)];
    if (nwProto !== undefined) items.push(literalItem('nw_proto', String(nwProto)));
    return items;
  }
  const equals = text.indexOf('=');
  if (equals < 0) throw new FlowError(`"${text}" is neither a protocol nor a field with a value`);
  const { name, start, width } = parseRange(text.slice(0, equals).toLowerCase());
  if (!isMatchName(name)) throw new FlowError(`there is no match field "${name}"`, { field: name });
  const value = text.slice(equals + 1);
  const range = start === undefined ? undefined : { start, width: width ?? 1 };
  return [{ name, range, text: value, leaf: leafOf(expanded, value) }];
}

function literalItem(name: string, text: string): Item {
  return { name, range: undefined, text, leaf: undefined };
}

/** `reg0`, `reg0[]`, `reg0[3]`, `reg0[0..15]`. */
export function parseRange(text: string): { name: string; start: number | undefined; width: number | undefined } {
  const parts = /^([^[\]]+)(?:\[(?:(\d+)(?:\.\.(\d+))?)?\])?$/.exec(text);
  if (parts === null) throw new FlowError(`"${text}" is not a field or a range of its bits`);
  const [, name, first, last] = parts;
  if (first === undefined) return { name: name!, start: undefined, width: undefined };
  const start = Number(first);
  const end = last === undefined ? start : Number(last);
  if (end < start) throw new FlowError(`bits ${start}..${end} of ${name} run backwards`, { field: name });
  return { name: name!, start, width: end - start + 1 };
}

/** What the items say for certain. */
export function gatherFacts(
  expanded: Expanded,
  items: readonly Item[],
  table: number | undefined,
  numbers?: Numbers,
): Facts {
  const facts = { ...noFacts, table };
  for (const item of items) {
    if (item.name === 'ct_nw_proto' && item.leaf?.token !== Token.absent) facts.ctProto = true;
    if (firstLeaf(expanded, item.text) !== undefined) {
      if (item.name === 'dl_vlan' || item.name === 'vlan_vid') facts.vlan = true;
      continue;
    }
    const field = fieldByName(item.name);
    if (field === undefined) {
      if (item.name === 'dl_vlan') facts.vlan = parseInteger(item.text) !== 0xffffn;
      else if (item.name === 'dl_vlan_pcp') facts.vlan = true;
      continue;
    }
    gatherFact(facts, field, item, numbers);
  }
  return facts;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function gatherFact(facts: Mutable<Facts>, field: Field, item: Item, numbers: Numbers | undefined): void {
  const literal = () => parseValue(field, item.text, numbers);
  switch (field.name) {
    case 'eth_type':
      facts.dlType = Number(literal().value);
      break;
    case 'nw_proto':
      facts.nwProto = Number(literal().value);
      break;
    case 'ip_frag':
      facts.laterFragment = (literal().value & 2n) !== 0n;
      break;
    case 'icmp_type':
    case 'icmpv6_type':
      facts.icmpType = Number(literal().value);
      break;
    case 'icmp_code':
    case 'icmpv6_code':
      facts.icmpCode = Number(literal().value);
      break;
    case 'ct_state': {
      const { value, mask } = literal();
      facts.ctState |= Number(value);
      facts.ctStateMask |= mask === undefined ? 0xff : Number(mask);
      break;
    }
    case 'vlan_pcp':
      facts.vlan = true;
      break;
    case 'vlan_vid':
    case 'vlan_tci': {
      const { value, mask } = literal();
      const present = 0x1000n;
      if ((value & present) !== 0n && (mask === undefined || (mask & present) !== 0n)) facts.vlan = true;
      break;
    }
    default:
  }
}

/** The field that an item means, given the protocol: tp_dst, icmp_type and arp's use of the IPv4 names. */
export function resolveField(name: string, facts: Facts): Field {
  const proto = facts.nwProto;
  const isIcmp6 = facts.dlType === ethertype.ipv6 && proto === protocol.icmp6;
  const isArp = facts.dlType === ethertype.arp || facts.dlType === ethertype.rarp;
  const side = /_(src|dst)$/.exec(name)?.[1];
  if (generic.has(name)) {
    const known = Object.entries(protocol).find(([, number]) => number === proto)?.[0];
    const transport = known === 'tcp' || known === 'udp' || known === 'sctp' ? known : undefined;
    if (transport === undefined) {
      throw new FlowError(`${name} needs tcp, udp or sctp (or tcp6, udp6, sctp6) in the match`, { field: name });
    }
    return knownField(`${transport}_${side}`);
  }
  if (isIcmp6 && (name === 'icmp_type' || name === 'icmp_code')) return knownField(name.replace('icmp', 'icmpv6'));
  if (isArp) {
    if (name === 'nw_src' || name === 'ip_src') return knownField('arp_spa');
    if (name === 'nw_dst' || name === 'ip_dst') return knownField('arp_tpa');
    if (name === 'nw_proto' || name === 'ip_proto') return knownField('arp_op');
  }
  return knownField(name);
}
