/**
 * The same as policy.test.ts, for many more hosts, SLUICE_EVALUATOR_STATES of them (20,000), and ten times the frames for each: a
 * host costs 23 ms of one core, a frame 0.07 ms. About 2.4 million frames are 11 minutes.
 */
import { expect, test } from 'vitest';
import { check } from './property.js';

const states = Number(process.env['SLUICE_EVALUATOR_STATES'] ?? 20_000);

test(`for ${states} hosts and their frames, the tables do what the state demands`, () => {
  const tally = check({ states, framesEach: 240 });
  console.log(tally);
  expect(tally.states).toBe(states);
  expect(tally.frames).toBeGreaterThan(100 * states);
}, 3_600_000);
