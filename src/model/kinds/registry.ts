/**
 * All kinds in one place, in the order in which they refer to each other.
 * Neighbours: one file a kind; read.ts and judge.ts look kinds up here. A new kind is a file and a line here.
 * Invariant: a kind's name is public and never changes (pinned by test/model/names.test.ts).
 */
import type { Kind } from '../types.js';
import type { KindRules } from './kind.js';
import { endpointRules, endpointSchema } from './endpoint.js';
import { groupRules, groupSchema } from './group.js';
import { netProfileRules, netProfileSchema } from './net-profile.js';
import { networkRules, networkSchema } from './network.js';
import { peerRules, peerSchema } from './peer.js';
import { policyRules, policySchema } from './policy.js';
import { routeRules, routeSchema } from './route.js';
import { ruleRules, ruleSchema } from './rule.js';
import { serviceRules, serviceSchema } from './service.js';
import { settingsRules, settingsSchema } from './settings.js';
import { tenantRules, tenantSchema } from './tenant.js';

const registry: { readonly [K in Kind]: KindRules<K> } = {
  settings: settingsRules,
  tenant: tenantRules,
  network: networkRules,
  netProfile: netProfileRules,
  group: groupRules,
  policy: policyRules,
  rule: ruleRules,
  endpoint: endpointRules,
  peer: peerRules,
  service: serviceRules,
  route: routeRules,
};

export const kinds: readonly Kind[] = [
  'settings',
  'tenant',
  'network',
  'netProfile',
  'group',
  'policy',
  'rule',
  'endpoint',
  'peer',
  'service',
  'route',
];

export function isKind(word: unknown): word is Kind {
  return typeof word === 'string' && Object.hasOwn(registry, word);
}

/**
 * The rules of a kind, for callers that hold a kind and an object of that same kind without knowing which:
 * TypeScript cannot say that the two go together, so the pair is widened here, once.
 */
export function rulesOf(kind: Kind): KindRules {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an object only ever meets the rules of its own `kind`
  return registry[kind] as unknown as KindRules;
}

/** Contiv's and other people's names for our kinds. */
export const kindAliases: Readonly<Record<string, Kind>> = {
  global: 'settings',
  endpointGroup: 'group',
  epg: 'group',
  netprofile: 'netProfile',
  serviceLB: 'service',
  serviceLb: 'service',
};

/** Kind → JSON Schema of its normal form, for the API's documentation and for editors. */
export const schemas = {
  settings: settingsSchema,
  tenant: tenantSchema,
  network: networkSchema,
  netProfile: netProfileSchema,
  group: groupSchema,
  policy: policySchema,
  rule: ruleSchema,
  endpoint: endpointSchema,
  peer: peerSchema,
  service: serviceSchema,
  route: routeSchema,
} as const;
