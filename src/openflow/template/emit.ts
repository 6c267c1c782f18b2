// Puts one message together: copies a variant's static pieces, patches values in, appends lists, corrects lengths.
// Neighbours: site.ts finds the variant, batch.ts owns the buffer and the cookie.
// Invariant: the buffer's length moves only after every value was accepted, so a refused flow leaves no trace.

import { FlowError } from '../errors.js';
import { Fragment, type Hole, Masked } from '../holes.js';
import type { Insert } from './assembler.js';
import { applyPatch, masksNothing } from './patch.js';
import { labelOf } from './shape.js';
import type { Site, Sites, Variant } from './site.js';

/** OpenFlow lengths are 16 bits wide, and a bundle wraps each message in 16 bytes more. */
export const messageLimit = 65_535 - 24;

/** A byte buffer that grows by doubling. */
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
    let capacity = this.bytes.length * 2;
    while (capacity < at + count) capacity *= 2;
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

function emitAt(sink: ByteSink, at: number, site: Site, holes: readonly Hole[]): number {
  let variant = site.variant(holes);
  if (variant.hasMasks && hasFullMask(variant)) variant = site.variant(holes.map((hole) => exactForm(variant, hole)));
  if (variant.inserts.length > 0) return emitPieces(sink, at, variant);
  const { bytes, patches, flat } = variant;
  sink.reserve(at, bytes.length);
  sink.bytes.set(bytes, at);
  const view = sink.view;
  for (let i = 0; i < patches.length; i++) {
    const patch = patches[i]!;
    applyPatch(view, at, patch, flat[patch.hole]);
  }
  return at + bytes.length;
}

function emitPieces(sink: ByteSink, at: number, variant: Variant): number {
  const { bytes, patches, inserts } = variant;
  // An item may use this very variant again (clone in clone), so its values are kept aside.
  const flat = [...variant.flat];
  const shifts: number[] = [];
  let from = 0;
  let shift = at;
  for (let piece = 0; piece <= inserts.length; piece++) {
    const insert = inserts[piece];
    const to = insert?.at ?? bytes.length;
    sink.reserve(from + shift, to - from);
    sink.bytes.set(bytes.subarray(from, to), from + shift);
    shifts.push(shift);
    for (const patch of patches) if (patch.piece === piece) applyPatch(sink.view, shift, patch, flat[patch.hole]);
    if (insert !== undefined) {
      const grown = emitList(sink, to + shift, insert, flat[insert.hole]) - (to + shift);
      if (grown > messageLimit) throw new FlowError(`a list of ${grown} bytes does not fit in one message`);
      for (const length of insert.lengths) {
        const where = length.at + shifts[length.piece]!;
        const total = sink.view.getUint16(where) + grown;
        if (total > messageLimit)
          throw new FlowError(`${total} bytes do not fit in one message (limit ${messageLimit})`);
        sink.view.setUint16(where, total);
      }
      shift += grown;
      from = to;
    }
  }
  return bytes.length + shift;
}

function emitList(sink: ByteSink, at: number, insert: Insert, list: Hole): number {
  const items = insert.items as Sites;
  let end = at;
  for (const item of list as readonly Fragment[]) end = emitAt(sink, end, items.at(item.strings), item.holes);
  return end;
}

function hasFullMask(variant: Variant): boolean {
  return variant.patches.some((patch) => patch.maskAt >= 0 && masksNothing(patch, variant.flat[patch.hole]));
}

/** Replaces masks that are full for their field by plain values, so that the exact form is compiled. */
function exactForm(variant: Variant, hole: Hole): Hole {
  if (hole instanceof Masked) {
    const full = variant.patches.some(
      (patch) => patch.maskAt >= 0 && variant.flat[patch.hole] === hole && masksNothing(patch, hole),
    );
    return full ? new Masked(hole.value, hole.mask, 'exact') : hole;
  }
  if (hole instanceof Fragment) {
    return new Fragment(
      hole.kind,
      hole.strings,
      hole.holes.map((inner) => exactForm(variant, inner)),
    );
  }
  if (Array.isArray(hole)) return (hole as readonly Hole[]).map((item) => exactForm(variant, item)) as Hole;
  return hole;
}
