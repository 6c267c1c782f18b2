// Stores of one hole's value into copied template bytes: the inner loop of every flow.
// Neighbours: assembler.ts records patches, emit.ts runs them.
// Invariant: a value is checked before anything is stored; no text, BigInt only where the caller passed one.

import { FlowError } from '../errors.js';
import { type Hole, isPair, Masked, type Pair, toPair, type Value } from '../holes.js';
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
  readonly hole: number;
  /** Offset of the container; narrow values are or-ed in, so that ranges of one register may share it. */
  readonly at: number;
  /** Offset of the mask's container for a masked hole, else -1. */
  readonly maskAt: number;
  /** Left shift inside the container. */
  readonly shift: number;
  /** Largest value (numbers), or number of bytes. */
  readonly max: number;
  /** Added to the value after the check: clause numbers go out as k-1. */
  readonly bias: number;
  readonly min: number;
  readonly name: string;
  readonly ordinal: number;
  /** Which static piece of the template it lies in (see assembler.ts). */
  readonly piece: number;
}

export function applyPatch(view: DataView, base: number, p: Patch, hole: Hole): void {
  if (p.maskAt < 0) {
    store(view, base + p.at, p, hole as Value);
    return;
  }
  const both = hole as Masked;
  store(view, base + p.at, p, both.value);
  store(view, base + p.maskAt, p, both.mask);
}

function store(view: DataView, at: number, p: Patch, value: Value): void {
  switch (p.op) {
    case PatchOp.u32: {
      const n = number(p, value);
      view.setUint32(at, view.getUint32(at) | (n << p.shift));
      return;
    }
    case PatchOp.u16:
      view.setUint16(at, view.getUint16(at) | ((number(p, value) + p.bias) << p.shift));
      return;
    case PatchOp.u8:
      view.setUint8(at, view.getUint8(at) | ((number(p, value) + p.bias) << p.shift));
      return;
    case PatchOp.port: {
      const port = number(p, value);
      if (!isPort(port)) throw misfit(p, value, 'is not a port number');
      view.setUint32(at, port);
      return;
    }
    case PatchOp.narrowPort: {
      const port = number(p, value);
      if (!isPort(port)) throw misfit(p, value, 'is not a port number');
      view.setUint16(at, port & 0xffff);
      return;
    }
    case PatchOp.u64:
      storePair(view, at, p, value);
      return;
    default:
      storeBytes(view, at, p, value);
  }
}

function number(p: Patch, value: Value): number {
  if (typeof value === 'number' && value >= p.min && value <= p.max && Math.trunc(value) === value) return value;
  return oddNumber(p, value);
}

/** Off the hot path: IPv4 as bytes, BigInt, and everything that is wrong. */
function oddNumber(p: Patch, value: Value): number {
  if (typeof value === 'bigint' && value >= BigInt(p.min) && value <= BigInt(p.max)) return Number(value);
  if (value instanceof Uint8Array && value.length <= 4 && p.max === 2 ** (8 * value.length) - 1) {
    return value.reduce((sum, byte) => sum * 256 + byte, 0);
  }
  if (typeof value === 'number' || typeof value === 'bigint') {
    throw misfit(p, value, `is not a whole number ${p.min}..${p.max}`);
  }
  throw misfit(p, value, `is not a number ${p.min}..${p.max}`);
}

function storePair(view: DataView, at: number, p: Patch, value: Value): void {
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || value < 0) throw misfit(p, value, 'is not a whole number 0..2^53-1');
    view.setUint32(at, Math.floor(value / 0x100000000));
    view.setUint32(at + 4, value >>> 0);
    return;
  }
  if (value instanceof Uint8Array) {
    if (value.length !== 8) throw misfit(p, value, 'is not 8 bytes');
    for (let i = 0; i < 8; i++) view.setUint8(at + i, value[i]!);
    return;
  }
  if (typeof value === 'bigint' && (value < 0n || value >= 1n << 64n))
    throw misfit(p, value, 'does not fit in 64 bits');
  const pair: Pair = typeof value === 'bigint' ? toPair(value) : value;
  if (!isPair(pair) || pair.some((half) => half >>> 0 !== half))
    throw misfit(p, value, 'is not a pair of 32-bit halves');
  view.setUint32(at, pair[0]);
  view.setUint32(at + 4, pair[1]);
}

function storeBytes(view: DataView, at: number, p: Patch, value: Value): void {
  if (!(value instanceof Uint8Array) || value.length !== p.max) throw misfit(p, value, `is not ${p.max} bytes`);
  for (let i = 0; i < p.max; i++) view.setUint8(at + i, value[i]!);
}

function misfit(p: Patch, value: Value, problem: string): FlowError {
  const shown = value instanceof Uint8Array ? `${value.length} bytes` : isPair(value) ? `[${value}]` : String(value);
  return new FlowError(`${p.name}: ${shown} ${problem}`, { field: p.name, hole: p.ordinal });
}

/** Whether a masked hole turned out to mask nothing for this field's width, so that the exact form is the canonical one. */
export function masksNothing(p: Patch, hole: Hole): boolean {
  return hole instanceof Masked && p.op !== PatchOp.bytes && p.op !== PatchOp.u64 && hole.mask === p.max;
}
