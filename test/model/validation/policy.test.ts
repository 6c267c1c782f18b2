/** What is refused of groups, policies and rules. */
import { areRefused, group, rule } from './rows.js';

areRefused([
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
    'a group with an unknown net profile',
    group({ netProfile: 'gld' }),
    '/objects/0/netProfile no_such_object: no netProfile `gld` in tenant `blue` (did you mean `gold`?)',
  ],
  [
    'a group moved from under its endpoints',
    { kind: 'group', tenant: 'blue', name: 'db', network: 'front' },
    '/objects/0 contradiction: endpoint `db-1`: group `blue/db` is for network `blue/front`, not `blue/back`',
  ],
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
    '/objects/0/ports contradiction: ports need protocol tcp, udp or sctp, not any (state the protocol, or leave out ports)',
  ],
  [
    'ports with icmp',
    rule({ ports: [80], protocol: 'icmp' }),
    '/objects/0/ports contradiction: ports need protocol tcp, udp or sctp, not icmp (state the protocol, or leave out ports)',
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
    'port 0 by our name',
    rule({ ports: 0, protocol: 'tcp' }),
    '/objects/0/ports/0 out_of_range: ports `0` is outside 1–65535',
  ],
  [
    'Contiv: a bad port is named as it was written',
    rule({ port: 70_000, protocol: 'tcp' }),
    '/objects/0/port/0 out_of_range: ports `70000` is outside 1–65535',
  ],
  [
    'Contiv: a peer beside ours',
    rule({ peer: { group: 'web' }, fromEndpointGroup: 'db' }),
    '/objects/0/fromEndpointGroup unknown_field: a rule has no field `fromEndpointGroup`',
  ],
  [
    'an unknown protocol',
    rule({ protocol: 'tpc' }),
    '/objects/0/protocol bad_value: protocol `tpc` is not one of tcp, udp, sctp, icmp, any or a number 1–255 (did you mean `tcp`?)',
  ],
  [
    'a protocol number beyond 255',
    rule({ protocol: 300 }),
    '/objects/0/protocol bad_value: protocol `300` is not one of tcp, udp, sctp, icmp, any or a number 1–255',
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
    'a range of addresses turned round',
    rule({ peer: { cidrs: ['10.1.1.9-10.1.1.5'] } }),
    '/objects/0/peer/cidrs/0 bad_address: `10.1.1.9-10.1.1.5` is not a range of addresses such as 10.1.1.5-10.1.1.9, the lower one first',
  ],
  [
    'a range of ports turned round',
    rule({ ports: ['90-80'], protocol: 'tcp' }),
    '/objects/0/ports/0 out_of_range: `90-80` is not a range within 1–65535, the lower port first',
  ],
  [
    'a range of ports beyond the last',
    rule({ ports: [22, '65000-70000'], protocol: 'tcp' }),
    '/objects/0/ports/1 out_of_range: `65000-70000` is not a range within 1–65535, the lower port first',
  ],
  [
    'a port by name',
    rule({ ports: ['http'], protocol: 'tcp' }),
    '/objects/0/ports/0 bad_value: ports `http` is not a number 1–65535 or a range such as 8000-8010',
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
    'an ICMP type without its protocol',
    rule({ protocol: 'tcp', icmpType: 8 }),
    '/objects/0/icmpType contradiction: icmpType needs protocol icmp, 1 or 58, not tcp (state the protocol, or leave out icmpType)',
  ],
  [
    'an ICMP code without a type',
    rule({ protocol: 'icmp', icmpCode: 1 }),
    '/objects/0/icmpCode contradiction: icmpCode needs icmpType (state the type, or leave out the code)',
  ],
  [
    'protocol 0',
    rule({ protocol: 0 }),
    '/objects/0/protocol bad_value: protocol `0` is not one of tcp, udp, sctp, icmp, any or a number 1–255',
  ],
  [
    'ports of another protocol',
    rule({ protocol: 47, ports: [80] }),
    '/objects/0/ports contradiction: ports need protocol tcp, udp or sctp, not 47 (state the protocol, or leave out ports)',
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
]);
