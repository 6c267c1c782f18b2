import { expect, test } from 'vitest';
import { distance, nearest } from '../../src/model/suggest.js';

test.each([
  ['', '', 0],
  ['web', 'web', 0],
  ['wbe', 'web', 1],
  ['web', 'we', 1],
  ['web', 'app', 3],
  ['abcd', 'dcba', 3],
])('from `%s` to `%s` it takes %i steps', (a, b, n) => {
  expect(distance(a, b, 10)).toBe(n);
  expect(distance(b, a, 10)).toBe(n);
  expect(distance(a, b, n)).toBe(n);
  if (n > 0) expect(distance(a, b, n - 1)).toBe(n);
});

test.each([
  ['wbe', ['app', 'web', 'db'], 'web'],
  ['Web', ['app', 'web'], 'web'],
  ['colour', ['kind', 'name', 'vni'], undefined],
  ['x', ['y', 'z'], undefined],
  ['net', [], undefined],
])('for `%s` among %j: %s', (word, known, best) => {
  expect(nearest(word, known)).toBe(best);
});
