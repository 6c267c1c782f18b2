/**
 * What the tests want to be in the switch: batches of owners with one flow each, and the tables they should become.
 * Neighbours: test/native/flow-mods.ts writes the messages; tables.ts is what both sides are compared as.
 */
import { parseGroup } from '../../src/openflow/index.js';
import { apply, batch, endpoint, flowMod, marker, output, toGroup } from '../native/flow-mods.js';
import { Tables } from './tables.js';
import { messageAt } from './wire.js';

export interface Wanted {
  readonly owners: number;
  readonly ofport?: number;
  /** Every owner has a group and its flow points to it. */
  readonly groups?: boolean;
  /** Instructions of single owners, by their number (1 to `owners`). */
  readonly special?: ReadonlyMap<number, number[]>;
}

export function batchOf({ owners, ofport = 1, groups = false, special }: Wanted): Uint8Array {
  const parts: number[][] = [];
  for (let n = 1; n <= owners; ++n) {
    const owner = endpoint(n);
    parts.push(marker(owner));
    if (groups) parts.push([...parseGroup(`group_id=${n},type=indirect,bucket=actions=output:${ofport}`)]);
    const instructions = special?.get(n) ?? (groups ? apply(toGroup(n)) : apply(output(ofport)));
    parts.push(flowMod({ owner, table: n % 3, metadata: n, instructions }));
  }
  return Uint8Array.from(parts.flat());
}

/** The owners' sets are empty: they want nothing any more. */
export const nothingOf = (...owners: number[]): Uint8Array => batch(...owners.map((n) => marker(endpoint(n))));

/** The tables of a switch that did as the batch says, without the flows of `refused`. */
export function tablesOf(bytes: Uint8Array, refused: ReadonlySet<number> = new Set()): string[] {
  const tables = new Tables();
  const all = Buffer.from(bytes);
  let owner = 0;
  for (let at = 0; at < all.length; at += all.readUInt16BE(at + 2)) {
    const message = messageAt(all.subarray(at, at + all.readUInt16BE(at + 2)));
    if (all.readUInt8(at) === 0) owner = all.readUInt32BE(at + 12);
    else if (!refused.has(owner)) tables.apply(message);
  }
  return tables.text();
}

/** `count` numbers from 1 to `of`, spread evenly. */
export function spread(count: number, of: number): Set<number> {
  return new Set(Array.from({ length: count }, (_, i) => 1 + Math.floor((i * of) / count)));
}
