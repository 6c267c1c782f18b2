// The wire fields of one match while it is being put together, and their bytes in canonical order.
// Neighbours: place.ts fills slots, flow.ts writes them.
// Invariant: a bit is claimed once; fields leave in vswitchd's order, without empty masks, full masks made exact.

import { FlowError } from '../errors.js';
import type { Field } from '../fields/field.js';
import { matchOrder } from '../fields/registry.js';
import type { Assembler } from '../template/assembler.js';
import { PatchOp } from '../template/patch.js';
import { type Leaf, Token } from '../template/shape.js';

/** `width` bits from `shift` on that a hole fills; `max` bounds the value and is its full mask. */
export interface HoleBits {
  readonly leaf: Leaf;
  readonly shift: number;
  readonly width: number;
  readonly max: number;
  readonly min?: number;
  readonly name: string;
}

interface Slot {
  value: bigint;
  /** Bits matched for certain: literals and exact holes. */
  mask: bigint;
  /** Bits that belong to holes. */
  taken: bigint;
  readonly holes: HoleBits[];
}

export class Slots {
  readonly #slots = new Map<Field, Slot>();

  #slot(field: Field): Slot {
    let slot = this.#slots.get(field);
    if (slot === undefined) {
      slot = { value: 0n, mask: 0n, taken: 0n, holes: [] };
      this.#slots.set(field, slot);
    }
    return slot;
  }

  /** Claims the bits of `mask` (already shifted to their place in the field) for a literal value. */
  literal(field: Field, value: bigint, mask: bigint, name: string): void {
    if (mask === 0n) return;
    const slot = this.#slot(field);
    const again = slot.mask & mask;
    if ((slot.taken & mask) !== 0n || (slot.value & again) !== (value & again)) {
      throw new FlowError(`${name} contradicts what the match says before it`, { field: name });
    }
    slot.value |= value & mask;
    slot.mask |= mask;
  }

  /** Claims bits for a hole. */
  hole(field: Field, bitsOfHole: HoleBits): void {
    const { leaf, shift, width, name } = bitsOfHole;
    if (leaf.token === Token.absent) return;
    const slot = this.#slot(field);
    const bits = ((1n << BigInt(width)) - 1n) << BigInt(shift);
    if (((slot.mask | slot.taken) & bits) !== 0n) {
      throw new FlowError(`${name} is matched twice`, { field: name, hole: leaf.ordinal });
    }
    slot.taken |= bits;
    if (!isMasked(leaf)) slot.mask |= bits;
    slot.holes.push(bitsOfHole);
  }

  write(out: Assembler): void {
    const entries = [...this.#slots].toSorted(([x], [y]) => matchOrder(x) - matchOrder(y));
    for (const [field, slot] of entries) writeSlot(out, field, slot);
  }
}

export function isMasked(leaf: Leaf): boolean {
  return leaf.token === Token.masked || leaf.token === Token.maskedWide;
}

function writeSlot(out: Assembler, field: Field, slot: Slot): void {
  const maskedHoles = slot.holes.some(({ leaf }) => isMasked(leaf));
  if (slot.mask === 0n && !maskedHoles) return;
  const full = (1n << BigInt(field.wireBits)) - 1n;
  const exact = slot.mask === full && field.exactMask === undefined;
  if (!exact && !field.maskable) throw new FlowError(`does not take a mask`, { field: field.name });
  out.u32(exact ? field.oxm : ((field.oxm & 0xffffff00) | 0x100 | (field.bytes * 2)) >>> 0);
  const valueAt = out.at;
  out.uint(slot.value, field.bytes);
  if (!exact) out.uint(slot.mask, field.bytes);
  for (const hole of slot.holes) patchBits(out, field, valueAt, hole);
}

/** Records the store of a hole's value (and mask) into the field's container at `valueAt`. */
export function patchBits(out: Assembler, field: Field, valueAt: number, hole: HoleBits): void {
  const { leaf, width, max, min = 0, name } = hole;
  const whole = width === field.bytes * 8;
  const maskAt = isMasked(leaf) ? valueAt + field.bytes : -1;
  const spec = (op: number, offset: number, shift: number, limit = max) => {
    out.patch(leaf, {
      op,
      at: valueAt + offset,
      maskAt: maskAt < 0 ? -1 : maskAt + offset,
      shift,
      max: limit,
      min,
      name,
    });
  };
  if (field.notation === 'ofport' && field.bytes === 4) return spec(PatchOp.port, 0, 0, 0xffffffff);
  if (field.notation === 'ofport') return spec(PatchOp.narrowPort, 0, 0, 0xffffffff);
  if (field.bytes === 1) return spec(PatchOp.u8, 0, hole.shift);
  if (field.bytes === 2) return spec(PatchOp.u16, 0, hole.shift);
  if (field.bytes === 8 && whole) return spec(PatchOp.u64, 0, 0);
  if (whole && field.bytes !== 4) return spec(PatchOp.bytes, 0, 0, field.bytes);
  // Words are counted from the least significant end.
  const word = hole.shift >> 5;
  const shift = hole.shift & 31;
  if (shift + width > 32 || field.bytes % 4 !== 0) {
    throw new FlowError(`${name}: a hole cannot fill bits ${hole.shift}..${hole.shift + width - 1} of ${field.name}`, {
      field: name,
      hole: leaf.ordinal,
    });
  }
  spec(PatchOp.u32, field.bytes - 4 - 4 * word, shift);
}
