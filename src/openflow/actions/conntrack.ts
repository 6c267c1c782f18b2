// ct(…), its nat(…) and exec(…), and ct_clear.
// Neighbours: action.ts; compile.ts compiles the actions inside exec.
// Invariant: nat comes before exec on the wire, whatever their order in the text, as vswitchd keeps them.

import { FlowError } from '../errors.js';
import { ethertype, requireFacts } from '../match/facts.js';
import { type Assembler, requirePlain } from '../template/assembler.js';
import { PatchOp } from '../template/patch.js';
import { type Leaf, leafOf, Token } from '../template/shape.js';
import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from '../text/address.js';
import { formatTable, namedTable, type Names } from '../text/port.js';
import { Reader } from '../text/reader.js';
import { type Call, parseCall, splitList } from '../text/split.js';
import {
  type ActionContext,
  type ActionFamily,
  type FormatAction,
  formatSubfield,
  integerArgument,
  isSubfield,
  nicira,
  niciraAction,
  packRange,
  parseSubfield,
  unpackRange,
} from './action.js';
import { compileActions, formatActions } from './compile.js';

const subtype = { ct: 35, nat: 36, clear: 43 } as const;
const algs: ReadonlyMap<string, number> = new Map([
  ['ftp', 21],
  ['tftp', 69],
]);
const ctFlags = { commit: 1, force: 2 } as const;
const natFlags = { src: 1, dst: 2, persistent: 4, hash: 8, random: 16 } as const;

interface CtArguments {
  flags: number;
  zone: string | undefined;
  table: string | undefined;
  alg: number;
  nat: Call | undefined;
  exec: string | undefined;
}

function parseCt(inner: string): CtArguments {
  const given: CtArguments = { flags: 0, zone: undefined, table: undefined, alg: 0, nat: undefined, exec: undefined };
  for (const text of splitList(inner)) {
    const argument = parseCall(text);
    switch (argument.name) {
      case 'commit':
      case 'force':
        given.flags |= ctFlags[argument.name];
        break;
      case 'zone':
        given.zone = argument.value ?? '';
        break;
      case 'table':
        given.table = argument.value ?? '';
        break;
      case 'alg': {
        const alg = algs.get(argument.value ?? '');
        if (alg === undefined) throw new FlowError(`ct: no alg "${argument.value}" (ftp, tftp)`, { field: 'ct' });
        given.alg = alg;
        break;
      }
      case 'nat':
        given.nat = argument;
        break;
      case 'exec':
        given.exec = argument.inner ?? '';
        break;
      default:
        throw new FlowError(`ct: no argument "${argument.name}"`, { field: 'ct' });
    }
  }
  if ((given.flags & ctFlags.force) !== 0 && (given.flags & ctFlags.commit) === 0) {
    throw new FlowError('ct: force needs commit', { field: 'ct' });
  }
  return given;
}

function compileCt(call: Call, out: Assembler, context: ActionContext): void {
  requireFacts('ip', context.facts, 'ct');
  const given = parseCt(call.inner ?? '');
  if (given.exec !== undefined && (given.flags & ctFlags.commit) === 0)
    throw new FlowError('ct: exec needs commit', { field: 'ct' });
  if (given.alg !== 0) requireFacts(given.alg === 21 ? 'tcp' : 'udp', context.facts, 'ct alg');
  niciraAction(out, subtype.ct, () => {
    out.u16(given.flags);
    writeZone(out, given.zone, context);
    const named = given.table === undefined ? undefined : namedTable(given.table, context.numbers);
    const table = given.table === undefined ? 255 : (named ?? integerArgument(context, given.table, 'ct table'));
    out.integer(table, 1, 'ct table').zero(3).u16(given.alg);
    if (given.nat !== undefined) compileNat(given.nat, out, context);
    if (given.exec !== undefined) compileActions(given.exec, out, { ...context, exec: true });
  });
}

function writeZone(out: Assembler, zone: string | undefined, context: ActionContext): void {
  if (zone !== undefined && isSubfield(zone)) {
    const source = parseSubfield(context, zone, 'ct zone');
    if (source.width !== 16) throw new FlowError(`ct zone needs 16 bits, ${zone} has ${source.width}`, { field: 'ct' });
    out.u32(source.field.nxm).u16(packRange(source));
    return;
  }
  out.u32(0).integer(zone === undefined ? 0 : integerArgument(context, zone, 'ct zone'), 2, 'ct zone');
}

/** Addresses and ports of `nat(src=…)`, each a literal or a hole. */
interface NatRange {
  readonly wide: boolean;
  readonly addresses: readonly string[];
  readonly ports: readonly string[];
}

function parseNatRange(text: string, context: ActionContext): NatRange {
  const bracketed = /^\[([^\]]*)\](?:-\[([^\]]*)\])?(?::(.*))?$/.exec(text);
  const bare = text.split(':').length > 2 ? /^([^-]*)(?:-(.*))?()$/ : /^([^:-]*)(?:-([^:]*))?(?::(.*))?$/;
  const parts = bracketed ?? bare.exec(text);
  const [, first = '', second, ports] = parts ?? [];
  if (first === '') throw new FlowError(`nat: "${text}" has no address`, { field: 'nat' });
  const leaf = leafOf(context.expanded, first);
  const wide = leaf === undefined ? first.includes(':') : leaf.token === Token.wide;
  return {
    wide,
    addresses: second === undefined ? [first] : [first, second],
    ports: ports === undefined || ports === '' ? [] : ports.split('-'),
  };
}

function compileNat(call: Call, out: Assembler, context: ActionContext): void {
  let flags = 0;
  let range: NatRange = { wide: false, addresses: [], ports: [] };
  for (const text of splitList(call.inner ?? '')) {
    const argument = parseCall(text);
    const flag = natFlags[argument.name as keyof typeof natFlags];
    if (flag === undefined) throw new FlowError(`nat: no argument "${argument.name}"`, { field: 'nat' });
    flags |= flag;
    if (argument.value !== undefined) range = parseNatRange(argument.value, context);
  }
  const { wide, addresses, ports } = range;
  if (addresses.length === 0 && (flags & ~(natFlags.src | natFlags.dst)) !== 0) {
    throw new FlowError('nat: persistent, hash and random need an address', { field: 'nat' });
  }
  const family = wide ? ethertype.ipv6 : ethertype.ipv4;
  if (addresses.length > 0 && !context.facts.any && context.facts.dlType !== family) {
    throw new FlowError(`nat to an ${wide ? 'IPv6' : 'IPv4'} address needs ${wide ? 'ipv6' : 'ip'} in the match`, {
      field: 'nat',
    });
  }
  const presence = (wide ? 4 : 1) * [0, 1, 3][addresses.length]! + 16 * [0, 1, 3][ports.length]!;
  niciraAction(out, subtype.nat, () => {
    out.zero(2).u16(flags).u16(presence);
    for (const text of addresses) writeAddress(out, text, wide, context);
    for (const text of ports) out.integer(integerArgument(context, text, 'nat port'), 2, 'nat port');
  });
}

function writeAddress(out: Assembler, text: string, wide: boolean, context: ActionContext): void {
  const leaf: Leaf | undefined = leafOf(context.expanded, text);
  if (leaf === undefined) {
    out.uint(wide ? parseIpv6(text) : parseIpv4(text), wide ? 16 : 4);
    return;
  }
  requirePlain(leaf, 'nat address');
  if ((leaf.token === Token.wide) !== wide)
    throw new FlowError('nat mixes IPv4 and IPv6', { field: 'nat', hole: leaf.ordinal });
  out.patch(leaf, {
    op: wide ? PatchOp.bytes : PatchOp.u32,
    at: out.at,
    name: 'nat address',
    max: wide ? 16 : 0xffffffff,
  });
  out.zero(wide ? 16 : 4);
}

function formatCt(reader: Reader, names: Names | undefined, depth: number): string {
  const flags = reader.u16();
  const zoneHeader = reader.u32();
  const zone = reader.u16();
  const table = reader.u8();
  reader.skip(3);
  const alg = reader.u16();
  const parts: string[] = [];
  if ((flags & ctFlags.commit) !== 0) parts.push('commit');
  if ((flags & ctFlags.force) !== 0) parts.push('force');
  if (table !== 255) parts.push(`table=${formatTable(table, names)}`);
  if (zoneHeader !== 0) parts.push(`zone=${formatSubfield(unpackRange(zoneHeader, zone))}`);
  else if (zone !== 0) parts.push(`zone=${zone}`);
  const inner = formatActions(reader.rest(), names, depth + 1);
  const nat = inner.filter((text) => text === 'nat' || text.startsWith('nat('));
  const exec = inner.filter((text) => text !== 'nat' && !text.startsWith('nat('));
  parts.push(...nat);
  if (exec.length > 0) parts.push(`exec(${exec.join(',')})`);
  if (alg !== 0) parts.push(`alg=${[...algs].find(([, port]) => port === alg)?.[0] ?? alg}`);
  return `ct(${parts.join(',')})`;
}

function formatNat(reader: Reader): string {
  reader.skip(2);
  const flags = reader.u16();
  const presence = reader.u16();
  if (flags === 0) return 'nat';
  const side = (flags & natFlags.src) === 0 ? 'dst' : 'src';
  const wide = (presence & 12) !== 0;
  const address = () => (wide ? formatIpv6(reader.take(16)) : formatIpv4(reader.take(4)));
  const hasPorts = (presence & 16) !== 0;
  const bracket = (text: string) => (wide && hasPorts ? `[${text}]` : text);
  let range = '';
  if ((presence & 5) !== 0) range = bracket(address());
  if ((presence & 10) !== 0) range += `-${bracket(address())}`;
  if (hasPorts) range += `:${reader.u16()}`;
  if ((presence & 32) !== 0) range += `-${reader.u16()}`;
  const options = (['persistent', 'hash', 'random'] as const).filter((name) => (flags & natFlags[name]) !== 0);
  return range === '' ? `nat(${side})` : `nat(${[`${side}=${range}`, ...options].join(',')})`;
}

export const ctFamily: ActionFamily = {
  names: ['ct', 'ct_clear'],
  compile(call, out, context) {
    if (call.name === 'ct_clear') return niciraAction(out, subtype.clear, () => out.zero(6));
    compileCt(call, out, context);
  },
  formats: new Map<number, FormatAction>([
    [nicira(subtype.ct), formatCt],
    [nicira(subtype.nat), formatNat],
    [nicira(subtype.clear), () => 'ct_clear'],
  ]),
};
