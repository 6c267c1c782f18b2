/** Somebody else changes a real ovs-vswitchd: everything is as it was within a second, and our own changes are no drift. */
import { isDeepStrictEqual } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { Engine, type EngineEvent } from '../../src/native/index.js';
import { parseGroup } from '../../src/openflow/index.js';
import { startSandbox, until, type Sandbox } from '../../src/sandbox/index.js';
import { batchOf } from '../faults/desired.js';
import { apply, batch, endpoint, flowMod, marker, output, toGroup } from './flow-mods.js';

const bridge = 'br-drift';
let sandbox: Sandbox;
let engine: Engine;
let events: EngineEvent[];

const of = <T extends EngineEvent['type']>(type: T): Extract<EngineEvent, { type: T }>[] =>
  events.filter((event): event is Extract<EngineEvent, { type: T }> => event.type === type);
const ofctl = (...args: string[]): Promise<string> => sandbox.ofctl(['-O', 'OpenFlow15', ...args]);
const isArmed = async (): Promise<boolean> => (await engine.stats()).monitor === 'armed';

async function contents(): Promise<string[]> {
  const flows = await ofctl('--no-stats', 'dump-flows', bridge);
  const groups = await ofctl('dump-groups', bridge);
  const lines = `${flows}\n${groups}`.split('\n').filter((line) => /actions=|group_id=/.test(line));
  return lines.toSorted();
}

/** In the switch, and watched. */
async function watched(bytes: Uint8Array): Promise<string[]> {
  await engine.commit(bytes, { full: true });
  await until('the monitor is armed', isArmed);
  return contents();
}

/** Flows of a stranger, as text for ovs-ofctl. */
const strangers = (count: number, table = 9): string =>
  Array.from({ length: count }, (_, i) => `table=${table},priority=7,metadata=${i + 1},actions=drop`).join('\n');

beforeAll(async () => {
  sandbox = await startSandbox({ datapath: 'dummy' });
});
afterAll(() => sandbox.stop());

beforeEach(async () => {
  await sandbox.vsctl(
    ...['add-br', bridge, '--', 'set', 'bridge', bridge, 'datapath_type=dummy', 'fail_mode=secure'],
    'protocols=[OpenFlow10,OpenFlow15]',
  );
  events = [];
  engine = new Engine({ onEvent: (event) => events.push(event) });
  engine.connect(sandbox.mgmt(bridge));
});
afterEach(async () => {
  await engine.close();
  await sandbox.vsctl('--if-exists', 'del-br', bridge);
});

test.for([
  ['one flow deleted', { removed: 1 }, () => ofctl('--strict', 'del-flows', bridge, 'table=1,priority=100,metadata=7')],
  ['all flows deleted', { removed: 500 }, () => ofctl('del-flows', bridge)],
  ['an action changed', { modified: 1 }, () => ofctl('mod-flows', bridge, 'table=1,metadata=7,actions=drop')],
  ['a flow replaced', { modified: 1 }, () => ofctl('add-flow', bridge, 'table=1,priority=100,metadata=7,actions=drop')],
  ['a foreign flow', { added: 1 }, () => ofctl('add-flow', bridge, 'table=1,priority=9,actions=drop')],
  ['a foreign flow elsewhere', { added: 1 }, () => ofctl('add-flow', bridge, 'cookie=9,table=200,actions=drop')],
  ['flows replaced by others', {}, () => sandbox.ofctl(['replace-flows', bridge, '-'], { input: strangers(5, 0) })],
  ['a group deleted', {}, () => ofctl('del-groups', bridge, 'group_id=7')],
  ['all groups deleted', {}, () => ofctl('del-groups', bridge)],
  [
    'a group changed',
    { groups: 1 },
    () => ofctl('mod-group', bridge, 'group_id=7,type=indirect,bucket=actions=output:9'),
  ],
  ['a foreign group', { groups: 1 }, () => ofctl('add-group', bridge, 'group_id=9999,type=all')],
  ['set-controller, which flushes', { removed: 500 }, () => sandbox.vsctl('set-controller', bridge, 'tcp:127.0.0.1:1')],
] as const)('%s: reported, and as it was within a second', async ([, expected, change]) => {
  const before = await watched(batchOf({ owners: 500, groups: true }));
  await change();
  const changed = performance.now();
  // Open vSwitch flushes in several goes, and each may be mended by itself.
  const isAsBefore = async (): Promise<boolean> =>
    of('drift').length > 0 && isDeepStrictEqual(await contents(), before);
  await until('it is as before', isAsBefore, { timeoutMs: 2_000 });
  expect(performance.now() - changed).toBeLessThan(1_000);
  await until('and said to be', async () => of('mended').length > 0 && (await engine.stats()).unmended === 0);
  const drift = of('drift');
  const sum = (key: 'added' | 'modified' | 'removed' | 'groups'): number =>
    drift.reduce((total, event) => total + event[key], 0);
  expect({
    added: sum('added'),
    modified: sum('modified'),
    removed: sum('removed'),
    groups: sum('groups'),
  }).toMatchObject(expected);
  expect(drift[0]?.samples.length).toBeGreaterThan(0);
  expect([...of('down'), ...of('quarantined')]).toEqual([]);
  expect(await engine.stats()).toMatchObject({ unmended: 0, quarantined: 0 });
});

test('what was changed is told with the owner and the flow', async () => {
  await watched(batchOf({ owners: 20 }));
  await ofctl('mod-flows', bridge, 'table=1,metadata=7,actions=drop');
  await until('it is told', () => of('drift').length > 0);
  const sample = of('drift')[0]?.samples[0];
  expect(sample).toMatchObject({ what: 'modified', owner: endpoint(7) });
  expect(sample?.flow[1]).toBe(14);
});

test('a flow of somebody else that times out is left alone, and so is the table it is in', async () => {
  await watched(batchOf({ owners: 20 }));
  await ofctl('add-flow', bridge, 'table=1,priority=9,hard_timeout=1,actions=drop');
  await engine.commit(batchOf({ owners: 3_000 }), { full: true });
  await until('the monitor is armed', isArmed);
  await until('it is gone by itself', async () => !(await contents()).some((line) => line.includes('priority=9')));
  expect(of('drift')).toEqual([]);
  expect(of('resynced')).toHaveLength(1);
});

test(
  'our own 100,000 flows, made, changed and deleted while it is armed, are no drift',
  { timeout: 60_000 },
  async () => {
    await watched(batchOf({ owners: 10 }));
    for (const wanted of [{ owners: 100_000 }, { owners: 100_000, ofport: 2 }, { owners: 90_000, ofport: 2 }]) {
      await engine.commit(batchOf(wanted), { full: true });
      await until('the monitor is armed again', isArmed);
    }
    expect(of('drift')).toEqual([]);
    expect(of('resynced')).toHaveLength(1);
    expect(await engine.stats()).toMatchObject({ confirmed: 90_000, unsettled: 0, drifted: 0 });
  },
);

test('our own small changes in a row, with groups and meters, are no drift', async () => {
  const owners = (n: number, port: number): number[] => [
    ...marker(endpoint(n)),
    ...parseGroup(
      `group_id=${n},type=select,selection_method=dp_hash,bucket=weight:5,actions=output:${port},bucket=actions=output:${port}`,
    ),
    ...flowMod({ owner: endpoint(n), metadata: n, instructions: apply(toGroup(n)) }),
    ...flowMod({ owner: endpoint(n), table: 1, metadata: n, instructions: apply(output(port)) }),
  ];
  await watched(batch(owners(1, 1)));
  const pending: Promise<unknown>[] = [];
  for (let round = 0; round < 400; ++round) {
    pending.push(
      engine.commit(batch(round % 3 === 0 ? marker(endpoint(round % 7)) : owners(round % 7, 1 + (round % 5)))),
    );
    if (round % 10 === 0) await Promise.all(pending.splice(0));
  }
  await Promise.all(pending);
  await ofctl('add-flow', bridge, 'table=9,actions=drop');
  await until('a change of somebody else is still seen', () => of('mended').length > 0, { timeoutMs: 1_000 });
  expect(of('drift')).toMatchObject([{ added: 1, modified: 0, removed: 0, groups: 0 }]);
  expect(of('resynced')).toHaveLength(1);
});

test('a storm of changes while our own go on ends with what is wanted', { timeout: 60_000 }, async () => {
  await watched(batchOf({ owners: 2_000 }));
  const own = (async () => {
    for (let round = 0; round < 60; ++round) await engine.commit(batchOf({ owners: 50, ofport: 1 + (round % 3) }));
  })();
  for (let round = 0; round < 3; ++round) {
    await sandbox.ofctl(['--bundle', 'add-flows', bridge, '-'], { input: strangers(20_000) });
    await ofctl('del-flows', bridge, 'table=2');
    await ofctl('mod-flows', bridge, 'table=0,actions=output:9');
  }
  await own;
  const wanted = batchOf({ owners: 2_000, ofport: 2 });
  await engine.commit(wanted, { full: true });
  await until('nothing is left to mend', async () => {
    const { unsettled, monitor, unmended } = await engine.stats();
    return unsettled === 0 && monitor === 'armed' && unmended === 0 && (await contents()).length === 2_000;
  });
  expect((await contents()).every((line) => line.includes('actions=output:2'))).toBe(true);
  expect((await engine.stats()).drifted).toBeGreaterThan(20_000);
  expect(of('down')).toEqual([]);
});

test('flows changed while vswitchd tells nobody, in a large commit of ours, are found by counting', async () => {
  await watched(batchOf({ owners: 10 }));
  const pending = engine.commit(batchOf({ owners: 60_000 }), { full: true });
  await until('it is not told', async () => (await engine.stats()).monitor === 'off');
  await ofctl('add-flow', bridge, 'table=1,priority=9,actions=drop');
  await pending;
  await until('it is found', () => of('drift').length > 0);
  expect(of('drift')).toMatchObject([{ foundBy: 'reading', added: 1 }]);
  await until('and gone', () => of('mended').length > 0);
  expect(of('resynced').at(-1)).toMatchObject({ whole: false, flowsRead: 20_001 });
});
