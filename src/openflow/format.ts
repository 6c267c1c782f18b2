// A flow's bytes as one line of `ovs-ofctl -O OpenFlow15 --no-stats --names dump-flows`.
// Neighbours: match/format.ts and actions/instructions.ts print the parts; parse.ts reads the line back.
// Invariant: letter for letter what the installed ovs-ofctl prints, without its leading space.

import { formatInstructions } from './actions/instructions.js';
import { FlowError } from './errors.js';
import { defaultPriority, flowFlags, flowMod, messageType } from './flow.js';
import { formatMatch } from './match/format.js';
import { formatTable, type Names } from './text/port.js';

function viewOf(message: Uint8Array, type: number): DataView {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  if (message.length < flowMod.match || message[1] !== type || view.getUint16(2) > message.length) {
    throw new FlowError('these bytes are not an OpenFlow 1.5 flow mod');
  }
  return view;
}

function flowView(message: Uint8Array): DataView {
  return viewOf(message, messageType.flowMod);
}

/** The whole cookie. */
export function flowCookie(message: Uint8Array): bigint {
  return flowView(message).getBigUint64(flowMod.cookie);
}

export function flowTable(message: Uint8Array): number {
  return flowView(message).getUint8(flowMod.table);
}

export function flowPriority(message: Uint8Array): number {
  return flowView(message).getUint16(flowMod.priority);
}

/** The OXMs of the match, without padding. */
export function flowMatch(message: Uint8Array): Uint8Array {
  const length = flowView(message).getUint16(flowMod.match + 2);
  return message.subarray(flowMod.match + 4, flowMod.match + length);
}

export function flowInstructions(message: Uint8Array): Uint8Array {
  const view = flowView(message);
  const matchLength = view.getUint16(flowMod.match + 2);
  return message.subarray(flowMod.match + ((matchLength + 7) & ~7), view.getUint16(2));
}

/** Walks messages that stand back to back, as in a batch or an answer of the engine. */
export function* messages(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at + 8 <= bytes.length;) {
    const length = bytes[at + 2]! * 256 + bytes[at + 3]!;
    if (length < 8 || at + length > bytes.length) throw new FlowError(`a message of ${length} bytes at offset ${at}`);
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

/** One flow mod as text. */
export function formatFlow(message: Uint8Array, names?: Names): string {
  const view = flowView(message);
  let head = '';
  const cookie = view.getBigUint64(flowMod.cookie);
  if (cookie !== 0n) head += `cookie=0x${cookie.toString(16)}, `;
  const table = view.getUint8(flowMod.table);
  // Table 0 goes without saying, unless it has a name.
  if (table !== 0 || names?.table?.(table) !== undefined) head += `table=${formatTable(table, names)}, `;
  const idle = view.getUint16(flowMod.idleTimeout);
  if (idle !== 0) head += `idle_timeout=${idle}, `;
  const hard = view.getUint16(flowMod.hardTimeout);
  if (hard !== 0) head += `hard_timeout=${hard}, `;
  head += formatFlags(view);
  const priority = view.getUint16(flowMod.priority);
  const match = formatMatch(flowMatch(message), names);
  const fields = [priority === defaultPriority ? '' : `priority=${priority}`, match]
    .filter((text) => text !== '')
    .join(',');
  return `${head}${fields}${fields === '' ? '' : ' '}actions=${formatInstructions(flowInstructions(message), names)}`;
}

function formatFlags(view: DataView): string {
  const flags = view.getUint16(flowMod.flags);
  const words: string[] = [];
  for (const [name, bit] of Object.entries(flowFlags)) if ((flags & bit) !== 0) words.push(name);
  const importance = view.getUint16(flowMod.importance);
  const text = words.length === 0 ? '' : `${words.join(' ')} `;
  return importance === 0 ? text : `${text}importance=${importance}, `;
}
