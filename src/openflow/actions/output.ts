// Actions that send the packet somewhere: ports, groups, the controller, queues, other tables.
// Neighbours: action.ts; text/port.ts knows reserved ports.
// Invariant: outputs carry max_len 0, to the controller 65535 unless said otherwise, as vswitchd writes them.

import { FlowError } from '../errors.js';
import { requireFacts } from '../match/facts.js';
import type { Assembler } from '../template/assembler.js';
import { PatchOp } from '../template/patch.js';
import { type Leaf, leafOf } from '../template/shape.js';
import { requirePlain } from '../template/assembler.js';
import {
  formatPort,
  formatTable,
  namedTable,
  narrowPort,
  parsePort,
  portController,
  portInPort,
  reservedPort,
  widenPort,
} from '../text/port.js';
import { type Call, splitList, parseCall } from '../text/split.js';
import {
  type ActionContext,
  type ActionFamily,
  type FormatAction,
  formatSubfield,
  integerArgument,
  isSubfield,
  nicira,
  niciraAction,
  packRange,
  parseSubfield,
  standardAction,
  unpackRange,
} from './action.js';

const type = { output: 0, setQueue: 0x15, group: 0x16, meter: 0x1d } as const;
const subtype = { popQueue: 5, resubmitTable: 14, outputReg: 15, outputTrunc: 39, resubmitCt: 44 } as const;

function writePort(out: Assembler, port: number | Leaf, bytes: 2 | 4, name: string): void {
  if (typeof port === 'number') {
    out.uint(BigInt(bytes === 2 ? narrowPort(port) : port), bytes);
    return;
  }
  requirePlain(port, name);
  const op = bytes === 2 ? PatchOp.narrowPort : PatchOp.port;
  out.patch(port, { op, at: out.at, name, max: 0xffffffff });
  out.zero(bytes);
}

function portArgument(context: ActionContext, text: string): number | Leaf {
  return leafOf(context.expanded, text) ?? parsePort(text, context.numbers);
}

export function outputPort(out: Assembler, port: number | Leaf, maxLen: number): void {
  standardAction(out, type.output, () => {
    writePort(out, port, 4, 'output');
    out.u16(maxLen).zero(6);
  });
}

function compileOutput(call: Call, out: Assembler, context: ActionContext): void {
  if (call.inner !== undefined) return compileTruncated(call.inner, out, context);
  const text = call.value ?? '';
  if (reservedPort(text) === undefined && isSubfield(text)) {
    const source = parseSubfield(context, text, 'output');
    niciraAction(out, subtype.outputReg, () => {
      out.u16(packRange(source)).u32(source.field.nxm).u16(0xffff).zero(6);
    });
    return;
  }
  const port = portArgument(context, text);
  outputPort(out, port, port === portController ? 0xffff : 0);
}

function compileTruncated(inner: string, out: Assembler, context: ActionContext): void {
  const given = new Map(splitList(inner).map((text) => [parseCall(text).name, parseCall(text).value ?? '']));
  const port = portArgument(context, given.get('port') ?? '');
  niciraAction(out, subtype.outputTrunc, () => {
    writePort(out, port, 2, 'output');
    out.integer(integerArgument(context, given.get('max_len'), 'max_len'), 4, 'max_len', { min: 14 });
  });
}

/** `NORMAL`, `in_port`, `LOCAL`… as actions of their own. */
export function isPortAction(name: string): boolean {
  return reservedPort(name) !== undefined && name.toUpperCase() !== 'CONTROLLER';
}

export function compilePortAction(name: string, out: Assembler): void {
  outputPort(out, reservedPort(name)!, 0);
}

export const outputFamily: ActionFamily = {
  names: ['output'],
  compile: compileOutput,
  formats: new Map<number, FormatAction>([
    [
      type.output,
      (reader, names) => {
        const port = reader.u32();
        const maxLen = reader.u16();
        if (port === portController) return `CONTROLLER:${maxLen}`;
        return port > 0xffff ? formatPort(port) : `output:${formatPort(port, names)}`;
      },
    ],
    [
      nicira(subtype.outputReg),
      (reader) => {
        const packed = reader.u16();
        return `output:${formatSubfield(unpackRange(reader.u32(), packed))}`;
      },
    ],
    [
      nicira(subtype.outputTrunc),
      (reader, names) => `output(port=${formatPort(widenPort(reader.u16()), names)},max_len=${reader.u32()})`,
    ],
  ]),
};

function compileNumbered(
  action: number,
  name: string,
  limits: { min?: number; max?: number },
): ActionFamily['compile'] {
  return (call, out, context) => {
    standardAction(out, action, () => {
      out.integer(integerArgument(context, call.value ?? call.inner, name), 4, name, limits);
    });
  };
}

export const groupFamily: ActionFamily = {
  names: ['group'],
  compile: compileNumbered(type.group, 'group', { max: 0xffffff00 }),
  formats: new Map<number, FormatAction>([[type.group, (reader) => `group:${reader.u32()}`]]),
};

export const meterFamily: ActionFamily = {
  names: ['meter'],
  compile: compileNumbered(type.meter, 'meter', { min: 1, max: 0xffff0000 }),
  formats: new Map<number, FormatAction>([[type.meter, (reader) => `meter:${reader.u32()}`]]),
};

export const queueFamily: ActionFamily = {
  names: ['set_queue', 'pop_queue', 'enqueue'],
  compile(call, out, context) {
    if (call.name === 'pop_queue') return niciraAction(out, subtype.popQueue, () => out.zero(6));
    if (call.name === 'enqueue') throw new FlowError('enqueue is OpenFlow 1.0: write set_queue:Q,output:P,pop_queue');
    compileNumbered(type.setQueue, 'set_queue', {})(call, out, context);
  },
  formats: new Map<number, FormatAction>([
    [type.setQueue, (reader) => `set_queue:${reader.u32()}`],
    [nicira(subtype.popQueue), () => 'pop_queue'],
  ]),
};

export const resubmitFamily: ActionFamily = {
  names: ['resubmit'],
  compile(call, out, context) {
    const { port, table, ct } = resubmitArguments(call, context);
    // The original tuple takes the place of the packet's own, so it must be there.
    if (ct) requireFacts('ct', context.facts, 'resubmit(…,ct)');
    niciraAction(out, ct ? subtype.resubmitCt : subtype.resubmitTable, () => {
      writePort(out, port, 2, 'resubmit');
      out.integer(table, 1, 'resubmit table');
      out.zero(3);
    });
  },
  formats: new Map<number, FormatAction>([
    [nicira(subtype.resubmitTable), (reader, names) => formatResubmit(reader.u16(), reader.u8(), false, names)],
    [nicira(subtype.resubmitCt), (reader, names) => formatResubmit(reader.u16(), reader.u8(), true, names)],
  ]),
};

function resubmitArguments(
  call: Call,
  context: ActionContext,
): { port: number | Leaf; table: number | Leaf; ct: boolean } {
  if (call.inner === undefined) return { port: portArgument(context, call.value ?? ''), table: 255, ct: false };
  // The port may be empty, so the arguments are cut at commas only.
  const [port = '', table = '', ct] = call.inner.split(',').map((text) => text.trim());
  if (port === '' && table === '') throw new FlowError('resubmit needs a port or a table', { field: 'resubmit' });
  if (ct === 'ct' && table === '') throw new FlowError('resubmit with ct needs a table', { field: 'resubmit' });
  if (ct !== undefined && ct !== 'ct') throw new FlowError(`resubmit: "${ct}" is not ct`, { field: 'resubmit' });
  const named = namedTable(table, context.numbers);
  return {
    port: port === '' ? portInPort : portArgument(context, port),
    table: table === '' ? 255 : (named ?? integerArgument(context, table, 'resubmit table')),
    ct: ct !== undefined,
  };
}

function formatResubmit(port: number, table: number, ct: boolean, names: Parameters<typeof formatPort>[1]): string {
  const wide = widenPort(port);
  const portText = wide === portInPort ? '' : formatPort(wide, names);
  if (portText !== '' && table === 255) return `resubmit:${portText}`;
  return `resubmit(${portText},${table === 255 ? '' : formatTable(table, names)}${ct ? ',ct' : ''})`;
}
