/** Large changes: how they go in is the caller's to say, and how far they are is told. */
import { afterEach, expect, test } from 'vitest';
import type { CommitOptions, CommitResult, EngineStats } from '../../src/native/index.js';
import { emptyState, judge, ownerKey, type State } from '../../src/model/index.js';
import { addDependents, nothingDirty, touch } from '../../src/pipeline/dependents.js';
import { Reconciler } from '../../src/datapath/reconciler.js';
import { RoundCommit } from '../../src/datapath/round-commit.js';
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
  const said = () => events.filter(({ type }) => type === 'progress').map(({ fields }) => fields);
  await until('it is said to be over', () => said().some((one) => one !== undefined && one['done'] === one['total']));
  const told = said();
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
      stats: () => Promise.reject(new Error('nobody needs them for a state without objects')),
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

/** Owner keys of a batch, in order. */
function ownersOf(batch: Uint8Array): number[] {
  const bytes = Buffer.from(batch);
  const owners: number[] = [];
  for (let at = 0; at < bytes.length; at += bytes.readUInt16BE(at + 2)) {
    if (bytes[at] === 0) owners.push(Number(bytes.readBigUInt64BE(at + 8)));
  }
  return owners;
}

test('in a large round new rules go ahead of new endpoints, in parts, and what is changed or gone comes last, in one piece', async () => {
  const world = (state: State) => ({ state, ports: { of: () => undefined, tunnel: 1, uplink: undefined } });
  const endpoint = (e: number, ip: string) => ({
    ...{ kind: 'endpoint', tenant: 'blue', network: 'net', id: `e${e}`, mac: `02:00:00:00:00:${hex(e)}` },
    ...{ ipv4: `10.1.${ip}`, vtepIp: '172.31.0.2', group: 'app' },
  });
  const hex = (n: number) => n.toString(16).padStart(2, '0');
  const put = [
    { kind: 'settings', vtepIp: '172.31.0.1' },
    { kind: 'network', tenant: 'blue', name: 'net', encap: 'vxlan', vni: 7, subnet: '10.1.0.0/16' },
    { kind: 'peer', vtepIp: '172.31.0.2' },
    ...Array.from({ length: 100 }, (_, e) => endpoint(e, `1.${e}`)),
    ...manyRules(),
    ...Array.from({ length: 1000 }, (_, i) => ({
      ...{ kind: 'rule', tenant: 'blue', policy: 'wide', id: `more${i}`, direction: 'in', action: 'allow' },
      peer: { cidrs: [`11.${i >> 8}.${i & 255}.0/24`] },
    })),
  ];
  const judged = judge(emptyState(), { put });
  if (!judged.ok) throw new Error(JSON.stringify(judged.problems));
  const { state, changes } = judged.accepted;
  const batches: number[][] = [];
  const engine = {
    commit: async (batch: Uint8Array) => {
      batches.push(ownersOf(batch));
      return {
        added: 1,
        modified: 0,
        deleted: 0,
        unchanged: 0,
        messages: 9,
        bundles: 9,
        elapsedUs: 0,
        quarantined: [],
      };
    },
    stats: () => Promise.resolve({ messagesSent: batches.length, bundlesSent: 0 } as EngineStats),
  };
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const commit = new RoundCommit({ engine, book: new StatusBook(), log, clock: () => performance.now() * 1000 });
  const dirty = nothingDirty();
  addDependents(dirty, changes, state);
  const first = await commit.some(world(state), dirty, 'auto');
  expect(batches.length).toBeGreaterThan(1);
  expect(first.result).toMatchObject({ added: batches.length, messages: batches.length });
  const kindOf = (owner: number) => state.byOwner(owner)?.kind;
  const order = batches.flat().map(kindOf);
  expect(order.indexOf('endpoint')).toBeGreaterThan(order.lastIndexOf('rule'));
  expect(order.indexOf('rule')).toBeGreaterThan(order.lastIndexOf('group'));
  expect(new Set(batches.flat()).size).toBe(batches.flat().length);
  expect(new Set(batches.flat())).toEqual(new Set(dirty.objects.keys()));

  batches.length = 0;
  const again = nothingDirty();
  for (const object of dirty.objects.values()) touch(again, object);
  again.gone.add(ownerKey('rule', 4711));
  await commit.some(world(state), again, 'auto');
  expect(batches).toHaveLength(1);
});

test('a large change beside what is there already: afterwards the switch holds just what a new start would state', async () => {
  host = await startHost();
  const rules = Array.from({ length: 1500 }, (_, i) => ({
    ...{ kind: 'rule', tenant: 'blue', policy: 'wide', id: `n${i}`, direction: 'in', protocol: 'tcp' },
    ...{ ports: [1, 3, 5], peer: { cidrs: [`11.${i >> 8}.${i & 255}.0/24`] } },
  }));
  await host.controller.apply({ put: manyRules() }, 'committed');
  const { commit } = await host.controller.apply(
    { put: rules.map((rule) => ({ ...rule, action: 'allow' })) },
    'committed',
  );
  expect(commit).toMatchObject({ added: 4500, modified: 0, deleted: 0, messages: 4500 });
  expect(await host.controller.resync()).toMatchObject({ sent: 0 });
  const mixed = [
    ...rules.slice(0, 200).map((rule) => ({ ...rule, action: 'deny' })),
    ...rules.map((rule) => ({ ...rule, id: `m${rule.id}`, ports: [7], action: 'deny' })),
  ];
  const gone = Array.from({ length: 40 }, (_, i) => ({ kind: 'rule' as const, key: `blue/wide/${i}` }));
  const second = await host.controller.apply({ put: mixed, delete: gone }, 'committed');
  expect(second.commit?.deleted).toBeGreaterThan(3_000);
  expect(await host.controller.resync()).toMatchObject({ sent: 0 });
  host = await host.restart();
  expect(await host.controller.resync()).toMatchObject({ sent: 0 });
});
