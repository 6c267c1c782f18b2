// Fields of the connection tracker: state, zone, mark, label and the original direction's tuple.
// Neighbours: fields/registry.ts puts the tables in the order in which vswitchd writes them.
// Invariant: the original tuple exists only under a ct_state that implies a tracked, valid packet.

import { type Field, field } from './field.js';

const tuple = { writable: false, needs: 'ct' } as const;

export const conntrackFields: readonly Field[] = [
  field('ct_state', 8, 'ct-state', { NXM_NX_CT_STATE: 105 }, { bytes: 4, writable: false, exactMask: 0xff }),
  field('ct_zone', 16, 'hex', { NXM_NX_CT_ZONE: 106 }, { writable: false, maskable: false }),
  field('ct_mark', 32, 'hex', { NXM_NX_CT_MARK: 107 }),
  field('ct_label', 128, 'hex', { NXM_NX_CT_LABEL: 108 }),
  field('ct_nw_src', 32, 'ipv4', { NXM_NX_CT_NW_SRC: 120 }, { ...tuple, needs: 'ct-ipv4' }),
  field('ct_ipv6_src', 128, 'ipv6', { NXM_NX_CT_IPV6_SRC: 122 }, { ...tuple, needs: 'ct-ipv6' }),
  field('ct_nw_dst', 32, 'ipv4', { NXM_NX_CT_NW_DST: 121 }, { ...tuple, needs: 'ct-ipv4' }),
  field('ct_ipv6_dst', 128, 'ipv6', { NXM_NX_CT_IPV6_DST: 123 }, { ...tuple, needs: 'ct-ipv6' }),
  field('ct_nw_proto', 8, 'decimal', { NXM_NX_CT_NW_PROTO: 119 }, { ...tuple, maskable: false }),
  field('ct_tp_src', 16, 'decimal', { NXM_NX_CT_TP_SRC: 124 }, { ...tuple, needs: 'ct-port' }),
  field('ct_tp_dst', 16, 'decimal', { NXM_NX_CT_TP_DST: 125 }, { ...tuple, needs: 'ct-port' }),
];
