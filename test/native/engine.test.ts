/** The engine against a real ovs-vswitchd: what it commits, what it refuses, and what it does when the switch goes away. */
import { afterAll, beforeAll, beforeEach, afterEach, expect, test } from 'vitest';
import { Engine, type EngineEvent } from '../../src/native/index.js';
import { startSandbox, until, type Sandbox } from '../../src/sandbox/index.js';
import { apply, batch, endpoint, flowMod, gotoTable, marker, messageLengths, output, toGroup } from './flow-mods.js';

let sandbox: Sandbox;
let engine: Engine;
let events: EngineEvent[];

const bridge = 'br-test';
const of = (type: EngineEvent['type']): EngineEvent[] => events.filter((event) => event.type === type);

function newEngine(): Engine {
  events = [];
  return new Engine({ onEvent: (event) => events.push(event) });
}

/** Owner n wants one flow of its own. */
const flowsOf = (id: number, instructions = apply(output(1))): number[] => [
  ...marker(endpoint(id)),
  ...flowMod({ owner: endpoint(id), metadata: id, instructions }),
];
const thousand = (): number[][] => Array.from({ length: 1000 }, (_, i) => flowsOf(i));

async function dump(): Promise<string[]> {
  const text = await sandbox.ofctl(['--no-stats', 'dump-flows', bridge]);
  return text.split('\n').filter((line) => line.includes('actions='));
}

beforeAll(async () => {
  sandbox = await startSandbox({ datapath: 'dummy' });
});
afterAll(() => sandbox.stop());

beforeEach(async () => {
  await sandbox.vsctl(
    ...['--may-exist', 'add-br', bridge, '--', 'set', 'bridge', bridge, 'datapath_type=dummy', 'fail_mode=secure'],
    ...['other-config:datapath-id=00000000000000aa', 'protocols=[OpenFlow10,OpenFlow15]'],
  );
  await sandbox.ofctl(['del-flows', bridge]);
  engine = newEngine();
  engine.connect(sandbox.mgmt(bridge));
});
afterEach(() => engine.close());

test('the first full commit replaces what it finds, the same again sends nothing', async () => {
  await sandbox.ofctl(['add-flow', bridge, 'table=3,actions=drop']);
  const whole = batch(flowsOf(1), flowsOf(2));
  const first = await engine.commit(whole, { full: true });
  expect(first).toMatchObject({ added: 2, modified: 0, unchanged: 0, quarantined: [] });
  expect(of('resynced')).toMatchObject([{ flowsRead: 1, foreign: 1 }]);
  expect(of('up')).toEqual([{ type: 'up', datapathId: '00000000000000aa' }]);
  expect(await dump()).toEqual([
    expect.stringContaining('cookie=0x700000001000000, priority=100,metadata=0x1 actions=output:1'),
    expect.stringContaining('metadata=0x2'),
  ]);
  expect(await engine.commit(whole, { full: true })).toMatchObject({ unchanged: 2, messages: 0, bundles: 0 });
  expect(await engine.stats()).toMatchObject({ state: 'synced', flows: 2, confirmed: 2, owners: 2, quarantined: 0 });
});

test('nothing is touched before the first full commit', async () => {
  await sandbox.ofctl(['add-flow', bridge, 'table=3,actions=drop']);
  await until('the session stands', () => of('up').length === 1);
  expect((await engine.stats()).state).toBe('up');
  expect(await dump()).toHaveLength(1);
});

test('an owner’s set replaces its last one: add, modify, delete', async () => {
  await engine.commit(batch(flowsOf(1), flowsOf(2), flowsOf(3)), { full: true });
  const change = batch(flowsOf(1, apply(output(2))), marker(endpoint(2)), flowsOf(4));
  expect(await engine.commit(change)).toMatchObject({ added: 1, modified: 1, deleted: 1 });
  const lines = (await dump()).map((line) => line.replace(/.*metadata=/, ''));
  expect(lines.toSorted()).toEqual(['0x1 actions=output:2', '0x3 actions=output:1', '0x4 actions=output:1']);
});

test('confirmed flows and the switch’s own are read back in the same bytes', async () => {
  await engine.commit(batch(flowsOf(1), flowsOf(2)), { full: true });
  const one = flowMod({ owner: endpoint(1), metadata: 1, instructions: apply(output(1)) });
  expect([...(await engine.flows({ owner: endpoint(1) }))]).toEqual(one);
  expect(messageLengths(await engine.flows())).toHaveLength(2);
  expect(await engine.flows({ table: 9 })).toHaveLength(0);
  const read = await engine.readSwitch();
  expect(read).toHaveLength(2 * (16 + one.length));
  expect(await engine.readSwitch({ table: 9 })).toHaveLength(0);
});

test.each([
  // goto_table must go forward: the message does not decode and never enters the bundle.
  ['when it is added to the bundle', gotoTable(0), 'OFPBIC_BAD_TABLE_ID'],
  // A missing group is found when the bundle commits.
  ['when the bundle commits', apply(toGroup(77)), 'OFPBAC_BAD_OUT_GROUP'],
])('one bad flow in 1,000, refused %s: the other 999 are there and its owner is named', async (_, bad, error) => {
  const parts = thousand();
  parts[500] = flowsOf(500, bad);
  const result = await engine.commit(batch(...parts), { full: true });
  expect(result).toMatchObject({ added: 999, deleted: 0 });
  expect(result.quarantined).toHaveLength(1);
  expect(result.quarantined[0]).toMatchObject({ owner: endpoint(500), error });
  expect([...(result.quarantined[0]?.flow ?? [])]).toEqual(
    flowMod({ owner: endpoint(500), metadata: 500, instructions: bad }),
  );
  expect(of('quarantined')).toMatchObject([{ owner: endpoint(500), error }]);
  const lines = await dump();
  expect(lines).toHaveLength(999);
  expect(lines.join('\n')).not.toContain('metadata=0x1f4 ');
  // The owner mends its flow: out of quarantine, and only that is sent.
  expect(await engine.commit(batch(flowsOf(500)))).toMatchObject({ added: 1, messages: 1, quarantined: [] });
  expect(await engine.stats()).toMatchObject({ confirmed: 1000, quarantined: 0 });
});

test('a new engine with the same desired state sends no flow mod', async () => {
  await engine.commit(batch(...thousand()), { full: true });
  await engine.close();
  engine = newEngine();
  engine.connect(sandbox.mgmt(bridge));
  const again = await engine.commit(batch(...thousand()), { full: true });
  expect(again).toMatchObject({ added: 0, modified: 0, deleted: 0, unchanged: 1000, messages: 0, bundles: 0 });
  expect(of('resynced')).toMatchObject([{ flowsRead: 1000, sent: 0, foreign: 0 }]);
});

test('a killed switch is found again and gets everything back, a commit made meanwhile included', async () => {
  await engine.commit(batch(...thousand()), { full: true });
  await sandbox.killVswitchd('SIGKILL');
  await until('the loss is noticed', () => of('down').length > 0);
  const pending = engine.commit(batch(flowsOf(2000)));
  await expect(engine.readSwitch()).rejects.toMatchObject({ code: 'unavailable' });
  await sandbox.startVswitchd();
  expect(await pending).toMatchObject({ added: expect.any(Number), quarantined: [] });
  await until('all is confirmed again', async () => (await engine.stats()).confirmed === 1001);
  expect(await dump()).toHaveLength(1001);
});

test('a batch that does not parse is refused whole, and the desired state is as before', async () => {
  await engine.commit(batch(flowsOf(1)), { full: true });
  const cut = batch(flowsOf(2), flowsOf(3)).subarray(0, -4);
  await expect(engine.commit(cut, { full: true })).rejects.toMatchObject({ code: 'malformed_batch' });
  expect(await engine.stats()).toMatchObject({ flows: 1, confirmed: 1 });
});
