/** Whether a device can be an uplink, and what the host would lose with it. */
import { expect, test } from 'vitest';
import { parseConnections } from '../../src/host/connections.js';
import type { HostNetwork, Link } from '../../src/host/network.js';
import { carriedBy, remarks, unfit } from '../../src/host/uplink-check.js';

const card: Link = {
  ...{ name: 'eth0', up: true, carrier: true, mtu: 1500, mac: '', master: undefined, kind: undefined, addresses: [] },
};
const empty: HostNetwork = { links: [], routes: [], ruled: [] };

test.each<[Partial<Link>, string | undefined]>([
  [{}, undefined],
  [{ kind: 'bond' }, undefined],
  [{ kind: 'vlan', name: 'eth3.100' }, undefined],
  [{ kind: 'veth' }, undefined],
  [{ master: 'ovs-system' }, undefined],
  [
    { kind: 'bridge', name: 'virbr0' },
    'virbr0 is a bridge of the kernel; an uplink is a network card, a bond of the kernel or a VLAN sub-interface',
  ],
  [
    { kind: 'tun', name: 'tap1' },
    'tap1 is a tap or tun device; an uplink is a network card, a bond of the kernel or a VLAN sub-interface',
  ],
  [
    { kind: 'loopback', name: 'lo' },
    'lo is the loopback device; an uplink is a network card, a bond of the kernel or a VLAN sub-interface',
  ],
  [
    { kind: 'wireguard', name: 'wg0' },
    'wg0 is a wireguard device; an uplink is a network card, a bond of the kernel or a VLAN sub-interface',
  ],
  [
    { master: 'bond0' },
    'eth0 belongs to bond0, a bridge or bond of the kernel; take it out there (ip link set dev eth0 nomaster), or name bond0 if it is a bond',
  ],
])('%o', (more, reason) => {
  expect(unfit({ ...card, ...more })).toBe(reason);
});

test('what is not as it should be, but may become so, is told', () => {
  expect(remarks(card)).toEqual([]);
  expect(remarks({ ...card, up: false })[0]).toContain('ip link set dev eth0 up');
  expect(remarks({ ...card, carrier: false })[0]).toContain('eth0 has no carrier');
  expect(remarks({ ...card, mtu: 1400 })[0]).toContain('eth0 has MTU 1400');
});

test('addresses, default route and the operator’s own connection are named', () => {
  const address = {
    family: 'inet',
    local: '10.0.0.5',
    prefixlen: 24,
    scope: 'global',
    valid_life_time: 1,
    preferred_life_time: 1,
  };
  const routes = [{ type: 'unicast', dst: 'default', dev: 'eth0', ipVersion: 4 } as const];
  const line = (local: string, remote: string, state: string): string =>
    `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000     0        0 1 1 0\n`;
  const connected = parseConnections(
    [
      '  sl  local_address rem_address   st\n',
      line('0500000A:1F90', '0700000A:C001', '01'),
      line('0500000A:0016', '0900000A:C002', '01'),
      line('0500000A:0016', '00000000:0000', '0A'),
      line('0100007F:0016', '0100007F:C003', '01'),
    ].join(''),
  );
  expect(carriedBy({ ...card, addresses: [address] }, { ...empty, routes }, connected)).toBe(
    'eth0 carries 10.0.0.5/24, the default route and 2 live TCP connections (10.0.0.9 to port 22, perhaps yours) of the host',
  );
  expect(carriedBy(card, empty, connected)).toBeUndefined();
});

test('addresses of /proc/net/tcp6 are read as they are written elsewhere', () => {
  const head = '   0: 0000000000000000FFFF00000500000A:0016 0000000000000000FFFF00000900000A:C002 01 ';
  expect(parseConnections(head)).toEqual([{ local: '10.0.0.5', localPort: 22, remote: '10.0.0.9' }]);
  const six = '   0: 000000FD000000000000000005000000:0016 000000FD000000000000000009000000:C002 01 ';
  expect(parseConnections(six)).toEqual([{ local: 'fd00::5', localPort: 22, remote: 'fd00::9' }]);
});
