/** Codes are public: agents switch on them. A change here breaks them, and needs a reason in the commit. */
import { expect, test } from 'vitest';
import { errorCodes, problemCodes } from '../../src/model/index.js';

test('codes of errors and their HTTP status', () => {
  expect(Object.entries(errorCodes).map(([code, { status }]) => `${code} ${status}`)).toEqual([
    'invalid_request 422',
    'malformed 400',
    'not_found 404',
    'in_use 409',
    'conflict 409',
    'taken 409',
    'not_confirmed 504',
    'quarantined 200',
    'switch_unavailable 503',
    'store_unavailable 507',
    'internal 500',
  ]);
});

test('codes of problems', () => {
  expect(problemCodes).toEqual([
    'wrong_type',
    'unknown_kind',
    'unknown_field',
    'missing_field',
    'bad_value',
    'bad_name',
    'bad_address',
    'out_of_range',
    'not_supported',
    'contradiction',
    'no_such_object',
    'duplicate',
    'outside_subnet',
    'overlap',
    'in_use',
    'limit',
  ]);
});

test('every error says in a sentence what to do', () => {
  for (const { title, todo } of Object.values(errorCodes)) {
    expect(title).toMatch(/\.$/);
    expect(todo).toMatch(/\.$/);
  }
});
