/**
 * "There is no such object", with the nearest one there is.
 * Neighbours: routes/objects.ts and routes/explain.ts.
 */
import { SluiceError } from '../model/errors.js';
import type { Ref, State } from '../model/index.js';
import { nearest } from '../model/suggest.js';
import { formatRef } from './schemas/kinds.js';

export function missing(state: State, { kind, key }: Ref): SluiceError {
  const collection = state.collection(kind);
  // Comparing with 100,000 names would take longer than the answer is worth.
  const near = collection.size > 5_000 ? undefined : nearest(key, collection.keys());
  const suggestion = near === undefined ? {} : { suggestion: `did you mean \`${near}\`?` };
  return new SluiceError('not_found', `There is no ${formatRef({ kind, key })}.`, {
    problems: [{ pointer: '', code: 'no_such_object', message: `there is no ${kind} \`${key}\``, ...suggestion }],
  });
}
