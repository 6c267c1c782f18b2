/** Somebody else changes the daemon's switch: it is put right, said to whom it belongs, and health is honest about it. */
import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import { examplePath } from '../pipeline/support.js';
import { ofctlLines, onDummy, startHost, type Host } from './bench-host.js';

let host: Host;
afterEach(async () => {
  await host?.stop();
});

const example = onDummy((parse(readFileSync(examplePath, 'utf8')) as { objects: Record<string, unknown>[] }).objects);

const ofctl = (...args: string[]): Promise<string> =>
  host.sandbox.ofctl(['--names', ...args.map((arg) => (arg === 'br-sluice' ? host.sandbox.mgmt(arg) : arg))]);

async function start(): Promise<string[]> {
  host = await startHost();
  await host.controller.apply({ put: example }, 'committed');
  const before = await ofctlLines(host.sandbox);
  // A change of our own is no drift, and when one of somebody else is told the monitor is armed.
  await expect
    .poll(
      async () => {
        await ofctl('add-flow', 'br-sluice', 'table=200,priority=9,actions=drop');
        return host.events.some((event) => event.type === 'mended');
      },
      { timeout: 5_000 },
    )
    .toBe(true);
  expect(await ofctlLines(host.sandbox)).toEqual(before);
  host.events.length = 0;
  return before;
}

test('a flow deleted by hand is back within a second, and its owner is named', async () => {
  const before = await start();
  const [line = ''] = (await host.controller.flows({ owner: { kind: 'endpoint', key: 'web-1' } })).map((f) => f.text);
  const match = line.replace(/^.*?table=/, 'table=').replace(/ actions=.*$/, '');
  await ofctl('--strict', 'del-flows', 'br-sluice', match);
  await expect.poll(() => host.events.map((event) => event.type), { timeout: 1_000 }).toContain('mended');
  expect(await ofctlLines(host.sandbox)).toEqual(before);
  expect(host.events.find((event) => event.type === 'drift')?.message).toContain('removed, endpoint web-1: ');
  const { ready, switch: datapath } = host.controller.health();
  expect({ ready, mending: datapath.drift?.mending }).toEqual({ ready: true, mending: false });
  expect(datapath.drift?.changes).toBeGreaterThan(1);
});

test('all flows and groups deleted by hand are back, and nobody is quarantined for it', async () => {
  const before = await start();
  await ofctl('del-groups', 'br-sluice');
  await ofctl('del-flows', 'br-sluice');
  await expect.poll(() => ofctlLines(host.sandbox), { timeout: 2_000 }).toEqual(before);
  expect(host.events.filter((event) => event.type === 'quarantined')).toEqual([]);
});

test('a read-back that is asked for answers what it found', async () => {
  const { length } = await start();
  expect(await host.controller.resync()).toEqual({ flowsRead: length, sent: 0 });
});
