// A variant's patches as a list of numbers, and the loop that runs it: what every flow spends its time in.
// Neighbours: patch.ts has the patches themselves, which also store what is rare; guard.ts opened the holes.
// Invariant: a program stores exactly what tryPatch of each of its patches would store, and refuses what they would refuse.

import { isPort } from '../text/port.js';
import type { Opened, Place } from './guard.js';
import { anyU32, type Patch, PatchOp, tryPatch } from './patch.js';

/** Numbers a patch takes in the code. */
const width = 8;

export interface Program {
  /** Of each patch: op (-1 for one with a mask), list and index of its hole, offset, shift, min, max, bias. */
  readonly code: Int32Array;
  readonly patches: readonly Patch[];
}

/** `leaves`: where the value of each leaf is. */
export function programOf(patches: readonly Patch[], leaves: readonly Place[]): Program {
  const code = patches.flatMap((p) => {
    const { list, index } = leaves[p.hole]!;
    return [p.maskAt < 0 ? p.op : -1, list, index, p.at, p.shift, p.min, p.max, p.bias];
  });
  return { code: Int32Array.from(code), patches };
}

/** Stores all values into a message at `base`; false when one does not suit, and then some may be stored. */
export function runProgram(
  { code, patches }: Program,
  bytes: Uint8Array,
  view: DataView,
  base: number,
  opened: Opened,
): boolean {
  const own = opened[0]!;
  for (let i = 0; i < code.length; i += width) {
    const list = code[i + 1]!;
    const hole = (list === 0 ? own : opened[list]!)[code[i + 2]!];
    if (typeof hole === 'number') {
      if (!storeNumber(code, i, view, base, hole) && !tryPatch(view, base, patches[i / width]!, hole)) return false;
    } else if (hole instanceof Uint8Array && code[i] === PatchOp.bytes) {
      const at = base + code[i + 3]!;
      if (hole.length !== code[i + 6]!) return false;
      for (let byte = 0; byte < hole.length; byte++) bytes[at + byte] = hole[byte]!;
    } else if (!tryPatch(view, base, patches[i / width]!, hole)) return false;
  }
  return true;
}

/** What fits in 32 bits; false for all else. */
function storeNumber(code: Int32Array, i: number, view: DataView, base: number, value: number): boolean {
  const op = code[i]!;
  const at = base + code[i + 3]!;
  const shift = code[i + 4]!;
  const max = code[i + 6]!;
  if (value >>> 0 !== value) return false;
  if (op === PatchOp.u64) {
    view.setInt32(at, 0);
    view.setInt32(at + 4, value);
    return true;
  }
  if (value < code[i + 5]! || (max !== anyU32 && value > max)) return false;
  switch (op) {
    case PatchOp.u32:
      view.setInt32(at, view.getInt32(at) | (value << shift));
      return true;
    case PatchOp.u16:
      view.setInt16(at, view.getInt16(at) | ((value + code[i + 7]!) << shift));
      return true;
    case PatchOp.u8:
      view.setInt8(at, view.getInt8(at) | ((value + code[i + 7]!) << shift));
      return true;
    case PatchOp.port:
      if (!isPort(value)) return false;
      view.setInt32(at, value);
      return true;
    case PatchOp.narrowPort:
      if (!isPort(value)) return false;
      view.setInt16(at, value);
      return true;
    default:
      return false;
  }
}
