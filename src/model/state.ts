/**
 * The immutable desired state: objects by kind, and the indexes that answer who belongs to whom.
 * Neighbours: draft.ts builds the tables of the next state, judge.ts decides whether they become one.
 * Invariant: a Snapshot's tables never change after Draft.finish(); every index follows from the objects.
 */
import type { PersistentMap } from './collection.js';
import type { AnyObject, Collection, Endpoint, Group, Kind, ObjectOf, Ref, Rule, Settings, State } from './types.js';
import { ownerKind } from './ids.js';
import { isKind } from './kinds/registry.js';

export type Keys = PersistentMap<string, true>;

/** A number given to several users of one thing, e.g. a policy set to the groups that have it. */
export interface Numbered {
  readonly number: number;
  readonly users: number;
}

export interface Tables {
  generation: number;
  readonly objects: { [K in Kind]: PersistentMap<string, ObjectOf[K]> };
  /** Owner key → key of the object. */
  owners: PersistentMap<number, string>;
  /** `network blue/front endpoint` → keys of the endpoints that refer to that network. */
  links: PersistentMap<string, Keys>;
  /** What only one object may have (`vni 5001`) → key of the object that has it. */
  claims: PersistentMap<string, string>;
  /** ct zone → tenant. */
  zones: PersistentMap<number, string>;
  /** Signature of (policies, defaultAction) → its number. */
  sets: PersistentMap<string, Numbered>;
  /** That number → signature. */
  setNumbers: PersistentMap<number, string>;
  /** Policy → policy-set number → how many groups have it. */
  policySets: PersistentMap<string, PersistentMap<number, number>>;
}

export const linkKey = (target: Ref, from: Kind): string => `${target.kind} ${target.key} ${from}`;

/** Which kinds refer to a kind. */
const referrerKinds: { readonly [K in Kind]: readonly Kind[] } = {
  settings: [],
  tenant: ['network', 'group', 'policy'],
  network: ['group', 'rule', 'endpoint'],
  group: ['rule', 'endpoint'],
  policy: ['group', 'rule'],
  rule: [],
  endpoint: [],
  peer: ['endpoint'],
};

export class Snapshot implements State {
  readonly tables: Tables;

  constructor(tables: Tables) {
    this.tables = tables;
  }

  get generation(): number {
    return this.tables.generation;
  }
  get settings(): Settings {
    const settings = this.tables.objects.settings.get('');
    if (settings === undefined) throw new Error('a state without settings');
    return settings;
  }
  get tenants() {
    return this.tables.objects.tenant;
  }
  get networks() {
    return this.tables.objects.network;
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
  get peers() {
    return this.tables.objects.peer;
  }

  members(network: string): Iterable<Endpoint> {
    return this.#linked({ kind: 'network', key: network }, 'endpoint');
  }
  groupMembers(group: string): Iterable<Endpoint> {
    return this.#linked({ kind: 'group', key: group }, 'endpoint');
  }
  peerEndpoints(peer: string): Iterable<Endpoint> {
    return this.#linked({ kind: 'peer', key: peer }, 'endpoint');
  }
  policyRules(policy: string): Iterable<Rule> {
    return this.#linked({ kind: 'policy', key: policy }, 'rule');
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
    for (const kind of referrerKinds[ref.kind]) {
      for (const key of this.tables.links.get(linkKey(ref, kind))?.keys() ?? []) yield { kind, key };
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
    const key = this.tables.owners.get(owner);
    return key !== undefined && isKind(kind) ? { kind, key } : undefined;
  }

  endpointAt(interfaceName: string): Endpoint | undefined {
    const key = this.tables.claims.get(`interface ${interfaceName}`);
    return key === undefined ? undefined : this.endpoints.get(key);
  }

  *#linked<K extends Kind>(target: Ref, from: K): Generator<ObjectOf[K]> {
    const there = this.tables.objects[from];
    for (const key of this.tables.links.get(linkKey(target, from))?.keys() ?? []) {
      const object = there.get(key);
      if (object !== undefined) yield object;
    }
  }
}

export function refOf(object: AnyObject): Ref {
  return { kind: object.kind, key: object.key };
}

/** `network blue/front`: a ref in messages and as a map key. */
export function refText(ref: Ref): string {
  return ref.key === '' ? ref.kind : `${ref.kind} ${ref.key}`;
}
