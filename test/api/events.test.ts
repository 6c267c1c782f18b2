/** The stream of events: lines as they happen, an end when the daemon stops, and no listener left behind. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SluiceClient, type DaemonEvent } from '../../src/api/client.js';
import { serveTestApi, type Served } from './support.js';

let served: Served;
beforeEach(async () => {
  served = await serveTestApi();
});
afterEach(() => served.stop());

test('every event is a line with its time, and a stopping daemon ends the stream', async () => {
  const { listeners } = served.controller;
  const heard: DaemonEvent[] = [];
  const ended = new SluiceClient(served.socket).events((event) => heard.push(event));
  await expect.poll(() => listeners.size).toBe(1);
  for (const listener of listeners) {
    listener({ type: 'drift', message: 'somebody deleted a flow', kind: 'rule', key: 'blue/web/1' });
    listener({ type: 'committed', message: 'é'.repeat(100_000) });
  }
  await expect.poll(() => heard.length).toBe(2);
  expect(heard[0]).toEqual({
    at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
    type: 'drift',
    message: 'somebody deleted a flow',
    kind: 'rule',
    key: 'blue/web/1',
  });
  expect(heard[1]?.message).toHaveLength(100_000);
  await served.stop();
  await ended;
  expect(listeners.size).toBe(0);
});
