/**
 * Judges a request as a whole: the next State with its changes, or every problem in it.
 * Neighbours: read.ts reads one object, draft.ts makes the next state, checks.ts and deletes.ts look at it;
 * src/datapath calls it and makes the result durable.
 * Invariant: pure. The order of objects in a request means nothing, and a refused request leaves no trace.
 */
import { isDeepStrictEqual } from 'node:util';
import { checkCandidate, checkMembers, checkOverlaps, type Candidate } from './checks.js';
import { checkDeletes, readDeletes, type Gone } from './deletes.js';
import { Draft } from './draft.js';
import type { Say } from './problems.js';
import { readObject } from './read.js';
import { Report } from './report.js';
import { refOf, refText, Snapshot } from './state.js';
import type { AnyObject, Change, Judged, Network, Ref, Request, State } from './types.js';

/** No caller reads more than that; the rest is not listed. */
const problemLimit = 100;

interface Puts {
  /** Those that change something. */
  readonly candidates: readonly Candidate[];
  /** refText of all of them, right or wrong. */
  readonly named: ReadonlySet<string>;
  /** refText of those with problems. */
  readonly attempted: ReadonlySet<string>;
  readonly unchanged: number;
}

export function judge(state: State, request: Request): Judged {
  if (!(state instanceof Snapshot)) throw new TypeError('judge() needs a state made by this model');
  const report = new Report(problemLimit);
  const puts = readPuts(request.put ?? [], state, report);
  const gone = readDeletes(request, state, (ref) => puts.named.has(refText(ref)), report);
  const restored = defaultSettings(gone, report);
  const candidates = restored === undefined ? puts.candidates : [...puts.candidates, restored];
  const draft = propose(state, candidates, gone.values(), report);
  checkProposal(draft.state, candidates, puts.attempted, report);
  const changing = new Set(candidates.map(({ object }) => refText(object)));
  checkDeletes(gone.values(), draft.state, (ref) => changing.has(refText(ref)), report);
  if (!report.empty) return { ok: false, problems: report.list() };
  const changes = [
    ...candidates.map(changeOf),
    ...[...gone.values()].map(({ object }) => ({ ref: refOf(object), before: object })),
  ];
  const next = changes.length === 0 ? state : draft.finish(state.generation + 1);
  return {
    ok: true,
    accepted: Object.freeze({ state: next, changes: Object.freeze(changes), unchanged: puts.unchanged }),
  };
}

function changeOf({ object, before }: Candidate): Change {
  return before === undefined ? { ref: refOf(object), after: object } : { ref: refOf(object), before, after: object };
}

function readPuts(raws: readonly unknown[], base: Snapshot, report: Report): Puts {
  const candidates: Candidate[] = [];
  const places = new Map<string, number>();
  const attempted = new Set<string>();
  let unchanged = 0;
  for (const [i, raw] of raws.entries()) {
    const { object, ref, say } = readObject(raw, `/objects/${i}`, report.add);
    if (ref === undefined) continue;
    const named = refText(ref);
    const earlier = places.get(named);
    if (earlier !== undefined) say('', 'duplicate', `\`${named}\` is in this request twice`, `see /objects/${earlier}`);
    places.set(named, i);
    if (object === undefined || earlier !== undefined) {
      attempted.add(named);
      continue;
    }
    const before = base.object(ref);
    if (before !== undefined && isDeepStrictEqual(before.spec, object.spec)) unchanged++;
    else
      candidates.push(before === undefined ? { object, say, numbers: {} } : { object, say, before, numbers: before });
  }
  return { candidates, named: new Set(places.keys()), attempted, unchanged };
}

/** Settings cannot be absent: deleting them is putting the defaults. */
function defaultSettings(gone: Map<string, Gone>, report: Report): Candidate | undefined {
  const settings = gone.get('settings');
  if (settings === undefined) return undefined;
  gone.delete('settings');
  const { object, say } = readObject({ kind: 'settings' }, settings.pointer ?? '', report.add);
  if (object === undefined || isDeepStrictEqual(object.spec, settings.object.spec)) return undefined;
  return { object, say, before: settings.object, numbers: settings.object };
}

/** The state as it would be. Everything that goes or changes is taken out before anything is put in. */
export function propose(base: Snapshot, candidates: readonly Candidate[], gone: Iterable<Gone>, report: Report): Draft {
  const draft = new Draft(base.tables);
  for (const { object } of gone) draft.remove(object, false);
  for (const { before } of candidates) if (before !== undefined) draft.remove(before, true);
  // Sorted, so that numbers (and who is told of a conflict) do not depend on the order in the request.
  for (const candidate of candidates.toSorted((a, b) => (a.object.key < b.object.key ? -1 : 1))) {
    const { conflicts } = draft.put(candidate.object, candidate.numbers);
    for (const { claim, holder } of conflicts) {
      candidate.say(claim.field, 'duplicate', `${claim.what} is taken by \`${holder}\``);
    }
    if (candidate.object.kind === 'tenant' && candidate.object.zone === 0) {
      candidate.say('', 'limit', 'all 32,767 conntrack zones are taken by other tenants');
    }
    if (report.full) break;
  }
  return draft;
}

/** Every candidate against the state as it would be, and the state against what they changed. */
export function checkProposal(
  state: Snapshot,
  candidates: readonly Candidate[],
  attempted: ReadonlySet<string>,
  report: Report,
): void {
  const says = new Map<AnyObject | Network, Say>();
  const tenants = new Set<string>();
  for (const candidate of candidates) {
    if (report.full) return;
    checkCandidate(candidate, state, attempted);
    if (candidate.object.kind === 'network') {
      says.set(candidate.object, candidate.say);
      tenants.add(candidate.object.tenant);
    }
  }
  const named = new Set(candidates.map(({ object }) => refText(object)));
  const inRequest = (ref: Ref) => named.has(refText(ref));
  for (const candidate of candidates) checkMembers(candidate, state, inRequest);
  for (const tenant of tenants) checkOverlaps(tenant, state, (network) => says.get(network));
}
