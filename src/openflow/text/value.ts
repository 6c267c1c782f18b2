// A field's value in text: parsed to integers when a template is compiled, printed from bytes when a flow is formatted.
// Neighbours: fields/ say which notation a field has; match/ and actions/ call both ways.
// Invariant: what ovs-ofctl prints, this prints; what it accepts, this accepts.

import { FlowError } from '../errors.js';
import type { Field } from '../fields/field.js';
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
  type Bits,
  ctStateNames,
  formatFlags,
  formatFrag,
  parseFlags,
  parseFrag,
  tcpFlagNames,
  tunFlagNames,
} from './flags.js';
import { formatPort, narrowPort, type Names, type Numbers, parsePort, widenPort } from './port.js';

export interface Literal {
  readonly value: bigint;
  /** `undefined` when the whole field is meant. */
  readonly mask: bigint | undefined;
}

export function parseInteger(text: string): bigint {
  if (!/^(0x[0-9a-f]+|\d+)$/i.test(text)) throw new FlowError(`"${text}" is not a number`);
  return BigInt(text);
}

/** Parses `value` or `value/mask` in the field's notation; value bits outside the mask are cleared, as ovs-ofctl does. */
export function parseValue(field: Field, text: string, numbers?: Numbers): Literal {
  const { value, mask } = parseNotation(field, text, numbers);
  const full = (1n << BigInt(field.bits)) - 1n;
  if (value > full) throw new FlowError(`${text} does not fit in ${field.bits} bits`, { field: field.name });
  if (mask === undefined) return { value, mask };
  if (mask > full && mask !== (1n << BigInt(field.bytes * 8)) - 1n) {
    throw new FlowError(`mask of ${text} does not fit in ${field.bits} bits`, { field: field.name });
  }
  const bits = mask & full;
  if (bits === full) return { value, mask: undefined };
  if (!field.maskable && bits !== 0n) throw new FlowError(`does not take a mask`, { field: field.name });
  return { value: value & bits, mask: bits };
}

function parseNotation(field: Field, text: string, numbers: Numbers | undefined): Literal {
  const slash = text.indexOf('/');
  const head = slash < 0 ? text : text.slice(0, slash);
  const tail = slash < 0 ? undefined : text.slice(slash + 1);
  switch (field.notation) {
    case 'ethernet':
      return { value: parseEthernet(head), mask: tail === undefined ? undefined : parseEthernet(tail) };
    case 'ipv4':
      return { value: parseIpv4(head), mask: tail === undefined ? undefined : parsePrefixOrMask(tail, 32, parseIpv4) };
    case 'ipv6':
      return { value: parseIpv6(head), mask: tail === undefined ? undefined : parsePrefixOrMask(tail, 128, parseIpv6) };
    case 'ofport': {
      const port = parsePort(head, numbers);
      return { value: BigInt(field.bytes === 2 ? narrowPort(port) : port), mask: undefined };
    }
    case 'packet-type': {
      const pair = /^\((\w+),(\w+)\)$/.exec(head);
      if (pair === null) throw new FlowError(`"${text}" is not a packet type "(ns,type)"`);
      return { value: (parseInteger(pair[1]!) << 16n) | parseInteger(pair[2]!), mask: undefined };
    }
    case 'frag':
      return literalBits(parseFrag(text));
    case 'ct-state':
      return literalBits(parseFlags(text, ctStateNames));
    case 'tcp-flags':
      return literalBits(parseFlags(text, tcpFlagNames));
    case 'tun-flags':
      return literalBits(parseFlags(text, tunFlagNames));
    case 'decimal':
    case 'hex':
      return { value: parseInteger(head), mask: tail === undefined ? undefined : parseInteger(tail) };
  }
}

function literalBits(bits: Bits): Literal {
  return { value: BigInt(bits.value), mask: bits.mask === undefined ? undefined : BigInt(bits.mask) };
}

/** `0x` and digits without leading zeros; zero is `0` up to 64 bits (C's `%#x`) and `0x0` beyond. */
export function formatHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  const digits = text.replace(/^0+/, '');
  if (digits !== '') return `0x${digits}`;
  return bytes.length > 8 ? '0x0' : '0';
}

export function readUint(bytes: Uint8Array): number {
  let value = 0;
  for (const byte of bytes) value = value * 256 + byte;
  return value;
}

/** Prints a value as in a match (`style` match: masked numbers in hex) or a set_field (decimal fields keep decimal). */
export function formatValue(
  field: Field,
  value: Uint8Array,
  mask: Uint8Array | undefined,
  names?: Names,
  style: 'match' | 'set' = 'match',
): string {
  switch (field.notation) {
    case 'decimal': {
      const maskText = mask === undefined ? '' : `/${formatHex(mask)}`;
      if (mask !== undefined && style === 'match') return formatHex(value) + maskText;
      return readUint(value) + maskText;
    }
    case 'hex':
      return mask === undefined ? formatHex(value) : `${formatHex(value)}/${formatHex(mask)}`;
    case 'ethernet':
      return mask === undefined ? formatEthernet(value) : `${formatEthernet(value)}/${formatEthernet(mask)}`;
    case 'ipv4':
      return formatIpv4(value) + formatAddressMask(mask, formatIpv4);
    case 'ipv6':
      return formatIpv6(value) + formatAddressMask(mask, formatIpv6);
    case 'ofport':
      return formatPort(field.bytes === 2 ? widenPort(readUint(value)) : readUint(value), names);
    case 'packet-type': {
      const [space, type] = [readUint(value.subarray(0, 2)), readUint(value.subarray(2))];
      return `(${space},${type === 0 ? '0' : `0x${type.toString(16)}`})`;
    }
    case 'frag':
      return formatFrag(readUint(value), mask === undefined ? 3 : readUint(mask));
    case 'ct-state':
      return formatFlags(readUint(value), maskOrAll(mask), ctStateNames);
    case 'tcp-flags':
      return formatFlags(readUint(value), maskOrAll(mask), tcpFlagNames);
    case 'tun-flags':
      return style === 'match'
        ? `${(readUint(value) & 1) === 0 ? '-' : '+'}oam`
        : formatFlags(readUint(value), maskOrAll(mask), tunFlagNames);
  }
}

function maskOrAll(mask: Uint8Array | undefined): number {
  return mask === undefined ? 0xffff : readUint(mask);
}

function formatAddressMask(mask: Uint8Array | undefined, format: (bytes: Uint8Array) => string): string {
  if (mask === undefined) return '';
  const length = prefixLength(mask);
  return `/${length < 0 ? format(mask) : length}`;
}
