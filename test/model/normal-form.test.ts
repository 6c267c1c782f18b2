/** A rule's ports and addresses are shown as they are used: merged, sorted, in the fewest parts. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { coverRange } from '../../src/model/address-range.js';
import { cidrContains, formatCidr, parseAddress } from '../../src/model/index.js';
import { acceptedSpec, type Json } from './support.js';

const rule = (fields: Json): Json => ({
  kind: 'rule',
  tenant: 'blue',
  policy: 'web-policy',
  id: 'n',
  direction: 'in',
  action: 'allow',
  ...fields,
});

test.each<[what: string, ports: unknown, shown: unknown]>([
  ['a number', 80, [80]],
  ['a text', '80', [80]],
  ['a range', '8000-8010', ['8000-8010']],
  ['a text of several', '443, 80,8000-8010', [80, 443, '8000-8010']],
  ['what overlaps', ['80-90', '85-100', 95], ['80-100']],
  ['what touches', [80, 81, '82-90'], ['80-90']],
  ['a range of one', ['80-80'], [80]],
])('ports: %s', (_what, ports, shown) => {
  expect(acceptedSpec(rule({ protocol: 'tcp', ports }))).toMatchObject({ ports: shown });
});

test.each<[what: string, cidrs: string[], shown: string[]]>([
  ['host bits', ['10.1.1.5/24'], ['10.1.1.0/24']],
  ['one inside the other', ['10.0.0.0/8', '10.1.0.0/16'], ['10.0.0.0/8']],
  ['two halves', ['10.1.0.0/25', '10.1.0.128/25', '10.1.1.0/24'], ['10.1.0.0/23']],
  ['a range', ['10.1.1.5-10.1.1.9'], ['10.1.1.5/32', '10.1.1.6/31', '10.1.1.8/31']],
  ['a range as Contiv writes it', ['10.1.1.0-255'], ['10.1.1.0/24']],
  ['a range and a prefix that overlap', ['10.1.1.0-10.1.1.9', '10.1.1.8/29'], ['10.1.1.0/28']],
  ['a range of all', ['0.0.0.0-255.255.255.255'], ['0.0.0.0/0']],
  ['a range of IPv6', ['fd00::1-fd00::4'], ['fd00::1/128', 'fd00::2/127', 'fd00::4/128']],
  ['both families', ['fd00::/64', '10.0.0.0/8'], ['10.0.0.0/8', 'fd00::/64']],
])('addresses: %s', (_what, cidrs, shown) => {
  expect(acceptedSpec(rule({ peer: { cidrs } }))).toMatchObject({ peer: { cidrs: shown } });
});

test('a range is covered by disjoint prefixes of just its addresses', () => {
  const low = 0x0a010000;
  const both = fc.tuple(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 300 }));
  fc.assert(
    fc.property(both, (ends) => {
      const [first, last] = ends.toSorted((a, b) => a - b) as [number, number];
      const cover = coverRange({ first: low + first, last: low + last });
      for (let i = 0; i <= 301; i++) {
        const holding = cover.filter((cidr) => cidrContains(cidr, low + i));
        expect(holding.length).toBe(i >= first && i <= last ? 1 : 0);
      }
    }),
  );
});

test('the worst range of IPv6 takes 254 prefixes, and ends where it should', () => {
  const first = parseAddress('::1')!;
  const last = parseAddress('ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe')!;
  const cover = coverRange({ first, last });
  expect(cover.length).toBe(254);
  expect(formatCidr(cover.at(-1)!)).toBe('ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/128');
});
