/** A rule that flips under live connections. Needs root for network namespaces. Neighbour: flips.long.test.ts. */
import { test } from 'vitest';
import { flip } from './flips.js';

const root = process.getuid?.() === 0;
if (!root) console.warn('skipped: packet tests need root for network namespaces');

test.skipIf(!root)(
  'a rule flips 10 times over 40 live TCP connections: no forbidden byte is delivered either way, no allowed connection breaks',
  () => flip({ connections: 40, flips: 10, pushEveryMs: 20 }),
  180_000,
);

test.skipIf(!root)(
  'with cut as well: what is denied is forgotten, and its ends cannot open it again until it is allowed',
  () => flip({ connections: 40, flips: 6, pushEveryMs: 20, onPolicyChange: 'cut' }),
  180_000,
);
