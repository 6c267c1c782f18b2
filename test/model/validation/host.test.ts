/** What is refused of settings and peers. */
import { areRefused, settings } from './rows.js';

areRefused([
  [
    'balance-tcp without LACP, which would lose every frame',
    settings({ vlanInterfaces: ['eth1', 'eth2'], bond: { lacp: 'off' } }),
    '/objects/0/bond/lacp contradiction: balance-tcp needs LACP (use active-backup or balance-slb without it)',
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
  [
    'a peer that is this host',
    { kind: 'peer', vtepIp: '172.31.0.1' },
    "/objects/0/vtepIp contradiction: `172.31.0.1` is this host's own VTEP (settings.vtepIp)",
  ],
  [
    'an unknown mode',
    settings({ policyMode: 'jiont' }),
    '/objects/0/policyMode bad_value: policyMode `jiont` is not one of joint, both-sides (did you mean `joint`?)',
  ],
  [
    'an IPv4-mapped VTEP',
    settings({ vtepIp: '::ffff:10.0.0.1' }),
    '/objects/0/vtepIp bad_address: `::ffff:10.0.0.1` is an IPv4-mapped address; no host can have it',
  ],
  [
    'a subnet of host access that is not a /16',
    settings({ hostAccess: { subnet: '172.19.0.0/24' } }),
    '/objects/0/hostAccess/subnet bad_address: `172.19.0.0/24` is not an IPv4 prefix of 16 bits such as 172.19.0.0/16',
  ],
  [
    'a subnet of host access that a network has',
    settings({ hostAccess: { subnet: '10.1.0.0/16' } }),
    '/objects/0/hostAccess/subnet overlap: 10.1.1.0/24 of network `blue/front` overlaps 10.1.0.0/16, the subnet of host access',
    '/objects/0/hostAccess/subnet overlap: 10.1.1.0/24 of network `red/front` overlaps 10.1.0.0/16, the subnet of host access',
  ],
]);
