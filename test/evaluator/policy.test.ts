/** The compiled tables against the policy's own words, on random hosts and frames. Neighbour: policy.long.test.ts. */
import { expect, test } from 'vitest';
import { check } from './property.js';

test('for every host and frame, the tables do what the state demands', () => {
  const { frames, verdicts } = check(1_000, 24);
  // The property says nothing where no frame goes: every verdict must have been met, and often.
  expect(frames).toBeGreaterThan(8_000);
  for (const verdict of ['allow', 'allow rule', 'deny rule', 'deny default', 'refused', 'unjudged']) {
    expect(verdicts[verdict], verdict).toBeGreaterThan(300);
  }
}, 60_000);
