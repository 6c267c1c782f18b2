// Stores of one hole's value into copied template bytes, and why a value is refused.
// Neighbours: assembler.ts records patches; program.ts runs them, and does the usual ones itself.
// Invariant: a value is checked before it is stored; no text, BigInt only where the caller passed one.

import { FlowError } from '../errors.js';
import { type Hole, isPair, Masked, type Pair, toPair } from '../holes.js';
import { isPort } from '../text/port.js';

export const PatchOp = {
  u8: 0,
  u16: 1,
  u32: 2,
  /** A 32-bit OpenFlow port number. */
  port: 3,
  /** A 16-bit port number of a Nicira action. */
  narrowPort: 4,
  u64: 5,
  /** As many bytes as the field has. */
  bytes: 6,
} as const;

export interface Patch {
  readonly op: number;
  /** Which hole, among the values of the template with its fragments written out. */
  readonly hole: number;
  /** Offset of the container; narrow values are or-ed in, so that ranges of one register may share it. */
  readonly at: number;
  /** Offset of the mask's container for a masked hole, else -1. */
  readonly maskAt: number;
  /** Left shift inside the container. */
  readonly shift: number;
  /** Smallest and largest value (numbers), or number of bytes. `anyU32` instead of 2^32-1, to stay a small integer. */
  readonly min: number;
  readonly max: number;
  /** Added to the value after the check: clause numbers go out as k-1. */
  readonly bias: number;
  readonly name: string;
  readonly ordinal: number;
  /** Which static piece of the template it lies in (see assembler.ts). */
  readonly piece: number;
}

/** `max` of a patch whose 32 bits are all its own. */
export const anyU32 = -1;

/**
 * Stores a hole's value.
 * @returns false when the value does not suit the patch: another shape of hole than this variant was made for, or an error
 */
export function tryPatch(view: DataView, base: number, p: Patch, hole: Hole): boolean {
  if (p.maskAt < 0) {
    if (typeof hole === 'number') return storeNumber(view, base + p.at, p, hole);
    return store(view, base + p.at, p, hole instanceof Masked && hole.maskClass === 'exact' ? hole.value : hole);
  }
  if (!(hole instanceof Masked) || hole.maskClass !== 'masked' || masksNothing(p, hole)) return false;
  return store(view, base + p.at, p, hole.value) && store(view, base + p.maskAt, p, hole.mask);
}

function store(view: DataView, at: number, p: Patch, value: Hole): boolean {
  return typeof value === 'number' ? storeNumber(view, at, p, value) : storeOther(view, at, p, value);
}

function storeNumber(view: DataView, at: number, p: Patch, value: number): boolean {
  if (value >>> 0 !== value) return p.op === PatchOp.u64 && storeLong(view, at, value);
  if (p.op !== PatchOp.u64 && (value < p.min || (p.max !== anyU32 && value > p.max))) return false;
  switch (p.op) {
    case PatchOp.u32:
      view.setInt32(at, view.getInt32(at) | (value << p.shift));
      return true;
    case PatchOp.u16:
      view.setInt16(at, view.getInt16(at) | ((value + p.bias) << p.shift));
      return true;
    case PatchOp.u8:
      view.setInt8(at, view.getInt8(at) | ((value + p.bias) << p.shift));
      return true;
    case PatchOp.port:
      if (!isPort(value)) return false;
      view.setInt32(at, value);
      return true;
    case PatchOp.narrowPort:
      if (!isPort(value)) return false;
      view.setInt16(at, value);
      return true;
    case PatchOp.u64:
      view.setInt32(at, 0);
      view.setInt32(at + 4, value);
      return true;
    default:
      return false;
  }
}

/** Integers between 2^32 and 2^53. */
function storeLong(view: DataView, at: number, value: number): boolean {
  if (!Number.isSafeInteger(value) || value < 0) return false;
  view.setUint32(at, Math.floor(value / 0x100000000));
  view.setUint32(at + 4, value >>> 0);
  return true;
}

function storeOther(view: DataView, at: number, p: Patch, value: Hole): boolean {
  if (value instanceof Uint8Array) {
    if (p.op === PatchOp.bytes || p.op === PatchOp.u64)
      return storeBytes(view, at, value, p.op === PatchOp.u64 ? 8 : p.max);
    // An IPv4 address may come as its four bytes.
    if (p.op !== PatchOp.u32 || p.max !== anyU32 || value.length !== 4) return false;
    return storeBytes(view, at, value, 4);
  }
  if (typeof value === 'bigint') {
    if (value < 0n || value >> 64n !== 0n) return false;
    if (p.op !== PatchOp.u64) return value >> 32n === 0n && storeNumber(view, at, p, Number(value));
    return storePair(view, at, toPair(value));
  }
  return p.op === PatchOp.u64 && isPair(value) && storePair(view, at, value);
}

function storePair(view: DataView, at: number, [high, low]: Pair): boolean {
  if (high >>> 0 !== high || low >>> 0 !== low) return false;
  view.setUint32(at, high);
  view.setUint32(at + 4, low);
  return true;
}

function storeBytes(view: DataView, at: number, value: Uint8Array, count: number): boolean {
  if (value.length !== count) return false;
  for (let i = 0; i < count; i++) view.setUint8(at + i, value[i]!);
  return true;
}

/** A mask that turns out full for the field's width: the exact form is the canonical one. */
export function masksNothing(p: Patch, hole: Hole): boolean {
  if (!(hole instanceof Masked) || p.op === PatchOp.bytes || p.op === PatchOp.u64) return false;
  return hole.mask === (p.max === anyU32 ? 0xffffffff : p.max);
}

/** Why a value was refused, in the field's terms. */
export function misfit(p: Patch, hole: Hole): FlowError {
  const value = hole instanceof Masked ? hole.value : hole;
  const limit = p.max === anyU32 ? 0xffffffff : p.max;
  const wanted: Record<number, string> = {
    [PatchOp.port]: 'a port number (0..65279, or a reserved port)',
    [PatchOp.narrowPort]: 'a port number (0..65279, or a reserved port)',
    [PatchOp.u64]: 'a whole number up to 2^53-1, a pair of 32-bit halves or 8 bytes',
    [PatchOp.bytes]: `${p.max} bytes`,
  };
  return new FlowError(`${p.name}: ${show(value)} is not ${wanted[p.op] ?? `a whole number ${p.min}..${limit}`}`, {
    field: p.name,
    hole: p.ordinal,
  });
}

function show(value: unknown): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (isPair(value)) return `[${value[0]}, ${value[1]}]`;
  return typeof value === 'number' || typeof value === 'bigint' ? String(value) : `this ${typeof value}`;
}
