/** One row a rule of validation: what is put into the small world, and the problems named, pointer first. */
import { expect, test } from 'vitest';
import { refuse, worldState, type Json } from './support.js';

const state = worldState();

const network = (fields: Json): Json => ({ kind: 'network', tenant: 'blue', name: 'n', vni: 7000, ...fields });
const group = (fields: Json): Json => ({ kind: 'group', tenant: 'blue', name: 'g', ...fields });
const endpoint = (fields: Json): Json => ({
  kind: 'endpoint',
  id: 'e',
  tenant: 'blue',
  network: 'front',
  mac: '02:00:00:00:00:99',
  ...fields,
});
const rule = (fields: Json): Json => ({
  kind: 'rule',
  tenant: 'blue',
  policy: 'web-policy',
  id: 'r',
  direction: 'in',
  action: 'deny',
  ...fields,
});
const settings = (fields: Json): Json => ({ kind: 'settings', ...fields });

type Row = [behaviour: string, put: unknown, ...problems: string[]];

const rows: Row[] = [
  // shape
  [
    'what is no object',
    'web',
    '/objects/0 wrong_type: an object is expected here, such as {"kind": "tenant", "name": "blue"}',
  ],
  [
    'no kind',
    { name: 'x' },
    '/objects/0/kind missing_field: kind is missing (one of settings, tenant, network, group, policy, rule, endpoint, peer)',
  ],
  [
    'an unknown kind',
    { kind: 'tennant' },
    '/objects/0/kind unknown_kind: there is no kind `tennant` (did you mean `tenant`?)',
  ],
  [
    'a kind to come',
    { kind: 'service', name: 'x' },
    '/objects/0/kind not_supported: objects of kind `service` are not supported yet',
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
  // names
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
  // settings
  [
    'several VLAN uplinks',
    settings({ vlanInterfaces: ['eth1', 'eth2'] }),
    '/objects/0/vlanInterfaces not_supported: an uplink of several NICs is a bond, which is not supported yet (name one)',
  ],
  [
    'one NIC for VLAN and underlay',
    settings({ vlanInterfaces: ['eth1'], underlayInterfaces: ['eth1'] }),
    '/objects/0/underlayInterfaces contradiction: `eth1` cannot be the VLAN uplink and the underlay at once',
  ],
  [
    'one bridge for everything',
    settings({ uplinkBridge: 'br-sluice' }),
    '/objects/0/uplinkBridge contradiction: bridge and uplinkBridge are both `br-sluice`',
  ],
  [
    'a VTEP that is no address',
    settings({ vtepIp: '172.31.0' }),
    '/objects/0/vtepIp bad_address: `172.31.0` is not an IP address',
  ],
  [
    'a VTEP that is multicast',
    settings({ vtepIp: '239.0.0.1' }),
    '/objects/0/vtepIp bad_address: `239.0.0.1` is a multicast address; no host can have it',
  ],
  [
    'a VTEP that is a peer',
    settings({ vtepIp: '172.31.0.2' }),
    "/objects/0/vtepIp contradiction: `172.31.0.2` is a peer, so it cannot be this host's own VTEP",
  ],
  // peer
  [
    'a peer that is this host',
    { kind: 'peer', vtepIp: '172.31.0.1' },
    "/objects/0/vtepIp contradiction: `172.31.0.1` is this host's own VTEP (settings.vtepIp)",
  ],
  // network
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
    'a subnet range',
    network({ subnet: '10.9.0.10-10.9.0.50/24' }),
    '/objects/0/subnet not_supported: address ranges such as `10.9.0.10-10.9.0.50/24` are not supported yet (write it as CIDRs)',
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
    'an infra network',
    network({ type: 'infra' }),
    '/objects/0/type not_supported: type `infra` is not supported yet (leave it out)',
  ],
  [
    'routing',
    network({ forwarding: 'routing' }),
    '/objects/0/forwarding not_supported: forwarding `routing` is not supported yet (leave it out)',
  ],
  ['an MTU', network({ mtu: 1400 }), '/objects/0/mtu not_supported: mtu is not supported yet (leave it out)'],
  [
    'a subnet that leaves an endpoint outside',
    { kind: 'network', tenant: 'blue', name: 'back', vlan: 100, subnet: '10.3.3.0/24' },
    '/objects/0 outside_subnet: endpoint `db-1`: `10.2.2.1` is not in 10.3.3.0/24, the subnet of network `blue/back`',
  ],
  // group
  [
    'a group with an unknown policy',
    group({ policies: ['web-polcy'] }),
    '/objects/0/policies no_such_object: no policy `web-polcy` in tenant `blue` (did you mean `web-policy`?)',
  ],
  [
    'a group with an unknown network',
    group({ network: 'frnt' }),
    '/objects/0/network no_such_object: no network `frnt` in tenant `blue` (did you mean `front`?)',
  ],
  [
    'a netProfile',
    group({ netProfile: 'gold' }),
    '/objects/0/netProfile not_supported: netProfile `gold` is not supported yet (leave it out)',
  ],
  ['a VLAN of a group', group({ vlan: 7 }), '/objects/0/vlan not_supported: vlan is not supported yet (leave it out)'],
  [
    'a group moved from under its endpoints',
    { kind: 'group', tenant: 'blue', name: 'db', network: 'front' },
    '/objects/0 contradiction: endpoint `db-1`: group `blue/db` is for network `blue/front`, not `blue/back`',
  ],
  // policy
  [
    'an audited policy',
    { kind: 'policy', tenant: 'blue', name: 'p', audit: true },
    '/objects/0/audit not_supported: audit is not supported yet (leave it out)',
  ],
  // rule
  [
    'a rule of an unknown policy',
    rule({ policy: 'wep-policy' }),
    '/objects/0/policy no_such_object: no policy `wep-policy` in tenant `blue` (did you mean `web-policy`?)',
  ],
  [
    'a rule with an unknown peer group',
    rule({ peer: { group: 'wbe' } }),
    '/objects/0/peer/group no_such_object: no group `wbe` in tenant `blue` (did you mean `web`?)',
  ],
  [
    'a rule with an unknown peer network',
    rule({ peer: { network: 'backk' } }),
    '/objects/0/peer/network no_such_object: no network `backk` in tenant `blue` (did you mean `back`?)',
  ],
  [
    'a group of another tenant is unknown',
    { ...rule({ peer: { group: 'db' } }), tenant: 'red', policy: 'p' },
    '/objects/0/policy no_such_object: no policy `p` in tenant `red`',
    '/objects/0/peer/group no_such_object: no group `db` in tenant `red`',
  ],
  [
    'ports without a protocol',
    rule({ ports: 80 }),
    '/objects/0/ports contradiction: ports need protocol tcp or udp, not any (state the protocol, or leave out ports)',
  ],
  [
    'ports with icmp',
    rule({ ports: [80], protocol: 'icmp' }),
    '/objects/0/ports contradiction: ports need protocol tcp or udp, not icmp (state the protocol, or leave out ports)',
  ],
  [
    'an empty list of ports',
    rule({ ports: [], protocol: 'tcp' }),
    '/objects/0/ports bad_value: an empty ports would mean nobody (leave out ports for any)',
  ],
  ['port 0', rule({ ports: [0], protocol: 'tcp' }), '/objects/0/ports/0 out_of_range: ports `0` is outside 1–65535'],
  [
    'port 70000',
    rule({ ports: [80, 70_000], protocol: 'tcp' }),
    '/objects/0/ports/1 out_of_range: ports `70000` is outside 1–65535',
  ],
  [
    'an empty list of CIDRs',
    rule({ peer: { cidrs: [] } }),
    '/objects/0/peer/cidrs bad_value: an empty cidrs would mean nobody (leave out cidrs for any)',
  ],
  [
    'an empty peer',
    rule({ peer: {} }),
    '/objects/0/peer bad_value: an empty peer would mean nobody (leave out peer for any)',
  ],
  [
    'a bad CIDR',
    rule({ peer: { cidrs: ['10.0.0.0/8', '10.0.0/8'] } }),
    '/objects/0/peer/cidrs/1 bad_address: `10.0.0/8` is not an IP prefix such as 10.1.1.0/24',
  ],
  [
    'a range of addresses',
    rule({ peer: { cidrs: ['10.1.1.5-9'] } }),
    '/objects/0/peer/cidrs/0 not_supported: address ranges such as `10.1.1.5-9` are not supported yet (write it as CIDRs)',
  ],
  [
    'a peer network with CIDRs',
    rule({ peer: { network: 'back', cidrs: ['10.0.0.0/8'] } }),
    '/objects/0/peer/network contradiction: a peer network stands alone, not with cidrs (leave out network or cidrs)',
  ],
  [
    'a peer network with a group',
    rule({ peer: { network: 'back', group: 'web' } }),
    '/objects/0/peer/network contradiction: a peer network stands alone, not with group (leave out network or group)',
  ],
  ['priority 0', rule({ priority: 0 }), '/objects/0/priority out_of_range: priority `0` is outside 1–100'],
  ['priority 101', rule({ priority: 101 }), '/objects/0/priority out_of_range: priority `101` is outside 1–100'],
  [
    'sctp',
    rule({ protocol: 'sctp' }),
    '/objects/0/protocol not_supported: protocol `sctp` is not supported yet (leave it out)',
  ],
  [
    'another protocol number',
    rule({ protocol: 47 }),
    '/objects/0/protocol not_supported: protocol is not supported yet (leave it out)',
  ],
  [
    'an ICMP type',
    rule({ protocol: 'icmp', icmpType: 8 }),
    '/objects/0/icmpType not_supported: icmpType is not supported yet (leave it out)',
  ],
  [
    'Contiv: a to… on an in rule',
    rule({ toEndpointGroup: 'web' }),
    '/objects/0/toEndpointGroup unknown_field: a rule has no field `toEndpointGroup`',
  ],
  [
    'Contiv: a problem is named as it was written',
    rule({ fromIpAddress: '10.1.1.300' }),
    '/objects/0/fromIpAddress bad_address: `10.1.1.300` is not an IP prefix such as 10.1.1.0/24',
  ],
  // endpoint
  [
    'an endpoint in an unknown group',
    endpoint({ group: 'wbe' }),
    '/objects/0/group no_such_object: no group `wbe` in tenant `blue` (did you mean `web`?)',
  ],
  [
    'an endpoint of an unknown tenant is told once',
    endpoint({ tenant: 'bleu', group: 'web' }),
    '/objects/0/tenant no_such_object: no tenant `bleu` (did you mean `blue`?)',
  ],
  [
    'an endpoint behind an unknown peer',
    endpoint({ vtepIp: '172.31.0.3' }),
    '/objects/0/vtepIp no_such_object: no peer `172.31.0.3` (did you mean `172.31.0.2`?)',
  ],
  [
    'an endpoint both here and remote',
    endpoint({ interface: 'e', vtepIp: '172.31.0.2' }),
    '/objects/0/vtepIp contradiction: an endpoint is either at an interface here or behind a vtepIp (leave out one of them)',
  ],
  [
    'a group for another network',
    endpoint({ group: 'db' }),
    '/objects/0/group contradiction: group `blue/db` is for network `blue/back`, not `blue/front`',
  ],
  [
    'a MAC twice in a network',
    endpoint({ mac: '02:00:00:00:00:01' }),
    '/objects/0/mac duplicate: MAC 02:00:00:00:00:01 in network `blue/front` is taken by `web-1`',
  ],
  [
    'an IP twice in a tenant, whatever the network',
    endpoint({ network: 'back', ipv4: '10.1.1.1', allowedAddresses: [{ ip: '10.1.1.1' }] }),
    '/objects/0/ipv4 duplicate: IP 10.1.1.1 in tenant `blue` is taken by `web-1`',
  ],
  [
    'an IPv6 address twice, however it is written',
    endpoint({ ipv6: ['FD00:1:0:0::0001'] }),
    '/objects/0/ipv6/0 duplicate: IP fd00:1::1 in tenant `blue` is taken by `web-1`',
  ],
  [
    'an IPv6 address listed twice',
    endpoint({ ipv6: ['fd00:1::5', 'fd00:1:0::5'] }),
    '/objects/0/ipv6/1 duplicate: `fd00:1::5` is listed twice',
  ],
  [
    'an interface twice',
    endpoint({ interface: 'web-1' }),
    '/objects/0/interface duplicate: interface web-1 is taken by `web-1`',
  ],
  [
    'an IP outside the subnet',
    endpoint({ ipv4: '10.1.2.1' }),
    '/objects/0/ipv4 outside_subnet: `10.1.2.1` is not in 10.1.1.0/24, the subnet of network `blue/front`',
  ],
  [
    'the gateway as an IP',
    endpoint({ ipv4: '10.1.1.254' }),
    '/objects/0/ipv4 duplicate: `10.1.1.254` is the gateway of network `blue/front`',
  ],
  [
    'the network address as an IP',
    endpoint({ ipv4: '10.1.1.0' }),
    '/objects/0/ipv4 bad_address: `10.1.1.0` is the network address of 10.1.1.0/24',
  ],
  [
    'the broadcast address as an IP',
    endpoint({ ipv4: '10.1.1.255' }),
    '/objects/0/ipv4 bad_address: `10.1.1.255` is the broadcast address of 10.1.1.0/24',
  ],
  [
    'an IP with a length',
    endpoint({ ipv4: '10.1.1.9/24' }),
    '/objects/0/ipv4 bad_address: `10.1.1.9/24` is not an IPv4 address (did you mean `10.1.1.9`?)',
  ],
  [
    'an IPv6 address under ipv4',
    endpoint({ ipv4: 'fd00:1::9' }),
    '/objects/0/ipv4 bad_address: `fd00:1::9` is not an IPv4 address (put it under ipv6)',
  ],
  [
    'the unspecified IP',
    endpoint({ ipv4: '0.0.0.0' }),
    '/objects/0/ipv4 bad_address: `0.0.0.0` is an unspecified address; no host can have it',
  ],
  [
    'a multicast IP',
    endpoint({ ipv4: '224.0.0.5' }),
    '/objects/0/ipv4 bad_address: `224.0.0.5` is a multicast address; no host can have it',
  ],
  [
    'a multicast MAC',
    endpoint({ mac: '01:00:5e:00:00:01' }),
    '/objects/0/mac bad_address: `01:00:5e:00:00:01` is a multicast MAC; no station can have it',
  ],
  [
    'the broadcast MAC',
    endpoint({ mac: 'ff:ff:ff:ff:ff:ff' }),
    '/objects/0/mac bad_address: `ff:ff:ff:ff:ff:ff` is a broadcast MAC; no station can have it',
  ],
  [
    'the zero MAC',
    endpoint({ mac: '00:00:00:00:00:00' }),
    '/objects/0/mac bad_address: `00:00:00:00:00:00` is an all zero MAC; no station can have it',
  ],
  [
    'a MAC with hyphens',
    endpoint({ mac: '02-00-00-00-00-AB' }),
    '/objects/0/mac bad_address: `02-00-00-00-00-AB` is not a MAC address (did you mean `02:00:00:00:00:ab`?)',
  ],
  [
    'a bad allowed address',
    endpoint({ allowedAddresses: [{ ip: '10.1.1' }] }),
    '/objects/0/allowedAddresses/0/ip bad_address: `10.1.1` is not an IP prefix such as 10.1.1.0/24',
  ],
  // the request as a whole
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
];

test.each(rows)('%s is refused', (_behaviour, put, ...expected) => {
  const problems = refuse(state, { put: Array.isArray(put) ? put : [put] });
  const said = problems.map(
    ({ pointer, code, message, suggestion }) => `${pointer} ${code}: ${message}${suggestion ? ` (${suggestion})` : ''}`,
  );
  expect(said).toEqual(expected);
});

test.each(['bond', 'hostAccess'])('settings.%s is refused as not supported yet', (field) => {
  expect(refuse(state, { put: [settings({ [field]: {} })] })).toMatchObject([
    { pointer: `/objects/0/${field}`, code: 'not_supported' },
  ]);
});
test.each([
  ['forwardingMode', 'routing'],
  ['policyMode', 'both-sides'],
  ['onPolicyChange', 'keep'],
  ['onPolicyChange', 'cut'],
  ['midstream', 'drop'],
])('settings.%s %s is refused as not supported yet', (field, value) => {
  expect(refuse(state, { put: [settings({ [field]: value })] })).toMatchObject([
    { pointer: `/objects/0/${field}`, code: 'not_supported' },
  ]);
});

test('a hundred problems are listed, not thousands', () => {
  const put = Array.from({ length: 5000 }, (_, n) => endpoint({ id: `e${n}`, group: 'nobody' }));
  expect(refuse(state, { put })).toHaveLength(100);
});
