/**
 * The immutable desired state: objects by kind, and the indexes that answer who belongs to whom.
 * Neighbours: draft.ts builds the tables of the next state, judge.ts decides whether they become one.
 * Invariant: a Snapshot's tables never change after Draft.finish(); every index follows from the objects.
 */
import type { PersistentMap } from './collection.js';
import type {
  Collection,
  Endpoint,
  Group,
  Kind,
  Network,
  ObjectOf,
  Ref,
  Route,
  Rule,
  Service,
  Settings,
  State,
} from './types.js';
import { ownerId, ownerKind } from './ids.js';
import type { ClaimSort } from './kinds/kind.js';
import { isKind } from './kinds/registry.js';
import { addressKey } from './kinds/service.js';
import { formatAddress } from './addr.js';

export type Keys = PersistentMap<string, true>;

/** A number given to several users of one thing, e.g. a policy set to the groups that have it. */
export interface Numbered {
  readonly number: number;
  readonly users: number;
}

export interface Tables {
  generation: number;
  readonly objects: { [K in Kind]: PersistentMap<string, ObjectOf[K]> };
  /** By kind: id → key. The ids are kept signed, for numbers beyond 2^31 are objects on the heap to V8. */
  readonly owners: { [K in Kind]: PersistentMap<number, string> };
  /** By `target<from` (`network<endpoint`): key of the target → keys of the objects that refer to it. */
  readonly links: Record<string, PersistentMap<string, Keys>>;
  /** By sort: scope → value → key of the object that has it. */
  readonly claims: { [S in ClaimSort]: PersistentMap<string, PersistentMap<string, string>> };
  /** ct zone → tenant. */
  zones: PersistentMap<number, string>;
  /** Number of a conjunction → rule. The numbers are kept signed, as ids are. */
  conjunctions: PersistentMap<number, string>;
  /** Number of meters → group. */
  meters: PersistentMap<number, string>;
  /** Signature of (policies, defaultAction) → its number. */
  sets: PersistentMap<string, Numbered>;
  /** That number → signature. */
  setNumbers: PersistentMap<number, string>;
  /** Number of OpenFlow groups → service. */
  serviceNumbers: PersistentMap<number, string>;
  /** Tenant and address → the services that name the address as a provider. */
  mentions: PersistentMap<string, Keys>;
  /** Policy → policy-set number → how many groups have it. */
  policySets: PersistentMap<string, PersistentMap<number, number>>;
  /** Number of a local endpoint → its key. */
  hostNumbers: PersistentMap<number, string>;
  /** Network → the peers behind which it has members → how many. */
  memberPeers: PersistentMap<string, PersistentMap<string, number>>;
  /** Network → its groups that have a VLAN or VNI of their own. */
  taggedGroups: PersistentMap<string, Keys>;
  /** Network → its members on this host. */
  localMembers: PersistentMap<string, Keys>;
}

/** Which kinds refer to a kind, and the name of the table that says who. */
const referrerTables: { readonly [K in Kind]: { readonly [From in Kind]?: string } } = {
  settings: {},
  tenant: {
    network: 'tenant<network',
    netProfile: 'tenant<netProfile',
    group: 'tenant<group',
    policy: 'tenant<policy',
  },
  netProfile: { group: 'netProfile<group' },
  network: {
    group: 'network<group',
    rule: 'network<rule',
    endpoint: 'network<endpoint',
    service: 'network<service',
    route: 'network<route',
  },
  group: { rule: 'group<rule', endpoint: 'group<endpoint' },
  policy: { group: 'policy<group', rule: 'policy<rule' },
  rule: {},
  endpoint: { service: 'endpoint<service' },
  peer: { endpoint: 'peer<endpoint', route: 'peer<route' },
  service: {},
  route: {},
};

export function linkTable(target: Kind, from: Kind): string {
  const table = referrerTables[target][from];
  if (table === undefined) throw new Error(`a ${from} does not refer to a ${target}`);
  return table;
}

export class Snapshot implements State {
  readonly tables: Tables;
  /** Kept once the tables change no more, for the flows of every object ask for them. */
  #settings: Settings | undefined;

  constructor(tables: Tables) {
    this.tables = tables;
  }

  get generation(): number {
    return this.tables.generation;
  }
  get settings(): Settings {
    if (this.#settings !== undefined) return this.#settings;
    const settings = this.tables.objects.settings.get('');
    if (settings === undefined) throw new Error('a state without settings');
    if (Object.isFrozen(this.tables)) this.#settings = settings;
    return settings;
  }
  get tenants() {
    return this.tables.objects.tenant;
  }
  get networks() {
    return this.tables.objects.network;
  }
  get netProfiles() {
    return this.tables.objects.netProfile;
  }
  get groups() {
    return this.tables.objects.group;
  }
  get policies() {
    return this.tables.objects.policy;
  }
  get rules() {
    return this.tables.objects.rule;
  }
  get endpoints() {
    return this.tables.objects.endpoint;
  }
  get routes() {
    return this.tables.objects.route;
  }
  get peers() {
    return this.tables.objects.peer;
  }
  get services() {
    return this.tables.objects.service;
  }

  members(network: string): Iterable<Endpoint> {
    return this.#linked({ kind: 'network', key: network }, 'endpoint');
  }
  *localMembers(network: string): Iterable<Endpoint> {
    for (const key of this.tables.localMembers.get(network)?.keys() ?? []) {
      const endpoint = this.endpoints.get(key);
      if (endpoint !== undefined) yield endpoint;
    }
  }
  memberPeers(network: string): Iterable<string> {
    return this.tables.memberPeers.get(network)?.keys() ?? [];
  }
  taggedGroups(network: string): readonly Group[] {
    const keys = [...(this.tables.taggedGroups.get(network)?.keys() ?? [])];
    return keys.toSorted().flatMap((key) => this.groups.get(key) ?? []);
  }
  groupMembers(group: string): Iterable<Endpoint> {
    return this.#linked({ kind: 'group', key: group }, 'endpoint');
  }
  profileGroups(netProfile: string): Iterable<Group> {
    return this.#linked({ kind: 'netProfile', key: netProfile }, 'group');
  }
  peerEndpoints(peer: string): Iterable<Endpoint> {
    return this.#linked({ kind: 'peer', key: peer }, 'endpoint');
  }
  networkRoutes(network: string): Iterable<Route> {
    return this.#linked({ kind: 'network', key: network }, 'route');
  }
  tenantNetworks(tenant: string): Iterable<Network> {
    return this.#linked({ kind: 'tenant', key: tenant }, 'network');
  }
  providers(service: Service): readonly Endpoint[] {
    const found = new Set<Endpoint>();
    const holders = this.tables.claims.IP.get(service.tenant);
    const named = service.providerAddresses.flatMap((address) => holders?.get(address) ?? []);
    for (const key of [...service.providers, ...named]) {
      const endpoint = this.endpoints.get(key);
      if (endpoint !== undefined) found.add(endpoint);
    }
    return [...found].toSorted((a, b) => a.id - b.id);
  }
  provided(endpoint: Endpoint): readonly Service[] {
    const found = new Map<string, Service>();
    for (const service of this.#linked({ kind: 'endpoint', key: endpoint.key }, 'service'))
      found.set(service.key, service);
    if (this.tables.mentions.size > 0) {
      for (const address of [...(endpoint.ipv4 === undefined ? [] : [endpoint.ipv4]), ...endpoint.ipv6]) {
        for (const key of this.tables.mentions.get(addressKey(endpoint.tenant, formatAddress(address)))?.keys() ?? []) {
          const service = this.services.get(key);
          if (service !== undefined) found.set(key, service);
        }
      }
    }
    return [...found.values()].toSorted((a, b) => (a.key < b.key ? -1 : 1));
  }
  networkServices(network: string): Iterable<Service> {
    return this.#linked({ kind: 'network', key: network }, 'service');
  }
  policyRules(policy: string): Iterable<Rule> {
    return this.#linked({ kind: 'policy', key: policy }, 'rule');
  }
  ruleSet(policy: string): object | undefined {
    return this.tables.links[linkTable('policy', 'rule')]?.get(policy);
  }
  policyGroups(policy: string): Iterable<Group> {
    return this.#linked({ kind: 'policy', key: policy }, 'group');
  }
  rulesNaming(kind: 'group' | 'network', key: string): Iterable<Rule> {
    return this.#linked({ kind, key }, 'rule');
  }
  policySets(policy: string): Iterable<number> {
    return this.tables.policySets.get(policy)?.keys() ?? [];
  }

  *referrers(ref: Ref): Iterable<Ref> {
    for (const kind of Object.keys(referrerTables[ref.kind])) {
      if (!isKind(kind)) continue;
      for (const key of this.#referring(ref, kind)) yield { kind, key };
    }
  }

  object<K extends Kind>(ref: { readonly kind: K; readonly key: string }): ObjectOf[K] | undefined {
    return this.tables.objects[ref.kind].get(ref.key);
  }

  collection<K extends Kind>(kind: K): Collection<ObjectOf[K]> {
    return this.tables.objects[kind];
  }

  byOwner(owner: number): Ref | undefined {
    const kind = ownerKind(owner);
    if (!isKind(kind)) return undefined;
    const key = this.tables.owners[kind].get(ownerId(owner) | 0);
    return key === undefined ? undefined : { kind, key };
  }

  networkAt(portName: string): Network | undefined {
    const key = this.tables.claims.port.get('')?.get(portName);
    return key === undefined ? undefined : this.networks.get(key);
  }

  endpointAt(interfaceName: string): Endpoint | undefined {
    const key = this.tables.claims.interface.get('')?.get(interfaceName);
    return key === undefined ? undefined : this.endpoints.get(key);
  }

  #referring(target: Ref, from: Kind): Iterable<string> {
    return this.tables.links[linkTable(target.kind, from)]?.get(target.key)?.keys() ?? [];
  }

  *#linked<K extends Kind>(target: Ref, from: K): Generator<ObjectOf[K]> {
    const there = this.tables.objects[from];
    for (const key of this.#referring(target, from)) {
      const object = there.get(key);
      if (object !== undefined) yield object;
    }
  }
}
