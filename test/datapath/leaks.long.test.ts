/** The same as leaks.test.ts with 10,000 changes (SLUICE_LEAK_CHANGES). */
import { expect, test } from 'vitest';
import { startHost } from './bench-host.js';
import { churn } from './leaks.js';

const changes = Number(process.env['SLUICE_LEAK_CHANGES'] ?? 10_000);

test(`after ${changes} random changes under traffic and the deletion of everything, the switch is byte for byte what it was`, async () => {
  const host = await startHost();
  try {
    const tally = await churn(host, changes, 2);
    console.log(tally);
    expect(tally.changed).toBeGreaterThan(changes / 3);
  } finally {
    await host.stop();
  }
}, 1_800_000);
