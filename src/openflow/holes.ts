// What may stand in a `${…}` of a flow template, and the constructors of those that are not plain values.
// Neighbours: template/shape.ts classifies holes, template/emit.ts writes them; src/pipeline/layout.ts makes tables and registers.
// Invariant: structural holes are compared by identity and stand for constant text, so they must be made once, not per flow.

import { FlowError } from './errors.js';

/** A constant of the pipeline's layout; its text is inlined and its identity is part of the template's key. */
export class Structural {
  /** What the template would say if the hole were written out. */
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** An OpenFlow table: `table=${t}`, `goto_table:${t}`, `resubmit(,${t})`, `ct(table=${t})`. */
export class TableRef extends Structural {
  readonly name: string;
  readonly id: number;

  constructor(name: string, id: number) {
    if (!Number.isInteger(id) || id < 0 || id > 253) throw new FlowError(`table ${name}: id ${id} is not 0..253`);
    super(String(id));
    this.name = name;
    this.id = id;
  }
}

/** Bits `start..end` of 32-bit register `reg<n>`: `${r}=${v}`, `set_field:${v}->${r}`, `move:${a}->${b}`, `output:${r}`. */
export class RegRange extends Structural {
  readonly name: string;
  readonly register: number;
  readonly start: number;
  readonly end: number;

  constructor(n: number, start: number, end: number, name: string) {
    const whole = start === 0 && end === 31;
    if (!Number.isInteger(n) || n < 0 || n > 15) {
      throw new FlowError(`register ${name}: reg${n} does not exist (reg0..reg15)`);
    }
    if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || end > 31 || start > end) {
      throw new FlowError(`register ${name}: bits ${start}..${end} are not within 0..31`);
    }
    super(whole ? `reg${n}` : `reg${n}[${start}..${end}]`);
    this.name = name;
    this.register = n;
    this.start = start;
    this.end = end;
  }

  /** Number of bits. */
  get width(): number {
    return this.end - this.start + 1;
  }
}

/** Names a table of the pipeline. */
export function table(name: string, id: number): TableRef {
  return new TableRef(name, id);
}

/** Names bits `start..end` (inclusive, 0 is the least significant) of a 32-bit register. */
export function register(n: number, start = 0, end = 31, name = `reg${n}`): RegRange {
  return new RegRange(n, start, end, name);
}

/** 64 bits without BigInt: most significant half first. */
export type Pair = readonly [hi: number, lo: number];

/** A value as the model holds it: integers up to 32 bits as number, 48 and 128 bits as bytes, 64 bits as a pair. */
export type Value = number | Uint8Array | Pair | bigint;

/** How much of a field a masked value matches: decides whether the field carries a mask, none, or is left out. */
export type MaskClass = 'exact' | 'masked' | 'absent';

/** A value with a mask. `/0` leaves the field out of the flow, a full mask makes it exact. */
export class Masked {
  readonly value: Value;
  readonly mask: Value;
  readonly maskClass: MaskClass;

  constructor(value: Value, mask: Value, maskClass: MaskClass) {
    this.value = value;
    this.mask = mask;
    this.maskClass = maskClass;
  }
}

/**
 * A value of which only the bits set in `mask` are matched.
 * @throws FlowError when `value` has bits outside `mask` (the switch refuses them) or the two differ in shape.
 */
export function masked(value: Value, mask: Value): Masked {
  if (typeof value === 'number' && typeof mask === 'number') {
    if ((value & ~mask) !== 0) throw new FlowError(`value ${value} has bits outside its mask ${mask}`);
    return new Masked(value, mask, mask === 0 ? 'absent' : 'masked');
  }
  if (value instanceof Uint8Array && mask instanceof Uint8Array && value.length === mask.length) {
    if (value.some((byte, i) => (byte & ~(mask[i] ?? 0)) !== 0)) throw new FlowError('value has bits outside its mask');
    return new Masked(value, mask, classOfBytes(mask));
  }
  if (typeof value === 'bigint' && typeof mask === 'bigint') {
    return masked(toPair(value), toPair(mask));
  }
  if (isPair(value) && isPair(mask)) {
    if ((value[0] & ~mask[0]) !== 0 || (value[1] & ~mask[1]) !== 0) {
      throw new FlowError('value has bits outside its mask');
    }
    const full = mask[0] === 0xffffffff && mask[1] === 0xffffffff;
    return new Masked(value, mask, full ? 'exact' : mask[0] === 0 && mask[1] === 0 ? 'absent' : 'masked');
  }
  throw new FlowError('a masked value and its mask must be two numbers, two byte arrays of one length, or two pairs');
}

const ipv4Masks = Array.from({ length: 33 }, (_, length) => (length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0));
const ipv6Masks = Array.from({ length: 129 }, (_, length) => {
  const mask = new Uint8Array(16);
  for (let bit = 0; bit < length; bit++) mask[bit >> 3]! |= 0x80 >> (bit & 7);
  return mask;
});

/** An IPv4 (number or 4 bytes) or IPv6 (16 bytes) network; host bits are cleared. */
export function prefix(address: number | Uint8Array, length: number): Masked {
  const bits = typeof address === 'number' || address.length === 4 ? 32 : 128;
  if (!Number.isInteger(length) || length < 0 || length > bits)
    throw new FlowError(`prefix /${length} is not /0../${bits}`);
  const maskClass = length === 0 ? 'absent' : length === bits ? 'exact' : 'masked';
  if (bits === 32) {
    const mask = ipv4Masks[length] ?? 0;
    return new Masked((ipv4Number(address) & mask) >>> 0, mask, maskClass);
  }
  const mask = ipv6Masks[length]!;
  if (length === 128) return new Masked(address, mask, maskClass);
  const value = new Uint8Array(16);
  for (let i = 0; i < 16; i++) value[i] = (address as Uint8Array)[i]! & mask[i]!;
  return new Masked(value, mask, maskClass);
}

function ipv4Number(address: number | Uint8Array): number {
  if (typeof address === 'number') return address;
  return ((address[0]! << 24) | (address[1]! << 16) | (address[2]! << 8) | address[3]!) >>> 0;
}

function classOfBytes(mask: Uint8Array): MaskClass {
  if (mask.every((byte) => byte === 0)) return 'absent';
  return mask.every((byte) => byte === 0xff) ? 'exact' : 'masked';
}

export function isPair(value: unknown): value is Pair {
  return Array.isArray(value) && value.length === 2 && typeof value[0] === 'number' && typeof value[1] === 'number';
}

export function toPair(value: bigint): Pair {
  return [Number((value >> 32n) & 0xffffffffn), Number(value & 0xffffffffn)];
}

/** Which part of a flow a fragment is: match fields, actions, or buckets of a group. */
export type FragmentKind = 'match' | 'actions' | 'buckets';

/** Part of a template that another template takes up. Cheap: nothing is parsed until a flow uses it. */
export class Fragment {
  readonly kind: FragmentKind;
  readonly strings: TemplateStringsArray;
  readonly holes: readonly Hole[];

  constructor(kind: FragmentKind, strings: TemplateStringsArray, holes: readonly Hole[]) {
    this.kind = kind;
    this.strings = strings;
    this.holes = holes;
  }
}

/** Everything that may stand in a `${…}`. `undefined` and `[]` are fragments that are not there. */
export type Hole = Value | Masked | Structural | Fragment | readonly Fragment[] | undefined;

/** Match fragment: `` m`tcp, tp_dst=${port}` ``. */
export function m(strings: TemplateStringsArray, ...holes: Hole[]): Fragment {
  return new Fragment('match', strings, holes);
}

/** Action fragment: `` a`output:${ofport}` ``. A list of them is appended in order. */
export function a(strings: TemplateStringsArray, ...holes: Hole[]): Fragment {
  return new Fragment('actions', strings, holes);
}

/** Bucket fragment of a group: `` b`bucket=bucket_id:${i},weight:1,actions=output:${ofport}` ``. */
export function b(strings: TemplateStringsArray, ...holes: Hole[]): Fragment {
  return new Fragment('buckets', strings, holes);
}
