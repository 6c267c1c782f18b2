/** Large changes: how they go in is the caller's to say, and how far they are is told. */
import { afterEach, expect, test } from 'vitest';
import type { CommitOptions, CommitResult } from '../../src/native/index.js';
import { emptyState } from '../../src/model/index.js';
import { Reconciler } from '../../src/datapath/reconciler.js';
import { StatusBook } from '../../src/datapath/status-book.js';
import { until } from '../../src/sandbox/index.js';
import { startHost, type Host } from './bench-host.js';

let host: Host | undefined;
afterEach(async () => {
  await host?.stop();
  host = undefined;
});

function manyRules(): unknown[] {
  const ports = Array.from({ length: 100 }, (_, i) => 1 + 2 * i); // none touch, so each is a flow
  const rule = {
    kind: 'rule',
    tenant: 'blue',
    policy: 'wide',
    direction: 'in',
    action: 'allow',
    protocol: 'tcp',
    ports,
  };
  return [
    { kind: 'tenant', name: 'blue' },
    { kind: 'policy', tenant: 'blue', name: 'wide' },
    { kind: 'group', tenant: 'blue', name: 'app', policies: ['wide'] },
    ...Array.from({ length: 80 }, (_, i) => ({ ...rule, id: `${i}`, peer: { cidrs: [`10.${i}.0.0/16`] } })),
  ];
}

test('a change of 8,000 flows says how far it is, and that it is over', async () => {
  host = await startHost();
  const { commit } = await host.controller.apply({ put: manyRules() }, 'committed');
  expect(commit?.added).toBeGreaterThan(7_000);
  const { events } = host;
  await until('it is said', () => events.some(({ type }) => type === 'progress'));
  const told = events.filter(({ type }) => type === 'progress').map(({ fields }) => fields);
  expect(told.at(-1)).toMatchObject({ phase: 'commit', perSecond: expect.any(Number) as number });
  expect(told.at(-1)?.['done']).toBe(told.at(-1)?.['total']);
  expect(host.controller.health().switch.progress).toBeUndefined();
});

test('of the modes that the requests of a round ask for, atomic counts for all of it', async () => {
  const asked: CommitOptions[] = [];
  const result: CommitResult = {
    ...{ added: 0, modified: 0, deleted: 0, unchanged: 0, messages: 0, bundles: 0, elapsedUs: 0, quarantined: [] },
  };
  const state = emptyState();
  const reconciler = new Reconciler({
    engine: {
      commit: async (_, options) => {
        asked.push(options ?? {});
        return result;
      },
    },
    book: new StatusBook(),
    log: { debug() {}, info() {}, warn() {}, error() {} },
    clock: () => 0,
    state: () => state,
    world: () => ({ state, ports: { of: () => undefined, tunnel: undefined, uplink: undefined } }),
    syncPorts: async () => {},
    describe: () => {},
    ask: () => Promise.resolve(''),
    forget: () => Promise.resolve(),
  });
  const all = (mode?: 'atomic' | 'staged') => reconciler.mark((dirty) => void (dirty.all = true), { mode });
  all('atomic');
  all('staged');
  reconciler.release();
  await reconciler.settled();
  all('staged');
  await reconciler.settled();
  all();
  await reconciler.settled();
  expect(asked.map(({ mode }) => mode)).toEqual(['atomic', 'staged', 'auto']);
});
