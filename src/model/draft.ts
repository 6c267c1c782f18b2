/**
 * The next state while it is being made: takes objects out, numbers them, puts them in, and keeps every index.
 * Neighbours: judge.ts and restore.ts drive it; state.ts shows its tables, before and after.
 * Invariant: the base state stays as it is; an id, a zone and a policy-set number belong to one holder at a time.
 */
import { PersistentMap, type Edit } from './collection.js';
import { hash32, ownerKey, preferredId, probe } from './ids.js';
import { policySetSignature } from './kinds/group.js';
import type { Claim, Mutable } from './kinds/kind.js';
import { rulesOf } from './kinds/registry.js';
import { firstZone, lastZone } from './kinds/tenant.js';
import { linkKey, refOf, Snapshot, type Keys, type Tables } from './state.js';
import type { AnyObject, Group, Ref } from './types.js';

/** Numbers an object should keep, if they are free: from before, or from the store. */
export interface Numbers {
  readonly id?: number;
  readonly zone?: number;
  readonly policySet?: number;
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
    this.#tables = { ...base, objects: { ...base.objects } };
    this.state = new Snapshot(this.#tables);
  }

  /** Takes an object out with all it holds. Its id stays reserved when it is about to be put again. */
  remove(object: AnyObject, comesBack: boolean): void {
    const t = this.#tables;
    if (!comesBack) {
      this.#setObject(object, undefined);
      t.owners = t.owners.delete(ownerKey(object.kind, object.id), this.#edit);
      if (object.kind === 'tenant') t.zones = t.zones.delete(object.zone, this.#edit);
    }
    const rules = rulesOf(object.kind);
    for (const claim of rules.claims?.(object) ?? []) {
      if (t.claims.get(claim.key) === object.key) t.claims = t.claims.delete(claim.key, this.#edit);
    }
    for (const { ref } of rules.references(object)) this.#unlink(ref, object);
    if (object.kind === 'group') this.#releaseSet(object);
  }

  /** Numbers and freezes the object and puts it in. Answers the claims that others hold; those it does not get. */
  put(object: Mutable<AnyObject>, numbers: Numbers): { object: AnyObject; conflicts: readonly Conflict[] } {
    const t = this.#tables;
    object.id = this.#takeId(refOf(object), numbers.id);
    if (object.kind === 'tenant') (object as { zone: number }).zone = this.#takeZone(object.key, numbers.zone);
    if (object.kind === 'group') (object as { policySet: number }).policySet = this.#takeSet(object, numbers.policySet);
    Object.freeze(object);
    Object.freeze(object.spec);
    this.#setObject(object, object);
    const rules = rulesOf(object.kind);
    for (const { ref } of rules.references(object)) this.#link(ref, object);
    const conflicts: Conflict[] = [];
    for (const claim of rules.claims?.(object) ?? []) {
      const holder = t.claims.get(claim.key);
      if (holder !== undefined && holder !== object.key) conflicts.push({ claim, holder });
      else t.claims = t.claims.set(claim.key, object.key, this.#edit);
    }
    return { object, conflicts };
  }

  /** The tables stop changing: nobody else has the edit. */
  finish(generation: number): Snapshot {
    this.#tables.generation = generation;
    Object.freeze(this.#tables.objects);
    Object.freeze(this.#tables);
    return this.state;
  }

  #setObject(ref: Ref, object: AnyObject | undefined): void {
    const objects = this.#tables.objects as Record<string, PersistentMap<string, AnyObject>>;
    const there = objects[ref.kind] ?? PersistentMap.empty<string, AnyObject>();
    objects[ref.kind] =
      object === undefined ? there.delete(ref.key, this.#edit) : there.set(ref.key, object, this.#edit);
  }

  #takeId(ref: Ref, wanted: number | undefined): number {
    const t = this.#tables;
    const holder = (id: number) => t.owners.get(ownerKey(ref.kind, id));
    if (wanted !== undefined && wanted > 0 && (holder(wanted) ?? ref.key) === ref.key) {
      t.owners = t.owners.set(ownerKey(ref.kind, wanted), ref.key, this.#edit);
      return wanted;
    }
    const id = probe(preferredId(ref.kind, ref.key), 1, 0xffffffff, (n) => holder(n) !== undefined) ?? 0;
    t.owners = t.owners.set(ownerKey(ref.kind, id), ref.key, this.#edit);
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

  #link(target: Ref, from: AnyObject): void {
    const t = this.#tables;
    const at = linkKey(target, from.kind);
    const keys: Keys = t.links.get(at) ?? PersistentMap.empty<string, true>();
    t.links = t.links.set(at, keys.set(from.key, true, this.#edit), this.#edit);
  }

  #unlink(target: Ref, from: AnyObject): void {
    const t = this.#tables;
    const at = linkKey(target, from.kind);
    const keys = t.links.get(at)?.delete(from.key, this.#edit);
    if (keys === undefined) return;
    t.links = keys.size > 0 ? t.links.set(at, keys, this.#edit) : t.links.delete(at, this.#edit);
  }
}

/** No objects, no numbers taken; not yet a State, which has settings. */
export function noTables(): Tables {
  const none = PersistentMap.empty<string, never>();
  return {
    generation: 0,
    objects: {
      settings: none,
      tenant: none,
      network: none,
      group: none,
      policy: none,
      rule: none,
      endpoint: none,
      peer: none,
    },
    owners: PersistentMap.empty(),
    links: PersistentMap.empty(),
    claims: PersistentMap.empty(),
    zones: PersistentMap.empty(),
    sets: PersistentMap.empty(),
    setNumbers: PersistentMap.empty(),
    policySets: PersistentMap.empty(),
  };
}
