/** Faults of a real Open vSwitch: stopped in mid-bundle, without its database, re-created, flushed, storming with errors. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { Engine, type CommitResult, type EngineEvent } from '../../src/native/index.js';
import { startSandbox, until, type Sandbox } from '../../src/sandbox/index.js';
import { apply, endpoint, gotoTable, toGroup } from '../native/flow-mods.js';
import { batchOf } from './desired.js';
import { untilQuiet } from './rig.js';

const bridge = 'br-fault';
let sandbox: Sandbox;
let engine: Engine;
let events: EngineEvent[];

const addBridge = (): Promise<string> =>
  sandbox.vsctl(
    ...['add-br', bridge, '--', 'set', 'bridge', bridge, 'datapath_type=dummy', 'fail_mode=secure'],
    'protocols=[OpenFlow10,OpenFlow15]',
  );

async function flowsInSwitch(): Promise<number> {
  const text = await sandbox.ofctl(['dump-aggregate', bridge]);
  return Number(/flow_count=(\d+)/.exec(text)?.[1]);
}

const named = (result: CommitResult): number[] =>
  result.quarantined.map(({ owner }) => owner - endpoint(0)).toSorted((x, y) => x - y);

beforeAll(async () => {
  sandbox = await startSandbox({ datapath: 'dummy' });
});
afterAll(() => sandbox.stop());

beforeEach(async () => {
  await addBridge();
  events = [];
  engine = new Engine({ onEvent: (event) => events.push(event) });
  engine.connect(sandbox.mgmt(bridge));
});
afterEach(async () => {
  await engine.close();
  await sandbox.vsctl('--if-exists', 'del-br', bridge);
});

/** Stops vswitchd for this long; answers whether the engine stayed quiet and connected. */
async function stopFor(ms: number): Promise<void> {
  const pid = sandbox.vswitchdPid ?? 0;
  process.kill(pid, 'SIGSTOP');
  try {
    const began = performance.now();
    await untilQuiet();
    expect((await engine.stats()).pendingCommits).toBe(1);
    await until('it was stopped long enough', () => performance.now() - began > ms);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

test('stopped in mid-bundle for longer than a bundle lives', async () => {
  // One second is the least; by default it is ten.
  await sandbox.vsctl('set', 'Open_vSwitch', '.', 'other_config:bundle-idle-timeout=1');
  await engine.commit(batchOf({ owners: 1 }), { full: true });
  const pending = engine.commit(batchOf({ owners: 30_000 }), { full: true });
  await until('it is under way', async () => (await engine.stats()).bundlesInFlight > 0);
  await stopFor(3_000);
  expect(await pending).toMatchObject({ quarantined: [] });
  expect(events.filter((event) => event.type === 'down')).toEqual([]);
  expect(await flowsInSwitch()).toBe(30_000);
  expect(await engine.stats()).toMatchObject({ state: 'synced', confirmed: 30_000, unsettled: 0 });
});

// Without its lock in the database vswitchd serves no OpenFlow either (bridge_run), while it keeps the connection.
test('the database dies by SIGKILL: a change waits, is not said to be done, and goes in when it is back', async () => {
  await engine.commit(batchOf({ owners: 100 }), { full: true });
  await sandbox.killOvsdb('SIGKILL');
  const pending = engine.commit(batchOf({ owners: 200, ofport: 2 }));
  try {
    await untilQuiet();
    expect(await engine.stats()).toMatchObject({ pendingCommits: 1, bundlesInFlight: 1, confirmed: 100 });
  } finally {
    await sandbox.startOvsdb();
  }
  expect(await pending).toMatchObject({ added: 100, modified: 100 });
  expect(events.filter((event) => event.type === 'down')).toEqual([]);
  expect(await flowsInSwitch()).toBe(200);
});

test('the bridge is deleted and made again: another socket at the same path, empty tables', async () => {
  await engine.commit(batchOf({ owners: 300, groups: true }), { full: true });
  await sandbox.vsctl('del-br', bridge);
  await until('the loss is noticed', () => events.some((event) => event.type === 'down'));
  const pending = engine.commit(batchOf({ owners: 310, groups: true }));
  await addBridge();
  expect(await pending).toMatchObject({ quarantined: [] });
  await until('all is confirmed', async () => (await engine.stats()).confirmed === 620);
  expect(await flowsInSwitch()).toBe(310);
});

test.for([
  ['when decoded', gotoTable(0), 'OFPBIC_BAD_TABLE_ID'],
  ['at commit', apply(toGroup(77)), 'OFPBAC_BAD_OUT_GROUP'],
] as const)('20,000 flows refused %s in one batch: all owners named, the others in', async ([, bad, error]) => {
  const special = new Map(Array.from({ length: 20_000 }, (_, i) => [i + 501, [...bad]]));
  const result = await engine.commit(batchOf({ owners: 21_000, special }), { full: true });
  expect(named(result)).toEqual([...special.keys()]);
  expect(result.quarantined.every((each) => each.error === error)).toBe(true);
  expect(await flowsInSwitch()).toBe(1_000);
  expect(await engine.stats()).toMatchObject({ quarantined: 20_000, confirmed: 1_000, unsettled: 0 });
});
