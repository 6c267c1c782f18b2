// Every field Sluice speaks, in the order vswitchd writes a match, found by name or by wire header.
// Neighbours: the tables beside this file; match/, actions/ and the formatter look fields up here.
// Invariant: position in `fields` is the canonical order of a match; actions-only fields come last and never travel in one.

import { conntrackFields } from './conntrack.js';
import type { Field } from './field.js';
import { actionOnlyFields, markFields, metadataFields, packetFields, registerPairs } from './metadata.js';
import { arpFields, controlFields, linkFields, networkFields, transportFields } from './packet.js';
import { tunnelFields } from './tunnel.js';

export const matchFields: readonly Field[] = [
  ...packetFields,
  ...linkFields,
  ...networkFields,
  ...transportFields,
  ...controlFields,
  ...arpFields,
  ...tunnelFields,
  ...registerPairs,
  ...markFields,
  ...conntrackFields,
  ...metadataFields,
];

export const fields: readonly Field[] = [...matchFields, ...actionOnlyFields];

const byName = new Map<string, Field>();
const byHeader = new Map<number, Field>();
const order = new Map<Field, number>();
for (const [index, field] of fields.entries()) {
  order.set(field, index);
  byName.set(field.name.toLowerCase(), field);
  for (const alias of field.aliases) byName.set(alias.toLowerCase(), field);
  byHeader.set(field.oxm, field);
  byHeader.set(field.nxm, field);
}

/** The field with that name or alias, upper or lower case. */
export function fieldByName(name: string): Field | undefined {
  return byName.get(name.toLowerCase());
}

/** The field with that OXM or NXM header; the mask bit and the doubled length it brings are ignored. */
export function fieldByHeader(header: number): Field | undefined {
  if ((header & 0x100) === 0) return byHeader.get(header >>> 0);
  return byHeader.get(((header & 0xfffffe00) | ((header & 0xff) >> 1)) >>> 0);
}

/** Position of the field in a canonical match. */
export function matchOrder(field: Field): number {
  return order.get(field) ?? fields.length;
}

/** Must exist: for the fields this room itself refers to. */
export function knownField(name: string): Field {
  const field = fieldByName(name);
  if (field === undefined) throw new Error(`no field ${name} in the registry`);
  return field;
}
