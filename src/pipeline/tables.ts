/**
 * The tables by name, in packet order. Neighbours: contracts.ts says of each what it may do; layout.ts shows these too.
 * Invariant: order of declaration is order of tables, and packets go forward only.
 */
import { table, type TableRef } from '../openflow/index.js';

export type TableName = (typeof tableNames)[number];

/** Order of declaration is order of tables, and goto_table may only go forward. */
const tableNames = [
  'classify',
  'uplink',
  'tunnelNetwork',
  'tunnelPeer',
  'hostAccess',
  'spoofGuard',
  'neighbours',
  'advertise',
  'source',
  'sourceSet',
  'serviceHairpin',
  'service',
  'serviceProvider',
  'router',
  'pathMtu',
  'tooBig',
  'route',
  'destination',
  'receiver',
  'destinationSet',
  'conntrack',
  'orient',
  'auditOut',
  'audit',
  'policyOut',
  'policy',
  'commit',
  'serviceReply',
  'dscp',
  'bandwidthFrom',
  'bandwidthTo',
  'deliver',
  'hostOut',
  'outerTag',
  'tunnelSource',
  'tunnelOut',
] as const;

export const t = Object.fromEntries(tableNames.map((name, id) => [name, table(name, id)])) as {
  readonly [name in TableName]: TableRef;
};
