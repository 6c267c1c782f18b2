// Actions that steer or annotate: clone, conjunction, check_pkt_larger, note, exit, fin_timeout.
// Neighbours: action.ts; compile.ts compiles the actions inside clone.
// Invariant: each is written with the subtype and padding vswitchd itself uses.

import { FlowError } from '../errors.js';
import { requireFacts } from '../match/facts.js';
import { formatHexBytes, parseHexBytes } from '../text/hex.js';
import { parseCall, splitList } from '../text/split.js';
import {
  type ActionFamily,
  type FormatAction,
  fieldOfHeader,
  formatSubfield,
  integerArgument,
  nicira,
  niciraAction,
  noArguments,
  noHole,
} from './action.js';
import { compileActions, formatActions } from './compile.js';
import { target } from './set.js';

const subtype = {
  note: 8,
  exit: 17,
  finTimeout: 19,
  conjunction: 34,
  clone: 42,
  checkLarger: 49,
} as const;

export const cloneFamily: ActionFamily = {
  names: ['clone'],
  compile(call, out, context) {
    const inner = { ...context };
    niciraAction(out, subtype.clone, () => {
      out.zero(6);
      compileActions(call.inner ?? '', out, inner);
    });
  },
  formats: new Map<number, FormatAction>([
    [
      nicira(subtype.clone),
      (reader, names, depth) => `clone(${formatActions(reader.skip(6).rest(), names, depth + 1).join(',') || 'drop'})`,
    ],
  ]),
};

export const conjunctionFamily: ActionFamily = {
  names: ['conjunction'],
  compile(call, out, context) {
    const parts = /^([^,]+),([^/]+)\/(.+)$/.exec((call.inner ?? '').replaceAll(/\s/g, ''));
    if (parts === null) throw new FlowError('conjunction needs (id,k/n)', { field: 'conjunction' });
    const [id, k, n] = parts.slice(1).map((text) => integerArgument(context, text, 'conjunction'));
    if (typeof n === 'number' && typeof k === 'number' && k > n) {
      throw new FlowError(`conjunction: clause ${k} of ${n}`, { field: 'conjunction' });
    }
    niciraAction(out, subtype.conjunction, () => {
      out.integer(k!, 1, 'conjunction clause', { min: 1, max: 64, bias: -1 });
      out.integer(n!, 1, 'conjunction clauses', { min: 2, max: 64 });
      out.integer(id!, 4, 'conjunction id');
    });
  },
  formats: new Map<number, FormatAction>([
    [
      nicira(subtype.conjunction),
      (reader) => {
        const [k, n] = [reader.u8() + 1, reader.u8()];
        return `conjunction(${reader.u32()},${k}/${n})`;
      },
    ],
  ]),
};

export const checkLargerFamily: ActionFamily = {
  names: ['check_pkt_larger'],
  compile(call, out, context) {
    const to = target(context, (call.value ?? '').replace(/^->/, ''), 'check_pkt_larger');
    if (to.width !== 1) throw new FlowError('check_pkt_larger stores one bit', { field: 'check_pkt_larger' });
    niciraAction(out, subtype.checkLarger, () => {
      out.integer(integerArgument(context, call.inner, 'check_pkt_larger'), 2, 'check_pkt_larger');
      out.u16(to.start).u32(to.field.nxm).zero(6);
    });
  },
  formats: new Map<number, FormatAction>([
    [
      nicira(subtype.checkLarger),
      (reader) => {
        const [length, start] = [reader.u16(), reader.u16()];
        return `check_pkt_larger(${length})->${formatSubfield({ field: fieldOfHeader(reader.u32()), start, width: 1 })}`;
      },
    ],
  ]),
};

export const noteFamily: ActionFamily = {
  names: ['note'],
  compile(call, out, context) {
    noHole(context, call.value ?? '', 'note');
    const bytes = parseHexBytes(call.value ?? '', 'note');
    niciraAction(out, subtype.note, () => {
      out.raw(bytes);
      // The shortest note fills its 16 bytes.
      if (bytes.length < 6) out.zero(6 - bytes.length);
    });
  },
  formats: new Map<number, FormatAction>([[nicira(subtype.note), (reader) => `note:${formatHexBytes(reader.rest())}`]]),
};

export const exitFamily: ActionFamily = {
  names: ['exit'],
  compile(call, out) {
    noArguments(call);
    niciraAction(out, subtype.exit, () => out.zero(6));
  },
  formats: new Map<number, FormatAction>([[nicira(subtype.exit), () => 'exit']]),
};

export const finTimeoutFamily: ActionFamily = {
  names: ['fin_timeout'],
  compile(call, out, context) {
    requireFacts('tcp', context.facts, 'fin_timeout');
    const given = new Map(splitList(call.inner ?? '').map((text) => [parseCall(text).name, parseCall(text).value]));
    const seconds = (name: string) => (given.has(name) ? integerArgument(context, given.get(name), name) : 0);
    niciraAction(out, subtype.finTimeout, () => {
      out
        .integer(seconds('idle_timeout'), 2, 'idle_timeout')
        .integer(seconds('hard_timeout'), 2, 'hard_timeout')
        .zero(2);
    });
  },
  formats: new Map<number, FormatAction>([
    [
      nicira(subtype.finTimeout),
      (reader) => {
        const [idle, hard] = [reader.u16(), reader.u16()];
        const parts = [idle > 0 ? `idle_timeout=${idle}` : '', hard > 0 ? `hard_timeout=${hard}` : ''];
        return `fin_timeout(${parts.filter((part) => part !== '').join(',')})`;
      },
    ],
  ]),
};
