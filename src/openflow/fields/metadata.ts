// Fields that travel beside the packet: ports, registers, metadata, marks, conjunctions.
// Neighbours: fields/registry.ts puts the tables in the order in which vswitchd writes them.
// Invariant: single registers are matched as halves of 64-bit pairs in OpenFlow 1.5, so reg<n> itself never appears in a match.

import { type Field, field } from './field.js';

export const packetFields: readonly Field[] = [
  field('packet_type', 32, 'packet-type', { OXM_OF_PACKET_TYPE: 44 }, { maskable: false, writable: false }),
  field('conj_id', 32, 'decimal', { NXM_NX_CONJ_ID: 37 }, { maskable: false, writable: false }),
  field('in_port_oxm', 32, 'ofport', { OXM_OF_IN_PORT: 0 }, { maskable: false, writable: false, matchName: 'in_port' }),
  field('actset_output', 32, 'ofport', { OXM_OF_ACTSET_OUTPUT: 43 }, { maskable: false, writable: false }),
];

/** The 64-bit register pairs, as OpenFlow 1.5 matches carry all registers. */
export const registerPairs: readonly Field[] = Array.from({ length: 8 }, (_, n) =>
  field(`xreg${n}`, 64, 'hex', { [`OXM_OF_PKT_REG${n}`]: n }),
);

export const markFields: readonly Field[] = [field('pkt_mark', 32, 'hex', { NXM_NX_PKT_MARK: 33 })];

export const metadataFields: readonly Field[] = [field('metadata', 64, 'hex', { OXM_OF_METADATA: 2 })];

/** Known to actions only; a match expresses them by other fields (see match/place.ts). */
export const actionOnlyFields: readonly Field[] = [
  field('in_port', 16, 'ofport', { NXM_OF_IN_PORT: 0 }, { maskable: false }),
  ...Array.from({ length: 16 }, (_, n) => field(`reg${n}`, 32, 'hex', { [`NXM_NX_REG${n}`]: n })),
  ...Array.from({ length: 4 }, (_, n) => field(`xxreg${n}`, 128, 'hex', { [`NXM_NX_XXREG${n}`]: 111 + n })),
  field('vlan_tci', 16, 'hex', { NXM_OF_VLAN_TCI: 4 }),
  field('nw_tos', 8, 'decimal', { NXM_OF_IP_TOS: 5 }, { maskable: false, needs: 'ip' }),
];
