/** Rules that can never decide are found, and no others. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cidrContains, emptyState, judge, shadowsOf, type Rule, type State } from '../../src/model/index.js';
import type { Json } from './support.js';

const rule = (policy: string, id: string, fields: Json): Json => ({
  kind: 'rule',
  tenant: 'blue',
  policy,
  id,
  direction: 'in',
  action: 'allow',
  ...fields,
});

function stateOf(rules: readonly Json[], groups: Record<string, string[]> = { g: ['p'] }, audited = false): State {
  const put = [
    { kind: 'tenant', name: 'blue' },
    { kind: 'network', tenant: 'blue', name: 'n', vni: 5001 },
    { kind: 'policy', tenant: 'blue', name: 'p' },
    { kind: 'policy', tenant: 'blue', name: 'q', audit: audited },
    { kind: 'policy', tenant: 'blue', name: 'r' },
    ...Object.entries(groups).map(([name, policies]) => ({ kind: 'group', tenant: 'blue', name, policies })),
    ...rules,
  ];
  const judged = judge(emptyState(), { put });
  if (!judged.ok) throw new Error(JSON.stringify(judged.problems));
  return judged.accepted.state;
}

/** Rule → the one that shadows it, without tenant. */
function shadows(state: State): Record<string, string> {
  const found: Record<string, string> = {};
  for (const each of state.rules.values()) {
    const by = shadowsOf(state, each);
    if (by === 'unknown') throw new Error(`${each.key} was not compared`);
    if (by.length > 0) found[each.key.slice(5)] = by.map(({ key }) => key.slice(5)).join(' ');
  }
  return found;
}

test.each<[what: string, a: Json, b: Json, found: Record<string, string>]>([
  ['a wider rule of higher priority', { priority: 2 }, { protocol: 'tcp', ports: [80] }, { 'p/b': 'p/a' }],
  ['deny among equals', { action: 'deny' }, {}, { 'p/b': 'p/a' }],
  ['the lower id among rules that say the same', {}, {}, { 'p/b': 'p/a' }],
  [
    'a range around a port',
    { priority: 2, protocol: 'tcp', ports: ['1-99'] },
    { protocol: 'tcp', ports: [80] },
    { 'p/b': 'p/a' },
  ],
  [
    'a prefix around another',
    { priority: 2, peer: { cidrs: ['10.0.0.0/8'] } },
    { peer: { cidrs: ['10.1.0.0/16'] } },
    { 'p/b': 'p/a' },
  ],
  ['ICMP around a type of it', { priority: 2, protocol: 'icmp' }, { protocol: 'icmp', icmpType: 8 }, { 'p/b': 'p/a' }],
  [
    'a type around a code of it',
    { priority: 2, protocol: 1, icmpType: 3 },
    { protocol: 1, icmpType: 3, icmpCode: 1 },
    { 'p/b': 'p/a' },
  ],
  ['any peer around a group', { priority: 2 }, { peer: { group: 'g' } }, { 'p/b': 'p/a' }],
  ['a lower priority', { priority: 1 }, { priority: 2, protocol: 'tcp' }, {}],
  ['the other direction', { priority: 2 }, { direction: 'out' }, {}],
  ['another protocol', { priority: 2, protocol: 'udp' }, { protocol: 'tcp' }, {}],
  ['some of the ports', { priority: 2, protocol: 'tcp', ports: [80] }, { protocol: 'tcp', ports: [80, 443] }, {}],
  [
    'some of the addresses',
    { priority: 2, peer: { cidrs: ['10.0.0.0/8'] } },
    { peer: { cidrs: ['10.1.0.0/16', '11.0.0.0/8'] } },
    {},
  ],
  ['a group against a network', { priority: 2, peer: { group: 'g' } }, { peer: { network: 'n' } }, {}],
])('%s', (_what, a, b, found) => {
  expect(shadows(stateOf([rule('p', 'a', a), rule('p', 'b', b)]))).toEqual(found);
});

test.each<[what: string, rules: Record<string, Json>, by: string | undefined]>([
  [
    'two ranges of ports',
    { x: { protocol: 'tcp', ports: ['1-100'] }, y: { protocol: 'tcp', ports: ['101-200'] } },
    'p/x p/y',
  ],
  [
    'ranges with a port between them',
    { x: { protocol: 'tcp', ports: ['1-99'] }, y: { protocol: 'tcp', ports: ['101-200'] } },
    undefined,
  ],
  [
    'a range and all of TCP from one half',
    { x: { protocol: 'tcp', ports: ['50-149'] }, y: { protocol: 'tcp', peer: { cidrs: ['10.0.0.0/9'] } } },
    undefined,
  ],
  [
    'ports in one half of the addresses, and all of the other',
    {
      x: { protocol: 'tcp', ports: ['1-1000'], peer: { cidrs: ['10.0.0.0/9'] } },
      y: { peer: { cidrs: ['10.128.0.0/9'] } },
    },
    'p/y p/x',
  ],
  [
    'two halves of a prefix',
    { x: { peer: { cidrs: ['10.0.0.0/9'] } }, y: { peer: { cidrs: ['10.128.0.0/9'] } } },
    'p/x p/y',
  ],
  ['one half of a prefix', { x: { peer: { cidrs: ['10.0.0.0/9'] } } }, undefined],
])('a rule under %s', (_what, over, by) => {
  const under = { protocol: 'tcp', ports: ['50-150'], peer: { cidrs: ['10.0.0.0/8'] } };
  const above = Object.entries(over).map(([id, fields]) =>
    rule('p', id, { priority: id === 'y' && by === 'p/y p/x' ? 3 : 2, ...fields }),
  );
  expect(shadows(stateOf([...above, rule('p', 'b', under)]))).toEqual(by === undefined ? {} : { 'p/b': by });
});

test('TCP of both families is not all of a rule about any protocol', () => {
  const halves = ['0.0.0.0/1', '128.0.0.0/1', '::/1', '8000::/1'].map((cidr, i) =>
    rule('p', `a${i}`, { priority: 2, protocol: 'tcp', peer: { cidrs: [cidr] } }),
  );
  expect(shadows(stateOf([...halves, rule('p', 'b', {})]))).toEqual({});
  expect(shadows(stateOf([...halves, rule('p', 'b', { protocol: 'tcp' })]))).toEqual({ 'p/b': 'p/a0 p/a1 p/a2 p/a3' });
});

test('what the members of a group say themselves shadows a rule about that group, in one list with it', () => {
  const rules = [
    rule('p', 'a', { protocol: 'tcp', ports: [80], peer: { group: 'h' } }),
    rule('q', 'b', { direction: 'out', priority: 2, protocol: 'tcp', action: 'deny' }),
  ];
  expect(shadows(stateOf(rules, { g: ['p'], h: ['q'] }))).toEqual({ 'p/a': 'q/b' });
  // Who else has it is no member.
  expect(shadows(stateOf(rules, { g: ['p'], h: [], i: ['q'] }))).toEqual({});
  const apart = judge(stateOf(rules, { g: ['p'], h: ['q'] }), {
    put: [{ kind: 'settings', policyMode: 'both-sides' }],
  });
  expect(apart.ok && shadows(apart.accepted.state)).toEqual({});
});

test('of groups that have the policy, each may have another rule that shadows it', () => {
  const rules = [rule('p', 'a', {}), rule('q', 'b', { priority: 2 }), rule('r', 'c', { priority: 3 })];
  const groups = { g: ['p', 'q'], h: ['p', 'r'] };
  expect(shadows(stateOf(rules, groups))).toEqual({ 'p/a': 'r/c q/b' });
  expect(shadows(stateOf(rules, { ...groups, i: ['p'] }))).toEqual({});
});

test('a rule of another policy shadows only if that policy speaks wherever the rule does, and decides', () => {
  const rules = [rule('p', 'a', {}), rule('q', 'b', { priority: 2 })];
  expect(shadows(stateOf(rules, { g: ['p', 'q'] }))).toEqual({ 'p/a': 'q/b' });
  expect(shadows(stateOf(rules, { g: ['p', 'q'], h: ['p'] }))).toEqual({});
  expect(shadows(stateOf(rules, { g: ['p', 'q'] }, true))).toEqual({});
});

const small = fc.record({
  priority: fc.integer({ min: 1, max: 2 }),
  action: fc.constantFrom('allow', 'deny'),
  service: fc.constantFrom<Json>(
    {},
    { protocol: 'tcp' },
    { protocol: 'tcp', ports: [80] },
    { protocol: 'tcp', ports: ['79-81', 90] },
    { protocol: 'udp', ports: [80] },
  ),
  cidrs: fc.subarray(['10.0.0.0/30', '10.0.0.0/31', '10.0.0.2/32', '10.0.0.4/32']),
});

test('a shadowed rule decides no packet', () => {
  fc.assert(
    fc.property(fc.array(small, { minLength: 2, maxLength: 6 }), (shapes) => {
      const state = stateOf(
        shapes.map(({ service, cidrs, ...rest }, i) =>
          rule('p', String(i), { ...rest, ...service, ...(cidrs.length > 0 ? { peer: { cidrs } } : {}) }),
        ),
      );
      const rules = [...state.rules.values()];
      const deciding = new Set<Rule>();
      for (let from = 0x0a000000; from < 0x0a000006; from++) {
        for (const [protocol, port] of [
          ['tcp', 78],
          ['tcp', 79],
          ['tcp', 80],
          ['tcp', 90],
          ['udp', 80],
          ['udp', 81],
        ] as const) {
          const [first] = rules
            .filter((r) => r.protocol === undefined || r.protocol === protocol)
            .filter((r) => r.ports.length === 0 || r.ports.some((p) => p.from <= port && port <= p.to))
            .filter((r) => r.peer.cidrs.length === 0 || r.peer.cidrs.some((c) => cidrContains(c, from)))
            .toSorted(
              (a, b) =>
                b.priority - a.priority ||
                (a.action === b.action ? (a.key < b.key ? -1 : 1) : a.action === 'deny' ? -1 : 1),
            );
          if (first) deciding.add(first);
        }
      }
      for (const each of rules) expect(shadowsOf(state, each).length > 0).toBe(!deciding.has(each));
    }),
    { numRuns: 300 },
  );
});

test('asking about every rule of a large policy costs little for each', () => {
  const rules = Array.from({ length: 20_000 }, (_, i) =>
    rule('p', String(i), {
      protocol: 'tcp',
      ports: [(i % 60_000) + 1],
      peer: { cidrs: [`10.${i >> 8}.${i & 255}.0/24`] },
      priority: (i % 100) + 1,
    }),
  );
  const state = stateOf(rules);
  const begun = performance.now();
  expect(shadows(state)).toEqual({});
  expect(performance.now() - begun).toBeLessThan(5_000);
});
