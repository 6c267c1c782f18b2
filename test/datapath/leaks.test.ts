/** Nothing leaks: after random changes under traffic and the deletion of everything the switch is what it was. Neighbour: leaks.long.test.ts. */
import { expect, test } from 'vitest';
import { startHost } from './bench-host.js';
import { churn } from './leaks.js';

test('after 300 random changes under traffic and the deletion of everything, the switch is byte for byte what it was', async () => {
  const host = await startHost();
  try {
    const { changed, most, frames } = await churn(host, 300, 1);
    expect(changed).toBeGreaterThan(100);
    expect(most.flows).toBeGreaterThan(300);
    expect(frames).toBeGreaterThan(1_000);
    expect(most.connections).toBeGreaterThan(10);
    expect(most.groups).toBeGreaterThan(0);
    expect(most.meters).toBeGreaterThan(2);
    expect(await host.controller.retry()).toBe(0);
  } finally {
    await host.stop();
  }
}, 120_000);
