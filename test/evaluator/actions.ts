/**
 * The actions of a flow, from the text that src/openflow prints of it.
 * Neighbours: tables.ts finds the flow, machine.ts performs the actions.
 * Invariant: an action that is not known here is an error, never ignored.
 */
import { parseAddress, parseMac } from '../../src/model/index.js';
import { fieldByName, type Field } from '../../src/openflow/index.js';
import { big } from './packet.js';

/** Bits of a field. */
export interface Range {
  readonly name: string;
  readonly start: bigint;
  readonly bits: bigint;
}

export type Action =
  | { readonly do: 'set'; readonly name: string; readonly value: bigint; readonly mask: bigint }
  | { readonly do: 'move'; readonly from: Range; readonly to: Range }
  | { readonly do: 'output'; readonly port: number | Range | 'in_port' }
  | { readonly do: 'goto'; readonly table: number }
  /** Looks up, by the original tuple of the connection or by the packet itself, and comes back. */
  | { readonly do: 'ask'; readonly table: number; readonly ct: boolean }
  | { readonly do: 'ct'; readonly commit: boolean; readonly table?: number; readonly zone: number | Range }
  | { readonly do: 'push_vlan' }
  | { readonly do: 'pop_vlan' }
  | { readonly do: 'dec_ttl' }
  /** Whether the frame is longer, as one bit. */
  | { readonly do: 'larger'; readonly bytes: number; readonly to: Range }
  | { readonly do: 'controller' };

/** Splits at commas outside parentheses. */
function split(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '(') depth++;
    else if (c === ')') depth--;
    else if (c === ',' && depth === 0) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  return [...parts, text.slice(start)].filter((part) => part !== '');
}

function known(name: string): Field {
  const field = fieldByName(name);
  if (!field) throw new Error(`an action names a field ${name} that nobody knows`);
  return field;
}

function value(text: string): bigint {
  if (/^(?:0x[0-9a-f]+|\d+)$/.test(text)) return BigInt(text);
  const bytes = parseMac(text) ?? parseAddress(text);
  if (bytes === undefined) throw new Error(`an action sets ${text}, which is no value`);
  return big(bytes);
}

function range(text: string): Range | undefined {
  const found = /^(\w+)\[(?:(\d+)(?:\.\.(\d+))?)?\]$/.exec(text);
  if (!found) return undefined;
  const field = known(found[1] ?? '');
  const name = field.name === 'in_port' ? 'in_port_oxm' : field.name;
  if (found[2] === undefined) return { name, start: 0n, bits: BigInt(field.bits) };
  const start = BigInt(found[2]);
  return { name, start, bits: BigInt(found[3] ?? found[2]) - start + 1n };
}

function mustRange(text: string): Range {
  const found = range(text);
  if (!found) throw new Error(`${text} is no range of a field`);
  return found;
}

function conntrack(inner: string): Action {
  let commit = false;
  let table: number | undefined;
  let zone: number | Range = 0;
  for (const part of split(inner)) {
    const [key, text = ''] = part.split('=');
    if (key === 'commit') commit = true;
    else if (key === 'table') table = Number(text);
    else if (key === 'zone') zone = range(text) ?? Number(text);
    else throw new Error(`ct(${inner}): ${part} is not known here`);
  }
  return table === undefined ? { do: 'ct', commit, zone } : { do: 'ct', commit, table, zone };
}

function action(text: string): Action {
  if (text === 'pop_vlan') return { do: 'pop_vlan' };
  if (text === 'dec_ttl') return { do: 'dec_ttl' };
  if (text.startsWith('controller(')) return { do: 'controller' };
  const asked = /^resubmit\(,(\d+)(,ct)?\)$/.exec(text);
  if (asked) return { do: 'ask', table: Number(asked[1]), ct: asked[2] !== undefined };
  if (text === 'IN_PORT') return { do: 'output', port: 'in_port' };
  const larger = /^check_pkt_larger\((\d+)\)->(.*)$/.exec(text);
  if (larger) return { do: 'larger', bytes: Number(larger[1]), to: mustRange(larger[2] ?? '') };
  const call = /^(\w+)[:(](.*?)\)?$/.exec(text);
  const rest = call?.[2] ?? '';
  switch (call?.[1]) {
    case 'set_field': {
      const [what = '', name = ''] = rest.split('->');
      const [set = '', mask] = what.split('/');
      const field = known(name);
      const all = (1n << BigInt(8 * field.bytes)) - 1n;
      return { do: 'set', name: field.name, value: value(set), mask: mask === undefined ? all : value(mask) };
    }
    case 'move': {
      const [from = '', to = ''] = rest.split('->');
      return { do: 'move', from: mustRange(from), to: mustRange(to) };
    }
    case 'output':
      return { do: 'output', port: range(rest) ?? Number(rest) };
    case 'goto_table':
      return { do: 'goto', table: Number(rest) };
    case 'push_vlan':
      return { do: 'push_vlan' };
    case 'ct':
      return conntrack(rest);
    default:
      throw new Error(`the action ${text} is not known here`);
  }
}

const seen = new Map<string, readonly Action[]>();

/** The actions of a flow as printed; `drop` is none. Equal texts are read once. */
export function actionsOf(flowText: string): readonly Action[] {
  const text = flowText.slice(flowText.indexOf(' actions=') + ' actions='.length);
  let actions = seen.get(text);
  if (!actions) {
    if (seen.size > 20_000) seen.clear();
    actions = text === 'drop' ? [] : split(text).map(action);
    seen.set(text, actions);
  }
  return actions;
}
