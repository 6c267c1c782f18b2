// Named bits: ct_state, tcp_flags, tun_flags, ip_frag, and the flags of a flow.
// Neighbours: text/value.ts.
// Invariant: names and their order are ovs-fields(7)'s; `+a-b` is a masked match, `a|b` an exact one.

import { FlowError } from '../errors.js';

export type FlagNames = readonly string[];

/** Names by bit, least significant first. */
export const ctStateNames: FlagNames = ['new', 'est', 'rel', 'rpl', 'inv', 'trk', 'snat', 'dnat'];
export const tcpFlagNames: FlagNames = [
  ...['fin', 'syn', 'rst', 'psh', 'ack', 'urg', 'ece', 'cwr', 'ns'],
  ...['[200]', '[400]', '[800]'],
];
export const tunFlagNames: FlagNames = ['oam'];

const fragments = { no: [0, 3], yes: [1, 1], first: [1, 3], later: [3, 3], not_later: [0, 2] } as const;

export interface Bits {
  readonly value: number;
  /** `undefined` when every bit is meant. */
  readonly mask: number | undefined;
}

/** `+trk-inv`, `est|trk`, `0x20/0x30`, `0`. */
export function parseFlags(text: string, names: FlagNames): Bits {
  if (/^(0x[0-9a-f]+|\d+)(\/(0x[0-9a-f]+|\d+))?$/i.test(text)) {
    const [value, mask] = text.split('/').map(Number);
    return { value: mask === undefined ? value! : value! & mask, mask };
  }
  if (!/^[+-]/.test(text)) {
    let value = 0;
    for (const name of text.split('|')) value |= flagBit(name, names);
    return { value, mask: undefined };
  }
  let value = 0;
  let mask = 0;
  for (const [, sign, name] of text.matchAll(/([+-])([^+-]*)/g)) {
    const bit = flagBit(name!, names);
    if ((mask & bit) !== 0) throw new FlowError(`flag ${name} is given twice in "${text}"`);
    mask |= bit;
    if (sign === '+') value |= bit;
  }
  return { value, mask };
}

function flagBit(name: string, names: FlagNames): number {
  const index = names.indexOf(name);
  if (index < 0) throw new FlowError(`no flag "${name}" (${names.join(', ')})`);
  return 1 << index;
}

export function formatFlags(value: number, mask: number, names: FlagNames): string {
  const full = 2 ** names.length - 1;
  let text = '';
  if ((mask & full) === full) {
    if (value === 0) return '0';
    for (const [i, name] of names.entries()) if ((value & (1 << i)) !== 0) text += `${text === '' ? '' : '|'}${name}`;
    return text;
  }
  for (const [i, name] of names.entries()) {
    if ((mask & (1 << i)) !== 0) text += `${(value & (1 << i)) === 0 ? '-' : '+'}${name}`;
  }
  return text;
}

export function parseFrag(text: string): Bits {
  const known = fragments[text as keyof typeof fragments];
  if (known === undefined) throw new FlowError(`no fragment type "${text}" (${Object.keys(fragments).join(', ')})`);
  const [value, mask] = known;
  return { value, mask: mask === 3 ? undefined : mask };
}

export function formatFrag(value: number, mask: number): string {
  const bits = mask & 3;
  for (const [name, [v, m]] of Object.entries(fragments)) if (m === bits && v === (value & bits)) return name;
  return '<error>';
}
