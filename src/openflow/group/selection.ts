// How a select group chooses its bucket: the Netronome property with method, parameter and hashed fields.
// Neighbours: compile.ts puts it behind the buckets, format.ts prints it.
// Invariant: fields leave in the order in which vswitchd keeps them, so that a dumped group compares equal.

import { FlowError } from '../errors.js';
import type { Field } from '../fields/field.js';
import { fieldByHeader, fieldByName } from '../fields/registry.js';
import type { Assembler } from '../template/assembler.js';
import type { Reader } from '../text/reader.js';
import { parseCall, splitList } from '../text/split.js';
import { formatValue, parseValue, readUint } from '../text/value.js';

export interface Selection {
  method: string | undefined;
  param: bigint;
  fields: string | undefined;
}

export const selectionVendor = 0x154d;
const selectionType = 1;
const methodBytes = 16;

/** The order of vswitchd's own field numbers, which is not that of a match. */
const fieldOrder: readonly string[] = [
  ...['tun_id', 'tun_src', 'tun_dst', 'tun_ipv6_src', 'tun_ipv6_dst', 'tun_flags', 'tun_gbp_id', 'tun_gbp_flags'],
  ...['metadata', 'in_port', 'pkt_mark', 'ct_state', 'ct_zone', 'ct_mark', 'ct_label', 'ct_nw_proto'],
  ...['ct_nw_src', 'ct_nw_dst', 'ct_ipv6_src', 'ct_ipv6_dst', 'ct_tp_src', 'ct_tp_dst'],
  ...Array.from({ length: 16 }, (_, n) => `reg${n}`),
  ...Array.from({ length: 8 }, (_, n) => `xreg${n}`),
  ...Array.from({ length: 4 }, (_, n) => `xxreg${n}`),
  ...['eth_src', 'eth_dst', 'eth_type', 'vlan_tci', 'vlan_vid', 'vlan_pcp'],
  ...['mpls_label', 'mpls_tc', 'mpls_bos', 'mpls_ttl', 'ip_src', 'ip_dst', 'ipv6_src', 'ipv6_dst', 'ipv6_label'],
  ...[
    'nw_proto',
    'nw_tos',
    'ip_dscp',
    'nw_ecn',
    'nw_ttl',
    'ip_frag',
    'arp_op',
    'arp_spa',
    'arp_tpa',
    'arp_sha',
    'arp_tha',
  ],
  ...['tcp_src', 'tcp_dst', 'tcp_flags', 'udp_src', 'udp_dst', 'sctp_src', 'sctp_dst'],
  ...['icmp_type', 'icmp_code', 'icmpv6_type', 'icmpv6_code', 'nd_target', 'nd_sll', 'nd_tll'],
];

export function writeSelection(out: Assembler, method: string, { param, fields }: Selection): void {
  if (method.length >= methodBytes) throw new FlowError(`selection_method "${method}" is longer than 15 letters`);
  if (fields !== undefined && method !== 'hash')
    throw new FlowError('fields are for selection_method=hash', { field: 'fields' });
  const start = out.at;
  out.sized(2, () => {
    out.u16(0xffff).u16(0).u32(selectionVendor).u32(selectionType).zero(4);
    out.raw(new TextEncoder().encode(method)).zero(methodBytes - method.length);
    out.u64(param);
    for (const [field, mask] of parseFields(fields ?? '')) out.u32(field.oxm).uint(mask, field.bytes);
  });
  out.pad(start);
}

function parseFields(text: string): (readonly [Field, bigint])[] {
  return splitList(text)
    .map((piece) => {
      const { name, value } = parseCall(piece);
      const field = fieldByName(name);
      if (field === undefined || !fieldOrder.includes(field.name)) {
        throw new FlowError(`fields: no field "${name}" to hash`, { field: name });
      }
      const mask = value === undefined ? (1n << BigInt(field.bytes * 8)) - 1n : parseValue(field, value).value;
      return [field, mask] as const;
    })
    .toSorted(([x], [y]) => fieldOrder.indexOf(x.name) - fieldOrder.indexOf(y.name));
}

/** Prints the property; the reader stands behind its type and length. */
export function formatSelection(reader: Reader): string[] {
  if (reader.u32() !== selectionVendor) return [];
  reader.skip(8);
  const method = new TextDecoder().decode(reader.take(methodBytes)).replace(/\0+$/, '');
  const param = reader.u64();
  const parts = [`selection_method=${method}`];
  if (param !== 0n) parts.push(`selection_method_param=${param}`);
  const fields: string[] = [];
  while (reader.left >= 4) {
    const header = readUint(reader.take(4));
    const field = fieldByHeader(header);
    const mask = reader.take(header & 0xff);
    if (field === undefined) continue;
    const full = mask.every((byte) => byte === 0xff);
    fields.push(full ? field.name : `${field.name}=${formatValue(field, mask, undefined, undefined, 'set')}`);
  }
  // A single field is printed without parentheses.
  if (fields.length > 0) parts.push(fields.length === 1 ? `fields=${fields[0]}` : `fields(${fields.join(',')})`);
  return parts;
}
