/** Nothing leaks under real packets either. Needs root for network namespaces. Neighbour: leaks.long.test.ts. */
import { expect, test } from 'vitest';
import { churnPackets } from './leaks.js';

const root = process.getuid?.() === 0;
if (!root) console.warn('skipped: packet tests need root for network namespaces');

test.skipIf(!root)(
  'after 60 random changes under real packets and the deletion of everything, the switch is byte for byte what it was',
  async () => {
    const { changed, frames, most } = await churnPackets(60, 3);
    expect(changed).toBeGreaterThan(20);
    expect(frames).toBeGreaterThan(200);
    expect(most.connections).toBeGreaterThan(10);
  },
  180_000,
);
