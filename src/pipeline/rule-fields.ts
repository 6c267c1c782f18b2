/**
 * The fields that flows of rules may match, in all tables that judge.
 * Neighbours: contracts.ts has the contracts of these tables; rule-match.ts writes the matches.
 */

/** What a rule may match: the original tuple of a connection and who its two ends are. */
export const ruleMatches: readonly string[] = [
  'conj_id',
  'dl_type',
  'ct_state',
  // SCTP, which conntrack does not see the ports of.
  'nw_proto',
  'tp_src',
  'tp_dst',
  'ct_nw_src',
  'ct_nw_dst',
  'ct_ipv6_src',
  'ct_ipv6_dst',
  'ct_nw_proto',
  'ct_tp_src',
  'ct_tp_dst',
  'sourceNetwork',
  'destinationNetwork',
  'sourceGroup',
  'sourceSet',
  'destinationGroup',
  'destinationSet',
];
