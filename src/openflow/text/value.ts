// A field's value in text: parsed to integers when a template is compiled, printed from bytes when a flow is formatted.
// Neighbours: fields/ say which notation a field has; match/ and actions/ call both ways.
// Invariant: what ovs-ofctl prints, this prints; what it accepts, this accepts.

import { FlowError } from '../errors.js';
import type { Field, Notation } from '../fields/field.js';
import {
  formatEthernet,
  formatIpv4,
  formatIpv6,
  parseEthernet,
  parseIpv4,
  parseIpv6,
  parsePrefixOrMask,
  prefixLength,
} from './address.js';
import {
  ctStateNames,
  type FlagNames,
  formatFlags,
  formatFrag,
  parseFlags,
  parseFrag,
  tcpFlagNames,
  tunFlagNames,
} from './flags.js';
import { formatPort, narrowPort, type Names, type Numbers, parsePort, reservedPort, widenPort } from './port.js';

export interface Literal {
  readonly value: bigint;
  /** `undefined` when the whole field is meant. */
  readonly mask: bigint | undefined;
}

/** Where a value is printed: masked numbers are hex in a match, while set_field keeps decimal fields decimal. */
export type Style = 'match' | 'set';

interface Codec {
  parse(text: string, field: Field, numbers: Numbers | undefined): Literal;
  format(value: Uint8Array, mask: Uint8Array | undefined, style: Style, names: Names | undefined): string;
}

export function parseInteger(text: string): bigint {
  if (!/^(0x[0-9a-f]+|\d+)$/i.test(text)) throw new FlowError(`"${text}" is not a number`);
  return BigInt(text);
}

/** `0x` and digits without leading zeros, zero as `0`: C's `%#x`. */
export function formatHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  const digits = text.replace(/^0+/, '');
  return digits === '' ? '0' : `0x${digits}`;
}

export function readUint(bytes: Uint8Array): number {
  let value = 0;
  for (const byte of bytes) value = value * 256 + byte;
  return value;
}

function cut(text: string): [head: string, tail: string | undefined] {
  const slash = text.indexOf('/');
  return slash < 0 ? [text, undefined] : [text.slice(0, slash), text.slice(slash + 1)];
}

function parseNumber(text: string): Literal {
  const [head, tail] = cut(text);
  return { value: parseInteger(head), mask: tail === undefined ? undefined : parseInteger(tail) };
}

function addressCodec(bits: 32 | 128, parse: (text: string) => bigint, format: (bytes: Uint8Array) => string): Codec {
  return {
    parse(text) {
      const [head, tail] = cut(text);
      return { value: parse(head), mask: tail === undefined ? undefined : parsePrefixOrMask(tail, bits, parse) };
    },
    format(value, mask) {
      if (mask === undefined) return format(value);
      const length = prefixLength(mask);
      return `${format(value)}/${length < 0 ? format(mask) : length}`;
    },
  };
}

function flagCodec(names: FlagNames): Codec {
  return {
    parse(text) {
      const { value, mask } = parseFlags(text, names);
      return { value: BigInt(value), mask: mask === undefined ? undefined : BigInt(mask) };
    },
    format: (value, mask) => formatFlags(readUint(value), mask === undefined ? 0xffff : readUint(mask), names),
  };
}

const tunFlags = flagCodec(tunFlagNames);

const codecs: Readonly<Record<Notation, Codec>> = {
  decimal: {
    parse: parseNumber,
    format(value, mask, style) {
      if (mask === undefined) return String(readUint(value));
      const text = style === 'match' ? `0x${readUint(value).toString(16)}` : String(readUint(value));
      return `${text}/${formatHex(mask)}`;
    },
  },
  hex: {
    parse: parseNumber,
    format: (value, mask) => (mask === undefined ? formatHex(value) : `${formatHex(value)}/${formatHex(mask)}`),
  },
  ethernet: {
    parse(text) {
      const [head, tail] = cut(text);
      return { value: parseEthernet(head), mask: tail === undefined ? undefined : parseEthernet(tail) };
    },
    format: (value, mask) =>
      mask === undefined ? formatEthernet(value) : `${formatEthernet(value)}/${formatEthernet(mask)}`,
  },
  ipv4: addressCodec(32, parseIpv4, formatIpv4),
  ipv6: addressCodec(128, parseIpv6, formatIpv6),
  ofport: {
    parse(text, field, numbers) {
      const port = reservedPort(text) ?? parsePort(text, numbers);
      return { value: BigInt(field.bytes === 2 ? narrowPort(port) : port), mask: undefined };
    },
    format: (value, _mask, _style, names) =>
      formatPort(value.length === 2 ? widenPort(readUint(value)) : readUint(value), names),
  },
  frag: {
    parse(text) {
      const { value, mask } = parseFrag(text);
      return { value: BigInt(value), mask: mask === undefined ? undefined : BigInt(mask) };
    },
    format: (value, mask) => formatFrag(readUint(value), mask === undefined ? 3 : readUint(mask)),
  },
  'ct-state': flagCodec(ctStateNames),
  'tcp-flags': flagCodec(tcpFlagNames),
  'tun-flags': {
    parse: (text, field, numbers) => tunFlags.parse(text, field, numbers),
    // ovs-ofctl prints a match on the only flag there is with its sign.
    format: (value, mask, style, names) =>
      style === 'set' ? tunFlags.format(value, mask, style, names) : `${(readUint(value) & 1) === 0 ? '-' : '+'}oam`,
  },
  'packet-type': {
    parse(text) {
      const pair = /^\((\w+),(\w+)\)$/.exec(text);
      if (pair === null) throw new FlowError(`"${text}" is not a packet type "(ns,type)"`);
      return { value: (parseInteger(pair[1]!) << 16n) | parseInteger(pair[2]!), mask: undefined };
    },
    format(value) {
      const type = readUint(value.subarray(2));
      return `(${readUint(value.subarray(0, 2))},${type === 0 ? '0' : `0x${type.toString(16)}`})`;
    },
  },
};

/** Parses `value` or `value/mask` in the field's notation; value bits outside the mask are cleared, as ovs-ofctl does. */
export function parseValue(field: Field, text: string, numbers?: Numbers): Literal {
  const { value, mask } = codecs[field.notation].parse(text, field, numbers);
  const full = (1n << BigInt(field.wireBits)) - 1n;
  if (value > full) throw new FlowError(`${text} does not fit in ${field.wireBits} bits`, { field: field.name });
  if (mask === undefined) return { value, mask };
  if (mask > full && mask !== (1n << BigInt(field.bytes * 8)) - 1n) {
    throw new FlowError(`mask of ${text} does not fit in ${field.wireBits} bits`, { field: field.name });
  }
  const bits = mask & full;
  if (bits === full) return { value, mask: undefined };
  if (!field.maskable && bits !== 0n) throw new FlowError('does not take a mask', { field: field.name });
  return { value: value & bits, mask: bits };
}

/** Prints a field's bytes in its notation. */
export function formatValue(
  field: Field,
  value: Uint8Array,
  mask: Uint8Array | undefined,
  names?: Names,
  style: Style = 'match',
): string {
  return codecs[field.notation].format(value, mask, style, names);
}
