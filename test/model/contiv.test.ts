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
    'network with a range to allocate from',
    {
      kind: 'network',
      tenantName: 'blue',
      networkName: 'n',
      encap: 'vxlan',
      pktTag: 7,
      subnet: '10.7.7.10-10.7.7.50/24',
      cfgdTag: 'x',
    },
    { kind: 'network', tenant: 'blue', name: 'n', vni: 7, subnet: '10.7.7.0/24' },
  ],
  [
    'network as it is in the cluster store',
    {
      ...{
        kind: 'network',
        tenant: 'blue',
        networkName: 'n',
        nwType: 'data',
        pktTagType: 'vxlan',
        pktTag: 1,
        extPktTag: 7,
      },
      ...{ subnetIP: '10.7.7.0', subnetLen: 24, gateway: '10.7.7.254', ipAddrRange: '10.7.7.1-10.7.7.253' },
      ...{ ipv6SubnetIP: '', ipv6SubnetLen: 0, ipv6Gateway: '', epAddrCount: 2, epCount: 2, ipAllocMap: {} },
      ...{ ipv6AllocMap: null, ipv6LastHost: '', networkTag: 'n.blue' },
    },
    { kind: 'network', tenant: 'blue', name: 'n', vni: 7, subnet: '10.7.7.0/24', gateway: '10.7.7.254' },
  ],
  [
    'network as it is in the cluster store, IPv6',
    {
      ...{ kind: 'network', tenant: 'blue', networkName: 'n', pktTagType: 'vlan', pktTag: 7, extPktTag: 0 },
      ...{ subnetIP: '10.7.7.0', subnetLen: 24, ipv6SubnetIP: 'fd00:7::', ipv6SubnetLen: 64, ipv6Gateway: 'fd00:7::1' },
    },
    {
      kind: 'network',
      tenant: 'blue',
      name: 'n',
      vlan: 7,
      subnet: '10.7.7.0/24',
      ipv6Subnet: 'fd00:7::/64',
      ipv6Gateway: 'fd00:7::1',
    },
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
    'endpoint group as it is in the cluster store',
    {
      ...{
        kind: 'epg',
        tenantName: 'blue',
        groupName: 'g',
        networkName: 'front',
        endpointGroupId: 3,
        pktTagType: 'vxlan',
      },
      ...{
        pktTag: 1,
        extPktTag: 5001,
        epCount: 0,
        DSCP: 0,
        Bandwidth: '',
        Burst: 0,
        IPPool: '',
        epgIpAllocMap: {},
        groupTag: 'g.blue',
      },
    },
    { kind: 'group', tenant: 'blue', name: 'g', network: 'front' },
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
    'endpoint as it is in the cluster store',
    {
      ...{ kind: 'endpoint', netID: 'front.blue', endpointID: 'abc', serviceName: 'web', endpointGroupId: 3 },
      ...{
        endpointGroupKey: 'web:blue',
        ipAddress: '10.1.1.9',
        ipv6Address: 'fd00:1::9',
        macAddress: '02:02:0a:01:01:09',
      },
      ...{
        homingHost: 'node1',
        intfName: '',
        vtepIP: '172.31.0.2',
        labels: {},
        containerId: 'f00',
        epCommonName: 'c1',
      },
    },
    {
      ...{ kind: 'endpoint', id: 'abc', tenant: 'blue', network: 'front', group: 'web', mac: '02:02:0a:01:01:09' },
      ...{ ipv4: '10.1.1.9', ipv6: ['fd00:1::9'], vtepIp: '172.31.0.2' },
    },
  ],
  [
    'endpoint as it is in the cluster store, without a group and IPv6',
    {
      ...{
        kind: 'endpoint',
        tenant: 'blue',
        netID: 'front.blue',
        endpointID: 'abc',
        serviceName: '',
        endpointGroupKey: '',
      },
      ...{ ipAddress: '10.1.1.9', ipv6Address: '', macAddress: '02:02:0a:01:01:09', intfName: 'vvport9', vtepIP: '' },
    },
    {
      ...{ kind: 'endpoint', id: 'abc', tenant: 'blue', network: 'front', mac: '02:02:0a:01:01:09' },
      ...{ ipv4: '10.1.1.9', interface: 'vvport9' },
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
    {
      ...{ kind: 'global', name: 'global', networkInfraType: 'default', fwdMode: 'bridge', arpMode: 'flood' },
      ...{ vlans: '1-4094', vxlans: '1-10000', pvtSubnet: '172.19.0.0/16' },
    },
    { kind: 'settings', forwardingMode: 'bridge', arpMode: 'flood', hostAccess: { subnet: '172.19.0.0/16' } },
  ],
];

test.each(rows)('Contiv’s words say the same: %s', (_what, contiv, ours) => {
  expect(specOf(contiv)).toMatchObject({ kind: ours['kind'] });
  expect(specOf(contiv)).toEqual(specOf(ours));
});

test.each<[string, Json, string]>([
  [
    'a group’s bandwidth outside a net profile',
    { kind: 'epg', tenantName: 'blue', groupName: 'g', Bandwidth: '10 mbps' },
    'Bandwidth',
  ],
  [
    'contracts with the outside',
    { kind: 'epg', tenantName: 'blue', groupName: 'g', extContractsGrps: ['x'] },
    'extContractsGrps',
  ],
  ['a fabric that enforces policy', { kind: 'global', networkInfraType: 'aci' }, 'networkInfraType'],
  [
    'label selectors',
    {
      kind: 'serviceLB',
      tenantName: 'blue',
      serviceName: 's',
      networkName: 'front',
      ipAddress: '10.1.1.100',
      ports: ['80:80:TCP'],
      selectors: ['k=v'],
    },
    'selectors',
  ],
])('what Contiv says and nothing here can follow is refused: %s', (_what, put, field) => {
  expect(specOf(put)).toMatchObject([{ pointer: `/objects/0/${field}`, code: 'unknown_field' }]);
});

test('a key of Contiv’s that contradicts the tenant is refused', () => {
  const put = {
    kind: 'endpoint',
    id: 'e',
    tenant: 'red',
    network: 'front',
    mac: '02:00:00:00:00:99',
    endpointGroupKey: 'web:blue',
  };
  expect(specOf(put)).toMatchObject([{ pointer: '/objects/0/endpointGroupKey', code: 'unknown_field' }]);
});

test('an alias may not contradict our own name of the field', () => {
  expect(specOf({ kind: 'tenant', name: 'a', tenantName: 'b' })).toMatchObject([
    { pointer: '/objects/0/tenantName', code: 'contradiction' },
  ]);
});
