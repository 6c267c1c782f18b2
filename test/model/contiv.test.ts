/** Contiv's own JSON says the same as ours: a row, one object in both words. */
import { expect, test } from 'vitest';
import { judge } from '../../src/model/index.js';
import { worldState, type Json } from './support.js';

const base = worldState();

function specOf(put: Json): unknown {
  const judged = judge(base, { put: [put] });
  return judged.ok ? judged.accepted.changes[0]?.after?.spec : judged.problems;
}

const rule = { kind: 'rule', tenant: 'blue', policy: 'web-policy', id: '7', action: 'allow' };
const contivRule = {
  kind: 'rule',
  key: 'blue:web-policy:7',
  tenantName: 'blue',
  policyName: 'web-policy',
  ruleId: '7',
  action: 'allow',
};

const rows: [what: string, contiv: Json, ours: Json][] = [
  ['tenant', { kind: 'tenant', key: 'green', tenantName: 'green', 'link-sets': {} }, { kind: 'tenant', name: 'green' }],
  [
    'VXLAN network, pktTag its VNI',
    {
      kind: 'network',
      key: 'blue:n',
      tenantName: 'blue',
      networkName: 'n',
      encap: 'vxlan',
      nwType: 'data',
      pktTag: 77,
      subnet: '10.7.7.0/24',
      gateway: '10.7.7.254',
      ipv6Subnet: '',
      ipv6Gateway: '',
      links: {},
    },
    {
      kind: 'network',
      tenant: 'blue',
      name: 'n',
      encap: 'vxlan',
      type: 'data',
      vni: 77,
      subnet: '10.7.7.0/24',
      gateway: '10.7.7.254',
    },
  ],
  [
    'VXLAN network, pktTag a VLAN of the host and extPktTag its VNI',
    { kind: 'network', tenantName: 'blue', networkName: 'n', encap: 'vxlan', pktTag: 3, extPktTag: 10_003 },
    { kind: 'network', tenant: 'blue', name: 'n', vni: 10_003 },
  ],
  [
    'VXLAN network, by pktTagType',
    { kind: 'network', tenantName: 'blue', networkName: 'n', pktTagType: 'vxlan', pktTag: 3, extPktTag: 10_003 },
    { kind: 'network', tenant: 'blue', name: 'n', vni: 10_003 },
  ],
  [
    'VLAN network',
    { kind: 'network', tenantName: 'blue', networkName: 'n', encap: 'vlan', pktTag: 77, extPktTag: 0 },
    { kind: 'network', tenant: 'blue', name: 'n', vlan: 77 },
  ],
  [
    'endpointGroup',
    {
      kind: 'endpointGroup',
      tenantName: 'blue',
      groupName: 'g',
      networkName: 'front',
      policies: ['web-policy'],
      netProfile: '',
    },
    { kind: 'group', tenant: 'blue', name: 'g', network: 'front', policies: ['web-policy'] },
  ],
  [
    'group with a VLAN of its own',
    {
      kind: 'epg',
      tenantName: 'blue',
      groupName: 'g',
      networkName: 'back',
      pktTagType: 'vlan',
      pktTag: 7,
      extPktTag: 0,
    },
    { kind: 'group', tenant: 'blue', name: 'g', network: 'back', vlan: 7 },
  ],
  [
    'group with a VNI of its own, and a VLAN of the host',
    { kind: 'epg', tenantName: 'blue', groupName: 'g', networkName: 'front', pktTag: 7, extPktTag: 7007 },
    { kind: 'group', tenant: 'blue', name: 'g', network: 'front', vni: 7007 },
  ],
  [
    'group in VXLAN, pktTag its VNI',
    { kind: 'epg', tenantName: 'blue', groupName: 'g', networkName: 'front', pktTagType: 'vxlan', pktTag: 7007 },
    { kind: 'group', tenant: 'blue', name: 'g', network: 'front', vni: 7007 },
  ],
  [
    'group that repeats the VLAN of its network',
    { kind: 'epg', tenantName: 'blue', groupName: 'g', networkName: 'back', pktTagType: 'vlan', pktTag: 100 },
    { kind: 'group', tenant: 'blue', name: 'g', network: 'back' },
  ],
  [
    'group that repeats the VNI of its network',
    {
      kind: 'epg',
      tenantName: 'blue',
      groupName: 'g',
      networkName: 'front',
      pktTagType: 'vxlan',
      pktTag: 1,
      extPktTag: 5001,
    },
    { kind: 'group', tenant: 'blue', name: 'g', network: 'front' },
  ],
  ['policy', { kind: 'policy', tenantName: 'blue', policyName: 'p' }, { kind: 'policy', tenant: 'blue', name: 'p' }],
  [
    'rule in, from a group',
    {
      ...contivRule,
      direction: 'in',
      priority: 10,
      protocol: 'tcp',
      port: 80,
      fromEndpointGroup: 'web',
      toEndpointGroup: '',
      fromNetwork: '',
      fromIpAddress: '',
    },
    { ...rule, direction: 'in', priority: 10, protocol: 'tcp', ports: [80], peer: { group: 'web' } },
  ],
  [
    'rule out, to a network',
    { ...contivRule, direction: 'out', protocol: '', port: 0, toNetwork: 'back' },
    { ...rule, direction: 'out', peer: { network: 'back' } },
  ],
  [
    'rule in, from a group and an address with host bits',
    {
      ...contivRule,
      direction: 'in',
      protocol: '17',
      port: 53,
      fromEndpointGroup: 'web',
      fromIpAddress: '10.1.1.5/24',
    },
    { ...rule, direction: 'in', protocol: 'udp', ports: [53], peer: { group: 'web', cidrs: ['10.1.1.0/24'] } },
  ],
  [
    'rule out, to an address',
    { ...contivRule, direction: 'out', protocol: 'icmp', toIpAddress: '10.9.9.9' },
    { ...rule, direction: 'out', protocol: 'icmp', peer: { cidrs: ['10.9.9.9/32'] } },
  ],
  [
    'endpoint, both families in one list',
    {
      kind: 'endpoint',
      endpointID: 'abc',
      tenantName: 'blue',
      network: 'front',
      endpointGroup: 'web',
      macAddress: '02:02:0A:01:01:09',
      ipAddress: ['10.1.1.9', 'fd00:1::9'],
      intfName: 'vvport9',
      vtepIP: '',
    },
    {
      kind: 'endpoint',
      id: 'abc',
      tenant: 'blue',
      network: 'front',
      group: 'web',
      mac: '02:02:0a:01:01:09',
      ipv4: '10.1.1.9',
      ipv6: ['fd00:1::9'],
      interface: 'vvport9',
    },
  ],
  [
    'endpoint behind a VTEP, one family',
    {
      kind: 'endpoint',
      endpointID: 'abc',
      tenantName: 'blue',
      networkName: 'front',
      macAddress: '02:02:0a:01:01:09',
      ipAddress: ['10.1.1.9', ''],
      vtepIP: '172.31.0.2',
    },
    {
      kind: 'endpoint',
      id: 'abc',
      tenant: 'blue',
      network: 'front',
      mac: '02:02:0a:01:01:09',
      ipv4: '10.1.1.9',
      vtepIp: '172.31.0.2',
    },
  ],
  [
    'global',
    { kind: 'global', fwdMode: 'bridge', arpMode: 'flood' },
    { kind: 'settings', forwardingMode: 'bridge', arpMode: 'flood' },
  ],
];

test.each(rows)('Contiv’s words say the same: %s', (_what, contiv, ours) => {
  expect(specOf(contiv)).toMatchObject({ kind: ours['kind'] });
  expect(specOf(contiv)).toEqual(specOf(ours));
});

test('an alias may not contradict our own name of the field', () => {
  expect(specOf({ kind: 'tenant', name: 'a', tenantName: 'b' })).toMatchObject([
    { pointer: '/objects/0/tenantName', code: 'contradiction' },
  ]);
});
