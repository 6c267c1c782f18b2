// The match of a flow from bytes to text, field by field in the order in which ovs-ofctl prints.
// Neighbours: format.ts prints the rest of the flow; text/value.ts prints values.
// Invariant: equal to the installed ovs-ofctl's output (`--names`), which the table tests compare.

import type { Field } from '../fields/field.js';
import { fieldByHeader } from '../fields/registry.js';
import { formatHex, formatValue, readUint } from '../text/value.js';
import type { Names } from '../text/port.js';
import { ethertype, protocol } from './facts.js';

interface Entry {
  readonly field: Field;
  readonly value: Uint8Array;
  readonly mask: Uint8Array | undefined;
}

/** Splits OXMs; an unknown one is kept as hex. */
function decode(oxms: Uint8Array): { entries: Map<string, Entry>; unknown: string[] } {
  const entries = new Map<string, Entry>();
  const unknown: string[] = [];
  for (let at = 0; at + 4 <= oxms.length;) {
    const header = readUint(oxms.subarray(at, at + 4));
    const length = header & 0xff;
    const payload = oxms.subarray(at + 4, at + 4 + length);
    const field = fieldByHeader(header);
    if (field === undefined) unknown.push(`0x${header.toString(16).padStart(8, '0')}=${formatHex(payload)}`);
    else {
      const masked = (header & 0x100) !== 0;
      const value = payload.subarray(0, field.bytes);
      entries.set(field.name, { field, value, mask: masked ? payload.subarray(field.bytes) : undefined });
    }
    at += 4 + length;
  }
  return { entries, unknown };
}

const protocolNames: Readonly<Record<number, Readonly<Record<number, string>>>> = {
  [ethertype.ipv4]: {
    [protocol.icmp]: 'icmp',
    [protocol.tcp]: 'tcp',
    [protocol.udp]: 'udp',
    [protocol.sctp]: 'sctp',
  },
  [ethertype.ipv6]: {
    [protocol.icmp6]: 'icmp6',
    [protocol.tcp]: 'tcp6',
    [protocol.udp]: 'udp6',
    [protocol.sctp]: 'sctp6',
  },
};
const typeNames: Readonly<Record<number, string>> = {
  [ethertype.ipv4]: 'ip',
  [ethertype.ipv6]: 'ipv6',
  [ethertype.arp]: 'arp',
  [ethertype.rarp]: 'rarp',
  [ethertype.mpls]: 'mpls',
  [ethertype.mplsm]: 'mplsm',
};

const beforeType = [
  ...['pkt_mark', 'conj_id', 'actset_output', 'ct_state', 'ct_zone', 'ct_mark', 'ct_label'],
  ...['ct_nw_src', 'ct_nw_dst', 'ct_ipv6_src', 'ct_ipv6_dst', 'ct_nw_proto', 'ct_tp_src', 'ct_tp_dst'],
];
const tunnel = [
  'tun_id',
  'tun_src',
  'tun_dst',
  'tun_ipv6_src',
  'tun_ipv6_dst',
  'tun_gbp_id',
  'tun_gbp_flags',
  'tun_flags',
];
const beforeVlan = [...tunnel, 'metadata', 'in_port_oxm'];
const addresses = ['ip_src', 'ip_dst', 'ipv6_src', 'ipv6_dst', 'ipv6_label', 'arp_spa', 'arp_tpa'];
const afterProtocol = [
  ...['arp_sha', 'arp_tha', 'ip_dscp', 'nw_ecn', 'nw_ttl', 'mpls_label', 'mpls_tc', 'mpls_ttl', 'mpls_bos', 'ip_frag'],
  ...['icmp_type', 'icmp_code', 'icmpv6_type', 'icmpv6_code', 'nd_target', 'nd_sll', 'nd_tll'],
  ...[
    'nd_reserved',
    'nd_options_type',
    'tcp_src',
    'tcp_dst',
    'udp_src',
    'udp_dst',
    'sctp_src',
    'sctp_dst',
    'tcp_flags',
  ],
];

export function formatMatch(oxms: Uint8Array, names: Names | undefined): string {
  const { entries, unknown } = decode(oxms);
  const texts: string[] = [];
  const print = (list: readonly string[]) => {
    for (const name of list) {
      const entry = entries.get(name);
      if (entry !== undefined) texts.push(formatEntry(entry, names));
    }
  };
  const type = entries.get('eth_type');
  const proto = entries.get('nw_proto');
  const dlType = type === undefined ? undefined : readUint(type.value);
  const typeName = dlType === undefined ? undefined : typeNames[dlType];
  const protoName =
    proto === undefined || dlType === undefined ? undefined : protocolNames[dlType]?.[readUint(proto.value)];

  // Ethernet is the default and goes without saying.
  const packetType = entries.get('packet_type');
  if (packetType !== undefined && readUint(packetType.value) !== 0) print(['packet_type']);
  print(beforeType);
  if (typeName !== undefined) texts.push(protoName ?? typeName);
  printRegisters(entries, texts);
  print(beforeVlan);
  printVlan(entries, texts);
  print(['eth_src', 'eth_dst']);
  if (dlType !== undefined && typeName === undefined) texts.push(`dl_type=0x${dlType.toString(16).padStart(4, '0')}`);
  print(addresses);
  if (protoName === undefined) print(['nw_proto']);
  print(['arp_op']);
  print(afterProtocol);
  return [...texts, ...unknown].join(',');
}

function formatEntry({ field, value, mask }: Entry, names: Names | undefined): string {
  // The DSCP is printed in its place within the whole TOS byte.
  if (field.name === 'ip_dscp') return `nw_tos=${readUint(value) << 2}`;
  if (field.name === 'ct_zone') return `ct_zone=${readUint(value)}`;
  if (field.name === 'ipv6_label') return `ipv6_label=${label(value)}${mask === undefined ? '' : `/${label(mask)}`}`;
  if (field.name === 'tun_gbp_flags') return `tun_gbp_flags=${formatHex(value)}`;
  return `${field.matchName}=${formatValue(field, value, mask, names)}`;
}

function label(bytes: Uint8Array): string {
  return `0x${readUint(bytes).toString(16).padStart(5, '0')}`;
}

function printRegisters(entries: ReadonlyMap<string, Entry>, texts: string[]): void {
  for (let pair = 0; pair < 8; pair++) {
    const entry = entries.get(`xreg${pair}`);
    if (entry === undefined) continue;
    for (const half of [0, 1]) {
      const value = entry.value.subarray(4 * half, 4 * half + 4);
      const mask = entry.mask?.subarray(4 * half, 4 * half + 4);
      if (mask !== undefined && readUint(mask) === 0) continue;
      const full = mask === undefined || readUint(mask) === 0xffffffff;
      texts.push(`reg${2 * pair + half}=${formatHex(value)}${full ? '' : `/${formatHex(mask)}`}`);
    }
  }
}

const present = 0x1000;

/** vlan_vid and vlan_pcp together, the way ovs-ofctl judges the TCI they stand for. */
function printVlan(entries: ReadonlyMap<string, Entry>, texts: string[]): void {
  const vid = entries.get('vlan_vid');
  const pcp = entries.get('vlan_pcp');
  if (vid === undefined) return;
  const value = readUint(vid.value);
  const mask = vid.mask === undefined ? 0x1fff : readUint(vid.mask);
  const idMask = mask & 0xfff;
  const tagged = (mask & present) !== 0 && (value & present) !== 0;
  if (tagged && (idMask === 0 || idMask === 0xfff) && (idMask !== 0 || pcp !== undefined)) {
    if (idMask !== 0) texts.push(`dl_vlan=${value & 0xfff}`);
    if (pcp !== undefined) texts.push(`dl_vlan_pcp=${readUint(pcp.value)}`);
    return;
  }
  const priority = pcp === undefined ? 0 : readUint(pcp.value) << 13;
  const wanted = mask | (pcp === undefined ? 0 : 0xe000);
  texts.push(`vlan_tci=${hex16(value | priority)}/${hex16(wanted)}`);
}

function hex16(n: number): string {
  return `0x${n.toString(16).padStart(4, '0')}`;
}
