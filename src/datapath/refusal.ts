/**
 * How a request is answered: the error when it is refused whole, the numbers when it is not.
 * Neighbours: controller.ts; src/api adds where in the request each problem is.
 */
import { SluiceError, type Problem } from '../model/errors.js';
import type { Change } from '../model/index.js';
import type { ApplyResult } from './face.js';

export function refusal(problems: readonly Problem[]): SluiceError {
  const inUse = problems.length > 0 && problems.every((problem) => problem.code === 'in_use');
  const first = problems[0]?.message ?? 'the request was refused';
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  return new SluiceError(inUse ? 'in_use' : 'invalid_request', `${first}${more}`, { problems });
}

export function tally(changes: readonly Change[]): Pick<ApplyResult, 'created' | 'updated' | 'deleted'> {
  const created = changes.filter(({ before, after }) => !before && after).length;
  const deleted = changes.filter(({ after }) => !after).length;
  return { created, updated: changes.length - created - deleted, deleted };
}
