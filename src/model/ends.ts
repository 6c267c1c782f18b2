/**
 * Who the two ends of a connection are, as far as rules tell them apart, and which rules then speak of it.
 * Neighbours: policy-index.ts has the rules; shadow.ts and conflict.ts choose the ends that leave a rule the most room.
 * Invariant: endpoints, and networks that no rule names, may come and go: what is said here holds whichever there are.
 */
import { indexOf, network } from './policy-index.js';
import type { Shelf } from './shelf.js';
import type { Group, Rule, State } from './types.js';

export interface Who {
  readonly group?: Group;
  /** Key of the network, where the group or a rule says which. */
  readonly network?: string;
  /** Keys of the policies that speak for it. */
  readonly policies: readonly string[];
}

export interface Ends {
  readonly source: Who;
  readonly destination: Who;
}

export type Direction = Rule['direction'];

export const opposite = (direction: Direction): Direction => (direction === 'in' ? 'out' : 'in');

/** An end that is in no group, and in no network that a rule names. */
const nobody: Who = { policies: [] };

export function whoIs(group: Group): Who {
  const { policies } = group;
  return group.network === undefined ? { group, policies } : { group, network: group.network, policies };
}

/** The peer of a rule, and no more than the rule says of it. */
export function peerOf(state: State, { peer }: Rule): Who {
  const group = peer.group === undefined ? undefined : state.groups.get(peer.group);
  if (group !== undefined) return whoIs(group);
  return peer.network === undefined ? nobody : { network: peer.network, policies: [] };
}

/** An end that is both; undefined when nobody can be. */
export function bothOf(a: Who, b: Who): Who | undefined {
  if (a.group !== undefined && b.group !== undefined && a.group !== b.group) return undefined;
  if (a.network !== undefined && b.network !== undefined && a.network !== b.network) return undefined;
  const group = a.group ?? b.group;
  const its = a.network ?? b.network;
  return {
    policies: group?.policies ?? [],
    ...(group === undefined ? {} : { group }),
    ...(its === undefined ? {} : { network: its }),
  };
}

/** The end that a rule speaks for, and its peer. */
export function endsOf(direction: Direction, own: Who, peer: Who): Ends {
  return direction === 'in' ? { source: peer, destination: own } : { source: own, destination: peer };
}

/**
 * The ends that a rule of the policy speaks for; those that rules which name `others` cannot tell apart stand for each other.
 * A policy that no group has is taken as if one had it alone.
 */
export function* ownersOf(state: State, policy: string, others: (object: string) => boolean): Iterable<Who> {
  const seen = new Set<string>();
  for (const group of state.policyGroups(policy)) {
    const who = whoIs(group);
    const named = [group.key, ...(who.network === undefined ? [] : [network(who.network)])].filter(others);
    const key = [group.policySet, ...named].join(' ');
    if (seen.has(key)) continue;
    seen.add(key);
    yield who;
  }
  if (seen.size === 0) yield { policies: [policy] };
}

export const isAudited = (state: State, policy: string): boolean => state.policies.get(policy)?.audit === true;

/** The rules that decide together with those of `direction` (or count, if audited) about connections between the two ends. */
export function shelvesFor(state: State, ends: Ends, direction: Direction, audited: boolean): Shelf[] {
  const shelves: Shelf[] = [];
  const directions = state.settings.policyMode === 'joint' ? [direction, opposite(direction)] : [direction];
  for (const each of directions) {
    const [own, peer] = each === 'in' ? [ends.destination, ends.source] : [ends.source, ends.destination];
    const objects = ['', ...(peer.group === undefined ? [] : [peer.group.key])];
    if (peer.network !== undefined) objects.push(network(peer.network));
    for (const policy of own.policies) {
      if (isAudited(state, policy) !== audited) continue;
      const index = indexOf(state, policy);
      for (const object of objects) {
        const shelf = index.about(each, object);
        if (shelf !== undefined) shelves.push(shelf);
      }
    }
  }
  return shelves;
}

/** Whether rules of the other direction of some of its policies name the object: to them, who has it is somebody apart. */
export function namesIn(state: State, policies: readonly string[], direction: Direction): (object: string) => boolean {
  const named = policies.map((policy) => indexOf(state, policy).named(direction));
  return (object) => named.some((objects) => objects.has(object));
}
