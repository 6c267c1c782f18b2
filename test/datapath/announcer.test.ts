/** When endpoints are announced, how often, and never more at once than the fabric should bear. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Announcer } from '../../src/datapath/announce/announcer.js';
import { emptyState, type Endpoint } from '../../src/model/index.js';
import { accept as acceptOn, worldOf } from '../pipeline/support.js';

const accept = (put: Parameters<typeof acceptOn>[1]) => acceptOn(emptyState(), put);
const endpoint = (n: number, where: object = { interface: `w${n}` }) => ({
  ...{
    kind: 'endpoint',
    id: `e${n}`,
    tenant: 'blue',
    network: 'lan',
    mac: `02:00:00:00:${(n >> 8).toString(16).padStart(2, '0')}:${(n & 255).toString(16).padStart(2, '0')}`,
  },
  ...{ ipv4: `10.0.${n >> 8}.${n & 255}`, ipv6: [`fd00::${n.toString(16)}`], ...where },
});
const objects = (n: number, where?: object) => [
  { kind: 'tenant', name: 'blue' },
  {
    kind: 'network',
    tenant: 'blue',
    name: 'lan',
    encap: 'vlan',
    vlan: 100,
    subnet: '10.0.0.0/16',
    ipv6Subnet: 'fd00::/64',
  },
  ...Array.from({ length: n }, (_, i) => endpoint(i + 1, where)),
];

let sent: string[];
let now: number;

function announcer(state: ReturnType<typeof accept>): Announcer {
  const world = { ...worldOf(state), ports: { ...worldOf(state).ports, of: (name: string) => Number(name.slice(1)) } };
  return new Announcer({
    world: () => world,
    clock: () => now * 1000,
    send: (_flow, frame) => sent.push(Buffer.from(frame).toString('hex')),
  });
}

function wait(ms: number): void {
  for (let passed = 0; passed < ms; passed += 10) {
    now += 10;
    vi.advanceTimersByTime(10);
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  [sent, now] = [[], 1000];
});
afterEach(() => vi.useRealTimers());

const created = (state: ReturnType<typeof accept>) =>
  [...state.endpoints.values()].map((after: Endpoint) => ({
    ref: { kind: 'endpoint' as const, key: after.key },
    after,
  }));

test('an endpoint that appears is announced when its flows stand, and three times more, later and later', () => {
  const state = accept(objects(1));
  const it = announcer(state);
  it.changed(created(state));
  wait(1000);
  expect(sent).toEqual([]);
  it.confirmed();
  wait(100);
  expect(sent).toEqual([
    'ffffffffffff020000000001080600010800060400010200000000010a0000010000000000000a000001',
    expect.stringMatching(/^33330000000102000000000186dd6000000000203aff.*020000000001$/),
  ]);
  const times: number[] = [];
  for (let second = 0; second < 10; second++) {
    const before = sent.length;
    wait(1000);
    if (sent.length > before) times.push(second + 1);
  }
  expect(times).toEqual([1, 3, 7]);
  expect(sent).toHaveLength(8);
});

test('an endpoint behind a peer, and one that only changed its group, are not announced', () => {
  const state = accept(objects(1));
  const it = announcer(state);
  const [after] = [...state.endpoints.values()];
  it.changed([{ ref: { kind: 'endpoint', key: 'e1' }, before: after!, after: after! }]);
  const elsewhere = accept(objects(1, {}));
  it.changed(created(elsewhere));
  it.confirmed();
  wait(10_000);
  expect(sent).toEqual([]);
});

test('an endpoint that comes from another host is announced', () => {
  const [before] = [...accept(objects(1, {})).endpoints.values()];
  const state = accept(objects(1));
  const it = announcer(state);
  it.changed(created(state).map((change) => ({ ...change, before: before! })));
  it.confirmed();
  wait(100);
  expect(sent).toHaveLength(2);
});

test('an endpoint that leaves is not announced any more, even while its change is under way', () => {
  const state = accept(objects(2));
  const it = announcer(state);
  it.changed(created(state));
  it.confirmed();
  const [before] = [...state.endpoints.values()];
  const [after] = [...accept(objects(1, {})).endpoints.values()];
  // The announcer still sees it here.
  it.leaving([{ ref: { kind: 'endpoint', key: before!.key }, before: before!, after: after! }]);
  wait(10_000);
  expect(sent).toHaveLength(8);
  expect(sent.join()).not.toContain('020000000001');
});

test('an endpoint is announced when its group gets another VLAN, and when it goes into a group that has one', () => {
  const group = (name: string, vlan?: number) => ({
    kind: 'group',
    tenant: 'blue',
    name,
    network: 'lan',
    ...(vlan === undefined ? {} : { vlan }),
  });
  const before = acceptOn(accept([...objects(2), group('a', 7), group('b')]), [
    endpoint(1, { interface: 'w1', group: 'a' }),
  ]);
  const retagged = acceptOn(before, [group('a', 8)]);
  const it = announcer(retagged);
  const ref = { kind: 'group', key: 'blue/a' } as const;
  it.changed([{ ref, before: before.groups.get('blue/a')!, after: retagged.groups.get('blue/a')! }]);
  it.confirmed();
  wait(100);
  expect(sent.filter((frame) => frame.startsWith('ffffffffffff')).map((frame) => frame.slice(12, 24))).toEqual([
    '020000000001',
  ]);
  wait(20_000);
  sent = [];
  const moved = acceptOn(retagged, [
    endpoint(2, { interface: 'w2', group: 'b' }),
    endpoint(1, { interface: 'w1', group: 'b' }),
  ]);
  const other = announcer(moved);
  for (const key of ['e1', 'e2']) {
    other.changed([
      { ref: { kind: 'endpoint', key }, before: retagged.endpoints.get(key)!, after: moved.endpoints.get(key)! },
    ]);
  }
  other.confirmed();
  wait(100);
  expect(sent.map((frame) => frame.slice(12, 24))).toEqual(['020000000001', '020000000001']);
});

test('when the uplink changes all are announced, at a bounded rate, and each once however often it changes', () => {
  const it = announcer(accept(objects(300)));
  for (let i = 0; i < 5; i++) it.rerouted('vlan');
  wait(500);
  expect(sent.length).toBeLessThanOrEqual(220);
  expect(sent.length).toBeGreaterThan(100);
  wait(60_000);
  expect(sent).toHaveLength(300 * 2 * 4);
  it.rerouted('vxlan');
  wait(10_000);
  expect(sent).toHaveLength(300 * 2 * 4);
});

test('nothing is announced after the end', () => {
  const it = announcer(accept(objects(10)));
  it.rerouted('vlan');
  it.close();
  wait(10_000);
  expect(sent).toEqual([]);
});
