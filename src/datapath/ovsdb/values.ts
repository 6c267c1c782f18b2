/**
 * OVSDB's JSON values (RFC 7047 §5.1) as plain TypeScript ones, both ways.
 * Neighbours: rows.ts reads, plan.ts writes.
 */

export type Uuid = string;
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A set of any size: OVSDB writes a set of one as the bare atom. */
export function set(value: Json | undefined): Json[] {
  if (value === undefined) return [];
  if (Array.isArray(value) && value[0] === 'set') return value[1] as Json[];
  return [value];
}

/** An optional atom: `["set", []]` is absent. */
export function optional(value: Json | undefined): Json | undefined {
  return set(value)[0];
}

/** A map with string keys and values. */
export function map(value: Json | undefined): Record<string, string> {
  if (!Array.isArray(value) || value[0] !== 'map') return {};
  return Object.fromEntries(value[1] as [string, string][]);
}

/** The uuids of a reference or a set of references. */
export function uuids(value: Json | undefined): Uuid[] {
  if (Array.isArray(value) && value[0] === 'uuid') return [value[1] as Uuid];
  return set(value).map((v) => (v as [string, Uuid])[1]);
}

export const ovsSet = (values: readonly Json[]): Json => ['set', [...values]];
export const ovsMap = (entries: Readonly<Record<string, string>>): Json => ['map', Object.entries(entries)];
export const ovsUuid = (uuid: Uuid): Json => ['uuid', uuid];
export const namedUuid = (name: string): Json => ['named-uuid', name];
