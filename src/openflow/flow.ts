// A flow in text to an OFPT_FLOW_MOD: header keys, match, instructions.
// Neighbours: match/ and actions/ do their parts; batch.ts and parse.ts are the callers.
// Invariant: the result is an OpenFlow 1.5 ADD whose match and instructions are byte for byte what vswitchd dumps.

import { compileInstructions } from './actions/instructions.js';
import { FlowError } from './errors.js';
import type { Facts } from './match/facts.js';
import { gatherFacts, type Item, isShorthand, parseItem } from './match/items.js';
import { placeItem } from './match/place.js';
import { Slots } from './match/slots.js';
import { Assembler, type Compiled } from './template/assembler.js';
import { type Expanded, leafOf, readable } from './template/shape.js';
import { namedTable, type Numbers } from './text/port.js';
import { splitList } from './text/split.js';
import { parseInteger } from './text/value.js';

export const messageType = { flowMod: 14, groupMod: 15, meterMod: 29 } as const;
export const version15 = 6;
export const defaultPriority = 0x8000;

/** Offsets in an OFPT_FLOW_MOD (OpenFlow 1.5 §7.3.4.2). */
export const flowMod = {
  cookie: 8,
  cookieMask: 16,
  table: 24,
  command: 25,
  idleTimeout: 26,
  hardTimeout: 28,
  priority: 30,
  bufferId: 32,
  outPort: 36,
  outGroup: 40,
  flags: 44,
  importance: 46,
  match: 48,
} as const;

export const flowFlags = {
  send_flow_rem: 1,
  check_overlap: 2,
  reset_counts: 4,
  no_packet_counts: 8,
  no_byte_counts: 16,
} as const;

/** Splits a flow into its fields and its actions. */
export function splitFlow(text: string): { readonly before: string[]; readonly actions: string | undefined } {
  const start = /(^|[\s,])actions=/.exec(text);
  if (start === null) return { before: splitList(text), actions: undefined };
  return {
    before: splitList(text.slice(0, start.index)),
    actions: text.slice(start.index + start[0].length),
  };
}

export function compileFlow(expanded: Expanded, numbers?: Numbers): Compiled {
  const { before, actions } = splitFlow(expanded.text);
  if (actions === undefined) throw new FlowError('a flow needs actions=… (actions=drop for none)');
  const out = new Assembler();
  out.sized(2, () => {
    writeHeader(out);
    const header = new HeaderKeys(out, expanded, numbers);
    const items: Item[] = [];
    for (const text of before) {
      if (!header.take(text)) items.push(...parseItem(expanded, text));
    }
    const facts = gatherFacts(expanded, items, header.table, numbers);
    writeMatch(out, expanded, items, facts, numbers);
    compileInstructions(out, expanded, actions, facts, numbers);
  });
  return out.finish();
}

function writeHeader(out: Assembler): void {
  out.u8(version15).u8(messageType.flowMod).zero(2).u32(0);
  out.zero(16).zero(6).u16(defaultPriority);
  // Buffer, out_port and out_group: none, any, any.
  out.u32(0xffffffff).u32(0xffffffff).u32(0xffffffff).zero(4);
}

function writeMatch(
  out: Assembler,
  expanded: Expanded,
  items: Item[],
  facts: Facts,
  numbers: Numbers | undefined,
): void {
  const slots = new Slots();
  for (const item of items) placeItem(slots, expanded, item, facts, numbers);
  const start = out.at;
  out.u16(1);
  out.u16(0);
  slots.write(out);
  out.setU16(start + 2, out.at - start);
  out.pad(start);
}

/** Table 254 is vswitchd's own. */
export const lastTable = 253;

const words: Readonly<Record<string, readonly [at: number, bytes: 1 | 2]>> = {
  idle_timeout: [flowMod.idleTimeout, 2],
  hard_timeout: [flowMod.hardTimeout, 2],
  priority: [flowMod.priority, 2],
  importance: [flowMod.importance, 2],
  table: [flowMod.table, 1],
};

/** The keys of a flow that are not match fields. */
class HeaderKeys {
  readonly #out: Assembler;
  readonly #expanded: Expanded;
  readonly #numbers: Numbers | undefined;
  readonly #seen = new Set<string>();
  #flags = 0;
  table: number | undefined = 0;

  constructor(out: Assembler, expanded: Expanded, numbers: Numbers | undefined) {
    this.#out = out;
    this.#expanded = expanded;
    this.#numbers = numbers;
  }

  take(text: string): boolean {
    const flag = flowFlags[text as keyof typeof flowFlags];
    if (flag !== undefined) {
      this.#flags |= flag;
      this.#out.setU16(flowMod.flags, this.#flags);
      return true;
    }
    const equals = text.indexOf('=');
    const key = text.slice(0, equals);
    if (equals < 0 || isShorthand(text)) return false;
    if (key !== 'cookie' && !Object.hasOwn(words, key)) return false;
    if (this.#seen.has(key)) throw new FlowError(`${key} is given twice`, { field: key });
    this.#seen.add(key);
    if (key === 'cookie') this.#cookie(text.slice(equals + 1));
    else this.#word(key, text.slice(equals + 1));
    return true;
  }

  #cookie(text: string): void {
    if (leafOf(this.#expanded, text) !== undefined)
      throw new FlowError('comes from the owner, not from a hole', { field: 'cookie' });
    const cookie = parseInteger(text);
    if (cookie >> 64n !== 0n) throw new FlowError(`${text} does not fit in 64 bits`, { field: 'cookie' });
    for (let i = 0; i < 8; i++) this.#out.orU8(flowMod.cookie + i, Number((cookie >> BigInt(56 - 8 * i)) & 0xffn));
  }

  #word(key: string, text: string): void {
    const [at, bytes] = words[key]!;
    const max = key === 'table' ? lastTable : 2 ** (8 * bytes) - 1;
    const leaf = leafOf(this.#expanded, text);
    if (leaf !== undefined) {
      if (key === 'table') this.table = undefined;
      if (key === 'priority') this.#out.setU16(at, 0);
      this.#out.patchInteger(leaf, bytes, at, key, max);
      return;
    }
    const value = this.#literal(key, text);
    if (value > max) throw new FlowError(`${key} ${text} is not 0..${max}`, { field: key });
    if (bytes === 2) this.#out.setU16(at, value);
    else this.#out.orU8(at, value);
    if (key === 'table') this.table = value;
  }

  #literal(key: string, text: string): number {
    const named = key === 'table' ? namedTable(text, this.#numbers) : undefined;
    if (named !== undefined) return named;
    try {
      return Number(parseInteger(text));
    } catch {
      throw new FlowError(`${key}=${readable(this.#expanded, text)} is not a number`, { field: key });
    }
  }
}
