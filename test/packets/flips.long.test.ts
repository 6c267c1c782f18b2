/** The same as flips.test.ts with 1,000 connections and 100 flips. */
import { test } from 'vitest';
import { flip } from './flips.js';

const root = process.getuid?.() === 0;

test.skipIf(!root)(
  'a rule flips 100 times over 1,000 live TCP connections: no forbidden byte is delivered either way, no allowed connection breaks',
  () => flip({ connections: 1000, flips: 100, pushEveryMs: 400 }),
  1_800_000,
);

test.skipIf(!root)(
  'with cut as well: 100 flips over 1,000 connections, and the ends of what is denied cannot open it again until it is allowed',
  () => flip({ connections: 1000, flips: 100, pushEveryMs: 400, onPolicyChange: 'cut' }),
  1_800_000,
);
