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
import { RefMap, refText } from './refs.js';
import { Snapshot } from './state.js';
import { Voice } from './voice.js';
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
  const all: readonly Readable[] = [...stored];
  const leftOut = new RefMap<LeftOut>();
  const voice = new Voice((place, field, code, message, suggestion) => {
    const one = all[place];
    if (one === undefined) return;
    const { kind, key } = one;
    const problems = leftOut.get({ kind, key })?.problems ?? [];
    const more = problem(field === '' ? '' : `/${field}`, code, message, suggestion);
    leftOut.set({ kind, key }, { ref: { kind, key }, problems: [...problems, more] });
  });
  let candidates = withSettings(readAll(all, voice), voice);
  // Leaving one out can leave others without what they refer to, so repeat until nobody complains.
  for (;;) {
    const draft = propose(new Snapshot(noTables()), candidates, [], voice);
    checkProposal(draft.state, candidates, new RefMap(), voice, { full: false });
    const fit = candidates.filter(({ object, place }) => place < 0 || !leftOut.has(object));
    if (fit.length === candidates.length) return { state: draft.finish(generation), leftOut: [...leftOut.values()] };
    // Numbered objects are frozen; the next round numbers fresh ones.
    candidates = withSettings(
      fit.map((one) => ({ ...one, object: { ...one.object } })),
      voice,
    );
  }
}

type Readable = Ref & Numbers & { readonly spec: unknown };

/** There are always settings; the default ones when the store has none, or none that fit. */
function withSettings(candidates: Candidate[], voice: Voice): Candidate[] {
  if (candidates.some(({ object }) => object.kind === 'settings')) return candidates;
  voice.turn(-1);
  const { object } = readObject({ kind: 'settings' }, voice);
  return object === undefined ? candidates : [...candidates, { object, place: -1, numbers: {} }];
}

function readAll(all: readonly Readable[], voice: Voice): Candidate[] {
  const candidates: Candidate[] = [];
  for (const [place, one] of all.entries()) {
    const say = voice.turn(place);
    const { object } = readObject(one.spec, voice);
    if (object === undefined) continue;
    if (object.kind === one.kind && object.key === one.key) candidates.push({ object, place, numbers: one });
    else say('', 'bad_value', `is \`${refText(object)}\` by its fields`);
  }
  return candidates;
}

/** What the store keeps of an object. */
export function storedOf(object: AnyObject): Stored {
  const { kind, key, id, spec } = object;
  if (object.kind === 'tenant') return { kind, key, id, spec, zone: object.zone };
  if (object.kind === 'rule' && object.conjunction !== 0) {
    return { kind, key, id, spec, conjunction: object.conjunction };
  }
  if (object.kind === 'group') {
    const { policySet, meters } = object;
    return meters === 0 ? { kind, key, id, spec, policySet } : { kind, key, id, spec, policySet, meters };
  }
  if (object.kind === 'endpoint' && object.hostNumber !== 0) {
    return { kind, key, id, spec, hostNumber: object.hostNumber };
  }
  if (object.kind === 'service') return { kind, key, id, spec, number: object.number };
  return { kind, key, id, spec };
}

/** Accepted changes as the store writes them. */
export function storedChanges(changes: readonly Change[]): StoredChange[] {
  return changes.map(({ ref, after }) => (after === undefined ? { ref } : { ref, stored: storedOf(after) }));
}
