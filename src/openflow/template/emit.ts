// Puts one message together: copies a variant's static pieces, patches values in, appends lists, corrects lengths.
// Neighbours: site.ts finds the variant, batch.ts owns the buffer and the cookie.
// Invariant: the buffer's length moves only after every value was accepted, so a refused flow leaves no trace.

import { FlowError } from '../errors.js';
import { Fragment, type Hole, Masked } from '../holes.js';
import type { Insert } from './assembler.js';
import { admits } from './guard.js';
import { masksNothing, misfit, type Patch, tryPatch } from './patch.js';
import { runProgram } from './program.js';
import { labelOf } from './shape.js';
import type { Site, Variant } from './site.js';

/** OpenFlow lengths are 16 bits wide, and a bundle wraps each message in 16 bytes more. */
export const messageLimit = 65_535 - 24;

/** A whole state is a hundred megabytes. What is left over of a large buffer is addresses only: memory it is once it is written. */
const growth = 8;

/** A byte buffer that grows. */
export class ByteSink {
  bytes: Uint8Array;
  view: DataView;
  length = 0;

  constructor(capacity = 65_536) {
    this.bytes = new Uint8Array(capacity);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Makes room for `count` bytes at `at`. */
  reserve(at: number, count: number): void {
    if (at + count <= this.bytes.length) return;
    let capacity = this.bytes.length * growth;
    while (capacity < at + count) capacity *= growth;
    const larger = new Uint8Array(capacity);
    larger.set(this.bytes.subarray(0, at));
    this.bytes = larger;
    this.view = new DataView(larger.buffer);
  }
}

/** Writes the message at the sink's end; returns its offset. */
export function emit(sink: ByteSink, site: Site, holes: readonly Hole[]): number {
  const at = sink.length;
  let end: number;
  try {
    end = emitAt(sink, at, site, holes);
  } catch (error) {
    throw error instanceof FlowError ? error.in({ template: labelOf(site.strings) }) : error;
  }
  if (end - at > messageLimit) {
    throw new FlowError(`${end - at} bytes do not fit in one message (limit ${messageLimit})`, {
      template: labelOf(site.strings),
    });
  }
  sink.length = end;
  return at;
}

/** The holes of the call at hand. */
const opened: (readonly Hole[])[] = [];

function emitAt(sink: ByteSink, at: number, site: Site, holes: readonly Hole[]): number {
  const { recent } = site;
  for (let i = 0; i < recent.length; i++) {
    const variant = recent[i]!;
    if (!admits(variant.guard, holes, opened)) continue;
    const end = emitVariant(sink, at, variant);
    if (end < 0) continue;
    if (i > 0) {
      recent[i] = recent[0]!;
      recent[0] = variant;
    }
    return end;
  }
  return emitFound(sink, at, site, holes);
}

/** The long way: classifies every hole, and explains what is wrong when nothing fits. */
function emitFound(sink: ByteSink, at: number, site: Site, holes: readonly Hole[]): number {
  const variant = site.find(holes);
  if (!admits(variant.guard, holes, opened)) throw new FlowError('this flow cannot be written');
  const values = variant.guard.leaves.map(({ list, index }) => opened[list]?.[index]);
  const end = emitVariant(sink, at, variant);
  if (end >= 0) return end;
  const exact = holes.map((hole) => exactForm(variant.patches, values, hole));
  if (exact.some((hole, i) => !Object.is(hole, holes[i]))) return emitAt(sink, at, site, exact);
  const scratch = new DataView(new ArrayBuffer(variant.bytes.length));
  for (const patch of variant.patches) {
    if (!tryPatch(scratch, 0, patch, values[patch.hole])) throw misfit(patch, values[patch.hole]);
  }
  throw new FlowError('this flow cannot be written');
}

/** Returns the end of the message, or -1 when a value does not suit the variant. */
function emitVariant(sink: ByteSink, at: number, variant: Variant): number {
  const { bytes, programs } = variant;
  if (programs.length > 1) return emitPieces(sink, at, variant);
  sink.reserve(at, bytes.length);
  sink.bytes.set(bytes, at);
  return runProgram(programs[0]!, sink.bytes, sink.view, at, opened) ? at + bytes.length : -1;
}

function emitPieces(sink: ByteSink, at: number, { bytes, programs, inserts, guard }: Variant): number {
  // The items of a list open holes of their own.
  const mine = opened.slice(0, guard.opens);
  const shifts: number[] = [];
  let from = 0;
  let shift = at;
  for (const [piece, program] of programs.entries()) {
    const insert = inserts[piece];
    const to = insert?.at ?? bytes.length;
    sink.reserve(from + shift, to - from);
    sink.bytes.set(bytes.subarray(from, to), from + shift);
    shifts.push(shift);
    if (!runProgram(program, sink.bytes, sink.view, shift, mine)) return -1;
    if (insert === undefined) break;
    const { list, index } = guard.leaves[insert.hole]!;
    const grown = emitList(sink, to + shift, insert, mine[list]?.[index]) - (to + shift);
    for (const length of insert.lengths) stretch(sink.view, length.at + shifts[length.piece]!, grown);
    shift += grown;
    from = to;
  }
  return bytes.length + shift;
}

/** Adds to a 16-bit length. */
function stretch(view: DataView, at: number, grown: number): void {
  const total = view.getUint16(at) + grown;
  if (total > messageLimit) throw new FlowError(`${total} bytes do not fit in one message (limit ${messageLimit})`);
  view.setUint16(at, total);
}

function emitList(sink: ByteSink, at: number, insert: Insert, list: Hole): number {
  let end = at;
  for (const item of Array.isArray(list) ? list : []) {
    if (!(item instanceof Fragment)) throw new FlowError('a list holds fragments only', { hole: insert.ordinal });
    end = emitAt(sink, end, insert.items.at(item.strings), item.holes);
  }
  return end;
}

/** Replaces masks that are full for their field by plain values, so that the exact form is compiled. */
function exactForm(patches: readonly Patch[], values: readonly Hole[], hole: Hole): Hole {
  if (hole instanceof Masked) {
    const full = patches.some((p) => p.maskAt >= 0 && values[p.hole] === hole && masksNothing(p, hole));
    return full ? new Masked(hole.value, hole.mask, 'exact') : hole;
  }
  if (!(hole instanceof Fragment)) return hole;
  const holes = hole.holes.map((inner) => exactForm(patches, values, inner));
  return holes.some((inner, i) => !Object.is(inner, hole.holes[i]))
    ? new Fragment(hole.kind, hole.strings, holes)
    : hole;
}
