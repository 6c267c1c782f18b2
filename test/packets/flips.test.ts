/** A rule that flips under live connections. Needs root for network namespaces. Neighbour: flips.long.test.ts. */
import { test } from 'vitest';
import { flip } from './flips.js';

const root = process.getuid?.() === 0;
if (!root) console.warn('skipped: packet tests need root for network namespaces');

test.skipIf(!root)(
  'a rule flips 10 times over 40 live TCP connections: no forbidden byte is delivered, no allowed connection breaks',
  () => flip(40, 10, 20),
  180_000,
);
