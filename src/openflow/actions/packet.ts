// Actions on the packet's headers: VLAN and MPLS tags, TTL.
// Neighbours: action.ts; set.ts writes the VLAN fields.
// Invariant: what pushes or pops a header changes the facts for the actions behind it.

import { FlowError } from '../errors.js';
import { requireFacts } from '../match/facts.js';
import { splitList } from '../text/split.js';
import {
  type ActionFamily,
  type FormatAction,
  integerArgument,
  nicira,
  niciraAction,
  noArguments,
  standardAction,
} from './action.js';
import { setVlan } from './set.js';

const type = {
  setMplsTtl: 0x0f,
  decMplsTtl: 0x10,
  pushVlan: 0x11,
  popVlan: 0x12,
  pushMpls: 0x13,
  popMpls: 0x14,
  setNwTtl: 0x17,
  decNwTtl: 0x18,
} as const;
const subtype = { decTtlIds: 21 } as const;

const hex = (n: number) => `0x${n.toString(16).padStart(4, '0')}`;

export const vlanFamily: ActionFamily = {
  names: ['push_vlan', 'pop_vlan', 'strip_vlan', 'set_vlan_vid', 'set_vlan_pcp', 'mod_vlan_vid', 'mod_vlan_pcp'],
  compile(call, out, context) {
    const { name } = call;
    const pushes = name.startsWith('mod_') && !context.facts.vlan;
    if (name === 'push_vlan' || pushes) {
      const ethertype = pushes ? 0x8100 : integerArgument(context, call.value ?? call.inner, name);
      if (ethertype !== 0x8100 && ethertype !== 0x88a8)
        throw new FlowError('push_vlan takes 0x8100 or 0x88a8', { field: name });
      standardAction(out, type.pushVlan, () => out.u16(ethertype));
      context.facts = { ...context.facts, vlan: true };
      if (!pushes) return;
    }
    if (name === 'pop_vlan' || name === 'strip_vlan') {
      noArguments(call);
      standardAction(out, type.popVlan, () => out.zero(4));
      context.facts = { ...context.facts, vlan: false };
      return;
    }
    requireFacts('vlan', context.facts, name);
    setVlan(out, name.endsWith('pcp') ? 'vlan_pcp' : 'vlan_vid', context, call.value ?? call.inner ?? '');
  },
  formats: new Map<number, FormatAction>([
    [type.pushVlan, (reader) => `push_vlan:${hex(reader.u16())}`],
    [type.popVlan, () => 'pop_vlan'],
  ]),
};

export const mplsFamily: ActionFamily = {
  names: ['push_mpls', 'pop_mpls', 'set_mpls_ttl', 'dec_mpls_ttl'],
  compile(call, out, context) {
    const argument = () => integerArgument(context, call.value ?? call.inner, call.name);
    switch (call.name) {
      case 'push_mpls': {
        const ethertype = argument();
        standardAction(out, type.pushMpls, () => out.integer(ethertype, 2, call.name));
        if (typeof ethertype === 'number') context.facts = { ...context.facts, dlType: ethertype, nwProto: undefined };
        return;
      }
      case 'pop_mpls': {
        requireFacts('mpls', context.facts, call.name);
        const ethertype = argument();
        standardAction(out, type.popMpls, () => out.integer(ethertype, 2, call.name));
        if (typeof ethertype === 'number') context.facts = { ...context.facts, dlType: ethertype, nwProto: undefined };
        return;
      }
      case 'set_mpls_ttl':
        requireFacts('mpls', context.facts, call.name);
        return standardAction(out, type.setMplsTtl, () => out.integer(argument(), 1, call.name));
      default:
        requireFacts('mpls', context.facts, call.name);
        return standardAction(out, type.decMplsTtl, () => out.zero(4));
    }
  },
  formats: new Map<number, FormatAction>([
    [type.pushMpls, (reader) => `push_mpls:${hex(reader.u16())}`],
    [type.popMpls, (reader) => `pop_mpls:${hex(reader.u16())}`],
    [type.setMplsTtl, (reader) => `set_mpls_ttl(${reader.u8()})`],
    [type.decMplsTtl, () => 'dec_mpls_ttl'],
  ]),
};

export const ttlFamily: ActionFamily = {
  names: ['dec_ttl', 'mod_nw_ttl'],
  compile(call, out, context) {
    requireFacts('ip', context.facts, call.name);
    if (call.name === 'mod_nw_ttl') {
      return standardAction(out, type.setNwTtl, () =>
        out.integer(integerArgument(context, call.value ?? call.inner, call.name), 1, call.name),
      );
    }
    if (call.inner === undefined) return standardAction(out, type.decNwTtl, () => out.zero(4));
    const controllers = splitList(call.inner).map((text) => integerArgument(context, text, 'dec_ttl'));
    niciraAction(out, subtype.decTtlIds, () => {
      out.u16(controllers.length).zero(4);
      for (const id of controllers) out.integer(id, 2, 'dec_ttl');
    });
  },
  formats: new Map<number, FormatAction>([
    [type.setNwTtl, (reader) => `mod_nw_ttl:${reader.u8()}`],
    [type.decNwTtl, () => 'dec_ttl'],
    [
      nicira(subtype.decTtlIds),
      (reader) => {
        const count = reader.u16();
        reader.skip(4);
        return `dec_ttl(${Array.from({ length: count }, () => reader.u16()).join(',')})`;
      },
    ],
  ]),
};
