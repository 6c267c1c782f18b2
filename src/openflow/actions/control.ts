// Actions that steer or annotate: clone, conjunction, check_pkt_larger, note, controller, exit, fin_timeout.
// Neighbours: action.ts; compile.ts compiles the actions inside clone.
// Invariant: each is written with the subtype and padding vswitchd itself uses.

import { FlowError } from '../errors.js';
import { requireFacts } from '../match/facts.js';
import type { Assembler } from '../template/assembler.js';
import { leafOf } from '../template/shape.js';
import { portController } from '../text/port.js';
import { Reader } from '../text/reader.js';
import { type Call, parseCall, splitList } from '../text/split.js';
import {
  type ActionContext,
  type ActionFamily,
  type FormatAction,
  fieldOfHeader,
  formatSubfield,
  integerArgument,
  nicira,
  niciraAction,
  noArguments,
  noHole,
} from './action.js';
import { compileActions, formatActions } from './compile.js';
import { outputPort } from './output.js';
import { target } from './set.js';

const subtype = {
  note: 8,
  exit: 17,
  finTimeout: 19,
  controller: 20,
  conjunction: 34,
  controller2: 37,
  clone: 42,
  checkLarger: 49,
} as const;
const reasons = ['no_match', 'action', 'invalid_ttl', 'action_set', 'group', 'packet_out'];
const actionReason = 1;

export const cloneFamily: ActionFamily = {
  names: ['clone'],
  compile(call, out, context) {
    const inner = { ...context };
    niciraAction(out, subtype.clone, () => {
      out.zero(6);
      compileActions(call.inner ?? '', out, inner);
    });
  },
  formats: new Map<number, FormatAction>([
    [
      nicira(subtype.clone),
      (reader, names, depth) => `clone(${formatActions(reader.skip(6).rest(), names, depth + 1).join(',') || 'drop'})`,
    ],
  ]),
};

export const conjunctionFamily: ActionFamily = {
  names: ['conjunction'],
  compile(call, out, context) {
    const parts = /^([^,]+),([^/]+)\/(.+)$/.exec((call.inner ?? '').replaceAll(/\s/g, ''));
    if (parts === null) throw new FlowError('conjunction needs (id,k/n)', { field: 'conjunction' });
    const [id, k, n] = parts.slice(1).map((text) => integerArgument(context, text, 'conjunction'));
    if (typeof n === 'number' && typeof k === 'number' && k > n) {
      throw new FlowError(`conjunction: clause ${k} of ${n}`, { field: 'conjunction' });
    }
    niciraAction(out, subtype.conjunction, () => {
      out.integer(k!, 1, 'conjunction clause', { min: 1, max: 64, bias: -1 });
      out.integer(n!, 1, 'conjunction clauses', { min: 2, max: 64 });
      out.integer(id!, 4, 'conjunction id');
    });
  },
  formats: new Map<number, FormatAction>([
    [
      nicira(subtype.conjunction),
      (reader) => {
        const [k, n] = [reader.u8() + 1, reader.u8()];
        return `conjunction(${reader.u32()},${k}/${n})`;
      },
    ],
  ]),
};

export const checkLargerFamily: ActionFamily = {
  names: ['check_pkt_larger'],
  compile(call, out, context) {
    const to = target(context, (call.value ?? '').replace(/^->/, ''), 'check_pkt_larger');
    if (to.width !== 1) throw new FlowError('check_pkt_larger stores one bit', { field: 'check_pkt_larger' });
    niciraAction(out, subtype.checkLarger, () => {
      out.integer(integerArgument(context, call.inner, 'check_pkt_larger'), 2, 'check_pkt_larger');
      out.u16(to.start).u32(to.field.nxm).zero(6);
    });
  },
  formats: new Map<number, FormatAction>([
    [
      nicira(subtype.checkLarger),
      (reader) => {
        const [length, start] = [reader.u16(), reader.u16()];
        return `check_pkt_larger(${length})->${formatSubfield({ field: fieldOfHeader(reader.u32()), start, width: 1 })}`;
      },
    ],
  ]),
};

function parseHex(text: string, action: string): Uint8Array {
  const digits = text.replaceAll('.', '');
  if (!/^([0-9a-f]{2})*$/i.test(digits))
    throw new FlowError(`${action}: "${text}" is not hex bytes`, { field: action });
  return Uint8Array.from(digits.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}

function formatHexBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('.');
}

export const noteFamily: ActionFamily = {
  names: ['note'],
  compile(call, out, context) {
    noHole(context, call.value ?? '', 'note');
    const bytes = parseHex(call.value ?? '', 'note');
    niciraAction(out, subtype.note, () => {
      out.raw(bytes);
      // The shortest note fills its 16 bytes.
      if (bytes.length < 6) out.zero(6 - bytes.length);
    });
  },
  formats: new Map<number, FormatAction>([[nicira(subtype.note), (reader) => `note:${formatHexBytes(reader.rest())}`]]),
};

export const exitFamily: ActionFamily = {
  names: ['exit'],
  compile(call, out) {
    noArguments(call);
    niciraAction(out, subtype.exit, () => out.zero(6));
  },
  formats: new Map<number, FormatAction>([[nicira(subtype.exit), () => 'exit']]),
};

export const finTimeoutFamily: ActionFamily = {
  names: ['fin_timeout'],
  compile(call, out, context) {
    requireFacts('tcp', context.facts, 'fin_timeout');
    const given = new Map(splitList(call.inner ?? '').map((text) => [parseCall(text).name, parseCall(text).value]));
    const seconds = (name: string) => (given.has(name) ? integerArgument(context, given.get(name), name) : 0);
    niciraAction(out, subtype.finTimeout, () => {
      out
        .integer(seconds('idle_timeout'), 2, 'idle_timeout')
        .integer(seconds('hard_timeout'), 2, 'hard_timeout')
        .zero(2);
    });
  },
  formats: new Map<number, FormatAction>([
    [
      nicira(subtype.finTimeout),
      (reader) => {
        const [idle, hard] = [reader.u16(), reader.u16()];
        const parts = [idle > 0 ? `idle_timeout=${idle}` : '', hard > 0 ? `hard_timeout=${hard}` : ''];
        return `fin_timeout(${parts.filter((part) => part !== '').join(',')})`;
      },
    ],
  ]),
};

interface ControllerArguments {
  maxLen: string | undefined;
  id: string | undefined;
  reason: number;
  userdata: Uint8Array | undefined;
  pause: boolean;
  meter: string | undefined;
}

function parseController(call: Call, context: ActionContext): ControllerArguments {
  const given: ControllerArguments = {
    maxLen: call.value,
    id: undefined,
    reason: actionReason,
    userdata: undefined,
    pause: false,
    meter: undefined,
  };
  for (const text of splitList(call.inner ?? '')) {
    const { name, value = '' } = parseCall(text);
    if (name === 'max_len') given.maxLen = value;
    else if (name === 'id') given.id = value;
    else if (name === 'pause') given.pause = true;
    else if (name === 'meter_id') given.meter = value;
    else if (name === 'userdata') {
      noHole(context, value, 'userdata');
      given.userdata = parseHex(value, 'userdata');
    } else if (name === 'reason') {
      given.reason = reasons.indexOf(value);
      if (given.reason < 0)
        throw new FlowError(`controller: no reason "${value}" (${reasons.join(', ')})`, { field: 'controller' });
    } else throw new FlowError(`controller: no argument "${name}"`, { field: 'controller' });
  }
  return given;
}

/** Three encodings: plain output, NX controller for id and reason, NX controller2 for the rest. */
function compileController(call: Call, out: Assembler, context: ActionContext): void {
  const given = parseController(call, context);
  const maxLen = given.maxLen === undefined ? 0xffff : integerArgument(context, given.maxLen, 'max_len');
  const id = given.id === undefined ? 0 : integerArgument(context, given.id, 'controller id');
  if (given.userdata !== undefined || given.pause || given.meter !== undefined) {
    return compileController2(given, maxLen, id, out, context);
  }
  if (given.reason === actionReason && id === 0 && typeof maxLen === 'number')
    return outputPort(out, portController, maxLen);
  niciraAction(out, subtype.controller, () => {
    out.integer(maxLen, 2, 'max_len').integer(id, 2, 'controller id').u8(given.reason).zero(1);
  });
}

const property = { maxLen: 0, id: 1, reason: 2, userdata: 3, pause: 4, meter: 5 } as const;

function compileController2(
  given: ControllerArguments,
  maxLen: ReturnType<typeof integerArgument>,
  id: ReturnType<typeof integerArgument>,
  out: Assembler,
  context: ActionContext,
): void {
  const prop = (code: number, body: () => void) => {
    const start = out.at;
    out.sized(2, () => {
      out.u16(code).u16(0);
      body();
    });
    out.pad(start);
  };
  niciraAction(out, subtype.controller2, () => {
    out.zero(6);
    if (maxLen !== 0xffff) prop(property.maxLen, () => out.integer(maxLen, 2, 'max_len').zero(2));
    if (id !== 0) prop(property.id, () => out.integer(id, 2, 'controller id').zero(2));
    if (given.reason !== actionReason) prop(property.reason, () => out.u8(given.reason));
    const { userdata, meter } = given;
    if (userdata !== undefined && userdata.length > 0) prop(property.userdata, () => out.raw(userdata));
    if (given.pause) prop(property.pause, () => {});
    if (meter !== undefined)
      prop(property.meter, () => out.integer(integerArgument(context, meter, 'meter_id'), 4, 'meter_id'));
  });
}

function formatController(reader: Reader): string {
  const [maxLen, id, reason] = [reader.u16(), reader.u16(), reader.u8()];
  return controllerText({ reason, maxLen, id, rest: [] });
}

function controllerText(c: { reason: number; maxLen: number; id: number; rest: readonly string[] }): string {
  const parts: string[] = [];
  if (c.reason !== actionReason) parts.push(`reason=${reasons[c.reason] ?? c.reason}`);
  if (c.maxLen !== 0xffff) parts.push(`max_len=${c.maxLen}`);
  if (c.id !== 0) parts.push(`id=${c.id}`);
  return `controller(${[...parts, ...c.rest].join(',')})`;
}

function formatController2(reader: Reader): string {
  reader.skip(6);
  const found = { reason: actionReason, maxLen: 0xffff, id: 0 };
  const rest: string[] = [];
  while (reader.left >= 4) {
    const code = reader.u16();
    const length = reader.u16();
    const body = new Reader(reader.take(length - 4));
    reader.skip(Math.min(reader.left, (8 - (length % 8)) % 8));
    if (code === property.maxLen) found.maxLen = body.u16();
    else if (code === property.id) found.id = body.u16();
    else if (code === property.reason) found.reason = body.u8();
    else if (code === property.userdata) rest.push(`userdata=${formatHexBytes(body.rest())}`);
    else if (code === property.pause) rest.push('pause');
    else if (code === property.meter) rest.push(`meter_id=${body.u32()}`);
  }
  return controllerText({ ...found, rest });
}

export const controllerFamily: ActionFamily = {
  names: ['controller'],
  compile(call, out, context) {
    const leaf = call.value === undefined ? undefined : leafOf(context.expanded, call.value);
    if (leaf !== undefined)
      throw new FlowError('CONTROLLER:… takes a literal length', { field: 'controller', hole: leaf.ordinal });
    compileController(call, out, context);
  },
  formats: new Map<number, FormatAction>([
    [nicira(subtype.controller), formatController],
    [nicira(subtype.controller2), formatController2],
  ]),
};
