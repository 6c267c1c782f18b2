// What an action family is: it writes actions from text and prints them from bytes.
// Neighbours: the families beside this file; compile.ts and format.ts dispatch to them.
// Invariant: each family knows both directions, so that what it writes it can print.

import { FlowError } from '../errors.js';
import type { Field } from '../fields/field.js';
import { fieldByHeader, fieldByName } from '../fields/registry.js';
import type { Facts } from '../match/facts.js';
import { parseRange } from '../match/items.js';
import type { Assembler } from '../template/assembler.js';
import { type Expanded, firstLeaf, type Leaf, leafOf, readable } from '../template/shape.js';
import type { Names, Numbers } from '../text/port.js';
import type { Call } from '../text/split.js';
import { parseInteger } from '../text/value.js';
import type { Reader } from '../text/reader.js';

export interface ActionContext {
  readonly expanded: Expanded;
  readonly numbers: Numbers | undefined;
  /** What is known of the packet here; push_vlan and its like change it for the actions that follow. */
  facts: Facts;
  /** Inside `ct(exec(…))`, where only the connection's mark and label may be set. */
  readonly exec: boolean;
}

/** Prints an action's body. */
export type FormatAction = (reader: Reader, names: Names | undefined, depth: number) => string;

export interface ActionFamily {
  /** Lower-case names under which its actions are written. */
  readonly names: readonly string[];
  compile(call: Call, out: Assembler, context: ActionContext): void;
  /** By action code: OpenFlow's own type, or `nicira(subtype)`. The reader stands after the action's header. */
  readonly formats: ReadonlyMap<number, FormatAction>;
}

export const experimenterType = 0xffff;
export const niciraVendor = 0x2320;

/** Key of a Nicira action among `formats`. */
export function nicira(subtype: number): number {
  return 0x10000 | subtype;
}

/** Writes an OpenFlow action, padded to 8 bytes as vswitchd does. */
export function standardAction(out: Assembler, type: number, body: () => void): void {
  const start = out.at;
  out.sized(2, () => {
    out.u16(type).u16(0);
    body();
    out.pad(start);
  });
}

/** Writes a Nicira experimenter action. */
export function niciraAction(out: Assembler, subtype: number, body: () => void): void {
  standardAction(out, experimenterType, () => {
    out.u32(niciraVendor).u16(subtype);
    body();
  });
}

/** An integer argument: a hole or a literal. */
export function integerArgument(context: ActionContext, text: string | undefined, name: string): number | Leaf {
  if (text === undefined || text === '') throw new FlowError(`${name} needs a number`, { field: name });
  const leaf = leafOf(context.expanded, text);
  if (leaf !== undefined) return leaf;
  noHole(context, text, name);
  const value = parseInteger(text);
  if (value > 0xffffffffn) throw new FlowError(`${name} ${text} does not fit in 32 bits`, { field: name });
  return Number(value);
}

/** Text that has to be literal. */
export function noHole(context: ActionContext, text: string, name: string): void {
  const leaf = firstLeaf(context.expanded, text);
  if (leaf !== undefined) {
    throw new FlowError(`${name} "${readable(context.expanded, text)}" cannot hold a value hole there`, {
      field: name,
      hole: leaf.ordinal,
    });
  }
}

export function noArguments(call: Call): void {
  if (call.inner !== undefined || call.value !== undefined)
    throw new FlowError(`${call.name} takes no argument`, { field: call.name });
}

/** A field or a range of its bits, as in `move:NXM_NX_REG0[0..15]->…`. */
export interface Subfield {
  readonly field: Field;
  readonly start: number;
  readonly width: number;
}

export function isSubfield(text: string): boolean {
  return fieldByName(/^[^[\]]*/.exec(text)?.[0] ?? '') !== undefined;
}

export function parseSubfield(context: ActionContext, text: string, action: string): Subfield {
  noHole(context, text, action);
  const { name, start, width } = parseRange(text.trim());
  const field = fieldByName(name);
  if (field === undefined) throw new FlowError(`${action}: there is no field "${name}"`, { field: name });
  const range = { field, start: start ?? 0, width: width ?? field.bits };
  if (range.start + range.width > field.bits) {
    throw new FlowError(`bits ${range.start}..${range.start + range.width - 1} are not within ${field.bits} bits`, {
      field: field.name,
    });
  }
  return range;
}

export function formatSubfield({ field, start, width }: Subfield): string {
  if (start === 0 && width === field.bits) return `${field.rangeName}[]`;
  return width === 1 ? `${field.rangeName}[${start}]` : `${field.rangeName}[${start}..${start + width - 1}]`;
}

/** Nicira's packing of a range: offset in 10 bits, width less one in 6. */
export function packRange({ start, width }: Subfield): number {
  return (start << 6) | (width - 1);
}

export function unpackRange(header: number, packed: number): Subfield {
  return { field: fieldOfHeader(header), start: packed >> 6, width: (packed & 63) + 1 };
}

export function fieldOfHeader(header: number): Field {
  const field = fieldByHeader(header);
  if (field === undefined) throw new FlowError(`no field has the header 0x${header.toString(16).padStart(8, '0')}`);
  return field;
}
