/** What is refused of any object, and of a request as a whole. */
import { expect, test } from 'vitest';
import { refuse } from '../support.js';
import { areRefused, endpoint, group, network, rule, state } from './rows.js';

areRefused([
  [
    'what is no object',
    'web',
    '/objects/0 wrong_type: an object is expected here, such as {"kind": "tenant", "name": "blue"}',
  ],
  [
    'no kind',
    { name: 'x' },
    '/objects/0/kind missing_field: kind is missing (one of settings, tenant, network, netProfile, group, policy, rule, endpoint, peer, service, route)',
  ],
  [
    'an unknown kind',
    { kind: 'tennant' },
    '/objects/0/kind unknown_kind: there is no kind `tennant` (did you mean `tenant`?)',
  ],
  [
    'an unknown field, with the nearest known one',
    network({ subent: '10.9.0.0/24' }),
    '/objects/0/subent unknown_field: a network has no field `subent` (did you mean `subnet`?)',
  ],
  [
    'an unknown field far from any',
    network({ colour: 'red' }),
    '/objects/0/colour unknown_field: a network has no field `colour`',
  ],
  [
    'an unknown field, its name escaped in the pointer',
    network({ 'a/b~': 1 }),
    '/objects/0/a~1b~0 unknown_field: a network has no field `a/b~`',
  ],
  [
    'a missing field',
    { kind: 'endpoint', id: 'e', tenant: 'blue', network: 'front' },
    '/objects/0/mac missing_field: mac is missing',
  ],
  [
    'a field of another type',
    network({ vni: '7000' }),
    '/objects/0/vni wrong_type: vni must be an integer, not a string',
  ],
  ['null', network({ subnet: null }), '/objects/0/subnet wrong_type: subnet must be a string, not null'],
  [
    'an unknown word, with the nearest known one',
    network({ encap: 'vxlam' }),
    '/objects/0/encap bad_value: encap `vxlam` is not one of vlan, vxlan (did you mean `vxlan`?)',
  ],
  [
    'an unknown field inside',
    rule({ peer: { gruop: 'web' } }),
    '/objects/0/peer/gruop unknown_field: peer has no field `gruop` (did you mean `group`?)',
  ],
  [
    'two names of one field',
    network({ networkName: 'm' }),
    '/objects/0/networkName contradiction: networkName and name are two names of one field (keep one of them)',
  ],
  [
    'one object twice',
    [group({}), group({ defaultAction: 'deny' })],
    '/objects/1 duplicate: `group blue/g` is in this request twice (see /objects/0)',
  ],
  [
    'a name with a space',
    { kind: 'tenant', name: 'we b' },
    '/objects/0/name bad_name: `we b` is not a name: letters, digits, - and . between them, 64 at most',
  ],
  [
    'a name with a slash',
    { kind: 'tenant', name: 'a/b' },
    '/objects/0/name bad_name: `a/b` is not a name: letters, digits, - and . between them, 64 at most',
  ],
  [
    'an empty name',
    { kind: 'tenant', name: '' },
    '/objects/0/name bad_name: `` is not a name: letters, digits, - and . between them, 64 at most',
  ],
  [
    'a name that ends in a hyphen',
    { kind: 'tenant', name: 'a-' },
    '/objects/0/name bad_name: `a-` is not a name: letters, digits, - and . between them, 64 at most',
  ],
  [
    'an interface name Linux does not take',
    endpoint({ interface: 'veth-of-endpoint-1' }),
    '/objects/0/interface bad_name: `veth-of-endpoint-1` is not an interface name: 1 to 15 characters without spaces, / and :',
  ],
  [
    'every problem, in the order of the objects',
    [network({ vni: 0, subnet: 'x' }), endpoint({ mac: 'x', ipv4: 'y' })],
    '/objects/0/vni out_of_range: vni `0` is outside 1–16777215',
    '/objects/1/mac bad_address: `x` is not a MAC address',
    '/objects/1/ipv4 bad_address: `y` is not an IPv4 address',
  ],
  [
    'what is missing only because it is wrong itself is not told',
    [network({ vni: 0 }), endpoint({ network: 'n' })],
    '/objects/0/vni out_of_range: vni `0` is outside 1–16777215',
  ],
  [
    'a field that would be a prototype',
    JSON.parse('{"kind": "tenant", "name": "x", "__proto__": {}}'),
    '/objects/0/__proto__ unknown_field: a tenant has no field `__proto__`',
  ],
]);

test('a hundred problems are listed, not thousands', () => {
  const put = Array.from({ length: 5000 }, (_, n) => endpoint({ id: `e${n}`, group: 'nobody' }));
  expect(refuse(state, { put })).toHaveLength(100);
});
