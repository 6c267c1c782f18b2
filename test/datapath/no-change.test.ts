/**
 * What the pipeline makes of random hosts is dumped by the switch in other words (masks, order, spellings); read back and
 * compared, nothing differs. Neighbours: test/openflow/switch.test.ts has the same flow by flow, for everything that can be written.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Engine, type EngineEvent } from '../../src/native/index.js';
import { Batch } from '../../src/openflow/index.js';
import { compileObject, compileSystem, everyObject } from '../../src/pipeline/compile.js';
import type { State } from '../../src/model/index.js';
import { startSandbox, until, type Sandbox } from '../../src/sandbox/index.js';
import { objects, stateOf } from '../evaluator/states.js';
import { accept, exampleState, worldOf } from '../pipeline/support.js';

const bridge = 'br-same';
let sandbox: Sandbox;
let engine: Engine;
const events: EngineEvent[] = [];
const readings = () => events.filter((event) => event.type === 'resynced').filter(({ whole }) => whole);

beforeAll(async () => {
  sandbox = await startSandbox({ datapath: 'dummy' });
  const settings = ['datapath_type=dummy', 'fail_mode=secure', 'protocols=OpenFlow15'];
  await sandbox.vsctl('add-br', bridge, '--', 'set', 'bridge', bridge, ...settings);
  engine = new Engine({ onEvent: (event) => events.push(event) });
  engine.connect(sandbox.mgmt(bridge));
});
afterAll(async () => {
  await engine?.close();
  await sandbox?.stop();
});

function compiled(state: State): Batch {
  const batch = new Batch();
  const world = worldOf(state);
  compileSystem(batch, world);
  for (const object of everyObject(world)) compileObject(batch, world, object);
  return batch;
}

/** The switch takes all of it, and what it then dumps is the same to the engine. */
async function expectNoDifference(state: State): Promise<void> {
  const batch = compiled(state);
  expect(await engine.commit(batch.bytes(), { full: true })).toMatchObject({ quarantined: [] });
  const { confirmed, flows, groups } = await engine.stats();
  const before = readings().length;
  engine.resync();
  await until('it is read back', () => readings().length > before);
  expect(readings().at(-1)).toMatchObject({ flowsRead: flows, groupsRead: groups, sent: 0, foreign: 0 });
  expect((await engine.stats()).confirmed).toBe(confirmed);
}

test('the example, with what it leaves out: services, bandwidth, host access, other modes', async () => {
  const example = exampleState();
  await expectNoDifference(example);
  const blue = { tenant: 'blue' };
  const more = accept(example, [
    { kind: 'netProfile', ...blue, name: 'slow', bandwidth: '10 mbps', burst: 100, dscp: 46, scope: 'endpoint' },
    { kind: 'netProfile', ...blue, name: 'shared', bandwidth: '5 mbps', burst: 50, scope: 'group' },
    { kind: 'group', ...blue, name: 'slow', network: 'front', netProfile: 'slow' },
    { kind: 'group', ...blue, name: 'shared', network: 'front', netProfile: 'shared' },
    endpoint('s1', 'slow', 21),
    endpoint('s2', 'shared', 22),
    ...['none', 'clientIp'].map((affinity, i) => ({
      ...{ kind: 'service', ...blue, name: `svc-${affinity}`, network: 'front', ips: [`10.1.1.${200 + i}`], affinity },
      ports: [
        { port: 80, targetPort: 8080, protocol: 'tcp' },
        { port: 53, protocol: 'udp' },
      ],
      providers: ['s1', 's2'],
    })),
  ]);
  await expectNoDifference(more);
  for (const settings of [
    { policyMode: 'both-sides', arpMode: 'flood' },
    { onPolicyChange: 'keep', midstream: 'drop' },
    { forwardingMode: 'bridge' },
  ]) {
    await expectNoDifference(accept(more, [{ ...more.settings.spec, ...settings }]));
  }
});

function endpoint(id: string, group: string, host: number): Record<string, unknown> {
  const mac = `02:00:0a:01:01:${host.toString(16)}`;
  return { kind: 'endpoint', id, tenant: 'blue', network: 'front', group, mac, ipv4: `10.1.1.${host}`, interface: id };
}

test('a hundred random hosts, one after the other on one switch', { timeout: 60_000 }, async () => {
  for (const put of fc.sample(objects, { numRuns: 100, seed: 20261128 })) await expectNoDifference(stateOf(put));
});
