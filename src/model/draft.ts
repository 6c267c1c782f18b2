/**
 * The next state while it is being made: takes objects out, numbers them, puts them in, and keeps every index.
 * Neighbours: judge.ts and restore.ts drive it; state.ts shows its tables, before and after.
 * Invariant: the base state stays as it is; an id, a zone and a policy-set number belong to one holder at a time.
 */
import { PersistentMap, type Edit } from './collection.js';
import { firstHostNumber, lastHostNumber } from './host-access.js';
import { hash32, preferredId, probe } from './ids.js';
import { firstMeters, lastMeters, policySetSignature } from './kinds/group.js';
import type { Claim, Mutable } from './kinds/kind.js';
import { rulesOf } from './kinds/registry.js';
import { mayConjoin } from './kinds/rule.js';
import { firstServiceNumber, lastServiceNumber } from './kinds/service.js';
import { firstZone, lastZone } from './kinds/tenant.js';
import { refOf } from './refs.js';
import { linkTable, Snapshot, type Keys, type Tables } from './state.js';
import type { AnyObject, Endpoint, Group, Ref, Rule } from './types.js';

/** Numbers an object should keep, if they are free: from before, or from the store. */
export interface Numbers {
  readonly id?: number;
  readonly zone?: number;
  readonly policySet?: number;
  readonly meters?: number;
  readonly conjunction?: number;
  readonly number?: number;
  readonly hostNumber?: number;
}

/** A claim that somebody else holds already. */
export interface Conflict {
  readonly claim: Claim;
  readonly holder: string;
}

export class Draft {
  /** The state as it would be; live until finish(). */
  readonly state: Snapshot;
  readonly #tables: Tables;
  readonly #edit: Edit = Symbol('draft');

  constructor(base: Tables) {
    this.#tables = {
      ...base,
      objects: { ...base.objects },
      owners: { ...base.owners },
      links: { ...base.links },
      claims: { ...base.claims },
    };
    this.state = new Snapshot(this.#tables);
  }

  /** Takes an object out with all it holds. Its id stays reserved when it is about to be put again. */
  remove(object: AnyObject, comesBack: boolean): void {
    const t = this.#tables;
    if (!comesBack) {
      this.#setObject(object, undefined);
      t.owners[object.kind] = t.owners[object.kind].delete(object.id | 0, this.#edit);
      if (object.kind === 'tenant') t.zones = t.zones.delete(object.zone, this.#edit);
      if (object.kind === 'service') t.serviceNumbers = t.serviceNumbers.delete(object.number, this.#edit);
    }
    const rules = rulesOf(object.kind);
    for (const claim of rules.claims?.(object) ?? []) this.#release(claim, object.key);
    for (const { ref } of rules.references(object)) this.#unlink(ref, object);
    if (object.kind === 'rule' && object.conjunction !== 0) {
      this.#tables.conjunctions = this.#tables.conjunctions.delete(object.conjunction | 0, this.#edit);
    }
    if (object.kind === 'group') {
      this.#releaseSet(object);
      this.#listTagged(object, false);
      if (object.meters !== 0) this.#tables.meters = this.#tables.meters.delete(object.meters, this.#edit);
    }
    if (object.kind === 'endpoint') {
      this.#countPlace(object, -1);
      if (object.hostNumber !== 0) t.hostNumbers = t.hostNumbers.delete(object.hostNumber, this.#edit);
    }
    for (const mention of rules.mentions?.(object) ?? []) this.#forget(mention, object.key);
  }

  /** Numbers and freezes the object and puts it in. Answers the claims that others hold; those it does not get. */
  put(object: Mutable<AnyObject>, numbers: Numbers): readonly Conflict[] {
    object.id = this.#takeId(refOf(object), numbers.id);
    if (object.kind === 'tenant') (object as { zone: number }).zone = this.#takeZone(object.key, numbers.zone);
    if (object.kind === 'rule' && mayConjoin(object)) {
      const rule: Mutable<Rule> = object;
      rule.conjunction = this.#takeConjunction(rule, numbers.conjunction);
    }
    if (object.kind === 'group') {
      const group: Mutable<Group> = object;
      group.policySet = this.#takeSet(group, numbers.policySet);
      group.meters = this.#takeMeters(group, numbers.meters);
      this.#listTagged(group, true);
    }
    if (object.kind === 'service') (object as { number: number }).number = this.#takeNumber(object.key, numbers.number);
    if (object.kind === 'endpoint') {
      (object as { hostNumber: number }).hostNumber = this.#takeHostNumber(object, numbers.hostNumber);
      this.#countPlace(object, 1);
    }
    deepFreeze(object);
    this.#setObject(object, object);
    const rules = rulesOf(object.kind);
    for (const { ref } of rules.references(object)) this.#link(ref, object);
    for (const mention of rules.mentions?.(object) ?? []) this.#mention(mention, object.key);
    const conflicts: Conflict[] = [];
    for (const claim of rules.claims?.(object) ?? []) {
      const holder = this.#claim(claim, object.key);
      if (holder !== undefined) conflicts.push({ claim, holder });
    }
    return conflicts;
  }

  /** The tables stop changing: nobody else has the edit. */
  finish(generation: number): Snapshot {
    this.#tables.generation = generation;
    for (const table of Object.values(this.#tables)) if (typeof table === 'object') Object.freeze(table);
    Object.freeze(this.#tables);
    return this.state;
  }

  #setObject(ref: Ref, object: AnyObject | undefined): void {
    const objects = this.#tables.objects as Record<string, PersistentMap<string, AnyObject>>;
    const there = objects[ref.kind] ?? PersistentMap.empty<string, AnyObject>();
    objects[ref.kind] =
      object === undefined ? there.delete(ref.key, this.#edit) : there.set(ref.key, object, this.#edit);
  }

  #takeId({ kind, key }: Ref, wanted: number | undefined): number {
    const { owners } = this.#tables;
    const taken = (n: number) => (owners[kind].get(n | 0) ?? key) !== key;
    const keep = wanted !== undefined && wanted > 0 && !taken(wanted);
    const id = keep ? wanted : (probe(preferredId(kind, key), 1, 0xffffffff, taken) ?? 0);
    owners[kind] = owners[kind].set(id | 0, key, this.#edit);
    return id;
  }

  /** 0 when all zones are taken. */
  #takeZone(tenant: string, wanted: number | undefined): number {
    const t = this.#tables;
    const taken = (zone: number) => (t.zones.get(zone) ?? tenant) !== tenant;
    const valid = wanted !== undefined && wanted >= firstZone && wanted <= lastZone && !taken(wanted);
    const zone = valid ? wanted : (probe(preferredId('tenant', tenant), firstZone, lastZone, taken) ?? 0);
    if (zone !== 0) t.zones = t.zones.set(zone, tenant, this.#edit);
    return zone;
  }

  /** 0 when all are taken. */
  #takeNumber(service: string, wanted: number | undefined): number {
    const t = this.#tables;
    const taken = (number: number) => (t.serviceNumbers.get(number) ?? service) !== service;
    const [first, last] = [firstServiceNumber, lastServiceNumber];
    const valid = wanted !== undefined && wanted >= first && wanted <= last && !taken(wanted);
    const number = valid ? wanted : (probe(preferredId('service', service), first, last, taken) ?? 0);
    if (number !== 0) t.serviceNumbers = t.serviceNumbers.set(number, service, this.#edit);
    return number;
  }

  #takeSet(group: Group, wanted: number | undefined): number {
    const signature = policySetSignature(group);
    if (signature === '') return 0;
    const t = this.#tables;
    const taken = (n: number) => t.setNumbers.has(n);
    const there = t.sets.get(signature);
    const number =
      there?.number ??
      (wanted !== undefined && wanted > 0 && !taken(wanted)
        ? wanted
        : (probe(hash32(`policySet\0${signature}`), 1, 0xffffffff, taken) ?? 0));
    t.sets = t.sets.set(signature, { number, users: (there?.users ?? 0) + 1 }, this.#edit);
    t.setNumbers = t.setNumbers.set(number, signature, this.#edit);
    for (const policy of group.policies) this.#countSet(policy, number, 1);
    return number;
  }

  /** By all that the rule says, so that a changed rule has another. */
  #takeConjunction(rule: Rule, wanted: number | undefined): number {
    const t = this.#tables;
    const taken = (n: number) => (t.conjunctions.get(n | 0) ?? rule.key) !== rule.key;
    const preferred = hash32(`conjunction\0${JSON.stringify(rule.spec)}`);
    const keep = wanted !== undefined && wanted > 0 && !taken(wanted);
    const number = keep ? wanted : (probe(preferred, 1, 0xffffffff, taken) ?? 0);
    t.conjunctions = t.conjunctions.set(number | 0, rule.key, this.#edit);
    return number;
  }

  /** 0 for a group without a net profile. */
  #takeMeters(group: Group, wanted: number | undefined): number {
    if (group.netProfile === undefined) return 0;
    const t = this.#tables;
    const taken = (n: number) => (t.meters.get(n) ?? group.key) !== group.key;
    const valid = wanted !== undefined && wanted >= firstMeters && wanted <= lastMeters && !taken(wanted);
    const number = valid ? wanted : (probe(preferredId('group', group.key), firstMeters, lastMeters, taken) ?? 0);
    t.meters = t.meters.set(number, group.key, this.#edit);
    return number;
  }

  /** The network's flows tell these groups apart. */
  #listTagged({ key, network, tag }: Group, there: boolean): void {
    if (tag === undefined || network === undefined) return;
    const t = this.#tables;
    const keys = t.taggedGroups.get(network) ?? PersistentMap.empty<string, true>();
    const next = there ? keys.set(key, true, this.#edit) : keys.delete(key, this.#edit);
    t.taggedGroups = stored(t.taggedGroups, network, next, this.#edit);
  }

  #releaseSet(group: Group): void {
    const t = this.#tables;
    const signature = policySetSignature(group);
    const there = t.sets.get(signature);
    if (there === undefined) return;
    if (there.users > 1) t.sets = t.sets.set(signature, { ...there, users: there.users - 1 }, this.#edit);
    else {
      t.sets = t.sets.delete(signature, this.#edit);
      t.setNumbers = t.setNumbers.delete(there.number, this.#edit);
    }
    for (const policy of group.policies) this.#countSet(policy, there.number, -1);
  }

  #countSet(policy: string, number: number, by: 1 | -1): void {
    const t = this.#tables;
    const sets = t.policySets.get(policy) ?? PersistentMap.empty<number, number>();
    const count = (sets.get(number) ?? 0) + by;
    const next = count > 0 ? sets.set(number, count, this.#edit) : sets.delete(number, this.#edit);
    t.policySets = next.size > 0 ? t.policySets.set(policy, next, this.#edit) : t.policySets.delete(policy, this.#edit);
  }

  /** 0 for an endpoint that is not here, and when all numbers are taken. */
  #takeHostNumber({ key, where }: Endpoint, wanted: number | undefined): number {
    if (where === undefined || !('interface' in where)) return 0;
    const t = this.#tables;
    const taken = (n: number) => (t.hostNumbers.get(n) ?? key) !== key;
    const valid = wanted !== undefined && wanted >= firstHostNumber && wanted <= lastHostNumber && !taken(wanted);
    const number = valid ? wanted : (probe(preferredId('endpoint', key), firstHostNumber, lastHostNumber, taken) ?? 0);
    if (number !== 0) t.hostNumbers = t.hostNumbers.set(number, key, this.#edit);
    return number;
  }

  /** An endpoint joins (1) or leaves (-1) where it is: the flood lists of its network are made of these. */
  #countPlace({ key, network, where }: Endpoint, by: 1 | -1): void {
    const t = this.#tables;
    if (where === undefined) return;
    if ('interface' in where) {
      const keys = t.localMembers.get(network) ?? PersistentMap.empty<string, true>();
      t.localMembers = stored(
        t.localMembers,
        network,
        by === 1 ? keys.set(key, true, this.#edit) : keys.delete(key, this.#edit),
        this.#edit,
      );
      return;
    }
    const peers = t.memberPeers.get(network) ?? PersistentMap.empty<string, number>();
    const count = (peers.get(where.vtepIp) ?? 0) + by;
    const next = count > 0 ? peers.set(where.vtepIp, count, this.#edit) : peers.delete(where.vtepIp, this.#edit);
    t.memberPeers = stored(t.memberPeers, network, next, this.#edit);
  }

  #link(target: Ref, from: AnyObject): void {
    const { links } = this.#tables;
    const table = linkTable(target.kind, from.kind);
    const there = links[table] ?? PersistentMap.empty<string, Keys>();
    const keys = there.get(target.key) ?? PersistentMap.empty<string, true>();
    const next = keys.set(from.key, true, this.#edit);
    // A set of this edit changes in place, and then the table has it already.
    if (next !== keys) links[table] = there.set(target.key, next, this.#edit);
  }

  #unlink(target: Ref, from: AnyObject): void {
    const { links } = this.#tables;
    const table = linkTable(target.kind, from.kind);
    const there = links[table];
    const keys = there?.get(target.key)?.delete(from.key, this.#edit);
    if (there === undefined || keys === undefined) return;
    links[table] = keys.size > 0 ? there.set(target.key, keys, this.#edit) : there.delete(target.key, this.#edit);
  }

  #mention(address: string, service: string): void {
    const t = this.#tables;
    const keys = t.mentions.get(address) ?? PersistentMap.empty<string, true>();
    t.mentions = t.mentions.set(address, keys.set(service, true, this.#edit), this.#edit);
  }

  #forget(address: string, service: string): void {
    const t = this.#tables;
    const keys = t.mentions.get(address)?.delete(service, this.#edit);
    if (keys === undefined) return;
    t.mentions = keys.size > 0 ? t.mentions.set(address, keys, this.#edit) : t.mentions.delete(address, this.#edit);
  }

  /** Answers who else has it; undefined when it is taken for `key` now. */
  #claim({ sort, scope, value, holder: by }: Claim, key: string): string | undefined {
    const { claims } = this.#tables;
    const values = claims[sort].get(scope) ?? PersistentMap.empty<string, string>();
    const holder = values.get(value);
    if (holder !== undefined && holder !== (by ?? key)) return holder;
    const next = values.set(value, by ?? key, this.#edit);
    if (next !== values) claims[sort] = claims[sort].set(scope, next, this.#edit);
    return undefined;
  }

  #release({ sort, scope, value, holder }: Claim, key: string): void {
    const { claims } = this.#tables;
    const values = claims[sort].get(scope);
    if (values?.get(value) !== (holder ?? key)) return;
    const left = values.delete(value, this.#edit);
    claims[sort] = left.size > 0 ? claims[sort].set(scope, left, this.#edit) : claims[sort].delete(scope, this.#edit);
  }
}

/** A set under its key, or nothing there when it is empty. */
function stored<V extends { readonly size: number }>(
  map: PersistentMap<string, V>,
  key: string,
  value: V,
  edit: Edit,
): PersistentMap<string, V> {
  return value.size > 0 ? map.set(key, value, edit) : map.delete(key, edit);
}

/** No objects, no numbers taken; not yet a State, which has settings. */
export function noTables(): Tables {
  const none = PersistentMap.empty<string, never>();
  const unowned = PersistentMap.empty<number, string>();
  const perKind = <T>(value: T) => ({
    settings: value,
    tenant: value,
    network: value,
    netProfile: value,
    group: value,
    policy: value,
    rule: value,
    endpoint: value,
    peer: value,
    service: value,
    route: value,
  });
  return {
    generation: 0,
    objects: perKind(none),
    owners: perKind(unowned),
    links: {},
    claims: { VLAN: none, VNI: none, MAC: none, IP: none, interface: none, port: none },
    zones: PersistentMap.empty(),
    conjunctions: PersistentMap.empty(),
    meters: PersistentMap.empty(),
    sets: PersistentMap.empty(),
    setNumbers: PersistentMap.empty(),
    serviceNumbers: PersistentMap.empty(),
    mentions: PersistentMap.empty(),
    policySets: PersistentMap.empty(),
    hostNumbers: PersistentMap.empty(),
    memberPeers: PersistentMap.empty(),
    taggedGroups: PersistentMap.empty(),
    localMembers: PersistentMap.empty(),
  };
}

/** Bytes cannot be frozen (ECMA-262 forbids it for typed arrays); nobody writes to an address. */
function deepFreeze(value: object): void {
  for (const name in value) {
    const part: unknown = Reflect.get(value, name);
    if (typeof part === 'object' && part !== null && !ArrayBuffer.isView(part)) deepFreeze(part);
  }
  Object.freeze(value);
}
