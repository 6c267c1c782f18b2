/** Rules of one priority that contradict each other are found, with what both match. */
import { expect, test } from 'vitest';
import { conflictsOf, emptyState, judge, regionText, type State } from '../../src/model/index.js';
import type { Json } from './support.js';

const rule = (policy: string, id: string, fields: Json): Json => ({
  ...{ kind: 'rule', tenant: 'blue', policy, id, direction: 'in', action: 'allow' },
  ...fields,
});

function stateOf(rules: readonly Json[], groups: Record<string, string[]> = { g: ['p'] }, settings: Json = {}): State {
  const put = [
    { kind: 'settings', ...settings },
    { kind: 'tenant', name: 'blue' },
    { kind: 'network', tenant: 'blue', name: 'n', vni: 5001 },
    { kind: 'policy', tenant: 'blue', name: 'p' },
    { kind: 'policy', tenant: 'blue', name: 'q' },
    { kind: 'policy', tenant: 'blue', name: 'count', audit: true },
    ...Object.entries(groups).map(([name, policies]) => ({ kind: 'group', tenant: 'blue', name, policies })),
    ...rules,
  ];
  const judged = judge(emptyState(), { put });
  if (!judged.ok) throw new Error(JSON.stringify(judged.problems));
  return judged.accepted.state;
}

/** `p/a p/b: tcp port 80`, both ways round. */
function conflicts(state: State): string[] {
  return [...state.rules.values()]
    .flatMap((one) =>
      conflictsOf(state, one, 10).found.map(
        ({ rule: other, common }) => `${one.key.slice(5)} ${other.key.slice(5)}: ${regionText(common)}`,
      ),
    )
    .toSorted((a, b) => (a < b ? -1 : 1));
}

const web = { protocol: 'tcp', ports: ['80-90'] };

test.each<[what: string, a: Json, b: Json, common: string | undefined]>([
  ['ports that overlap', web, { action: 'deny', protocol: 'tcp', ports: ['85-100'] }, 'tcp ports 85-90'],
  ['one port of them', web, { action: 'deny', protocol: 'tcp', ports: [90] }, 'tcp port 90'],
  ['ports that do not overlap', web, { action: 'deny', protocol: 'tcp', ports: [91] }, undefined],
  ['the same action', web, { protocol: 'tcp', ports: ['85-100'] }, undefined],
  ['another priority', web, { action: 'deny', priority: 2, protocol: 'tcp' }, undefined],
  ['the other direction, where neither names a group', web, { action: 'deny', direction: 'out' }, undefined],
  [
    'addresses that overlap',
    { ...web, peer: { cidrs: ['10.0.0.0/8'] } },
    { action: 'deny', peer: { cidrs: ['10.1.0.0/16', '11.0.0.0/8'] } },
    'tcp ports 80-90 from 10.1.0.0/16',
  ],
  [
    'a range of addresses',
    { protocol: 'udp', peer: { cidrs: ['10.0.0.5-10.0.0.9'] } },
    { action: 'deny' },
    'udp from 10.0.0.5/32',
  ],
  ['IPv6 addresses', { peer: { cidrs: ['fd00::/8'] } }, { action: 'deny' }, 'any protocol from fd00::/8'],
  ['a type of ICMP', { protocol: 'icmp', icmpType: 8 }, { action: 'deny', protocol: 'icmp' }, 'icmp type 8'],
  ['ICMPv6 and IPv4 addresses', { protocol: 58 }, { action: 'deny', peer: { cidrs: ['10.0.0.0/8'] } }, undefined],
  ['a protocol by its number', { protocol: 47 }, { action: 'deny' }, 'protocol 47'],
  ['a group and anybody', { peer: { group: 'g' } }, { action: 'deny', protocol: 'tcp' }, 'tcp'],
  ['a group and a network', { peer: { group: 'g' } }, { action: 'deny', peer: { network: 'n' } }, 'any protocol'],
  ['two groups', { peer: { group: 'g' } }, { action: 'deny', peer: { group: 'h' } }, undefined],
])('%s', (_what, a, b, common) => {
  const state = stateOf([rule('p', 'a', a), rule('p', 'b', b)], { g: ['p'], h: [] });
  expect(conflicts(state)).toEqual(common === undefined ? [] : [`p/a p/b: ${common}`, `p/b p/a: ${common}`]);
});

test('where a rule of a higher priority decides, those below do not contradict each other', () => {
  const pair = [rule('p', 'a', web), rule('p', 'b', { action: 'deny', protocol: 'tcp', ports: ['85-100'] })];
  const above = (ports: unknown[]) => rule('p', 'c', { priority: 2, protocol: 'tcp', ports });
  expect(conflicts(stateOf([...pair, above(['1-100'])]))).toEqual([]);
  expect(conflicts(stateOf([...pair, above(['1-87'])]))).toEqual([
    'p/a p/b: tcp ports 88-90',
    'p/b p/a: tcp ports 88-90',
  ]);
});

test('rules of policies that no group has together do not meet, and those of audited policies only each other', () => {
  const deny = { action: 'deny', protocol: 'tcp' };
  const rules = [rule('p', 'a', web), rule('q', 'b', deny)];
  expect(conflicts(stateOf(rules, { g: ['p', 'q'] }))).toHaveLength(2);
  expect(conflicts(stateOf(rules, { g: ['p'], h: ['q'] }))).toEqual([]);
  expect(conflicts(stateOf([rule('p', 'a', web), rule('count', 'b', deny)], { g: ['p', 'count'] }))).toEqual([]);
});

test('rules of both directions contradict each other about the connections of a group that one of them names', () => {
  const from = rule('p', 'a', { ...web, peer: { group: 'h' } });
  const out = rule('q', 'b', { direction: 'out', action: 'deny', protocol: 'tcp' });
  const groups = { g: ['p'], h: ['q'] };
  const both = ['p/a q/b: tcp ports 80-90', 'q/b p/a: tcp ports 80-90'];
  expect(conflicts(stateOf([from, out], groups))).toEqual(both);
  const to = { ...out, peer: { group: 'g' } };
  expect(conflicts(stateOf([rule('p', 'a', web), to], groups))).toEqual(both);
  // In separate lists there is nothing to contradict.
  expect(conflicts(stateOf([from, out], groups, { policyMode: 'both-sides' }))).toEqual([]);
  // The group that is named does not say so.
  expect(conflicts(stateOf([from, out], { g: ['p'], h: [], i: ['q'] }))).toEqual([]);
});

test('addresses of both ends: an in-rule says where from, an out-rule where to', () => {
  const from = rule('p', 'a', { ...web, peer: { group: 'h', cidrs: ['10.1.0.0/16'] } });
  const to = rule('q', 'b', { direction: 'out', action: 'deny', peer: { group: 'g', cidrs: ['10.2.0.0/24'] } });
  const common = 'tcp ports 80-90 from 10.1.0.0/16 to 10.2.0.0/24';
  expect(conflicts(stateOf([from, to], { g: ['p'], h: ['q'] }))).toEqual([`p/a q/b: ${common}`, `q/b p/a: ${common}`]);
});

test('only so many are looked for, and it is said that there are more', () => {
  const denied = Array.from({ length: 40 }, (_, i) =>
    rule('p', `d${i}`, { action: 'deny', protocol: 'tcp', ports: [i + 1] }),
  );
  const state = stateOf([...denied, rule('p', 'a', {})]);
  const { found, more } = conflictsOf(state, state.rules.get('blue/p/a')!, 3);
  expect([found.length, more]).toEqual([3, true]);
});

test('asking about every rule of a large policy costs little for each', () => {
  const rules = Array.from({ length: 20_000 }, (_, i) =>
    rule('p', String(i), {
      action: i % 2 === 0 ? 'allow' : 'deny',
      ...{ protocol: 'tcp', ports: [80], peer: { cidrs: [`10.${i >> 8}.${i & 255}.0/24`] } },
    }),
  );
  const state = stateOf(rules);
  const begun = performance.now();
  expect(conflicts(state)).toEqual([]);
  expect(performance.now() - begun).toBeLessThan(5_000);
});
