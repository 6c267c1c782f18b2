/** What a rule compiles to: one flow for each policy set, block of ports and prefix, and no wider than it is written. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { emptyState, type Rule } from '../../src/model/index.js';
import { Masked } from '../../src/openflow/index.js';
import { portMasks } from '../../src/pipeline/port-masks.js';
import { accept, objectText, worldOf } from './support.js';

const base = [
  { kind: 'settings', datapathType: 'dummy' },
  { kind: 'tenant', name: 'blue' },
  { kind: 'policy', tenant: 'blue', name: 'p' },
  { kind: 'group', tenant: 'blue', name: 'g', policies: ['p'] },
];

/** Of the rule's flows, what follows the policy set in the match. */
function matchesOf(fields: Record<string, unknown>): string[] {
  const rule = { kind: 'rule', tenant: 'blue', policy: 'p', id: '1', direction: 'in', action: 'allow', ...fields };
  const world = worldOf(accept(emptyState(), [...base, rule]));
  const object: Rule = [...world.state.rules.values()][0]!;
  return objectText(world, object).map((line) => {
    const match = /priority=\d+,(\S*) actions=/.exec(line)?.[1] ?? line;
    const rest = match.split(',').filter((field) => field !== 'ct_state=-inv+trk' && !field.startsWith('reg5='));
    return rest.join(',');
  });
}

test('ports and ranges cost as few flows as masks allow', () => {
  expect(matchesOf({ protocol: 'tcp', ports: ['8000-8010', 80] })).toEqual([
    'ct_nw_proto=6,ct_tp_dst=80',
    'ct_nw_proto=6,ct_tp_dst=0x1f40/0xfff8',
    'ct_nw_proto=6,ct_tp_dst=0x1f48/0xfffe',
    'ct_nw_proto=6,ct_tp_dst=8010',
  ]);
});

const five = ['10.1.0.0/24', '10.2.0.0/24', '10.3.0.0/24', '10.4.0.0/24', 'fd00:1::/64'];

test('ports and addresses are matched apart where that costs less than half', () => {
  const many = matchesOf({ protocol: 'tcp', ports: [1, 3, 5, 7, 9, 11], peer: { cidrs: five } });
  expect(many).toHaveLength(6 + 5 + 1);
  expect(many.filter((match) => match.startsWith('ct_nw_proto=6,ct_tp_dst='))).toHaveLength(6);
  expect(many.at(-1)).toMatch(/^conj_id=\d+$/);
  expect(matchesOf({ protocol: 'tcp', ports: [1, 3, 5, 7], peer: { cidrs: five } })).toHaveLength(4 * 5);
});

test('a rule that changes has another conjunction, so that its old halves never meet the new', () => {
  const rule = (ports: number[], priority = 1) => ({
    ...{ kind: 'rule', tenant: 'blue', policy: 'p', id: '1', direction: 'in', action: 'allow' },
    ...{ protocol: 'tcp', ports, priority, peer: { cidrs: five } },
  });
  const states = [
    [1, 3],
    [1, 5],
  ].map((ports) => accept(accept(emptyState(), [...base, rule([1, 3])]), [rule(ports)]));
  const numbers = states.map((state) => state.rules.get('blue/p/1')!.conjunction);
  expect(numbers[0]).toBeGreaterThan(0);
  expect(numbers[1]).not.toBe(numbers[0]);
  // Back again it has the first one: the number says what the rule says.
  expect(accept(states[1]!, [rule([1, 3])]).rules.get('blue/p/1')!.conjunction).toBe(numbers[0]);
  expect(accept(states[0]!, [{ kind: 'tenant', name: 'red' }]).rules.get('blue/p/1')!.conjunction).toBe(numbers[0]);
});

test('SCTP is judged by each packet’s own ports, there and back, in both families', () => {
  expect(matchesOf({ protocol: 'sctp', ports: [80] })).toEqual([
    'ct_state=-rpl-inv+trk,sctp,tp_dst=80',
    'ct_state=+rpl-inv+trk,sctp,tp_src=80',
    'ct_state=-rpl-inv+trk,sctp6,tp_dst=80',
    'ct_state=+rpl-inv+trk,sctp6,tp_src=80',
  ]);
  expect(matchesOf({ protocol: 'sctp' })).toEqual(['ct_nw_proto=132']);
  expect(matchesOf({ protocol: 'sctp', ports: [80], peer: { cidrs: ['10.0.0.0/8'] } })).toHaveLength(2);
});

test('a range of ports is covered by disjoint masks of just its ports', () => {
  const end = fc.integer({ min: 1, max: 65_535 });
  fc.assert(
    fc.property(end, end, fc.array(end, { maxLength: 40 }), (a, b, probes) => {
      const range = { from: Math.min(a, b), to: Math.max(a, b) };
      const masks = portMasks(range);
      expect(masks.length).toBeLessThanOrEqual(30);
      for (const port of [...probes, range.from, range.to, range.from - 1, range.to + 1]) {
        const holding = masks.filter((each) =>
          each instanceof Masked ? (port & Number(each.mask)) === Number(each.value) : each === port,
        );
        expect(holding.length).toBe(port >= range.from && port <= range.to ? 1 : 0);
      }
    }),
  );
});

test('a range of addresses is matched by its prefixes', () => {
  expect(matchesOf({ peer: { cidrs: ['10.1.1.5-9'] } })).toEqual([
    'ct_nw_src=10.1.1.5,ip',
    'ct_nw_src=10.1.1.6/31,ip',
    'ct_nw_src=10.1.1.8/31,ip',
  ]);
});

test.each<[what: string, fields: Record<string, unknown>, matches: string[]]>([
  ['ICMP of both families', { protocol: 'icmp' }, ['ct_nw_proto=1', 'ct_nw_proto=58']],
  ['a ping of IPv4', { protocol: 'icmp', icmpType: 8 }, ['ct_nw_proto=1,ct_tp_src=8']],
  ['a ping of IPv6', { protocol: 'icmp', icmpType: 128 }, ['ct_nw_proto=58,ct_tp_src=128']],
  ['a type and a code', { protocol: 1, icmpType: 13, icmpCode: 0 }, ['ct_nw_proto=1,ct_tp_src=13,ct_tp_dst=0']],
  ['ICMPv6 alone', { protocol: 58 }, ['ct_nw_proto=58']],
  ['a protocol number', { protocol: 47 }, ['ct_nw_proto=47']],
  ['any', {}, ['']],
])('%s is matched as such', (_what, fields, matches) => {
  expect(matchesOf(fields)).toEqual(matches);
});
