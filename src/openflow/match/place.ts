// From fields as an operator writes them to fields as OpenFlow 1.5 carries them: registers to pairs, VLANs to vlan_vid.
// Neighbours: items.ts reads the text, slots.ts holds the bits.
// Invariant: two ways of writing one match give the same slots.

import { FlowError } from '../errors.js';
import type { Field } from '../fields/field.js';
import { knownField } from '../fields/registry.js';
import type { Expanded, Leaf } from '../template/shape.js';
import { firstLeaf, leafOf, Token } from '../template/shape.js';
import { type Numbers, widenPort } from '../text/port.js';
import { type Literal, parseInteger, parseValue } from '../text/value.js';
import { type Facts, requireField } from './facts.js';
import { isMasked, type Slots } from './slots.js';
import { type Item, resolveField } from './items.js';

const vlanVid = knownField('vlan_vid');
const vlanPcp = knownField('vlan_pcp');
const inPort = knownField('in_port_oxm');
const dscp = knownField('ip_dscp');

const present = 0x1000n;

/** Where the bits of a field travel: `shift` is the place of its bit 0 in the wire field. */
interface Target {
  readonly field: Field;
  readonly shift: number;
}

function target(field: Field): Target {
  const single = /^reg(\d+)$/.exec(field.name);
  if (single === null) return { field, shift: 0 };
  const n = Number(single[1]);
  // Even registers are the upper halves of their pairs.
  return { field: knownField(`xreg${n >> 1}`), shift: n % 2 === 0 ? 32 : 0 };
}

export function placeItem(slots: Slots, expanded: Expanded, item: Item, facts: Facts, numbers?: Numbers): void {
  if (item.leaf?.token === Token.absent) return;
  if (item.leaf?.token === Token.list) {
    throw new FlowError('a list of actions cannot be a value', { field: item.name, hole: item.leaf.ordinal });
  }
  if (placeVlan(slots, item)) return;
  const field = resolveField(item.name, facts);
  requireField(field, facts);
  if (field.name === 'in_port') return placeInPort(slots, item, numbers);
  if (field.name === 'packet_type' && parseValue(field, item.text).value === 0n) {
    throw new FlowError('(0,0) is Ethernet, the default: leave it out', { field: item.name });
  }
  if (field.name === 'nw_tos') return placeTos(slots, item);
  if (field.name.startsWith('xxreg')) return placeWideRegister(slots, field, item);
  const { field: wire, shift } = target(field);
  const { start, width } = item.range ?? { start: 0, width: field.bits };
  if (start + width > field.bits) {
    throw new FlowError(`bits ${start}..${start + width - 1} are not within ${field.bits} bits`, { field: field.name });
  }
  const leaf = item.leaf ?? holeOverMask(expanded, item);
  if (leaf !== undefined) {
    const covered = item.leaf === undefined ? maskWidth(expanded, item, width) : width;
    if (isMasked(leaf) && !field.maskable)
      throw new FlowError('does not take a mask', { field: field.name, hole: leaf.ordinal });
    slots.hole(wire, {
      leaf,
      shift: shift + start,
      width: covered,
      max: covered > 32 ? 0 : 2 ** covered - 1,
      // Protocol 0 would make the switch forget the field and all that depends on it.
      min: field.name === 'ct_nw_proto' ? 1 : 0,
      name: nameOf(item),
    });
    return;
  }
  const leftover = firstLeaf(expanded, item.text);
  if (leftover !== undefined) {
    throw new FlowError(`a hole must be the whole value or stand before a literal mask`, {
      field: item.name,
      hole: leftover.ordinal,
    });
  }
  const { value, mask } = parseRanged(field, item, width, numbers);
  if (field.name === 'ct_nw_proto' && value === 0n) throw new FlowError('cannot be 0', { field: field.name });
  const at = BigInt(shift + start);
  slots.literal(wire, value << at, (mask ?? onesOf(field, width)) << at, item.name);
}

function nameOf(item: Item): string {
  return item.range === undefined
    ? item.name
    : `${item.name}[${item.range.start}..${item.range.start + item.range.width - 1}]`;
}

function onesOf(field: Field, width: number): bigint {
  return field.exactMask === undefined ? (1n << BigInt(width)) - 1n : BigInt(field.exactMask);
}

function parseRanged(field: Field, item: Item, width: number, numbers: Numbers | undefined): Literal {
  if (item.range === undefined) return parseValue(field, item.text, numbers);
  const [head, tail] = item.text.split('/');
  const value = parseInteger(head ?? '');
  const mask = tail === undefined ? (1n << BigInt(width)) - 1n : parseInteger(tail);
  if (value >> BigInt(width) !== 0n || mask >> BigInt(width) !== 0n) {
    throw new FlowError(`${item.text} does not fit in ${width} bits`, { field: field.name });
  }
  return { value: value & mask, mask };
}

/** `${value}/0xff`: the hole of a value with a literal mask. */
function holeOverMask(expanded: Expanded, item: Item): Leaf | undefined {
  const slash = item.text.indexOf('/');
  const leaf = slash < 0 ? undefined : leafOf(expanded, item.text.slice(0, slash));
  if (leaf !== undefined && isMasked(leaf))
    throw new FlowError('has two masks', { field: item.name, hole: leaf.ordinal });
  return leaf;
}

function maskWidth(expanded: Expanded, item: Item, width: number): number {
  const text = item.text.slice(item.text.indexOf('/') + 1);
  const inner = firstLeaf(expanded, text);
  const mask = inner === undefined ? parseInteger(text) : 0n;
  const bits = mask.toString(2).length;
  if (mask === 0n || mask !== (1n << BigInt(bits)) - 1n || bits > width) {
    throw new FlowError('a hole takes a literal mask of low bits only (0xff); use masked(value, mask)', {
      field: item.name,
      hole: inner?.ordinal,
    });
  }
  return bits;
}

/** The VLAN fields share one wire field; a hole is a VLAN ID of 12 bits and implies that the tag is there. */
function placeVlan(slots: Slots, item: Item): boolean {
  const { name, leaf, text } = item;
  if (leaf !== undefined && isMasked(leaf) && /vlan/.test(name)) {
    throw new FlowError('takes a plain value', { field: name, hole: leaf.ordinal });
  }
  switch (name) {
    case 'dl_vlan':
    case 'vlan_vid':
      if (leaf !== undefined) {
        slots.literal(vlanVid, present, present, name);
        slots.hole(vlanVid, { leaf, shift: 0, width: 12, max: 4095, name });
        return true;
      }
      if (name === 'vlan_vid') {
        const { value, mask } = parseValue(vlanVid, text);
        slots.literal(vlanVid, value, mask ?? 0x1fffn, name);
        return true;
      }
      placeVlanId(slots, parseInteger(text));
      return true;
    case 'dl_vlan_pcp':
    case 'vlan_pcp':
      slots.literal(vlanVid, present, present, name);
      if (leaf === undefined) slots.literal(vlanPcp, parseValue(vlanPcp, text).value, 7n, name);
      else slots.hole(vlanPcp, { leaf, shift: 0, width: 3, max: 7, name });
      return true;
    case 'vlan_tci':
      if (leaf !== undefined) {
        throw new FlowError('takes no hole: use dl_vlan and dl_vlan_pcp', { field: name, hole: leaf.ordinal });
      }
      placeTci(slots, parseValue(knownField('vlan_tci'), text));
      return true;
    default:
      return false;
  }
}

function placeVlanId(slots: Slots, id: bigint): void {
  // 0xffff is OpenFlow 1.0's "no VLAN header".
  if (id === 0xffffn) return slots.literal(vlanVid, 0n, 0x1fffn, 'dl_vlan');
  if (id > 4095n) throw new FlowError(`dl_vlan ${id} is not 0..4095`, { field: 'dl_vlan' });
  slots.literal(vlanVid, id | present, 0x1fffn, 'dl_vlan');
}

function placeTci(slots: Slots, { value, mask = 0xffffn }: Literal): void {
  const id = value & 0x1fffn;
  slots.literal(vlanVid, id, mask & 0x1fffn, 'vlan_tci');
  // Without a tag there is no priority to match: vswitchd drops it too.
  const priority = mask >> 13n;
  if (priority === 0n || id === 0n) return;
  if (priority !== 7n) throw new FlowError('can match all three priority bits or none', { field: 'vlan_tci' });
  slots.literal(vlanPcp, value >> 13n, 7n, 'vlan_tci');
}

function placeInPort(slots: Slots, item: Item, numbers: Numbers | undefined): void {
  if (item.leaf !== undefined) {
    return slots.hole(inPort, { leaf: item.leaf, shift: 0, width: 32, max: 0xffffffff, name: item.name });
  }
  const narrow = parseValue(knownField('in_port'), item.text, numbers);
  slots.literal(inPort, BigInt(widenPort(Number(narrow.value))), 0xffffffffn, item.name);
}

function placeTos(slots: Slots, item: Item): void {
  if (item.leaf !== undefined) {
    throw new FlowError('takes no hole: use ip_dscp', { field: item.name, hole: item.leaf.ordinal });
  }
  const { value } = parseValue(knownField('nw_tos'), item.text);
  if ((value & 3n) !== 0n) throw new FlowError(`${value} has ECN bits set`, { field: item.name });
  slots.literal(dscp, value >> 2n, 63n, item.name);
}

function placeWideRegister(slots: Slots, field: Field, item: Item): void {
  if (item.leaf !== undefined) {
    throw new FlowError('takes no hole in a match: use reg, xreg or a register range', {
      field: item.name,
      hole: item.leaf.ordinal,
    });
  }
  const { start, width } = item.range ?? { start: 0, width: 128 };
  const { value, mask = (1n << BigInt(width)) - 1n } = parseRanged(field, item, width, undefined);
  const [bits, wanted] = [value << BigInt(start), mask << BigInt(start)];
  const low = (1n << 64n) - 1n;
  const n = Number(field.name.slice('xxreg'.length));
  slots.literal(knownField(`xreg${2 * n}`), bits >> 64n, wanted >> 64n, item.name);
  slots.literal(knownField(`xreg${2 * n + 1}`), bits & low, wanted & low, item.name);
}
