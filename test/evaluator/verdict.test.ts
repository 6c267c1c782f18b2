/** What the daemon says of a connection that no packet asks about is what the policy's own words say, and so what the tables do. */
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { accept } from '../pipeline/support.js';
import { AddressBook, denies, emptyState, parseIpv4, parseIpv6, type State } from '../../src/model/index.js';
import { judge } from './judge.js';
import { objects, stateOf, tcpPorts, tenants } from './states.js';

const ends = fc.record({ tenant: fc.constantFrom(...tenants), source: fc.nat(), destination: fc.nat() });
const services = fc.oneof(
  fc.record({
    protocol: fc.constantFrom(6, 17),
    port: fc.oneof(fc.constantFrom(...tcpPorts), fc.integer({ min: 1, max: 65_535 })),
  }),
  fc.record({ protocol: fc.constantFrom(47, 132) }),
);

/** Addresses that mean somebody, and some that do not. */
function addressesOf(state: State, tenant: string): (number | Uint8Array)[] {
  const mine = [...state.endpoints.values()].filter((e) => e.tenant === tenant);
  const known = mine.flatMap((e) => [...(e.ipv4 === undefined ? [] : [e.ipv4]), ...e.ipv6]);
  return [...known, parseIpv4('192.0.2.7')!, parseIpv4('10.9.0.1')!, parseIpv6('2001:db8::7')!];
}

test('of any connection and any state, model and evaluator say the same', () => {
  const said = { allow: 0, deny: 0 };
  fc.assert(
    fc.property(objects, fc.array(fc.tuple(ends, services), { minLength: 30, maxLength: 30 }), (put, drawn) => {
      const state = stateOf(put);
      for (const [{ tenant, source, destination }, service] of drawn) {
        const book = new AddressBook(state, tenant);
        const addresses = addressesOf(state, tenant);
        const from = book.end(addresses[source % addresses.length]!);
        const family = addresses.filter((address) => typeof address === typeof from.address);
        const to = book.end(family[destination % family.length]!);
        const connection = { source: from, destination: to, ...service };
        const { action } = judge(state, connection);
        said[action]++;
        expect(denies(state, connection)).toBe(action === 'deny');
      }
    }),
    { numRuns: 300 },
  );
  expect(Math.min(said.allow, said.deny)).toBeGreaterThan(500);
});

const group = (policies: string[], defaultAction = 'allow') => ({
  kind: 'group',
  tenant: 'blue',
  name: 'g',
  policies,
  defaultAction,
});
const rule = (fields: object) => ({
  ...{ kind: 'rule', tenant: 'blue', policy: 'p', id: '1', direction: 'in', action: 'deny' },
  ...fields,
});
const world = [
  { kind: 'tenant', name: 'blue' },
  { kind: 'network', tenant: 'blue', name: 'n', encap: 'vlan', vlan: 100, subnet: '10.1.0.0/16' },
  { kind: 'policy', tenant: 'blue', name: 'p' },
  group(['p']),
  {
    ...{
      kind: 'endpoint',
      id: 'e',
      tenant: 'blue',
      network: 'n',
      group: 'g',
      mac: '02:00:00:00:00:01',
      ipv4: '10.1.0.1',
    },
    allowedAddresses: [{ ip: '10.1.7.0/24' }, { ip: '10.1.7.9' }],
  },
];

test('a rule about an ICMP type and code is about just those', () => {
  const state = accept(emptyState(), [...world, rule({ protocol: 'icmp', icmpType: 8, icmpCode: 0 })]);
  const book = new AddressBook(state, 'blue');
  const ping = {
    source: book.end(parseIpv4('192.0.2.1')!),
    destination: book.end(parseIpv4('10.1.0.1')!),
    protocol: 1,
  };
  expect(denies(state, { ...ping, icmp: { type: 8, code: 0 } })).toBe(true);
  expect(denies(state, { ...ping, icmp: { type: 13, code: 0 } })).toBe(false);
  expect(denies(state, { ...ping, protocol: 6, port: 80 })).toBe(false);
});

test('an address that an endpoint may use besides is its own, and another tenant’s is nobody’s', () => {
  const state = accept(emptyState(), [...world, { kind: 'tenant', name: 'red' }, rule({})]);
  const book = new AddressBook(state, 'blue');
  const holder = (text: string): string | undefined => book.end(parseIpv4(text)!).endpoint?.key;
  expect(['10.1.0.1', '10.1.7.1', '10.1.7.9', '10.1.8.1'].map(holder)).toEqual(['e', 'e', 'e', undefined]);
  expect(new AddressBook(state, 'red').end(parseIpv4('10.1.0.1')!).endpoint).toBeUndefined();
});
