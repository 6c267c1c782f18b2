// Reads big-endian integers from a part of a message, within its bounds.
// Neighbours: every formatter.
// Invariant: reading past the end throws a FlowError, never returns garbage.

import { FlowError } from '../errors.js';

export class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  get at(): number {
    return this.#at;
  }

  take(count: number): Uint8Array {
    if (count > this.left) throw new FlowError(`message ends ${count - this.left} bytes too early`);
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  u8(): number {
    return this.take(1)[0]!;
  }

  u16(): number {
    return this.u8() * 0x100 + this.u8();
  }

  u32(): number {
    return this.u16() * 0x10000 + this.u16();
  }

  u64(): bigint {
    return (BigInt(this.u32()) << 32n) | BigInt(this.u32());
  }

  skip(count: number): this {
    this.take(count);
    return this;
  }

  /** Everything that is left. */
  rest(): Uint8Array {
    return this.take(this.left);
  }
}
