/** Net profiles in the tables: meters, who shares them, and marks. */
import { expect, test } from 'vitest';
import { emptyState, judge, ownerKey, type State } from '../../src/model/index.js';
import { Batch, formatMeter } from '../../src/openflow/index.js';
import { compileObject, everyObject } from '../../src/pipeline/compile.js';
import { addDependents, nothingDirty } from '../../src/pipeline/dependents.js';
import { accept, objectText, worldOf } from './support.js';

const objects = (profile: Record<string, unknown>) =>
  [
    { kind: 'settings', datapathType: 'dummy', vtepIp: '172.31.0.1' },
    { kind: 'tenant', name: 'blue' },
    { kind: 'network', tenant: 'blue', name: 'n', encap: 'vxlan', vni: 7 },
    { kind: 'peer', vtepIp: '172.31.0.2' },
    { kind: 'netProfile', tenant: 'blue', name: 'gold', ...profile },
    { kind: 'group', tenant: 'blue', name: 'g', netProfile: 'gold' },
    ...['w1', 'w2'].map((id, i) => ({ kind: 'endpoint', id, interface: id, mac: `02:00:00:00:00:0${i + 1}` })),
    { kind: 'endpoint', id: 'far', vtepIp: '172.31.0.2', mac: '02:00:00:00:00:09' },
  ].map((o) => (o.kind === 'endpoint' ? { ...o, tenant: 'blue', network: 'n', group: 'g' } : o));

const stateOf = (profile: Record<string, unknown>): State => accept(emptyState(), objects(profile));

/** Kind and key → its meters, and its flows in the tables of net profiles, with ids of group meters as `G`. */
function shown(state: State): Record<string, readonly string[]> {
  const world = worldOf(state);
  const group = state.groups.get('blue/g')!;
  const text = (line: string) =>
    line.replaceAll(String(2 * group.meters), 'G').replaceAll(String(2 * group.meters + 1), 'G+1');
  const owners = [...everyObject(world)].map((object) => {
    const batch = new Batch();
    compileObject(batch, world, object);
    const bytes = batch.bytes();
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const meters: string[] = [];
    for (let at = 0; at < bytes.length; at += view.getUint16(at + 2)) {
      if (view.getUint8(at) !== 0 && view.getUint8(at + 1) === 29)
        meters.push(text(formatMeter(bytes.subarray(at, at + view.getUint16(at + 2)))));
    }
    const flows = objectText(world, object)
      .filter((line) => /table=(dscp|bandwidth)/.test(line))
      .map((line) => text(line.replace(/^cookie=\w+, /, '')));
    return [`${object.kind}/${object.key}`, [...meters, ...flows]] as const;
  });
  return Object.fromEntries(owners.filter(([, lines]) => lines.length > 0));
}

test('scope endpoint: each endpoint has meters of its own, one each direction', () => {
  const flows = (n: number) => [
    `meter=${2 * n} kbps burst bands= type=drop rate=10000 burst_size=1000`,
    `meter=${2 * n + 1} kbps burst bands= type=drop rate=10000 burst_size=1000`,
    `table=bandwidthFrom, priority=100,in_port=w${n} actions=meter:${2 * n},goto_table:bandwidthTo`,
    `table=bandwidthTo, priority=100,reg1=0x100000/0xf00000,reg6=0x${n} actions=meter:${2 * n + 1},goto_table:deliver`,
  ];
  expect(shown(stateOf({ bandwidth: '10 mbps' }))).toEqual({ 'endpoint/w1': flows(1), 'endpoint/w2': flows(2) });
});

test.each([
  [{ bandwidth: '10 mbps', burst: 500 }, 4000],
  [{ bandwidth: '10 mbps' }, 1000],
  [{ bandwidth: '1 mbps' }, 512],
])('burst is told in kB, and is 100 ms of the rate and 64 kB at least when nobody says it: %j', (profile, kbit) => {
  expect(shown(stateOf(profile))['endpoint/w1']?.[0]).toContain(` burst_size=${kbit}`);
});

test('scope group: the group has the meters, and its endpoints on this host share them', () => {
  const flows = (n: number) => [
    `table=bandwidthFrom, priority=100,in_port=w${n} actions=meter:G,goto_table:bandwidthTo`,
    `table=bandwidthTo, priority=100,reg1=0x100000/0xf00000,reg6=0x${n} actions=meter:G+1,goto_table:deliver`,
  ];
  expect(shown(stateOf({ bandwidth: '10 mbps', burst: 50, scope: 'group' }))).toEqual({
    'group/blue/g': [
      'meter=G kbps burst bands= type=drop rate=10000 burst_size=400',
      'meter=G+1 kbps burst bands= type=drop rate=10000 burst_size=400',
    ],
    'endpoint/w1': flows(1),
    'endpoint/w2': flows(2),
  });
});

test('a DSCP is set on what each member on this host sends, in both families', () => {
  const flows = (n: number) =>
    ['ip', 'ipv6'].map(
      (family) =>
        `table=dscp, priority=100,${family},in_port=w${n} actions=set_field:46->ip_dscp,goto_table:bandwidthFrom`,
    );
  expect(shown(stateOf({ dscp: 46 }))).toEqual({ 'endpoint/w1': flows(1), 'endpoint/w2': flows(2) });
});

/** Owners that a change touches, as kind and key. */
function touched(state: State, put: unknown): string[] {
  const judged = judge(state, { put: [put] });
  if (!judged.ok) throw new Error(JSON.stringify(judged.problems));
  const dirty = nothingDirty();
  addDependents(dirty, judged.accepted.changes, judged.accepted.state);
  return [...dirty.objects.values()].map(({ kind, key }) => `${kind}/${key}`).toSorted();
}

test('another rate of a shared limit touches the group alone, of single limits the endpoints on this host', () => {
  const profile = { kind: 'netProfile', tenant: 'blue', name: 'gold', bandwidth: '5 mbps' };
  expect(touched(stateOf({ bandwidth: '10 mbps', scope: 'group' }), { ...profile, scope: 'group' })).toEqual([
    'group/blue/g',
    'netProfile/blue/gold',
  ]);
  expect(touched(stateOf({ bandwidth: '10 mbps' }), profile)).toEqual([
    'endpoint/w1',
    'endpoint/w2',
    'group/blue/g',
    'netProfile/blue/gold',
  ]);
});

test('a group keeps the number of its meters for life, whatever profile it has', () => {
  const before = stateOf({ bandwidth: '10 mbps', scope: 'group' });
  const { meters, id } = before.groups.get('blue/g')!;
  const after = accept(before, [
    { kind: 'netProfile', tenant: 'blue', name: 'lead', bandwidth: '1 mbps' },
    { kind: 'group', tenant: 'blue', name: 'g', netProfile: 'lead', defaultAction: 'deny' },
  ]);
  expect(after.groups.get('blue/g')).toMatchObject({ meters, id });
  expect(meters).toBeGreaterThanOrEqual(2 ** 17);
  expect(ownerKey('group', id)).toBeGreaterThan(0);
});
