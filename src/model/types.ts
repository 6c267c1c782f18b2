/**
 * The shapes of the desired state as the rest of the house sees it. Types only.
 * Neighbours: state.ts implements State, judge.ts makes the next one, src/pipeline compiles it.
 * Invariant: everything reachable from a State is frozen; a change makes a new State that shares the rest.
 */
import type { Endpoint } from './kinds/endpoint.js';
import type { Group } from './kinds/group.js';
import type { NetProfile } from './kinds/net-profile.js';
import type { Network } from './kinds/network.js';
import type { Peer } from './kinds/peer.js';
import type { Policy } from './kinds/policy.js';
import type { Route } from './kinds/route.js';
import type { Rule } from './kinds/rule.js';
import type { Service } from './kinds/service.js';
import type { Settings } from './kinds/settings.js';
import type { Tenant } from './kinds/tenant.js';
import type { Problem } from './errors.js';

export type { Endpoint, Group, NetProfile, Network, Peer, Policy, Route, Rule, Service, Settings, Tenant };

/** Every kind and its frozen object. */
export interface ObjectOf {
  settings: Settings;
  tenant: Tenant;
  network: Network;
  netProfile: NetProfile;
  group: Group;
  policy: Policy;
  rule: Rule;
  endpoint: Endpoint;
  peer: Peer;
  service: Service;
  route: Route;
}

export type Kind = keyof ObjectOf;
export type AnyObject = ObjectOf[Kind];
export type AnySpec = AnyObject['spec'];

/** An object's name: kind and key (`blue/front`, `blue/web-policy/10`, `172.31.0.2`, '' for settings). */
export interface Ref {
  readonly kind: Kind;
  readonly key: string;
}

/** A persistent set of objects: a change costs O(log n) and leaves every earlier version as it was. Order is arbitrary but stable. */
export interface Collection<T> {
  readonly size: number;
  get(key: string): T | undefined;
  has(key: string): boolean;
  values(): Iterable<T>;
  keys(): Iterable<string>;
  [Symbol.iterator](): Iterator<T>;
}

export interface State {
  readonly generation: number;
  readonly settings: Settings;
  readonly tenants: Collection<Tenant>;
  readonly networks: Collection<Network>;
  readonly netProfiles: Collection<NetProfile>;
  readonly groups: Collection<Group>;
  readonly policies: Collection<Policy>;
  readonly rules: Collection<Rule>;
  readonly endpoints: Collection<Endpoint>;
  readonly peers: Collection<Peer>;
  readonly services: Collection<Service>;
  readonly routes: Collection<Route>;
  /** Endpoints of a network. */
  members(network: string): Iterable<Endpoint>;
  /** Those of them that are on this host. */
  localMembers(network: string): Iterable<Endpoint>;
  /** Keys of the peers behind which the network has endpoints, each once. */
  memberPeers(network: string): Iterable<string>;
  /** Groups of a network that have a VLAN or VNI of their own; by key. */
  taggedGroups(network: string): readonly Group[];
  /** Endpoints of a group. */
  groupMembers(group: string): Iterable<Endpoint>;
  /** Groups that have a net profile. */
  profileGroups(netProfile: string): Iterable<Group>;
  /** Endpoints behind a peer. */
  peerEndpoints(peer: string): Iterable<Endpoint>;
  /** Routes whose next hop is in a network. */
  networkRoutes(network: string): Iterable<Route>;
  tenantNetworks(tenant: string): Iterable<Network>;
  networkServices(network: string): Iterable<Service>;
  /** The endpoints that a service names, by id or by address, and that exist; each once, by ascending id. */
  providers(service: Service): readonly Endpoint[];
  /** The services that an endpoint provides, by its id or by one of its addresses; by key. */
  provided(endpoint: Endpoint): readonly Service[];
  policyRules(policy: string): Iterable<Rule>;
  /** Stands for the rules of the policy: another object as soon as one of them is another. Undefined without rules. */
  ruleSet(policy: string): object | undefined;
  /** Groups the policy is attached to. */
  policyGroups(policy: string): Iterable<Group>;
  /** The distinct policy-set numbers of those groups. */
  policySets(policy: string): Iterable<number>;
  /** Rules that name the group, or the network, as their peer. */
  rulesNaming(kind: 'group' | 'network', key: string): Iterable<Rule>;
  /** Everything that refers to the object directly. */
  referrers(ref: Ref): Iterable<Ref>;
  object<K extends Kind>(ref: { readonly kind: K; readonly key: string }): ObjectOf[K] | undefined;
  /** The objects of one kind; the settings are a collection of one. */
  collection<K extends Kind>(kind: K): Collection<ObjectOf[K]>;
  /** The object an owner key belongs to; undefined for `system`, `shared` and owners no longer there. */
  byOwner(owner: number): Ref | undefined;
  /** The infra network whose port in this host has the name. */
  networkAt(portName: string): Network | undefined;
  /** The endpoint that uses a local interface. */
  endpointAt(interfaceName: string): Endpoint | undefined;
}

/** What became of one object. No `before`: created; no `after`: deleted. */
export interface Change {
  readonly ref: Ref;
  readonly before?: AnyObject;
  readonly after?: AnyObject;
}

export interface Accepted {
  readonly state: State;
  readonly changes: readonly Change[];
  /** Objects put that were already so. */
  readonly unchanged: number;
}

export type Judged =
  { readonly ok: true; readonly accepted: Accepted } | { readonly ok: false; readonly problems: readonly Problem[] };

/** A whole request: accepted as it stands, or refused with every problem in it. */
export interface Request {
  readonly put?: readonly unknown[];
  readonly delete?: readonly Ref[];
  /** Delete what refers to the deleted, too. */
  readonly cascade?: boolean;
}

/** What the store keeps of an object: the normal form and the numbers that must come back the same. */
export interface Stored {
  readonly kind: Kind;
  readonly key: string;
  readonly id: number;
  readonly spec: AnySpec;
  /** Tenants: ct zone. */
  readonly zone?: number;
  /** Groups: number of their (policies, defaultAction). */
  readonly policySet?: number;
  /** Local endpoints: their number in the subnet of host access. */
  readonly hostNumber?: number;
  /** Groups with a net profile: number of their meters. */
  readonly meters?: number;
  /** Rules whose ports and addresses may be matched apart: number of their conjunction. */
  readonly conjunction?: number;
  /** Services: the number of their OpenFlow groups. */
  readonly number?: number;
}

/** One write to the store; no `stored` means: remove it. */
export interface StoredChange {
  readonly ref: Ref;
  readonly stored?: Stored;
}
