// A variant's patches as a list of numbers, and the loop that runs it: what every flow spends its time in.
// Neighbours: patch.ts has the patches themselves, which also store what is rare; guard.ts opened the holes.
// Invariant: a program stores exactly what tryPatch of each of its patches would store, and refuses what they would refuse.

import { Masked } from '../holes.js';
import { isPort } from '../text/port.js';
import type { Opened, Place } from './guard.js';
import { anyU32, type Patch, PatchOp, tryPatch } from './patch.js';

/** Numbers a patch takes in the code. */
const width = 9;

export interface Program {
  /** Of each patch: op, list and index of its hole, offset, shift, min, max, bias, offset of the mask or -1. */
  readonly code: Int32Array;
  readonly patches: readonly Patch[];
}

/** `leaves`: where the value of each leaf is. */
export function programOf(patches: readonly Patch[], leaves: readonly Place[]): Program {
  const code = patches.flatMap((p) => {
    const { list, index } = leaves[p.hole]!;
    return [p.op, list, index, p.at, p.shift, p.min, p.max, p.bias, p.maskAt];
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
    const at = base + code[i + 3]!;
    const maskAt = code[i + 8]!;
    if (maskAt >= 0) {
      const usual = hole instanceof Masked && storeMasked(code, i, view, at, base + maskAt, hole);
      if (!usual && !tryPatch(view, base, patches[i / width]!, hole)) return false;
    } else if (typeof hole === 'number') {
      if (!storeNumber(code, i, view, at, hole) && !tryPatch(view, base, patches[i / width]!, hole)) return false;
    } else if (hole instanceof Uint8Array && code[i] === PatchOp.bytes) {
      const count = code[i + 6]!;
      if (hole.length !== count) return false;
      for (let byte = 0; byte < count; byte++) bytes[at + byte] = hole[byte]!;
    } else if (!tryPatch(view, base, patches[i / width]!, hole)) return false;
  }
  return true;
}

/** A number under a mask that leaves something out; false for all else. */
function storeMasked(
  code: Int32Array,
  i: number,
  view: DataView,
  at: number,
  maskAt: number,
  { value, mask, maskClass }: Masked,
): boolean {
  if (maskClass !== 'masked' || typeof value !== 'number' || typeof mask !== 'number') return false;
  const max = code[i + 6]!;
  if (mask === (max === anyU32 ? 0xffffffff : max)) return false;
  return storeNumber(code, i, view, at, value) && storeNumber(code, i, view, maskAt, mask);
}

/** What fits in 32 bits; false for all else, and then nothing is stored. */
function storeNumber(code: Int32Array, i: number, view: DataView, at: number, value: number): boolean {
  if (value >>> 0 !== value) return false;
  const max = code[i + 6]!;
  const op = code[i]!;
  if (op === PatchOp.u64) {
    view.setInt32(at, 0);
    view.setInt32(at + 4, value);
    return true;
  }
  if (value < code[i + 5]! || (max !== anyU32 && value > max)) return false;
  switch (op) {
    case PatchOp.u32:
      view.setInt32(at, view.getInt32(at) | (value << code[i + 4]!));
      return true;
    case PatchOp.u16:
      view.setInt16(at, view.getInt16(at) | ((value + code[i + 7]!) << code[i + 4]!));
      return true;
    case PatchOp.u8:
      view.setInt8(at, view.getInt8(at) | ((value + code[i + 7]!) << code[i + 4]!));
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
