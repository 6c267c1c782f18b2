/** What is refused of networks. */
import { areRefused, endpoint, network } from './rows.js';

areRefused([
  [
    'VLAN 5000',
    network({ vni: undefined, encap: 'vlan', vlan: 5000 }),
    '/objects/0/vlan out_of_range: vlan `5000` is outside 1–4094',
  ],
  [
    'VLAN 0',
    { kind: 'network', tenant: 'blue', name: 'n', vlan: 0 },
    '/objects/0/vlan out_of_range: vlan `0` is outside 1–4094',
  ],
  [
    'VLAN 4095',
    { kind: 'network', tenant: 'blue', name: 'n', vlan: 4095 },
    '/objects/0/vlan out_of_range: vlan `4095` is outside 1–4094',
  ],
  [
    'a VNI of 25 bits',
    network({ vni: 16_777_216 }),
    '/objects/0/vni out_of_range: vni `16777216` is outside 1–16777215',
  ],
  ['VNI 0', network({ vni: 0 }), '/objects/0/vni out_of_range: vni `0` is outside 1–16777215'],
  [
    'a network without a tag',
    { kind: 'network', tenant: 'blue', name: 'n' },
    '/objects/0 missing_field: a network in VXLAN needs vni',
  ],
  [
    'a VLAN network with a VNI',
    network({ encap: 'vlan', vlan: 7 }),
    '/objects/0/vni contradiction: a network in VLAN has no vni (leave out vni, or encap)',
  ],
  [
    'a VLAN that another tenant has',
    { kind: 'network', tenant: 'red', name: 'n', vlan: 100 },
    '/objects/0/vlan duplicate: VLAN 100 is taken by `blue/back`',
  ],
  [
    'a VNI that another tenant has',
    { kind: 'network', tenant: 'red', name: 'n', vni: 5001 },
    '/objects/0/vni duplicate: VNI 5001 is taken by `blue/front`',
  ],
  [
    'a VNI twice in one request',
    [network({}), network({ name: 'm' })],
    '/objects/0/vni duplicate: VNI 7000 is taken by `blue/m`',
  ],
  [
    'a bad subnet',
    network({ subnet: '10.9.0.0/33' }),
    '/objects/0/subnet bad_address: `10.9.0.0/33` is not an IPv4 prefix such as 10.1.1.0/24',
  ],
  [
    'an octal subnet',
    network({ subnet: '010.9.0.0/24' }),
    '/objects/0/subnet bad_address: `010.9.0.0/24` is not an IPv4 prefix such as 10.1.1.0/24 (leading zeros are read as octal by some; write `10.9.0.0/24`)',
  ],
  [
    'an IPv6 subnet under subnet',
    network({ subnet: 'fd00:9::/64' }),
    '/objects/0/subnet bad_address: `fd00:9::/64` is not an IPv4 prefix such as 10.1.1.0/24',
  ],
  [
    'a subnet range without a length',
    network({ subnet: '10.9.0.10-10.9.0.50' }),
    '/objects/0/subnet bad_address: `10.9.0.10-10.9.0.50` is a range of addresses where one prefix is meant (write it as a CIDR)',
  ],
  [
    'a subnet range that is larger than its prefix',
    network({ subnet: '10.9.0.10-10.9.1.50/24' }),
    '/objects/0/subnet bad_address: `10.9.0.10-10.9.1.50/24` is a range of addresses where one prefix is meant (write it as a CIDR)',
  ],
  [
    'a gateway outside its subnet',
    network({ subnet: '10.9.0.0/24', gateway: '10.9.1.1' }),
    '/objects/0/gateway outside_subnet: gateway `10.9.1.1` is not in 10.9.0.0/24',
  ],
  [
    'a gateway without a subnet',
    network({ gateway: '10.9.1.1' }),
    '/objects/0/gateway contradiction: a gateway needs subnet',
  ],
  [
    'an IPv6 gateway outside its subnet',
    network({ ipv6Subnet: 'fd00:9::/64', ipv6Gateway: 'fd00:8::1' }),
    '/objects/0/ipv6Gateway outside_subnet: gateway `fd00:8::1` is not in fd00:9::/64',
  ],
  [
    'subnets of one tenant that overlap',
    network({ subnet: '10.1.0.0/16' }),
    '/objects/0/subnet overlap: 10.1.0.0/16 overlaps 10.1.1.0/24 of network `blue/front`',
  ],
  [
    'a network of an unknown tenant',
    network({ tenant: 'bleu' }),
    '/objects/0/tenant no_such_object: no tenant `bleu` (did you mean `blue`?)',
  ],
  [
    'an infra network whose name is too long for a port',
    network({ type: 'infra', name: 'management-network' }),
    '/objects/0/name out_of_range: `management-network` is too long for the name of its port: 15 characters at most (choose a shorter name)',
  ],
  [
    'an infra network whose port another one has',
    [network({ type: 'infra', name: 'mgmt' }), network({ type: 'infra', tenant: 'red', name: 'mgmt', vni: 7001 })],
    '/objects/1/name duplicate: port mgmt is taken by `blue/mgmt`',
  ],
  [
    'an endpoint of another network at the port of an infra network',
    [network({ type: 'infra', name: 'mgmt' }), endpoint({ interface: 'mgmt' })],
    "/objects/1/interface contradiction: `mgmt` is the host's port in network `blue/mgmt`",
  ],
  [
    'an MTU too small for IPv6',
    network({ mtu: 1000, ipv6Subnet: 'fd00:9::/64' }),
    '/objects/0/mtu contradiction: IPv6 needs an MTU of 1280 at least',
  ],
  [
    'a subnet that leaves an endpoint outside',
    { kind: 'network', tenant: 'blue', name: 'back', vlan: 100, subnet: '10.3.3.0/24' },
    '/objects/0 outside_subnet: endpoint `db-1`: `10.2.2.1` is not in 10.3.3.0/24, the subnet of network `blue/back`',
  ],
]);
