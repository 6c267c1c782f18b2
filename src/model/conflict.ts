/**
 * Rules that contradict each other: of one priority, one allows and one denies, and nothing of a higher priority comes first.
 * Neighbours: cover.ts finds what is left to them; src/datapath reports it in the status of both.
 * Invariant: symmetrical, and there is a connection for each. Of rules in opposite directions one names a group of the other.
 */
import { coverOf, Patience } from './cover.js';
import {
  bothOf,
  endsOf,
  isAudited,
  namesIn,
  opposite,
  ownersOf,
  peerOf,
  shelvesFor,
  whoIs,
  type Ends,
  type Who,
} from './ends.js';
import { indexOf } from './policy-index.js';
import { families, overlapOf, plausible, regionOf, type Region } from './region.js';
import type { Rule, State } from './types.js';

export interface Conflict {
  /** The other rule. */
  readonly rule: Rule;
  /** Some of what both match. */
  readonly common: Region;
  readonly ends: Ends;
}

export interface Conflicts {
  readonly found: readonly Conflict[];
  /** There are, or may be, others: `found` has `atMost`, or looking was given up. */
  readonly more: boolean;
}

export function conflictsOf(state: State, rule: Rule, atMost: number, patience = new Patience()): Conflicts {
  const found = new Map<Rule, Conflict>();
  for (const [other, ends] of pairsOf(state, rule, patience)) {
    if (patience.isOver) return { found: [...found.values()], more: true };
    if (found.has(other)) continue;
    const common = disputed(state, rule, other, ends, patience);
    if (common === undefined) continue;
    if (found.size === atMost) return { found: [...found.values()], more: true };
    found.set(other, { rule: other, common, ends });
  }
  return { found: [...found.values()], more: patience.isOver };
}

/** Rules that may contradict it, with ends that both speak of. */
function* pairsOf(state: State, rule: Rule, patience: Patience): Iterable<[Rule, Ends]> {
  yield* sameDirection(state, rule, patience);
  if (state.settings.policyMode !== 'joint') return;
  yield* namedByIt(state, rule, patience);
  yield* namingIt(state, rule, patience);
}

const against = ({ action }: Rule): Rule['action'] => (action === 'deny' ? 'allow' : 'deny');

function* sameDirection(state: State, rule: Rule, patience: Patience): Iterable<[Rule, Ends]> {
  const { direction, policy: mine } = rule;
  const audited = isAudited(state, mine);
  const peer = peerOf(state, rule);
  const beside = new Set([...ownersOf(state, mine, () => false)].flatMap(({ policies }) => policies));
  for (const policy of beside) {
    patience.take(1);
    if (isAudited(state, policy) !== audited) continue;
    for (const shelf of indexOf(state, policy).sort({ ...rule, action: against(rule) })) {
      patience.take(1);
      const both = bothOf(peer, peerOf(state, shelf.rules[0]!));
      if (both === undefined) continue;
      const named = namesIn(state, both.policies, opposite(direction));
      let owners: Who[] | undefined;
      for (const other of shelf.meeting(rule)) {
        owners ??= [...ownersOf(state, mine, named)].filter(({ policies }) => policies.includes(policy));
        for (const own of owners) {
          patience.take(1);
          if (patience.isOver) return;
          yield [other, endsOf(direction, own, both)];
        }
      }
    }
  }
}

/** Rules of the group that this one names. */
function* namedByIt(state: State, rule: Rule, patience: Patience): Iterable<[Rule, Ends]> {
  const peer = peerOf(state, rule);
  const audited = isAudited(state, rule.policy);
  const direction = opposite(rule.direction);
  for (const policy of peer.policies) {
    if (isAudited(state, policy) !== audited) continue;
    for (const shelf of indexOf(state, policy).sort({ direction, priority: rule.priority, action: against(rule) })) {
      const theirs = peerOf(state, shelf.rules[0]!);
      for (const group of state.policyGroups(rule.policy)) {
        patience.take(1);
        const own = bothOf(whoIs(group), theirs);
        for (const other of own === undefined ? [] : shelf.meeting(rule)) {
          patience.take(1);
          if (patience.isOver) return;
          yield [other, endsOf(rule.direction, own!, peer)];
        }
      }
    }
  }
}

/** Rules that name a group which this one speaks for. */
function* namingIt(state: State, rule: Rule, patience: Patience): Iterable<[Rule, Ends]> {
  const peer = peerOf(state, rule);
  const audited = isAudited(state, rule.policy);
  for (const group of state.policyGroups(rule.policy)) {
    for (const other of state.rulesNaming('group', group.key)) {
      patience.take(1);
      if (patience.isOver) return;
      if (other.direction === rule.direction || other.priority !== rule.priority) continue;
      if (other.action === rule.action || isAudited(state, other.policy) !== audited) continue;
      for (const theirs of state.policyGroups(other.policy)) {
        patience.take(1);
        const both = bothOf(peer, whoIs(theirs));
        if (both !== undefined) yield [other, endsOf(rule.direction, whoIs(group), both)];
      }
    }
  }
}

/** What both match between these ends, and no rule of a higher priority does. */
function disputed(state: State, rule: Rule, other: Rule, ends: Ends, patience: Patience): Region | undefined {
  const audited = isAudited(state, rule.policy);
  for (const family of families) {
    const [mine, theirs] = [regionOf(rule, family), regionOf(other, family)];
    const both = mine && theirs && overlapOf(mine, theirs);
    const region = both && overlapOf(both, plausible[family]);
    if (region === undefined) continue;
    const shelves = shelvesFor(state, ends, rule.direction, audited);
    const cover = coverOf(region, shelves, ({ priority }) => priority > rule.priority, patience);
    if (cover.is === 'partial') return cover.left;
  }
  return undefined;
}
