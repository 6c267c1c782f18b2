/**
 * What `update3` says of a row that was modified: of sets and maps only the difference (ovsdb-server(7), Update2).
 * Neighbours: rows.ts applies it.
 */
import { set, type Json } from './values.js';

/** Columns of ours that hold more than one value; in all others the new value stands. */
const sets: ReadonlySet<string> = new Set([
  'bridges',
  'datapath_types',
  'ports',
  'protocols',
  'controller',
  'interfaces',
]);
const maps: ReadonlySet<string> = new Set(['external_ids', 'other_config', 'options', 'flow_tables']);

/** The value of a column after a difference. */
export function applyDelta(column: string, before: Json | undefined, delta: Json): Json {
  if (sets.has(column)) return ['set', symmetricDifference(set(before), set(delta))];
  if (maps.has(column)) return ['map', changedPairs(pairs(before), pairs(delta))];
  return delta;
}

function symmetricDifference(before: readonly Json[], delta: readonly Json[]): Json[] {
  const named = (values: readonly Json[]): Set<string> => new Set(values.map((value) => JSON.stringify(value)));
  const [had, changed] = [named(before), named(delta)];
  return [
    ...before.filter((value) => !changed.has(JSON.stringify(value))),
    ...delta.filter((value) => !had.has(JSON.stringify(value))),
  ];
}

function pairs(value: Json | undefined): [Json, Json][] {
  return Array.isArray(value) && value[0] === 'map' ? (value[1] as [Json, Json][]) : [];
}

/** A pair as it was is taken away; any other is set. */
function changedPairs(before: readonly [Json, Json][], delta: readonly [Json, Json][]): [Json, Json][] {
  const result = new Map(before.map(([key, value]) => [JSON.stringify(key), [key, value] as [Json, Json]]));
  for (const [key, value] of delta) {
    const name = JSON.stringify(key);
    if (JSON.stringify(result.get(name)?.[1]) === JSON.stringify(value)) result.delete(name);
    else result.set(name, [key, value]);
  }
  return [...result.values()];
}
