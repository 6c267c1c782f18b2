/** What is refused of routes, and how their keys are written. */
import { expect, test } from 'vitest';
import { judge, keyFields, normalKey } from '../../../src/model/index.js';
import { areRefused, state } from './rows.js';

const route = (fields: Record<string, unknown>) => ({
  ...{ kind: 'route', tenant: 'blue', prefix: '198.51.100.0/24', network: 'back', mac: '00:1c:73:00:00:01' },
  ...fields,
});

areRefused([
  [
    'a next hop without its MAC',
    route({ mac: undefined }),
    '/objects/0/mac missing_field: the MAC of the next hop is missing (the neighbour that the route was learned from has it)',
  ],
  [
    'a next hop outside its network',
    route({ nextHop: '10.9.9.9' }),
    '/objects/0/nextHop outside_subnet: `10.9.9.9` is not in 10.2.2.0/24 of network `blue/back`',
  ],
  [
    'a VLAN behind a peer',
    route({ vtepIp: '172.31.0.2' }),
    '/objects/0/vtepIp contradiction: network `blue/back` is a VLAN; nothing of it is behind a peer (leave it out)',
  ],
  [
    'a route to a subnet of the tenant',
    route({ prefix: '10.1.1.0/24' }),
    '/objects/0/prefix overlap: 10.1.1.0/24 is the subnet of network `blue/front`, which is reached without a route',
  ],
  [
    'a route to link-local addresses',
    route({ prefix: 'fe80::/10' }),
    '/objects/0/prefix bad_address: `fe80::/10` is never routed: it means something on one link only',
  ],
  [
    'a prefix that is none',
    route({ prefix: '198.51.100.0/40' }),
    '/objects/0/prefix bad_address: `198.51.100.0/40` is not an IP prefix such as 10.1.1.0/24',
  ],
  [
    'a network that is not there',
    route({ network: 'bak' }),
    '/objects/0/network no_such_object: no network `bak` in tenant `blue` (did you mean `back`?)',
  ],
  [
    'a peer that is not there',
    route({ network: 'front', vtepIp: '172.31.0.9' }),
    '/objects/0/vtepIp no_such_object: no peer `172.31.0.9` (did you mean `172.31.0.2`?)',
  ],
  [
    'the gateway’s own MAC of an endpoint',
    { kind: 'endpoint', id: 'e', tenant: 'blue', network: 'front', mac: '02:73:6c:75:69:63' },
    '/objects/0/mac bad_address: `02:73:6c:75:69:63` is a distributed gateway’s MAC; no station can have it',
  ],
]);

test('host bits are cleared, and the prefix is the key', () => {
  const judged = judge(state, { put: [route({ prefix: '198.51.100.7/24', nextHop: '10.2.2.254' })] });
  if (!judged.ok) throw new Error(JSON.stringify(judged.problems));
  expect(judged.accepted.state.routes.get('blue/198.51.100.0/24')?.spec).toMatchObject({ prefix: '198.51.100.0/24' });
  expect(keyFields('route', 'blue/198.51.100.0/24')).toEqual({ tenant: 'blue', prefix: '198.51.100.0/24' });
  expect(normalKey('route', 'blue/198.51.100.7/24')).toBe('blue/198.51.100.0/24');
});

test('what a route’s next hop is in and behind is not deleted without it', () => {
  const judged = judge(state, { put: [route({ network: 'front', mac: undefined, vtepIp: '172.31.0.2' })] });
  if (!judged.ok) throw new Error(JSON.stringify(judged.problems));
  const { state: routed } = judged.accepted;
  const refused = judge(routed, { delete: [{ kind: 'peer', key: '172.31.0.2' }] });
  expect(refused).toMatchObject({ ok: false });
  const gone = judge(routed, { delete: [{ kind: 'peer', key: '172.31.0.2' }], cascade: true });
  expect(gone.ok && [...gone.accepted.state.routes]).toEqual([]);
});
