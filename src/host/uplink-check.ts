/**
 * Whether a device can be an uplink, and what the host would lose with it; pure.
 * Neighbours: src/datapath asks before it accepts a setting, and again before it takes a NIC.
 */
import type { Connection } from './connections.js';
import { cidr, hostAddresses } from './network.js';
import type { HostNetwork, Link } from './network.js';

/** Kinds of device (the kernel's words) that carry frames of a cable, or stand for one. */
const cableKinds = new Set(['bond', 'team', 'vlan', 'veth', 'macvlan', 'macvtap', 'ipvlan', 'netdevsim', 'hsr']);

const kindNames: Readonly<Record<string, string>> = {
  bridge: 'a bridge of the kernel',
  tun: 'a tap or tun device',
  openvswitch: 'an internal port of Open vSwitch',
  loopback: 'the loopback device',
  dummy: 'a dummy device',
  vrf: 'a VRF',
};

/** Why `link` cannot be an uplink, whatever it carries; undefined when it can. */
export function unfit(link: Link): string | undefined {
  const { name, kind, master } = link;
  if (kind !== undefined && !cableKinds.has(kind)) {
    const what = kindNames[kind] ?? `a ${kind} device`;
    return `${name} is ${what}; an uplink is a network card, a bond of the kernel or a VLAN sub-interface`;
  }
  if (master === undefined || master === 'ovs-system') return undefined;
  return `${name} belongs to ${master}, a bridge or bond of the kernel; take it out there (ip link set dev ${name} nomaster), or name ${master} if it is a bond`;
}

/** Not a reason to refuse: it may change by itself. */
export function remarks({ name, up, carrier, mtu }: Link): string[] {
  if (!up) return [`${name} is down: nothing passes until it is up (ip link set dev ${name} up)`];
  if (!carrier) return [`${name} has no carrier: nothing passes until its cable and the other end are up`];
  return mtu < 1500 ? [`${name} has MTU ${mtu}: endpoints of VLAN networks must not use more`] : [];
}

/** What of the host is on a NIC, in one sentence; undefined when nothing is. */
export function carriedBy(link: Link, { routes }: HostNetwork, connected: readonly Connection[]): string | undefined {
  const addresses = hostAddresses(link);
  const on = routes.filter(({ dev, nexthops = [] }) => [dev, ...nexthops.map((hop) => hop.dev)].includes(link.name));
  const isDefault = on.some(({ dst, type }) => dst === 'default' && type === 'unicast');
  if (addresses.length === 0 && !isDefault) return undefined;
  const own = new Set(addresses.map(({ local }) => local));
  const others = connected.filter(({ local, remote }) => own.has(local) && !own.has(remote));
  const [first] = others.toSorted((a, b) => Number(b.localPort === 22) - Number(a.localPort === 22));
  const things = [
    ...addresses.map(cidr),
    ...(isDefault ? ['the default route'] : []),
    ...(first === undefined
      ? []
      : [
          `${others.length} live TCP connection${others.length === 1 ? '' : 's'} (${first.remote} to port ${first.localPort}${first.localPort === 22 ? ', perhaps yours' : ''})`,
        ]),
  ];
  const last = things.pop() ?? '';
  return `${link.name} carries ${things.length === 0 ? last : `${things.join(', ')} and ${last}`} of the host`;
}
