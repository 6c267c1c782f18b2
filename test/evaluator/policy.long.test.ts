/** The same as policy.test.ts, for many more hosts: SLUICE_EVALUATOR_STATES of them (20,000). */
import { expect, test } from 'vitest';
import { check } from './property.js';

const states = Number(process.env['SLUICE_EVALUATOR_STATES'] ?? 20_000);

test(`for ${states} hosts and their frames, the tables do what the state demands`, () => {
  const tally = check({ states, framesEach: 24 });
  console.log(tally);
  expect(tally.states).toBe(states);
}, 1_800_000);
