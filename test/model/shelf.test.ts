/** However rules are filed, what is found is what looking at each of them finds. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { emptyState, judge, parseAddress, type Rule } from '../../src/model/index.js';
import { families, matchesAt, overlapOf, regionOf, type Spot } from '../../src/model/region.js';
import { Shelf } from '../../src/model/shelf.js';

const service = fc.oneof(
  fc.constantFrom({}, { protocol: 'tcp' }, { protocol: 'icmp' }, { protocol: 'icmp', icmpType: 8 }, { protocol: 47 }),
  fc.record({
    protocol: fc.constantFrom('tcp', 'udp'),
    ports: fc.uniqueArray(fc.constantFrom<number | string>(1, 80, 81, '70-90', '82-65535', '1-2'), {
      minLength: 1,
      maxLength: 3,
    }),
  }),
);
const cidrs = fc.uniqueArray(
  fc.constantFrom(
    '0.0.0.0/0',
    '10.0.0.0/8',
    '10.1.0.0/16',
    '10.1.0.1/32',
    '10.1.0.2-10.1.0.9',
    'fd00::/8',
    'fd00::1/128',
  ),
  { maxLength: 3 },
);
const shapes = fc.array(fc.record({ service, cidrs }), { minLength: 13, maxLength: 40, size: 'max' });
const addresses = ['9.9.9.9', '10.0.0.1', '10.1.0.1', '10.1.0.5', 'fd00::1', '2001:db8::1'].map((text) =>
  parseAddress(text)!,
);
const services = [
  [6, 0],
  [6, 80],
  [6, 81],
  [6, 65_535],
  [17, 1],
  [47, 0],
  [1, 8 * 256],
  [58, 128 * 256],
] as const;

function rulesOf(drawn: readonly { service: object; cidrs: readonly string[] }[]): Rule[] {
  const put = drawn.map((each, i) => ({
    ...{ kind: 'rule', tenant: 'blue', policy: 'p', id: String(i), direction: 'in', action: 'allow' },
    ...each.service,
    ...(each.cidrs.length > 0 ? { peer: { cidrs: each.cidrs } } : {}),
  }));
  const judged = judge(emptyState(), {
    put: [{ kind: 'tenant', name: 'blue' }, { kind: 'policy', tenant: 'blue', name: 'p' }, ...put],
  });
  if (!judged.ok) throw new Error(JSON.stringify(judged.problems));
  return [...judged.accepted.state.rules.values()];
}

test('rules about one connection, and rules that meet another, are found', () => {
  fc.assert(
    fc.property(shapes, (drawn) => {
      const rules = rulesOf(drawn);
      const shelf = new Shelf(rules);
      for (const source of addresses) {
        for (const [protocol, rest] of services) {
          const family = typeof source === 'number' ? 4 : 6;
          const spot: Spot = { family, service: protocol * 65_536 + rest, source, destination: source };
          const found = new Set(
            shelf
              .at(spot)
              .flat()
              .filter((rule) => matchesAt(rule, spot)),
          );
          expect(found).toEqual(new Set(rules.filter((rule) => matchesAt(rule, spot))));
        }
      }
      const meets = (a: Rule, b: Rule) =>
        families.some((family) => {
          const [one, other] = [regionOf(a, family), regionOf(b, family)];
          return one !== undefined && other !== undefined && overlapOf(one, other) !== undefined;
        });
      for (const rule of rules) {
        const found = [...shelf.meeting(rule)];
        expect(new Set(found).size).toBe(found.length);
        expect(new Set(found.filter((other) => meets(rule, other)))).toEqual(
          new Set(rules.filter((other) => meets(rule, other))),
        );
      }
    }),
    { numRuns: 60 },
  );
});
