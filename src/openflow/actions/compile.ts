// A list of actions: from text to bytes and back, each by its family.
// Neighbours: instructions.ts calls it for flows, group/compile.ts for buckets, ct and clone for what they enclose.
// Invariant: a list of fragments compiles its items in the context in which it stands.

import { FlowError } from '../errors.js';
import { Assembler } from '../template/assembler.js';
import { leafOf, Token } from '../template/shape.js';
import { Sites } from '../template/site.js';
import type { Names } from '../text/port.js';
import { Reader } from '../text/reader.js';
import { parseCall, splitList } from '../text/split.js';
import {
  type ActionContext,
  type ActionFamily,
  experimenterType,
  type FormatAction,
  nicira,
  niciraVendor,
} from './action.js';
import { families } from './families.js';
import { compilePortAction, isPortAction } from './output.js';

let byName: Map<string, ActionFamily> | undefined;
let byCode: Map<number, FormatAction> | undefined;

/** Built on first use, because ct and clone call back into this file. */
function familyByName(name: string): ActionFamily | undefined {
  byName ??= new Map(families().flatMap((family) => family.names.map((n) => [n, family] as const)));
  return byName.get(name.toLowerCase());
}

function formatByCode(code: number) {
  byCode ??= new Map(families().flatMap((family) => [...family.formats]));
  return byCode.get(code);
}

/** Names of all actions, for the table tests. */
export function actionNames(): string[] {
  return families().flatMap((family) => [...family.names]);
}

export function compileActions(text: string, out: Assembler, context: ActionContext): void {
  const pieces = splitList(text);
  if (pieces.includes('drop')) {
    if (pieces.length > 1) throw new FlowError('drop stands alone', { field: 'drop' });
    return;
  }
  for (const piece of pieces) compileAction(piece, out, context);
}

export function compileAction(text: string, out: Assembler, context: ActionContext): void {
  const leaf = leafOf(context.expanded, text);
  if (leaf?.token === Token.list) {
    out.insert(leaf, itemSites(context));
    return;
  }
  if (leaf !== undefined) throw new FlowError('a value stands where an action belongs', { hole: leaf.ordinal });
  const call = parseCall(text);
  if (context.exec && !['set_field', 'load', 'move'].includes(call.name)) {
    throw new FlowError(`ct(exec(…)) takes set_field, load and move, not ${call.name}`, { field: call.name });
  }
  const family = familyByName(call.name);
  if (family !== undefined) return family.compile({ ...call, name: call.name.toLowerCase() }, out, context);
  if (isPortAction(call.name)) return compilePortAction(call.name, out);
  throw new FlowError(`there is no action "${call.name}"`, { field: call.name });
}

function itemSites(context: ActionContext): Sites {
  const { facts, exec, numbers } = context;
  return new Sites((expanded) => {
    const out = new Assembler();
    compileActions(expanded.text, out, { expanded, facts, exec, numbers });
    return out.finish();
  });
}

/** Prints each action of a list. Unknown ones are shown in hex, so that foreign flows can be listed too. */
export function formatActions(bytes: Uint8Array, names: Names | undefined, depth = 0): string[] {
  const reader = new Reader(bytes);
  const texts: string[] = [];
  while (reader.left > 0) {
    const type = reader.u16();
    const length = reader.u16();
    if (length < 4) throw new FlowError(`an action of ${length} bytes`);
    texts.push(formatAction(type, reader.take(length - 4), names, depth));
  }
  return texts;
}

function formatAction(type: number, body: Uint8Array, names: Names | undefined, depth: number): string {
  const reader = new Reader(body);
  let code = type;
  if (type === experimenterType) {
    const vendor = reader.u32();
    code = vendor === niciraVendor ? nicira(reader.u16()) : -1;
  }
  const format = formatByCode(code);
  if (format !== undefined) return format(reader, names, depth);
  const hex = Array.from(body, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `unknown(type=${type},body=${hex})`;
}
