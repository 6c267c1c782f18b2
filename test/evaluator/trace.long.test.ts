/** The same as trace.test.ts, for SLUICE_EVALUATOR_TRACES frames (4,000) and other hosts each time it is run with another SLUICE_EVALUATOR_SEED. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { agree } from './agreement.js';
import { startReal, type RealSwitch } from './real.js';

const traces = Number(process.env['SLUICE_EVALUATOR_TRACES'] ?? 4_000);
const seed = Number(process.env['SLUICE_EVALUATOR_SEED'] ?? 1_000_000);

let real: RealSwitch;
beforeAll(async () => {
  real = await startReal();
});
afterAll(() => real.stop());

test(`${traces} traced frames meet the same flows and leave by the same ports as offline`, async () => {
  const { states, frames } = await agree(real, traces, seed);
  console.log({ states, frames });
  expect(frames).toBeGreaterThanOrEqual(traces);
}, 600_000);
