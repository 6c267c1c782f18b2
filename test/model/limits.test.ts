/** How many of a kind a host may have: as many as are promised, and a refusal by name beyond what there are numbers for. */
import { expect, test } from 'vitest';
import { emptyState } from '../../src/model/index.js';
import { accept, refuse, type Json } from './support.js';

const tenants = (from: number, to: number): Json[] =>
  Array.from({ length: to - from }, (_, i) => ({ kind: 'tenant', name: `t${from + i}` }));

test('32,767 tenants are in use on a host, and the next one is refused by name', () => {
  const state = accept(emptyState(), { put: tenants(0, 32_767) });
  expect(new Set([...state.tenants].map(({ zone }) => zone)).size).toBe(32_767);
  expect(refuse(state, { put: tenants(32_767, 32_768) })).toEqual([
    { pointer: '/objects/0', code: 'limit', message: 'all 32,767 conntrack zones are taken by other tenants' },
  ]);
  const put = tenants(32_767, 32_768);
  expect(accept(state, { put, delete: [{ kind: 'tenant', key: 't5' }] }).tenants.get('t32767')?.zone).toBe(
    state.tenants.get('t5')?.zone,
  );
});

test('10,000 services are in use on a host', () => {
  const put: Json[] = [
    { kind: 'tenant', name: 't' },
    { kind: 'network', tenant: 't', name: 'n', vni: 9, subnet: '10.0.0.0/8' },
    ...Array.from({ length: 10_000 }, (_, n) => ({
      ...{ kind: 'service', tenant: 't', name: `s${n}`, network: 'n', ports: [80] },
      ips: [`10.1.${n >> 6}.${1 + (n & 63)}`],
    })),
  ];
  const state = accept(emptyState(), { put });
  expect(new Set([...state.services].map(({ number }) => number)).size).toBe(10_000);
});

test('every VLAN is in use on a host, by networks and groups', () => {
  const put: Json[] = [
    { kind: 'tenant', name: 't' },
    { kind: 'network', tenant: 't', name: 'n', vlan: 1 },
    ...Array.from({ length: 4093 }, (_, i) => ({
      kind: 'group',
      tenant: 't',
      name: `g${i}`,
      network: 'n',
      vlan: i + 2,
    })),
  ];
  const state = accept(emptyState(), { put });
  expect(state.taggedGroups('t/n')).toHaveLength(4093);
  expect(refuse(state, { put: [{ kind: 'network', tenant: 't', name: 'm', vlan: 4094 }] })).toMatchObject([
    { pointer: '/objects/0/vlan', code: 'duplicate' },
  ]);
});
