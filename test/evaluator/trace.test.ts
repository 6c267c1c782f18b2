/** The offline evaluator does what a real vswitchd does with the same flows. Neighbour: trace.long.test.ts. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { agree } from './agreement.js';
import { startReal, type RealSwitch } from './real.js';

let real: RealSwitch;
beforeAll(async () => {
  real = await startReal();
});
afterAll(() => real.stop());

test('a traced frame meets the same flows and leaves by the same ports as offline', async () => {
  const { states, frames } = await agree(real, 400, 1);
  expect(states).toBeGreaterThan(10);
  expect(frames).toBeGreaterThanOrEqual(400);
});
