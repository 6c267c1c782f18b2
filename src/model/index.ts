/**
 * The model's public face: objects, validation, immutable State. Other rooms import only this and errors.js.
 * Neighbours: src/store keeps what is Stored, src/pipeline compiles a State, src/api serves specs and schemas.
 * Invariant: nothing here does I/O, reads a clock or rolls dice.
 */
export * from './types.js';
export * from './addr.js';
export * from './errors.js';
export type { PortRange } from './ports.js';
export { problemCodes, type ProblemCode } from './problems.js';
export { kindNumbers, ownerKey, ownerKind, ownerId, hash32, type OwnerKind } from './ids.js';
export { settingsSchema, type SettingsSpec } from './kinds/settings.js';
export { tenantSchema, type TenantSpec } from './kinds/tenant.js';
export { networkSchema, type NetworkSpec } from './kinds/network.js';
export { netProfileSchema, type NetProfileSpec } from './kinds/net-profile.js';
export { groupSchema, type GroupSpec } from './kinds/group.js';
export { policySchema, type PolicySpec } from './kinds/policy.js';
export { ruleSchema, type RuleSpec } from './kinds/rule.js';
export { endpointSchema, type AllowedAddress, type EndpointSpec } from './kinds/endpoint.js';
export { routeSchema, type RouteSpec } from './kinds/route.js';
export { peerSchema, type PeerSpec } from './kinds/peer.js';
export { serviceSchema, type ServicePort, type ServiceSpec } from './kinds/service.js';
export { schemas, kinds, isKind } from './kinds/registry.js';
export { accessAddress, hostAddress, hostMac, type HostAccess } from './host-access.js';
export { judge } from './judge.js';
export { interfaceOf } from './place.js';
export { AddressBook, denies, deniesEveryPort, namedFor, type Connection, type End } from './verdict.js';
export { emptyState, restore, storedChanges, storedOf, type LeftOut, type Restored } from './restore.js';
export { refOf, refText } from './refs.js';
export { shadowsOf } from './shadow.js';
export { conflictsOf, type Conflict, type Conflicts } from './conflict.js';
export { regionText } from './region-text.js';
export { identityFields, keyFields, normalKey, withIdentity } from './keys.js';
