// Flow and group text of ovs-ofctl(8) to messages: for tests, tools and read-back of what people write.
// Neighbours: flow.ts and group/compile.ts compile; format.ts is the way back.
// Invariant: `parseFlow(formatFlow(x))` equals `x` for every canonical flow mod.

import { FlowError } from './errors.js';
import { compileFlow } from './flow.js';
import { compileGroup } from './group/compile.js';
import { compileMeter } from './meter/compile.js';
import type { Expanded } from './template/shape.js';
import type { Numbers } from './text/port.js';

function literal(text: string): Expanded {
  return { text: text.trim(), leaves: [], label: text.trim() };
}

/**
 * One flow in ovs-ofctl's syntax as an OFPT_FLOW_MOD (ADD), canonical.
 * @param numbers resolves names of ports and tables, when the text has any
 * @throws FlowError saying which field or action is wrong
 */
export function parseFlow(text: string, numbers?: Numbers): Uint8Array {
  return placed(text, () => compileFlow(literal(text), numbers).bytes);
}

/** One group in ovs-ofctl's syntax as an OFPT_GROUP_MOD (ADD). */
export function parseGroup(text: string, numbers?: Numbers): Uint8Array {
  return placed(text, () => compileGroup(literal(text), numbers).bytes);
}

/** One meter in ovs-ofctl's syntax as an OFPT_METER_MOD (ADD). */
export function parseMeter(text: string, numbers?: Numbers): Uint8Array {
  return placed(text, () => compileMeter(literal(text), numbers).bytes);
}

function placed(text: string, compile: () => Uint8Array): Uint8Array {
  try {
    return compile();
  } catch (error) {
    throw error instanceof FlowError ? error.in({ template: text.trim() }) : error;
  }
}
