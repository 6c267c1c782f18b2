/** What is refused of endpoints. */
import { areRefused, endpoint } from './rows.js';

areRefused([
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
  [
    'Contiv: addresses beside ours',
    endpoint({ ipv4: '10.1.1.8', ipAddress: ['10.1.1.9'] }),
    '/objects/0/ipAddress unknown_field: an endpoint has no field `ipAddress`',
  ],
]);
