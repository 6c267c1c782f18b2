// learn(…): a flow that writes flows.
// Neighbours: action.ts; families.ts lists it.
// Invariant: the older encoding is used unless a limit or a result is asked for, as vswitchd does.

import { FlowError } from '../errors.js';
import type { Field } from '../fields/field.js';
import { fieldByName } from '../fields/registry.js';
import { requireField } from '../match/facts.js';
import { parseRange } from '../match/items.js';
import type { Assembler } from '../template/assembler.js';
import { PatchOp } from '../template/patch.js';
import { leafOf } from '../template/shape.js';
import { formatTable, namedTable, type Names } from '../text/port.js';
import type { Reader } from '../text/reader.js';
import { parseCall, splitList } from '../text/split.js';
import { formatHex, formatValue, parseInteger, parseValue } from '../text/value.js';
import {
  type ActionContext,
  type ActionFamily,
  type FormatAction,
  fieldOfHeader,
  formatSubfield,
  integerArgument,
  isSubfield,
  nicira,
  niciraAction,
  noHole,
  parseSubfield,
  type Subfield,
} from './action.js';

const subtype = { learn: 16, learn2: 45 } as const;
const flags = { send_flow_rem: 1, delete_learned: 2, result: 4 } as const;
const defaultPriority = 0x8000;
const immediate = 1 << 13;
const target = { match: 0, load: 1 << 11, output: 2 << 11 } as const;

const numbers = [
  'idle_timeout',
  'hard_timeout',
  'fin_idle_timeout',
  'fin_hard_timeout',
  'priority',
  'limit',
  'table',
] as const;
type NumberName = (typeof numbers)[number];

function isNumberName(name: string): name is NumberName {
  return numbers.some((known) => known === name);
}

interface LearnArguments {
  readonly values: Map<NumberName, string>;
  flags: number;
  cookie: bigint;
  result: Subfield | undefined;
  readonly specs: string[];
}

function parseLearn(inner: string, context: ActionContext): LearnArguments {
  const given: LearnArguments = { values: new Map(), flags: 0, cookie: 0n, result: undefined, specs: [] };
  for (const text of splitList(inner)) {
    const { name, value = '' } = parseCall(text);
    if (isNumberName(name)) given.values.set(name, value);
    else if (text === 'send_flow_rem' || text === 'delete_learned') given.flags |= flags[text];
    else if (name === 'cookie') {
      noHole(context, value, 'learn cookie');
      given.cookie = parseInteger(value);
    } else if (name === 'result_dst') {
      given.result = parseSubfield(context, value, 'learn');
      if (given.result.width !== 1) throw new FlowError('result_dst is one bit', { field: 'learn' });
      given.flags |= flags.result;
    } else given.specs.push(text);
  }
  return given;
}

function compileLearn(inner: string, out: Assembler, context: ActionContext): void {
  const given = parseLearn(inner, context);
  const number = (name: NumberName, otherwise: number) => {
    const text = given.values.get(name);
    if (text === undefined) return otherwise;
    return (name === 'table' ? namedTable(text, context.numbers) : undefined) ?? integerArgument(context, text, name);
  };
  const u16 = (name: NumberName, otherwise = 0) => out.integer(number(name, otherwise), 2, name);
  const second = given.values.has('limit') || given.result !== undefined;
  niciraAction(out, second ? subtype.learn2 : subtype.learn, () => {
    u16('idle_timeout');
    u16('hard_timeout');
    u16('priority', defaultPriority);
    out.u64(given.cookie).u16(given.flags).integer(number('table', 1), 1, 'table', { max: 254 }).zero(1);
    u16('fin_idle_timeout');
    u16('fin_hard_timeout');
    if (second) {
      out.integer(number('limit', 0), 4, 'limit');
      out.u16(given.result?.start ?? 0).zero(2);
      if (given.result !== undefined) out.u32(given.result.field.nxm);
    }
    for (const spec of given.specs) compileSpec(spec, out, context);
  });
}

/** `load:x->field`, `output:field`, `field=x`, `field[…]=x` or a field that is matched as it stands. */
function compileSpec(text: string, out: Assembler, context: ActionContext): void {
  if (text.startsWith('output:')) {
    const source = sourceField(text.slice('output:'.length), context);
    out.u16(target.output | source.width);
    writeSubfield(out, source);
    return;
  }
  if (text.startsWith('load:')) {
    const arrow = text.lastIndexOf('->');
    if (arrow < 0) throw new FlowError(`learn: "${text}" has no ->`, { field: 'learn' });
    const to = parseSubfield(context, text.slice(arrow + 2), 'learn');
    if (!to.field.writable) throw new FlowError(`learn: ${to.field.name} is read-only`, { field: to.field.name });
    return compilePart(text.slice('load:'.length, arrow), to, target.load, out, context);
  }
  const equals = text.indexOf('=');
  const to = matchTarget(equals < 0 ? text : text.slice(0, equals), context);
  compilePart(equals < 0 ? formatSubfield(to) : text.slice(equals + 1), to, target.match, out, context);
}

function matchTarget(text: string, context: ActionContext): Subfield {
  noHole(context, text, 'learn');
  const { name } = parseRange(text);
  if (fieldByName(name) === undefined) throw new FlowError(`learn: there is no field "${name}"`, { field: name });
  return parseSubfield(context, text, 'learn');
}

function sourceField(text: string, context: ActionContext): Subfield {
  const source = parseSubfield(context, text, 'learn');
  requireField(source.field, context.facts);
  return source;
}

function compilePart(text: string, to: Subfield, kind: number, out: Assembler, context: ActionContext): void {
  if (leafOf(context.expanded, text) === undefined && isSubfield(text)) {
    const source = sourceField(text, context);
    if (source.width !== to.width) {
      throw new FlowError(`learn: ${source.width} bits to ${to.width} bits of ${to.field.name}`, {
        field: to.field.name,
      });
    }
    out.u16(kind | to.width);
    writeSubfield(out, source);
  } else {
    out.u16(immediate | kind | to.width);
    writeImmediate(text, to, kind, out, context);
  }
  writeSubfield(out, to);
}

function writeSubfield(out: Assembler, { field, start }: Subfield): void {
  out.u32(field.nxm).u16(start);
}

/** Right-justified in as few 16-bit words as hold the bits. */
function writeImmediate(text: string, to: Subfield, kind: number, out: Assembler, context: ActionContext): void {
  const bytes = 2 * Math.ceil(to.width / 16);
  const leaf = leafOf(context.expanded, text);
  if (leaf !== undefined) {
    const name = to.field.name;
    if (to.width <= 32) out.integer(leaf, bytes === 2 ? 2 : 4, name, { max: 2 ** to.width - 1 });
    else {
      out.patch(leaf, { op: to.width === 64 ? PatchOp.u64 : PatchOp.bytes, at: out.at, name, max: bytes });
      out.zero(bytes);
    }
    return;
  }
  noHole(context, text, 'learn');
  const whole = to.start === 0 && to.width === to.field.bits;
  const value = whole && kind === target.match ? parseValue(to.field, text, context.numbers).value : parseInteger(text);
  if (value >> BigInt(to.width) !== 0n)
    throw new FlowError(`${text} does not fit in ${to.width} bits`, { field: to.field.name });
  out.uint(value, bytes);
}

function formatLearn(reader: Reader, names: Names | undefined, second: boolean): string {
  const [idle, hard, priority] = [reader.u16(), reader.u16(), reader.u16()];
  const cookie = reader.u64();
  const bits = reader.u16();
  const table = reader.u8();
  reader.skip(1);
  const [finIdle, finHard] = [reader.u16(), reader.u16()];
  const parts = [`table=${formatTable(table, names)}`];
  if (idle !== 0) parts.push(`idle_timeout=${idle}`);
  if (hard !== 0) parts.push(`hard_timeout=${hard}`);
  if (finIdle !== 0) parts.push(`fin_idle_timeout=${finIdle}`);
  if (finHard !== 0) parts.push(`fin_hard_timeout=${finHard}`);
  if (priority !== defaultPriority) parts.push(`priority=${priority}`);
  if ((bits & flags.send_flow_rem) !== 0) parts.push('send_flow_rem');
  if ((bits & flags.delete_learned) !== 0) parts.push('delete_learned');
  if (cookie !== 0n) parts.push(`cookie=0x${cookie.toString(16)}`);
  if (second) {
    const limit = reader.u32();
    const start = reader.u16();
    reader.skip(2);
    if (limit !== 0) parts.push(`limit=${limit}`);
    if ((bits & flags.result) !== 0) {
      parts.push(`result_dst=${formatSubfield({ field: fieldOfHeader(reader.u32()), start, width: 1 })}`);
    }
  }
  while (reader.left >= 2) {
    const header = reader.u16();
    if (header === 0) break;
    parts.push(formatSpec(header, reader, names));
  }
  return `learn(${parts.join(',')})`;
}

function formatSpec(header: number, reader: Reader, names: Names | undefined): string {
  const width = header & 0x7ff;
  const kind = header & (3 << 11);
  const readField = (): Subfield => ({ field: fieldOfHeader(reader.u32()), start: reader.u16(), width });
  const value = (header & immediate) === 0 ? undefined : reader.take(2 * Math.ceil(width / 16));
  const source = value === undefined ? readField() : undefined;
  if (kind === target.output) return `output:${source === undefined ? '' : formatSubfield(source)}`;
  const to = readField();
  if (kind === target.load) {
    return `load:${source === undefined ? formatHex(value ?? new Uint8Array()) : formatSubfield(source)}->${formatSubfield(to)}`;
  }
  if (source !== undefined) {
    const same = source.field === to.field && source.start === to.start;
    return same ? formatSubfield(to) : `${formatSubfield(to)}=${formatSubfield(source)}`;
  }
  return formatImmediate(to, value ?? new Uint8Array(), names);
}

function formatImmediate(to: Subfield, value: Uint8Array, names: Names | undefined): string {
  const { field } = to;
  if (to.start !== 0 || to.width !== field.bits) return `${formatSubfield(to)}=${formatHex(value)}`;
  return `${field.name}=${formatValue(field, fit(value, field), undefined, names, 'set')}`;
}

/** The immediate's words hold the value at their end; a field of one byte has half a word. */
function fit(value: Uint8Array, field: Field): Uint8Array {
  const bytes = new Uint8Array(field.bytes);
  const count = Math.min(field.bytes, value.length);
  bytes.set(value.subarray(value.length - count), field.bytes - count);
  return bytes;
}

export const learnFamily: ActionFamily = {
  names: ['learn'],
  compile(call, out, context) {
    compileLearn(call.inner ?? '', out, context);
  },
  formats: new Map<number, FormatAction>([
    [nicira(subtype.learn), (reader, names) => formatLearn(reader, names, false)],
    [nicira(subtype.learn2), (reader, names) => formatLearn(reader, names, true)],
  ]),
};
