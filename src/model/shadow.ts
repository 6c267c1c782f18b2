/**
 * Rules that can never decide, because others decide everything they match, wherever they speak.
 * Neighbours: cover.ts finds those others; src/datapath reports it in the rule's status.
 * Invariant: asked, not kept up to date; whoever is reported decides nothing, whatever endpoints there are.
 */
import { coverOf, Patience, precedes } from './cover.js';
import { endsOf, isAudited, namesIn, opposite, ownersOf, peerOf, shelvesFor } from './ends.js';
import { families, regionOf } from './region.js';
import type { Rule, State } from './types.js';

/** The rules that together decide in its place, in order: none when it decides something. */
export function shadowsOf(state: State, rule: Rule, patience = new Patience()): readonly Rule[] | 'unknown' {
  const by = new Set<Rule>();
  const audited = isAudited(state, rule.policy);
  const peer = peerOf(state, rule);
  // Rules of the peer's group join in, and may name whom this rule speaks for.
  const owners = [...ownersOf(state, rule.policy, namesIn(state, peer.policies, opposite(rule.direction)))];
  // Whoever has the fewest policies is the likeliest to leave the rule something to decide.
  for (const own of owners.toSorted((a, b) => a.policies.length - b.policies.length)) {
    const shelves = shelvesFor(state, endsOf(rule.direction, own, peer), rule.direction, audited);
    for (const family of families) {
      const region = regionOf(rule, family);
      if (region === undefined) continue;
      // One that decides in its place elsewhere is named rather than another.
      const known = coverOf(region, shelves, (other) => by.has(other), patience);
      if (known.is === 'whole') continue;
      const cover = coverOf(region, shelves, (other) => precedes(other, rule), patience);
      if (cover.is === 'partial') return [];
      if (cover.is === 'unknown') return 'unknown';
      for (const other of cover.by) by.add(other);
    }
  }
  return [...by].toSorted((a, b) => (precedes(a, b) ? -1 : 1));
}
