/**
 * In which tables an object's packets are counted, so that a packet counts once and not at every flow that it meets.
 * Neighbours: src/datapath/counters.ts adds up.
 */
import type { Kind } from '../model/index.js';
import { t, type TableName } from './layout.js';

const tables: { readonly [kind in Kind]?: readonly TableName[] } = {
  // What it sends, and what is sent to it.
  endpoint: ['classify', 'destination'],
  // What comes from outside, and what leaves.
  network: ['uplink', 'tunnelNetwork', 'outerTag'],
  peer: ['tunnelPeer', 'tunnelOut'],
  // What is sent to its addresses.
  service: ['service'],
  // What they decided, or would have.
  rule: ['auditOut', 'audit', 'policyOut', 'policy'],
  group: ['policyOut', 'policy'],
};

/** Table numbers; undefined: all of them. */
export function countedTables(kind: Kind): ReadonlySet<number> | undefined {
  const names = tables[kind];
  return names && new Set(names.map((name) => t[name].id));
}
