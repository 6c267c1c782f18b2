/**
 * Judges a request as a whole: the next State with its changes, or every problem in it.
 * Neighbours: read.ts reads one object, draft.ts makes the next state, checks.ts and deletes.ts look at it;
 * src/datapath calls it and makes the result durable.
 * Invariant: pure. The order of objects in a request means nothing, and a refused request leaves no trace.
 */
import { checkCandidate, checkMembers, checkOverlaps, type Attempted, type Candidate } from './checks.js';
import { checkDeletes, readDeletes, type Gone } from './deletes.js';
import { Draft, type Numbers } from './draft.js';
import { policySetSignature, withoutNetworksTag } from './kinds/group.js';
import type { Claim, Mutable } from './kinds/kind.js';
import { problem } from './problems.js';
import { readObject } from './read.js';
import { Report } from './report.js';
import { RefMap, refOf, refText } from './refs.js';
import { sameJson } from './same.js';
import { Snapshot } from './state.js';
import type { AnyObject, Change, Group, Judged, Network, Ref, Request, State } from './types.js';
import { Voice, type Written } from './voice.js';

/** No caller reads more than that; the rest is not listed. */
const problemLimit = 100;

interface Puts {
  /** Those that change something. */
  readonly candidates: readonly Candidate[];
  /** All of them, right or wrong, with their place in the request. */
  readonly named: RefMap<number>;
  /** Those with problems. */
  readonly attempted: RefMap<true>;
  readonly unchanged: number;
}

export function judge(state: State, request: Request): Judged {
  if (!(state instanceof Snapshot)) throw new TypeError('judge() needs a state made by this model');
  const report = new Report(problemLimit);
  const voice = new Voice((place, field, code, message, suggestion) => {
    const at = place < 0 ? '' : `/objects/${place}`;
    report.add(problem(field === '' ? at : `${at}/${field}`, code, message, suggestion));
  });
  const puts = readPuts(request.put ?? [], state, voice);
  const { gone, trimmed } = readDeletes(request, state, (ref) => puts.named.has(ref), report);
  const restored = defaultSettings(gone, state, voice);
  const left = trimmed.flatMap((json) => implied(json, state, voice) ?? []);
  const candidates = [...puts.candidates, ...left, ...(restored === undefined ? [] : [restored])];
  const draft = propose(state, candidates, gone.values(), voice);
  checkProposal(draft.state, candidates, puts.attempted, voice, report);
  const changed = (ref: Ref) => draft.state.object(ref) !== state.object(ref);
  checkDeletes(gone.values(), draft.state, changed, report);
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

function readPuts(raws: readonly unknown[], base: Snapshot, voice: Voice): Puts {
  const candidates: Candidate[] = [];
  const named = new RefMap<number>();
  const attempted = new RefMap<true>();
  let unchanged = 0;
  const keep = (object: Mutable<AnyObject>, place: number, written?: Written): void => {
    const before = base.object(object);
    if (before !== undefined && sameJson(before.spec, object.spec)) unchanged++;
    else candidates.push(candidate(object, place, written, before));
  };
  const networks = new Map<string, Network>();
  const tagged: { group: Mutable<Group>; place: number; written: Written | undefined }[] = [];
  for (const [place, raw] of raws.entries()) {
    const say = voice.turn(place);
    const { object, failed, written } = readObject(raw, voice);
    const ref = object ?? failed;
    if (ref === undefined) continue;
    const earlier = named.get(ref);
    if (earlier !== undefined) {
      say('', 'duplicate', `\`${refText(ref)}\` is in this request twice`, `see /objects/${earlier}`);
    }
    named.set(ref, place);
    if (object === undefined || earlier !== undefined) {
      attempted.set(ref, true);
      continue;
    }
    if (object.kind === 'network') networks.set(object.key, object);
    if (object.kind === 'group' && object.tag !== undefined) tagged.push({ group: object, place, written });
    else keep(object, place, written);
  }
  for (const { group, place, written } of tagged) {
    const network = networks.get(group.network ?? '') ?? base.networks.get(group.network ?? '');
    keep(withoutNetworksTag(group, network), place, written);
  }
  return { candidates, named, attempted, unchanged };
}

function candidate(object: Mutable<AnyObject>, place: number, written?: Written, before?: AnyObject): Candidate {
  return {
    object,
    place,
    numbers: before === undefined ? {} : numbersToKeep(before, object),
    ...(written === undefined ? {} : { written }),
    ...(before === undefined ? {} : { before }),
  };
}

/** The id and zone are the object's for life; a policy-set number names policies, and goes when they change. */
function numbersToKeep(before: AnyObject, after: AnyObject): Numbers {
  const sameSet =
    before.kind === 'group' && after.kind === 'group' && policySetSignature(before) === policySetSignature(after);
  // A changed rule gets another conjunction.
  if (before.kind === 'rule') return { id: before.id };
  return before.kind === 'group' && !sameSet ? { id: before.id, meters: before.meters } : before;
}

const settingsRef: Ref = { kind: 'settings', key: '' };

/** An object that the request changes without stating it. */
function implied(json: unknown, base: Snapshot, voice: Voice): Candidate | undefined {
  voice.turn(-1);
  const { object } = readObject(json, voice);
  return object && candidate(object, -1, undefined, base.object(object));
}

/** Settings cannot be absent: deleting them is putting the defaults. */
function defaultSettings(gone: RefMap<Gone>, base: Snapshot, voice: Voice): Candidate | undefined {
  const settings = gone.get(settingsRef);
  if (settings === undefined) return undefined;
  gone.delete(settingsRef);
  const defaults = implied({ kind: 'settings' }, base, voice);
  return defaults === undefined || sameJson(defaults.object.spec, settings.object.spec) ? undefined : defaults;
}

/** The state as it would be. Everything that goes or changes is taken out before anything is put in. */
export function propose(base: Snapshot, candidates: readonly Candidate[], gone: Iterable<Gone>, voice: Voice): Draft {
  const draft = new Draft(base.tables);
  for (const { object } of gone) draft.remove(object, false);
  for (const { before } of candidates) if (before !== undefined) draft.remove(before, true);
  // Sorted, so that numbers (and who is told of a conflict) do not depend on the order in the request.
  for (const { object, numbers, place, written } of candidates.toSorted((a, b) =>
    a.object.key < b.object.key ? -1 : 1,
  )) {
    for (const { claim, holder } of draft.put(object, numbers)) {
      voice.turn(place, written)(claim.field, 'duplicate', `${claimText(claim)} is taken by \`${holder}\``);
    }
    if (object.kind === 'tenant' && object.zone === 0) {
      voice.turn(place, written)('', 'limit', 'all 32,767 conntrack zones are taken by other tenants');
    }
    if (object.kind === 'service' && object.number === 0) {
      voice.turn(place, written)('', 'limit', 'a host cannot have more than 65,534 services');
    }
  }
  return draft;
}

/** Every candidate against the state as it would be, and the state against what they changed. */
export function checkProposal(
  state: Snapshot,
  candidates: readonly Candidate[],
  attempted: Attempted,
  voice: Voice,
  report: Pick<Report, 'full'>,
): void {
  const networks = new Map<AnyObject, Candidate>();
  const tenants = new Set<string>();
  for (const one of candidates) {
    if (report.full) return;
    checkCandidate(one, state, attempted, voice.turn(one.place, one.written));
    if (one.object.kind !== 'network') continue;
    networks.set(one.object, one);
    tenants.add(one.object.tenant);
  }
  // Sets of a hundred thousand are only made when somebody asks.
  let mine: Set<AnyObject> | undefined;
  const inRequest = (endpoint: AnyObject) => (mine ??= new Set(candidates.map(({ object }) => object))).has(endpoint);
  for (const one of candidates) checkMembers(one, state, voice.turn(one.place, one.written), inRequest);
  const sayFor = (network: AnyObject) => {
    const one = networks.get(network);
    return one && voice.turn(one.place, one.written);
  };
  for (const tenant of tenants) checkOverlaps(tenant, state, sayFor);
}

function claimText({ sort, scope, value }: Claim): string {
  if (scope === '') return `${sort} ${value}`;
  return `${sort} ${value} in ${scope.includes('/') ? 'network' : 'tenant'} \`${scope}\``;
}
