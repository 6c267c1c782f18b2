// Fields of the tunnel a packet came through or leaves by.
// Neighbours: fields/registry.ts puts the tables in the order in which vswitchd writes them.
// Invariant: tun_flags has one known bit; its exact match travels with that bit as mask.

import { type Field, field } from './field.js';

export const tunnelFields: readonly Field[] = [
  field('tun_id', 64, 'hex', { OXM_OF_TUNNEL_ID: 38, NXM_NX_TUN_ID: 16 }, { aka: ['tunnel_id'] }),
  field('tun_flags', 1, 'tun-flags', { NXM_NX_TUN_FLAGS: 104 }, { bytes: 2, exactMask: 1 }),
  field('tun_src', 32, 'ipv4', { NXM_NX_TUN_IPV4_SRC: 31 }),
  field('tun_dst', 32, 'ipv4', { NXM_NX_TUN_IPV4_DST: 32 }),
  field('tun_ipv6_src', 128, 'ipv6', { NXM_NX_TUN_IPV6_SRC: 109 }),
  field('tun_ipv6_dst', 128, 'ipv6', { NXM_NX_TUN_IPV6_DST: 110 }),
  field('tun_gbp_id', 16, 'decimal', { NXM_NX_TUN_GBP_ID: 38 }),
  // The switch would take a mask, but ovs-ofctl does not print it, and what cannot be read back is not written here.
  field('tun_gbp_flags', 8, 'hex', { NXM_NX_TUN_GBP_FLAGS: 39 }, { maskable: false }),
];
