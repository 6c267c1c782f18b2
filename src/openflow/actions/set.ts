// Actions that change fields: set_field, load, move, push and pop, and the older names for them.
// Neighbours: action.ts; match/slots.ts patches holes into field bits.
// Invariant: every way to set a field is written as vswitchd writes it back: set_field, masked where part of a field is meant.

import { FlowError } from '../errors.js';
import type { Field } from '../fields/field.js';
import { knownField } from '../fields/registry.js';
import { requireField } from '../match/facts.js';
import { resolveField } from '../match/items.js';
import { isMasked, patchBits } from '../match/slots.js';
import type { Assembler } from '../template/assembler.js';
import { firstLeaf, type Leaf, leafOf, Token } from '../template/shape.js';
import type { Reader } from '../text/reader.js';
import type { Names } from '../text/port.js';
import type { Call } from '../text/split.js';
import { formatValue, type Literal, parseInteger, parseValue } from '../text/value.js';
import {
  type ActionContext,
  type ActionFamily,
  type FormatAction,
  fieldOfHeader,
  formatSubfield,
  nicira,
  niciraAction,
  noHole,
  parseSubfield,
  standardAction,
  type Subfield,
} from './action.js';

const type = { setField: 0x19, copyField: 0x1c } as const;
const subtype = { push: 27, pop: 28 } as const;
const present = 0x1000n;

/** Cuts `value->target`. */
function arrow(call: Call): [source: string, target: string] {
  const text = call.value ?? '';
  const at = text.lastIndexOf('->');
  if (at < 0) throw new FlowError(`${call.name} needs "->" and a field`, { field: call.name });
  return [text.slice(0, at).trim(), text.slice(at + 2).trim()];
}

function requireTarget({ field }: Subfield, context: ActionContext, action: string): void {
  const ofConnection = field.name === 'ct_mark' || field.name === 'ct_label';
  if (!field.writable) throw new FlowError(`${action}: ${field.name} is read-only`, { field: field.name });
  if (ofConnection && !context.exec)
    throw new FlowError(`${field.name} is set in ct(commit,exec(…)) only`, { field: field.name });
  if (!ofConnection && context.exec)
    throw new FlowError(`ct(exec(…)) sets ct_mark and ct_label only`, { field: field.name });
  requireField(field, context.facts);
}

export function target(context: ActionContext, text: string, action: string): Subfield {
  const generic = text === 'tp_src' || text === 'tp_dst' ? resolveField(text, context.facts).name : text;
  const subfield = parseSubfield(context, generic, action);
  requireTarget(subfield, context, action);
  return subfield;
}

/** Writes `set_field` of literal bits; a mask of the whole field is left out. */
function setLiteral(out: Assembler, field: Field, value: bigint, mask: bigint | undefined): void {
  if (field.name === 'vlan_vid' && (value & present) === 0n) {
    throw new FlowError(`${value} lacks the bit that says there is a tag: write ${value | present}`, {
      field: field.name,
    });
  }
  if (field.name === 'nw_tos' && (value & 3n) !== 0n)
    throw new FlowError(`${value} has ECN bits set`, { field: field.name });
  standardAction(out, type.setField, () => {
    writeHeader(out, field, mask !== undefined);
    out.uint(value, field.bytes);
    if (mask !== undefined) out.uint(mask, field.bytes);
  });
}

function writeHeader(out: Assembler, field: Field, masked: boolean): void {
  out.u32(masked ? ((field.oxm & 0xffffff00) | 0x100 | (field.bytes * 2)) >>> 0 : field.oxm);
}

/** Writes `set_field` of a hole into the whole field or the range of bits. */
function setHole(out: Assembler, { field, start, width }: Subfield, leaf: Leaf): void {
  if (leaf.token === Token.absent || leaf.token === Token.list) {
    throw new FlowError('a value that is masked away sets nothing', { field: field.name, hole: leaf.ordinal });
  }
  const vlan = field.name === 'vlan_vid';
  const partial = width < field.bits;
  const masked = isMasked(leaf);
  if ((partial || masked) && !field.maskable) throw new FlowError('can be set as a whole only', { field: field.name });
  const bits = vlan ? 12 : width;
  const ones = ((1n << BigInt(bits)) - 1n) << BigInt(start);
  standardAction(out, type.setField, () => {
    writeHeader(out, field, partial || masked);
    const valueAt = out.at;
    out.uint(vlan ? present : 0n, field.bytes);
    if (partial || masked) out.uint(masked ? 0n : ones, field.bytes);
    patchBits(out, field, valueAt, {
      leaf,
      shift: start,
      width: bits,
      max: bits > 32 ? 0 : 2 ** bits - 1,
      name: partial ? `${field.name}[${start}..${start + width - 1}]` : field.name,
    });
  });
}

function compileSet(call: Call, out: Assembler, context: ActionContext): void {
  const [source, targetText] = arrow(call);
  const to = target(context, targetText, call.name);
  const leaf = leafOf(context.expanded, source);
  if (leaf !== undefined) return setHole(out, to, leaf);
  noHole(context, source, call.name);
  const { field, start, width } = to;
  const { value, mask } = literalOf(call, to, source, context);
  if (width === field.bits && mask === undefined) return setLiteral(out, field, value, undefined);
  const ones = mask ?? (1n << BigInt(width)) - 1n;
  setLiteral(out, field, value << BigInt(start), ones << BigInt(start));
}

/** `load` takes an integer for any field; `set_field` takes the field's own notation, or an integer for a range. */
function literalOf(call: Call, { field, width }: Subfield, source: string, context: ActionContext): Literal {
  const whole = width === field.bits;
  if (call.name === 'set_field' && whole) return parseValue(field, source, context.numbers);
  const [head, tail] = source.split('/');
  const value = parseInteger(head ?? '');
  const mask = tail === undefined ? undefined : parseInteger(tail);
  if (value >> BigInt(width) !== 0n || (mask ?? 0n) >> BigInt(width) !== 0n) {
    throw new FlowError(`${source} does not fit in ${width} bits`, { field: field.name });
  }
  return { value: mask === undefined ? value : value & mask, mask };
}

function formatSet(reader: Reader, names: Names | undefined): string {
  const header = reader.u32();
  const field = fieldOfHeader(header);
  const value = reader.take(field.bytes);
  const mask = (header & 0x100) === 0 ? undefined : reader.take(field.bytes);
  return `set_field:${formatValue(field, value, mask, names, 'set')}->${field.name}`;
}

export const setFamily: ActionFamily = {
  names: ['set_field', 'load'],
  compile: compileSet,
  formats: new Map<number, FormatAction>([[type.setField, formatSet]]),
};

function compileMove(call: Call, out: Assembler, context: ActionContext): void {
  const [sourceText, targetText] = arrow(call);
  const from = parseSubfield(context, sourceText, 'move');
  requireField(from.field, context.facts);
  const to = target(context, targetText, 'move');
  if (from.width !== to.width) {
    throw new FlowError(`move of ${from.width} bits to ${to.width} bits`, { field: to.field.name });
  }
  standardAction(out, type.copyField, () => {
    out.u16(from.width).u16(from.start).u16(to.start).zero(2).u32(from.field.oxm).u32(to.field.oxm);
  });
}

export const moveFamily: ActionFamily = {
  names: ['move'],
  compile: compileMove,
  formats: new Map<number, FormatAction>([
    [
      type.copyField,
      (reader) => {
        const [width, from, to] = [reader.u16(), reader.u16(), reader.u16()];
        reader.skip(2);
        const source = formatSubfield({ field: fieldOfHeader(reader.u32()), start: from, width });
        return `move:${source}->${formatSubfield({ field: fieldOfHeader(reader.u32()), start: to, width })}`;
      },
    ],
  ]),
};

export const stackFamily: ActionFamily = {
  names: ['push', 'pop'],
  compile(call, out, context) {
    const isPush = call.name === 'push';
    const subfield = isPush
      ? parseSubfield(context, call.value ?? '', 'push')
      : target(context, call.value ?? '', 'pop');
    requireField(subfield.field, context.facts);
    niciraAction(out, isPush ? subtype.push : subtype.pop, () => {
      out.u16(subfield.start).u32(subfield.field.nxm).u16(subfield.width).zero(6);
    });
  },
  formats: new Map<number, FormatAction>([
    [nicira(subtype.push), (reader) => `push:${formatStack(reader)}`],
    [nicira(subtype.pop), (reader) => `pop:${formatStack(reader)}`],
  ]),
};

function formatStack(reader: Reader): string {
  const start = reader.u16();
  const field = fieldOfHeader(reader.u32());
  return formatSubfield({ field, start, width: reader.u16() });
}

/** OpenFlow 1.0's names, each for a set_field of one field. */
const older: Readonly<Record<string, string>> = {
  mod_dl_src: 'eth_src',
  mod_dl_dst: 'eth_dst',
  mod_nw_src: 'ip_src',
  mod_nw_dst: 'ip_dst',
  mod_nw_ecn: 'nw_ecn',
  mod_tp_src: 'tp_src',
  mod_tp_dst: 'tp_dst',
  set_tunnel: 'tun_id',
  set_tunnel64: 'tun_id',
};

export const olderFamily: ActionFamily = {
  names: [...Object.keys(older), 'mod_nw_tos'],
  compile(call, out, context) {
    const text = call.value ?? call.inner ?? '';
    if (call.name === 'mod_nw_tos') {
      noHole(context, text, call.name);
      const to = target(context, 'ip_dscp', call.name);
      return setLiteral(out, to.field, parseInteger(text) >> 2n, undefined);
    }
    compileSet({ ...call, name: 'set_field', value: `${text}->${older[call.name]}` }, out, context);
  },
  formats: new Map<number, FormatAction>(),
};

/** What `set_vlan_vid` and its kin share with set_field. */
export function setVlan(
  out: Assembler,
  fieldName: 'vlan_vid' | 'vlan_pcp',
  context: ActionContext,
  text: string,
): void {
  const field = knownField(fieldName);
  const leaf = firstLeaf(context.expanded, text);
  if (leaf !== undefined) return setHole(out, { field, start: 0, width: field.bits }, leaf);
  const value = parseInteger(text);
  const limit = fieldName === 'vlan_vid' ? 4095n : 7n;
  if (value > limit) throw new FlowError(`${value} is not 0..${limit}`, { field: fieldName });
  setLiteral(out, field, fieldName === 'vlan_vid' ? value | present : value, undefined);
}
