// controller(…): a packet handed to whoever listens, in the three encodings vswitchd knows.
// Neighbours: action.ts; output.ts writes the plain form.
// Invariant: the shortest encoding that says it all: output, then NX controller for id and reason, then NX controller2.

import { FlowError } from '../errors.js';
import type { Assembler } from '../template/assembler.js';
import { leafOf } from '../template/shape.js';
import { formatHexBytes, parseHexBytes } from '../text/hex.js';
import { portController } from '../text/port.js';
import { Reader } from '../text/reader.js';
import { type Call, parseCall, splitList } from '../text/split.js';
import {
  type ActionContext,
  type ActionFamily,
  type FormatAction,
  integerArgument,
  nicira,
  niciraAction,
  noHole,
} from './action.js';
import { outputPort } from './output.js';

const subtype = { controller: 20, controller2: 37 } as const;
const reasons = ['no_match', 'action', 'invalid_ttl', 'action_set', 'group', 'packet_out'];
const actionReason = 1;

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
      given.userdata = parseHexBytes(value, 'userdata');
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
