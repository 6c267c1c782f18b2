/**
 * Whether an address can be this host's VTEP, and which one to take when nobody said; pure.
 * Neighbours: src/datapath refuses by it, src/main.ts chooses by it.
 */
import { hostAddresses } from './network.js';
import type { HostNetwork, Link } from './network.js';

/** Devices that Sluice, Contiv, Docker and their like make: addresses there are for this host alone. */
const madeUp =
  /^(docker|br-[0-9a-f]{12}$|virbr|lxcbr|lxdbr|cni|flannel|cali|weave|kube-|podman|contivh|vport|vvport|veth|ovs-)/;

/** Addresses elsewhere are the same in one spelling: the kernel's. */
export function holderOf({ links }: HostNetwork, address: string): Link | undefined {
  return links.find(({ addresses }) => addresses.some(({ local }) => local === address));
}

export interface VtepPlace {
  /** Devices that are internal ports of a bridge in the same Open vSwitch, or will be when the request is done. */
  readonly internal: ReadonlySet<string>;
  /** The integration bridge, whose own port is no way out. */
  readonly bridge: string;
  readonly datapathType: string;
}

/** Why `address` cannot be the VTEP; undefined when it can. */
export function vtepProblem(address: string, host: HostNetwork, place: VtepPlace): string | undefined {
  const link = holderOf(host, address);
  if (link === undefined) {
    const there = host.links
      .filter((each) => why(each, place) === undefined)
      .flatMap((each) => hostAddresses(each).map(({ local }) => `${local} (${each.name})`));
    return `${address} is on no interface of this host; it has ${there.join(', ') || 'no address that would do'}`;
  }
  const reason = why(link, place);
  if (reason !== undefined) return `${address} is on ${link.name}, ${reason}`;
  if (place.datapathType !== 'netdev' || place.internal.has(link.name)) return undefined;
  return `${address} is on ${link.name}: on the netdev datapath the VTEP address must be on an internal port of a bridge of the same Open vSwitch (give ${link.name} to --underlay-if with --adopt-host-ip)`;
}

/** Why an address of this device is of no use to other hosts. */
function why({ name, kind }: Link, { bridge }: VtepPlace): string | undefined {
  if (kind === 'loopback') return 'which other hosts do not reach';
  if (name === bridge) return "Sluice's own integration bridge, which has no way out of the host";
  if (madeUp.test(name)) return 'which a container engine or a switch made for this host alone';
  return undefined;
}

const overhead = (address: string): number => (address.includes(':') ? 70 : 50);
/** RFC 8200: a link of IPv6 carries at least this. */
const leastMtu = 1280;

/** What is not as it should be, but may become so by itself. */
export function vtepRemarks(address: string, host: HostNetwork): string[] {
  const link = holderOf(host, address);
  if (link === undefined) return [`the VTEP address ${address} is on no interface of this host: peers send to nobody`];
  if (!link.up) return [`the VTEP address ${address} is on ${link.name}, which is down`];
  const budget = link.mtu - overhead(address);
  if (budget >= leastMtu) return [];
  return [
    `the VTEP address ${address} is on ${link.name} with MTU ${link.mtu}, which leaves endpoints of VXLAN networks ${budget}: less than IPv6 needs (${leastMtu})`,
  ];
}

export interface Choice {
  readonly address: string;
  /** Half a sentence: `the host's name h1 resolves to it; it is on eth0`. */
  readonly because: string;
}

/**
 * As Contiv chose: what the host's name resolves to, if it is on this host; else the first IPv4 address there is. Unlike there,
 * devices that are made up are passed over, and the default route's device comes first.
 */
export function defaultVtep(
  hostname: string,
  resolved: readonly string[],
  host: HostNetwork,
  place: VtepPlace,
): Choice | undefined {
  const fits = (address: string): boolean => vtepProblem(address, host, place) === undefined;
  const byName = resolved.find(fits);
  if (byName !== undefined) {
    return {
      address: byName,
      because: `the host's name ${hostname} resolves to it, and it is on ${holderOf(host, byName)?.name}`,
    };
  }
  const main = host.routes.find(
    ({ dst, type, dev }) => dst === 'default' && type === 'unicast' && dev !== undefined,
  )?.dev;
  const links = host.links.toSorted((a, b) => Number(b.name === main) - Number(a.name === main));
  for (const link of links) {
    const found = hostAddresses(link).find(({ family, local }) => family === 'inet' && fits(local));
    if (found === undefined || !link.up) continue;
    const which = link.name === main ? 'which has the default route' : 'the first interface that is not made up';
    return { address: found.local, because: `it is the first address of ${link.name}, ${which}` };
  }
  return undefined;
}
