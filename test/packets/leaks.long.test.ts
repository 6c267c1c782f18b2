/** The same as leaks.test.ts with 10,000 changes (SLUICE_PACKET_CHANGES). */
import { expect, test } from 'vitest';
import { churnPackets } from './leaks.js';

const root = process.getuid?.() === 0;
const changes = Number(process.env['SLUICE_PACKET_CHANGES'] ?? 10_000);

test.skipIf(!root)(
  `after ${changes} random changes under real packets and the deletion of everything, the switch is byte for byte what it was`,
  async () => {
    const tally = await churnPackets(changes, 4);
    console.log(tally);
    expect(tally.changed).toBeGreaterThan(changes / 3);
  },
  1_800_000,
);
