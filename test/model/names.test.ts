/** Names that others have written down. A change here breaks them, and needs a reason in the commit. */
import { expect, test } from 'vitest';
import { kindNumbers, kinds, keyFields, schemas, withIdentity } from '../../src/model/index.js';

test('kinds and their numbers in cookies', () => {
  expect(kinds).toEqual([
    'settings',
    'tenant',
    'network',
    'netProfile',
    'group',
    'policy',
    'rule',
    'endpoint',
    'peer',
    'service',
    'route',
  ]);
  expect(kindNumbers).toEqual({
    system: 1,
    tenant: 2,
    network: 3,
    group: 4,
    policy: 5,
    rule: 6,
    endpoint: 7,
    peer: 8,
    netProfile: 9,
    service: 10,
    route: 11,
    settings: 12,
    shared: 15,
  });
});

test('fields', () => {
  const fields = Object.fromEntries(
    Object.entries(schemas).map(([kind, schema]) => [kind, Object.keys(schema.properties).join(' ')]),
  );
  expect(fields).toEqual({
    settings:
      'kind vtepIp vlanInterfaces underlayInterfaces adoptHostIp checkAddress confirmWithin bond vxlanPort bridge uplinkBridge datapathType forwardingMode arpMode policyMode onPolicyChange midstream logDenied tunnelDscp hostAccess',
    tenant: 'kind name',
    network: 'kind tenant name encap vlan vni type forwarding subnet gateway ipv6Subnet ipv6Gateway mtu',
    netProfile: 'kind tenant name bandwidth burst dscp scope',
    group: 'kind tenant name network policies netProfile defaultAction vlan vni',
    policy: 'kind tenant name audit',
    rule: 'kind tenant policy id direction priority action protocol icmpType icmpCode ports peer',
    endpoint: 'kind id tenant network group mac ipv4 ipv6 allowedAddresses interface vtepIp',
    peer: 'kind vtepIp',
    service: 'kind tenant name network ips ports providers affinity',
    route: 'kind tenant prefix network nextHop mac vtepIp',
  });
});

test.each([
  ['settings', '', {}],
  ['tenant', 'blue', { name: 'blue' }],
  ['network', 'blue/front', { tenant: 'blue', name: 'front' }],
  ['rule', 'blue/web-policy/10', { tenant: 'blue', policy: 'web-policy', id: '10' }],
  ['endpoint', 'web-1', { id: 'web-1' }],
  ['peer', '172.31.0.2', { vtepIp: '172.31.0.2' }],
  ['service', 'blue/web-lb', { tenant: 'blue', name: 'web-lb' }],
  ['route', 'blue/10.0.0.0/8', { tenant: 'blue', prefix: '10.0.0.0/8' }],
  ['network', 'blue', undefined],
  ['network', 'blue/', undefined],
  ['tenant', 'blue/front', undefined],
] as const)('the key of a %s: `%s`', (kind, key, fields) => {
  expect(keyFields(kind, key)).toEqual(fields);
});

test('a body takes its identity from the path, unless it says it itself', () => {
  expect(withIdentity('network', 'blue/front', { vni: 1 })).toEqual({
    kind: 'network',
    tenant: 'blue',
    name: 'front',
    vni: 1,
  });
  expect(withIdentity('network', 'blue/front', { networkName: 'front' })).toEqual({
    kind: 'network',
    tenant: 'blue',
    networkName: 'front',
  });
});

test('every field has a description: they are the API’s documentation', () => {
  for (const [kind, schema] of Object.entries(schemas)) {
    for (const [field, { description }] of Object.entries(
      schema.properties as Record<string, { description?: string }>,
    )) {
      if (field !== 'kind') expect(description, `${kind}.${field}`).toMatch(/\.$/);
    }
  }
});
