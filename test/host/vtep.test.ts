/** The VTEP address: which will do, which is chosen when nobody names one, and what is said of it. */
import { describe, expect, test } from 'vitest';
import type { HostNetwork, IpAddress, Link } from '../../src/host/network.js';
import { defaultVtep, vtepProblem, vtepRemarks } from '../../src/host/vtep-check.js';

const forever = 4_294_967_295;

function address(cidr: string): IpAddress {
  const [local = '', length] = cidr.split('/');
  const family = local.includes(':') ? 'inet6' : 'inet';
  return {
    ...{ family, local, prefixlen: Number(length), scope: 'global' },
    ...{ valid_life_time: forever, preferred_life_time: forever },
  };
}

function link(name: string, cidrs: string[], more: Partial<Link> = {}): Link {
  const addresses = cidrs.map(address);
  return { name, up: true, carrier: true, mtu: 1500, mac: '', master: undefined, kind: undefined, addresses, ...more };
}

const lo = link('lo', ['127.0.0.1/8'], { kind: 'loopback' });
const docker = link('docker0', ['172.17.0.1/16'], { kind: 'bridge' });
const eth0 = link('eth0', ['10.0.0.5/24', 'fd00::5/64']);
const eth1 = link('eth1', ['10.9.0.5/24']);
const phy = link('br-phy', ['10.8.0.5/24'], { kind: 'tun' });

function host(links: Link[], defaultDev?: string): HostNetwork {
  const routes =
    defaultDev === undefined ? [] : [{ type: 'unicast', dst: 'default', dev: defaultDev, ipVersion: 4 } as const];
  return { links, routes, ruled: [] };
}

const kernel = { internal: new Set<string>(), bridge: 'br-sluice', datapathType: 'system' };
const userspace = { internal: new Set(['br-phy']), bridge: 'br-sluice', datapathType: 'netdev' };

describe('an address that cannot be the VTEP is refused with the reason', () => {
  test.each([
    [
      '10.0.0.77',
      kernel,
      '10.0.0.77 is on no interface of this host; it has 10.0.0.5 (eth0), fd00::5 (eth0), 10.8.0.5 (br-phy)',
    ],
    ['172.17.0.1', kernel, '172.17.0.1 is on docker0, which a container engine or a switch made for this host alone'],
    ['127.0.0.1', kernel, '127.0.0.1 is on lo, which other hosts do not reach'],
    [
      '10.0.0.5',
      userspace,
      '10.0.0.5 is on eth0: on the netdev datapath the VTEP address must be on an internal port of a bridge of the same Open vSwitch (give eth0 to --underlay-if with --adopt-host-ip)',
    ],
  ])('%s', (vtep, place, message) => {
    expect(vtepProblem(vtep, host([lo, docker, eth0, phy]), place)).toBe(message);
  });

  test.each([
    ['10.0.0.5', kernel],
    ['fd00::5', kernel],
    ['10.8.0.5', userspace],
  ])('and %s is not', (vtep, place) => {
    expect(vtepProblem(vtep, host([lo, docker, eth0, phy]), place)).toBeUndefined();
  });
});

describe('without --vtep-ip', () => {
  test('the address that the host’s name resolves to is taken, if the host has it', () => {
    expect(defaultVtep('h1', ['127.0.1.1', '10.9.0.5'], host([lo, docker, eth0, eth1], 'eth0'), kernel)).toEqual({
      address: '10.9.0.5',
      because: "the host's name h1 resolves to it, and it is on eth1",
    });
  });

  test('else the interface of the default route, and never one that is made up', () => {
    expect(defaultVtep('h1', ['172.17.0.1'], host([lo, docker, eth0, eth1], 'eth1'), kernel)).toEqual({
      address: '10.9.0.5',
      because: 'it is the first address of eth1, which has the default route',
    });
    expect(defaultVtep('h1', [], host([lo, docker, eth0, eth1]), kernel)?.because).toBe(
      'it is the first address of eth0, the first interface that is not made up',
    );
  });

  test('on the netdev datapath only what the switch can route from is chosen; else nothing', () => {
    expect(defaultVtep('h1', ['10.0.0.5'], host([lo, eth0, phy], 'eth0'), userspace)?.address).toBe('10.8.0.5');
    expect(defaultVtep('h1', ['10.0.0.5'], host([lo, docker, eth0], 'eth0'), userspace)).toBeUndefined();
  });
});

test('an MTU without room for IPv6 inside is told, with what is left', () => {
  const small = host([link('eth0', ['10.0.0.5/24', 'fd00::5/64'], { mtu: 1340 })]);
  expect(vtepRemarks('10.0.0.5', small)).toEqual([]);
  expect(vtepRemarks('fd00::5', small)).toEqual([
    'the VTEP address fd00::5 is on eth0 with MTU 1340, which leaves endpoints of VXLAN networks 1270: less than IPv6 needs (1280)',
  ]);
  expect(vtepRemarks('10.0.0.5', host([link('eth0', ['10.0.0.5/24'], { up: false })]))).toEqual([
    'the VTEP address 10.0.0.5 is on eth0, which is down',
  ]);
});
