/**
 * The state out of the store: the same objects with the same numbers; and the empty state to begin with.
 * Neighbours: src/store keeps Stored; judge.ts makes every later state.
 * Invariant: what no longer validates is left out and reported, and does not keep the rest from coming back.
 */
import type { Candidate } from './checks.js';
import type { Problem } from './errors.js';
import { noTables, type Numbers } from './draft.js';
import { checkProposal, propose } from './judge.js';
import { problem } from './problems.js';
import { readObject } from './read.js';
import { Report } from './report.js';
import { refText, Snapshot } from './state.js';
import type { AnyObject, Change, Ref, State, Stored, StoredChange } from './types.js';

/** An object that is in the store and cannot be in the state. */
export interface LeftOut {
  readonly ref: Ref;
  readonly problems: readonly Problem[];
}

export interface Restored {
  readonly state: State;
  readonly leftOut: readonly LeftOut[];
}

/** Default settings and nothing else; generation 0. */
export function emptyState(): State {
  return restore([]).state;
}

/** `generation` is the store's, so that it goes on counting. */
export function restore(stored: Iterable<Stored>, generation = 0): Restored {
  const leftOut = new Map<string, { ref: Ref; problems: Problem[] }>();
  let candidates = readStored(stored, leftOut);
  // Leaving one out can leave others without what they refer to, so repeat until nobody complains.
  for (;;) {
    const report = new Report(Infinity);
    const draft = propose(new Snapshot(noTables()), candidates, [], report);
    checkProposal(draft.state, candidates, new Set(), report);
    const fit = candidates.filter(({ object }) => !leftOut.has(refText(object)));
    if (fit.length === candidates.length) return { state: draft.finish(generation), leftOut: [...leftOut.values()] };
    // Numbered objects are frozen; the next round reads fresh ones.
    candidates = fit.map((candidate) => ({ ...candidate, object: { ...candidate.object } }));
  }
}

function readStored(stored: Iterable<Stored>, leftOut: Map<string, { ref: Ref; problems: Problem[] }>): Candidate[] {
  const candidates: Candidate[] = [];
  let settings = false;
  const read = (raw: unknown, ref: Ref, numbers: Numbers) => {
    const at = (p: Problem) => {
      const entry = leftOut.get(refText(ref)) ?? { ref: { kind: ref.kind, key: ref.key }, problems: [] };
      entry.problems.push(p);
      leftOut.set(refText(ref), entry);
    };
    const { object, say } = readObject(raw, '', at);
    if (object === undefined) return;
    if (object.kind !== ref.kind || object.key !== ref.key)
      at(problem('', 'bad_value', `is \`${refText(object)}\` by its fields`));
    else candidates.push({ object, say, numbers });
    settings ||= object.kind === 'settings';
  };
  for (const one of stored) read(one.spec, one, one);
  if (!settings) read({ kind: 'settings' }, { kind: 'settings', key: '' }, {});
  return candidates;
}

/** What the store keeps of an object. */
export function storedOf(object: AnyObject): Stored {
  const { kind, key, id, spec } = object;
  if (object.kind === 'tenant') return { kind, key, id, spec, zone: object.zone };
  if (object.kind === 'group') return { kind, key, id, spec, policySet: object.policySet };
  return { kind, key, id, spec };
}

/** Accepted changes as the store writes them. */
export function storedChanges(changes: readonly Change[]): StoredChange[] {
  return changes.map(({ ref, after }) => (after === undefined ? { ref } : { ref, stored: storedOf(after) }));
}
