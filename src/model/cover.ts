/**
 * Whether rules together match all of a region: ask for a connection that is left, find who matches it, take that one's away.
 * Neighbours: region.ts takes away; shelf.ts finds; shadow.ts and conflict.ts ask.
 * Invariant: an answer is exact, or it is that looking was given up.
 */
import { matchesAt, regionOf, remainderOf, shareOf, spotOf, type Region } from './region.js';
import type { Shelf } from './shelf.js';
import type { Rule } from './types.js';

/** How many steps one question may take: a rule or a region looked at is one. */
const mostSteps = 5_000;

export class Patience {
  #left = mostSteps;

  get isOver(): boolean {
    return this.#left <= 0;
  }

  take(steps: number): void {
    this.#left -= steps;
  }
}

export type Cover =
  | { readonly is: 'whole'; readonly by: readonly Rule[] }
  /** Something of the region that none of the rules matches. */
  | { readonly is: 'partial'; readonly left: Region }
  | { readonly is: 'unknown' };

/** By rules of the shelves that `counts` admits. */
export function coverOf(
  region: Region,
  shelves: readonly Shelf[],
  counts: (rule: Rule) => boolean,
  patience: Patience,
): Cover {
  const by = new Set<Rule>();
  let left: Region[] = [region];
  for (let [piece] = left; piece !== undefined; [piece] = left) {
    const takers = takersOf(piece, shelves, counts, patience);
    if (patience.isOver) return { is: 'unknown' };
    if (takers.length === 0) return { is: 'partial', left: piece };
    const widest = takers.reduce((a, b) => (shareOf(b) > shareOf(a) ? b : a));
    left = left.flatMap((each) => remainderOf(each, regionOf(widest, region.family)!));
    patience.take(left.length);
    // Of several that take it all, the one that decides.
    const whole = by.size === 0 && left.length === 0 ? takers.filter((rule) => takesAll(rule, region)) : [widest];
    by.add(whole.reduce((a, b) => (precedes(b, a) ? b : a)));
  }
  return { is: 'whole', by: [...by] };
}

const takesAll = (rule: Rule, region: Region): boolean =>
  remainderOf(region, regionOf(rule, region.family)!).length === 0;

/** The rules that match the lowest connection of the region. */
function takersOf(
  region: Region,
  shelves: readonly Shelf[],
  counts: (rule: Rule) => boolean,
  patience: Patience,
): Rule[] {
  const spot = spotOf(region);
  const takers: Rule[] = [];
  for (const shelf of shelves) {
    for (const rules of shelf.at(spot)) {
      patience.take(1 + rules.length);
      if (patience.isOver) return [];
      for (const rule of rules) if (counts(rule) && matchesAt(rule, spot)) takers.push(rule);
    }
  }
  return takers;
}

/** Whether `a` decides a connection that both match: the higher priority, deny among equals, then the lower key. */
export function precedes(a: Rule, b: Rule): boolean {
  if (a.priority !== b.priority) return a.priority > b.priority;
  if (a.action !== b.action) return a.action === 'deny';
  return a.key < b.key;
}
