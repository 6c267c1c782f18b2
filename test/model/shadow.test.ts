/** Rules that can never decide are found, and no others. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cidrContains, emptyState, judge, shadowOf, type Rule, type State } from '../../src/model/index.js';
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
    const shadow = shadowOf(state, each);
    if (shadow) found[each.key.slice(5)] = shadow.key.slice(5);
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
      for (const each of rules) if (shadowOf(state, each)) expect(deciding.has(each)).toBe(false);
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
