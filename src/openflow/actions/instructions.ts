// The actions of a flow as OpenFlow instructions: apply, clear, write, metadata, goto.
// Neighbours: compile.ts does the actions; flow.ts and format.ts call here.
// Invariant: instructions stand in OpenFlow's order, as vswitchd demands of the text too.

import { FlowError } from '../errors.js';
import type { Facts } from '../match/facts.js';
import type { Assembler } from '../template/assembler.js';
import { PatchOp } from '../template/patch.js';
import { type Expanded, leafOf, Token } from '../template/shape.js';
import { formatTable, namedTable, type Names, type Numbers } from '../text/port.js';
import { Reader } from '../text/reader.js';
import { type Call, parseCall, splitList } from '../text/split.js';
import { formatHex, parseInteger } from '../text/value.js';
import { type ActionContext, integerArgument } from './action.js';
import { compileAction, compileActions, formatActions } from './compile.js';

const type = { gotoTable: 1, writeMetadata: 2, writeActions: 3, applyActions: 4, clearActions: 5 } as const;

const order = ['clear_actions', 'write_actions', 'write_metadata', 'goto_table'] as const;
type Instruction = (typeof order)[number];

function isInstruction(name: string): name is Instruction {
  return (order as readonly string[]).includes(name);
}

export function compileInstructions(
  out: Assembler,
  expanded: Expanded,
  text: string,
  facts: Facts,
  numbers: Numbers | undefined,
): void {
  const pieces = splitList(text);
  if (pieces.length === 1 && pieces[0] === 'drop') return;
  const context: ActionContext = { expanded, facts, numbers, exec: false };
  const calls = pieces.map((piece) => parseCall(piece));
  const first = calls.findIndex((call) => isInstruction(call.name));
  const actions = first < 0 ? pieces : pieces.slice(0, first);
  if (actions.length > 0) applyActions(out, actions, context);
  let last = -1;
  for (const call of first < 0 ? [] : calls.slice(first)) {
    const place = order.indexOf(call.name as Instruction);
    if (place < 0) throw new FlowError(`${call.name} stands behind an instruction`, { field: call.name });
    if (place <= last) throw new FlowError(`${call.name} must stand before ${order[last]}`, { field: call.name });
    last = place;
    compileInstruction(call, out, context);
  }
}

function applyActions(out: Assembler, actions: readonly string[], context: ActionContext): void {
  out.sized(2, () => {
    out.u16(type.applyActions).u16(0).zero(4);
    for (const [i, action] of actions.entries()) {
      if (action === 'drop') throw new FlowError('drop stands alone', { field: 'drop' });
      if (i > 0 && /^meter[:(]/.test(action)) throw new FlowError('meter must come first', { field: 'meter' });
      compileAction(action, out, context);
    }
  });
}

function compileInstruction(call: Call, out: Assembler, context: ActionContext): void {
  switch (call.name as Instruction) {
    case 'clear_actions':
      out.u16(type.clearActions).u16(8).zero(4);
      return;
    case 'write_actions':
      // vswitchd forgets an empty set.
      if (['', 'drop'].includes((call.inner ?? '').trim())) return;
      out.sized(2, () => {
        out.u16(type.writeActions).u16(0).zero(4);
        compileActions(call.inner ?? '', out, context);
      });
      return;
    case 'write_metadata':
      return compileMetadata(call.value ?? '', out, context);
    case 'goto_table':
      return compileGoto(call.value ?? '', out, context);
  }
}

function compileMetadata(text: string, out: Assembler, context: ActionContext): void {
  out.u16(type.writeMetadata).u16(24).zero(4);
  const [head = '', tail] = text.split('/');
  const leaf = leafOf(context.expanded, head);
  const masked = leaf?.token === Token.masked;
  if (leaf === undefined) out.u64(parseInteger(head));
  else {
    out.patch(leaf, {
      op: PatchOp.u64,
      at: out.at,
      maskAt: masked ? out.at + 8 : -1,
      name: 'write_metadata',
      max: 0,
    });
    out.zero(8);
  }
  out.u64(masked ? 0n : tail === undefined ? 0xffffffffffffffffn : parseInteger(tail));
}

function compileGoto(text: string, out: Assembler, context: ActionContext): void {
  const table = namedTable(text, context.numbers) ?? integerArgument(context, text, 'goto_table');
  const from = context.facts.table;
  if (typeof table === 'number' && from !== undefined && table <= from) {
    throw new FlowError(`goto_table:${table} from table ${from} does not go forward`, { field: 'goto_table' });
  }
  out.u16(type.gotoTable).u16(8).integer(table, 1, 'goto_table', { max: 253 }).zero(3);
}

/** Prints instructions as one action list; nothing at all is `drop`. */
export function formatInstructions(bytes: Uint8Array, names: Names | undefined): string {
  const reader = new Reader(bytes);
  const texts: string[] = [];
  while (reader.left > 0) {
    const code = reader.u16();
    const length = reader.u16();
    if (length < 8) throw new FlowError(`an instruction of ${length} bytes`);
    const body = new Reader(reader.take(length - 4));
    texts.push(...formatInstruction(code, body, names));
  }
  return texts.length === 0 ? 'drop' : texts.join(',');
}

function formatInstruction(code: number, body: Reader, names: Names | undefined): string[] {
  switch (code) {
    case type.gotoTable:
      return [`goto_table:${formatTable(body.u8(), names)}`];
    case type.writeMetadata: {
      body.skip(4);
      const value = formatHex(body.take(8));
      const mask = formatHex(body.take(8));
      return [`write_metadata:${value}${mask === '0xffffffffffffffff' ? '' : `/${mask}`}`];
    }
    case type.writeActions:
      return [`write_actions(${formatActions(body.skip(4).rest(), names).join(',') || 'drop'})`];
    case type.applyActions:
      return formatActions(body.skip(4).rest(), names);
    case type.clearActions:
      return ['clear_actions'];
    default:
      return [`unknown_instruction(${code})`];
  }
}
