// Builds the bytes of a message once: literals at their place, patches where values go, and the lengths that lists stretch.
// Neighbours: flow.ts, group/compile.ts, match/ and actions/ write into it; emit.ts replays its result.
// Invariant: everything between two lists is one static piece; every length field that encloses a list is known to it.

import { FlowError } from '../errors.js';
import { anyU32, type Patch, PatchOp } from './patch.js';
import type { Site } from './site.js';
import type { Leaf } from './shape.js';
import { Token } from './shape.js';

/** A place where a list of fragments is appended. */
export interface Insert {
  readonly hole: number;
  readonly ordinal: number;
  /** Offset in the static bytes. */
  readonly at: number;
  /** Offsets of the 16-bit lengths that grow with the list, and the piece each lies in. */
  readonly lengths: readonly { readonly at: number; readonly piece: number }[];
  /** What compiles an item of the list, in the context in which the list stands. */
  readonly items: ItemSites;
}

/** Finds an item's call site; site.ts provides it. */
export interface ItemSites {
  at(strings: TemplateStringsArray): Site;
}

export interface Compiled {
  readonly bytes: Uint8Array;
  readonly patches: readonly Patch[];
  readonly inserts: readonly Insert[];
}

type PatchSpec = { op: number; at: number; name: string; max: number } & Partial<
  Pick<Patch, 'maskAt' | 'shift' | 'min' | 'bias'>
>;

export class Assembler {
  #bytes = new Uint8Array(512);
  #at = 0;
  readonly #patches: Patch[] = [];
  readonly #inserts: Insert[] = [];
  readonly #open: { at: number; piece: number }[] = [];

  get at(): number {
    return this.#at;
  }

  u8(value: number): this {
    this.#reserve(1)[this.#at++] = value;
    return this;
  }

  u16(value: number): this {
    return this.u8(value >>> 8).u8(value & 0xff);
  }

  u32(value: number): this {
    return this.u16(value >>> 16).u16(value & 0xffff);
  }

  u64(value: bigint): this {
    return this.u32(Number(value >> 32n)).u32(Number(value & 0xffffffffn));
  }

  zero(count: number): this {
    for (let i = 0; i < count; i++) this.u8(0);
    return this;
  }

  /** The low `count` bytes of `value`, most significant first. */
  uint(value: bigint, count: number): this {
    for (let i = count - 1; i >= 0; i--) this.u8(Number((value >> BigInt(8 * i)) & 0xffn));
    return this;
  }

  raw(bytes: Uint8Array): this {
    for (const byte of bytes) this.u8(byte);
    return this;
  }

  /** Overwrites a 16-bit field already written. */
  setU16(at: number, value: number): void {
    this.#bytes[at] = value >>> 8;
    this.#bytes[at + 1] = value & 0xff;
  }

  /** Or-s bits into a byte already written. */
  orU8(at: number, bits: number): void {
    this.#bytes[at]! |= bits;
  }

  /** Writes a structure that carries its own 16-bit length at `at + lengthOffset`. */
  sized(lengthOffset: number, write: () => void): void {
    const start = this.#at;
    this.#open.push({ at: start + lengthOffset, piece: this.#inserts.length });
    write();
    this.#open.pop();
    const length = this.#at - start;
    if (length > 0xffff) throw new FlowError(`${length} bytes do not fit in one message`);
    this.setU16(start + lengthOffset, length);
  }

  /** Writes what a 16-bit length at `lengthAt`, written before, counts. */
  sizedFrom(lengthAt: number, write: () => void): void {
    const start = this.#at;
    this.#open.push({ at: lengthAt, piece: this.#inserts.length });
    write();
    this.#open.pop();
    this.setU16(lengthAt, this.#at - start);
  }

  /** Zeroes up to the next multiple of 8 counted from `start`. */
  pad(start = 0): this {
    return this.zero((8 - ((this.#at - start) % 8)) % 8);
  }

  patch(leaf: Leaf, spec: PatchSpec): void {
    if (leaf.token === Token.list) {
      throw new FlowError('a list of fragments cannot be a value', { field: spec.name, hole: leaf.ordinal });
    }
    this.#patches.push({
      op: spec.op,
      hole: leaf.index,
      at: spec.at,
      maskAt: spec.maskAt ?? -1,
      shift: spec.shift ?? 0,
      max: spec.max === 0xffffffff ? anyU32 : spec.max,
      min: spec.min ?? 0,
      bias: spec.bias ?? 0,
      name: spec.name,
      ordinal: leaf.ordinal,
      piece: this.#inserts.length,
    });
  }

  /** Writes an integer of 1, 2 or 4 bytes: a literal, or a hole checked against `min..max`. */
  integer(
    operand: number | Leaf,
    bytes: 1 | 2 | 4,
    name: string,
    limits: { min?: number; max?: number; bias?: number } = {},
  ): this {
    const { min = 0, max = 2 ** (8 * bytes) - 1, bias = 0 } = limits;
    if (typeof operand === 'number') {
      if (operand < min || operand > max)
        throw new FlowError(`${name} ${operand} is not ${min}..${max}`, { field: name });
      return this.uint(BigInt(operand + bias), bytes);
    }
    requirePlain(operand, name);
    const op = bytes === 1 ? PatchOp.u8 : bytes === 2 ? PatchOp.u16 : PatchOp.u32;
    this.patch(operand, { op, at: this.#at, name, max, min, bias });
    return this.zero(bytes);
  }

  /** Fills 1, 2 or 4 zero bytes already written from a hole. */
  patchInteger(leaf: Leaf, bytes: 1 | 2 | 4, at: number, name: string, max: number): void {
    requirePlain(leaf, name);
    const op = bytes === 1 ? PatchOp.u8 : bytes === 2 ? PatchOp.u16 : PatchOp.u32;
    this.patch(leaf, { op, at, name, max });
  }

  /** A list of fragments goes here. */
  insert(leaf: Leaf, items: ItemSites): void {
    this.#inserts.push({ hole: leaf.index, ordinal: leaf.ordinal, at: this.#at, lengths: [...this.#open], items });
  }

  finish(): Compiled {
    return { bytes: this.#bytes.slice(0, this.#at), patches: this.#patches, inserts: this.#inserts };
  }

  #reserve(count: number): Uint8Array {
    if (this.#at + count > this.#bytes.length) {
      const larger = new Uint8Array(this.#bytes.length * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    return this.#bytes;
  }
}

/** Holes outside matches and set_field take plain values only. */
export function requirePlain(leaf: Leaf, name: string): void {
  if (leaf.token !== Token.value && leaf.token !== Token.wide) {
    throw new FlowError(`${name} takes a plain value`, { field: name, hole: leaf.ordinal });
  }
}
