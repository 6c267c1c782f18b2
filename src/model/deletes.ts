/**
 * What a request takes away: the objects named, and with cascade all that refers to them.
 * Neighbours: judge.ts, which puts afterwards and then asks whether anybody still refers to what is gone.
 * Invariant: deleting what is absent is success; what the request puts is never taken away by cascade.
 */
import { isKind, rulesOf } from './kinds/registry.js';
import { normalKey } from './keys.js';
import { problem } from './problems.js';
import type { Report } from './report.js';
import { RefMap, refOf, refText } from './refs.js';
import type { Snapshot } from './state.js';
import type { AnyObject, Ref, Request } from './types.js';

export interface Gone {
  readonly object: AnyObject;
  /** Where the request names it; undefined when it goes by cascade. */
  readonly pointer?: string;
}

export interface Deletes {
  /** The objects that go. */
  readonly gone: RefMap<Gone>;
  /** What a cascade leaves of objects that can do without those, as JSON. */
  readonly trimmed: readonly unknown[];
}

export function readDeletes(request: Request, base: Snapshot, isPut: (ref: Ref) => boolean, report: Report): Deletes {
  const gone = new RefMap<Gone>();
  for (const [i, named] of (request.delete ?? []).entries()) {
    const pointer = `/delete/${i}`;
    const ref = readRef(named, pointer, report);
    if (ref === undefined) continue;
    if (isPut(ref)) {
      report.add(problem(pointer, 'contradiction', `\`${refText(ref)}\` is put and deleted in one request`));
      continue;
    }
    const object = base.object(ref);
    if (object !== undefined && !gone.has(ref)) gone.set(ref, { object, pointer });
  }
  return { gone, trimmed: request.cascade === true ? cascade(gone, base, isPut) : [] };
}

function readRef(named: unknown, pointer: string, report: Report): Ref | undefined {
  const { kind, key } = typeof named === 'object' && named !== null ? (named as Partial<Ref>) : {};
  if (!isKind(kind) || typeof key !== 'string') {
    report.add(problem(pointer, isKind(kind) ? 'missing_field' : 'unknown_kind', 'a delete names a kind and a key'));
    return undefined;
  }
  return { kind, key: normalKey(kind, key) };
}

function cascade(gone: RefMap<Gone>, base: Snapshot, isPut: (ref: Ref) => boolean): unknown[] {
  const kept = new RefMap<AnyObject>();
  const goes = (ref: Ref) => gone.has(ref);
  const open = [...gone.values()].map(({ object }) => refOf(object));
  for (let ref = open.pop(); ref !== undefined; ref = open.pop()) {
    for (const referrer of base.referrers(ref)) {
      const object = base.object(referrer);
      if (object === undefined || gone.has(referrer) || isPut(referrer)) continue;
      if (rulesOf(object.kind).without?.(object, goes) !== undefined) kept.set(referrer, object);
      else {
        gone.set(referrer, { object });
        open.push(referrer);
      }
    }
  }
  return [...kept.values()].flatMap((object) =>
    goes(refOf(object)) ? [] : (rulesOf(object.kind).without?.(object, goes) ?? []),
  );
}

const shownReferrers = 10;

/** Whoever still refers to a deleted object keeps it from going. `reported` ones have been told of it themselves. */
export function checkDeletes(
  gone: Iterable<Gone>,
  state: Snapshot,
  reported: (ref: Ref) => boolean,
  report: Report,
): void {
  for (const { object, pointer } of gone) {
    if (report.full) return;
    const users: string[] = [];
    let more = 0;
    for (const referrer of state.referrers(refOf(object))) {
      if (reported(referrer)) continue;
      if (users.length < shownReferrers) users.push(`\`${refText(referrer)}\``);
      else more++;
    }
    if (users.length === 0) continue;
    const list = users.join(', ') + (more > 0 ? ` and ${more} more` : '');
    const message = `\`${refText(object)}\` is used by ${list}`;
    report.add(problem(pointer ?? '', 'in_use', message, 'delete them first, or with cascade'));
  }
}
