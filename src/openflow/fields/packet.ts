// Fields of the packet itself: Ethernet, VLAN, MPLS, IP, transport, ICMP, neighbour discovery, ARP.
// Neighbours: fields/registry.ts puts the tables in the order in which vswitchd writes them.
// Invariant: the order inside each table is vswitchd's own (lib/nx-match.c writes a match in exactly one order).

import { type Field, field } from './field.js';

const unmasked = { maskable: false } as const;

export const linkFields: readonly Field[] = [
  field('eth_src', 48, 'ethernet', { OXM_OF_ETH_SRC: 4, NXM_OF_ETH_SRC: 2 }, { aka: ['dl_src'], matchName: 'dl_src' }),
  field('eth_dst', 48, 'ethernet', { OXM_OF_ETH_DST: 3, NXM_OF_ETH_DST: 1 }, { aka: ['dl_dst'], matchName: 'dl_dst' }),
  field(
    'eth_type',
    16,
    'hex',
    { OXM_OF_ETH_TYPE: 5, NXM_OF_ETH_TYPE: 3 },
    { ...unmasked, aka: ['dl_type'], matchName: 'dl_type', writable: false },
  ),
  // 12 bits of VLAN ID and OFPVID_PRESENT.
  field('vlan_vid', 12, 'decimal', { OXM_OF_VLAN_VID: 6 }, { needs: 'vlan', wireBits: 13 }),
  field('vlan_pcp', 3, 'decimal', { OXM_OF_VLAN_PCP: 7 }, { ...unmasked, needs: 'vlan', matchName: 'dl_vlan_pcp' }),
  field('mpls_tc', 3, 'decimal', { OXM_OF_MPLS_TC: 35 }, { ...unmasked, needs: 'mpls' }),
  field('mpls_bos', 1, 'decimal', { OXM_OF_MPLS_BOS: 36 }, { ...unmasked, needs: 'mpls', writable: false }),
  field('mpls_ttl', 8, 'decimal', { NXM_NX_MPLS_TTL: 30 }, { ...unmasked, needs: 'mpls' }),
  field('mpls_label', 20, 'decimal', { OXM_OF_MPLS_LABEL: 34 }, { ...unmasked, needs: 'mpls', bytes: 4 }),
];

export const networkFields: readonly Field[] = [
  field(
    'ip_src',
    32,
    'ipv4',
    { OXM_OF_IPV4_SRC: 11, NXM_OF_IP_SRC: 7 },
    { aka: ['nw_src'], matchName: 'nw_src', needs: 'ipv4' },
  ),
  field(
    'ip_dst',
    32,
    'ipv4',
    { OXM_OF_IPV4_DST: 12, NXM_OF_IP_DST: 8 },
    { aka: ['nw_dst'], matchName: 'nw_dst', needs: 'ipv4' },
  ),
  field('ipv6_src', 128, 'ipv6', { OXM_OF_IPV6_SRC: 26, NXM_NX_IPV6_SRC: 19 }, { needs: 'ipv6' }),
  field('ipv6_dst', 128, 'ipv6', { OXM_OF_IPV6_DST: 27, NXM_NX_IPV6_DST: 20 }, { needs: 'ipv6' }),
  field(
    'ip_frag',
    2,
    'frag',
    { NXM_NX_IP_FRAG: 26 },
    { aka: ['nw_frag'], matchName: 'nw_frag', needs: 'ip', writable: false },
  ),
  field('ip_dscp', 6, 'decimal', { OXM_OF_IP_DSCP: 8 }, { ...unmasked, needs: 'ip' }),
  field('nw_ecn', 2, 'decimal', { OXM_OF_IP_ECN: 9, NXM_NX_IP_ECN: 28 }, { ...unmasked, needs: 'ip', aka: ['ip_ecn'] }),
  field('nw_ttl', 8, 'decimal', { NXM_NX_IP_TTL: 29 }, { ...unmasked, needs: 'ip', aka: ['ip_ttl'] }),
  field('ipv6_label', 20, 'hex', { OXM_OF_IPV6_FLABEL: 28, NXM_NX_IPV6_LABEL: 27 }, { needs: 'ipv6', bytes: 4 }),
  field(
    'nw_proto',
    8,
    'decimal',
    { OXM_OF_IP_PROTO: 10, NXM_OF_IP_PROTO: 6 },
    { ...unmasked, needs: 'ip', aka: ['ip_proto'], writable: false },
  ),
];

export const transportFields: readonly Field[] = [
  field('tcp_src', 16, 'decimal', { OXM_OF_TCP_SRC: 13, NXM_OF_TCP_SRC: 9 }, { needs: 'tcp', matchName: 'tp_src' }),
  field('tcp_dst', 16, 'decimal', { OXM_OF_TCP_DST: 14, NXM_OF_TCP_DST: 10 }, { needs: 'tcp', matchName: 'tp_dst' }),
  field(
    'tcp_flags',
    12,
    'tcp-flags',
    { OXM_OF_TCP_FLAGS: 42, NXM_NX_TCP_FLAGS: 34 },
    { needs: 'tcp', writable: false },
  ),
  field('udp_src', 16, 'decimal', { OXM_OF_UDP_SRC: 15, NXM_OF_UDP_SRC: 11 }, { needs: 'udp', matchName: 'tp_src' }),
  field('udp_dst', 16, 'decimal', { OXM_OF_UDP_DST: 16, NXM_OF_UDP_DST: 12 }, { needs: 'udp', matchName: 'tp_dst' }),
  field('sctp_src', 16, 'decimal', { OXM_OF_SCTP_SRC: 17 }, { needs: 'sctp', matchName: 'tp_src' }),
  field('sctp_dst', 16, 'decimal', { OXM_OF_SCTP_DST: 18 }, { needs: 'sctp', matchName: 'tp_dst' }),
];

export const controlFields: readonly Field[] = [
  field('icmp_type', 8, 'decimal', { OXM_OF_ICMPV4_TYPE: 19, NXM_OF_ICMP_TYPE: 13 }, { ...unmasked, needs: 'icmp4' }),
  field('icmp_code', 8, 'decimal', { OXM_OF_ICMPV4_CODE: 20, NXM_OF_ICMP_CODE: 14 }, { ...unmasked, needs: 'icmp4' }),
  field(
    'icmpv6_type',
    8,
    'decimal',
    { OXM_OF_ICMPV6_TYPE: 29, NXM_NX_ICMPV6_TYPE: 21 },
    { ...unmasked, needs: 'icmp6', matchName: 'icmp_type' },
  ),
  field(
    'icmpv6_code',
    8,
    'decimal',
    { OXM_OF_ICMPV6_CODE: 30, NXM_NX_ICMPV6_CODE: 22 },
    { ...unmasked, needs: 'icmp6', matchName: 'icmp_code' },
  ),
  field('nd_reserved', 32, 'decimal', { ERICOXM_OF_ICMPV6_ND_RESERVED: 1 }, { ...unmasked, needs: 'nd' }),
  field('nd_target', 128, 'ipv6', { OXM_OF_IPV6_ND_TARGET: 31, NXM_NX_ND_TARGET: 23 }, { needs: 'nd' }),
  field('nd_options_type', 8, 'decimal', { ERICOXM_OF_ICMPV6_ND_OPTIONS_TYPE: 2 }, { ...unmasked, needs: 'nd' }),
  field('nd_sll', 48, 'ethernet', { OXM_OF_IPV6_ND_SLL: 32, NXM_NX_ND_SLL: 24 }, { needs: 'nd-solicit' }),
  field('nd_tll', 48, 'ethernet', { OXM_OF_IPV6_ND_TLL: 33, NXM_NX_ND_TLL: 25 }, { needs: 'nd-advert' }),
];

export const arpFields: readonly Field[] = [
  field('arp_op', 16, 'decimal', { OXM_OF_ARP_OP: 21, NXM_OF_ARP_OP: 15 }, { ...unmasked, needs: 'arp' }),
  field('arp_spa', 32, 'ipv4', { OXM_OF_ARP_SPA: 22, NXM_OF_ARP_SPA: 16 }, { needs: 'arp' }),
  field('arp_tpa', 32, 'ipv4', { OXM_OF_ARP_TPA: 23, NXM_OF_ARP_TPA: 17 }, { needs: 'arp' }),
  field('arp_sha', 48, 'ethernet', { OXM_OF_ARP_SHA: 24, NXM_NX_ARP_SHA: 17 }, { needs: 'arp' }),
  field('arp_tha', 48, 'ethernet', { OXM_OF_ARP_THA: 25, NXM_NX_ARP_THA: 18 }, { needs: 'arp' }),
];
