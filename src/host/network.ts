/**
 * The host's own interfaces, addresses, routes and rules as ip(8) tells them.
 * Neighbours: uplink-check.ts and vtep-check.ts judge by it, snapshot.ts takes out of it what one device carries.
 */
import { ipJson, run } from './run.js';

/** As `ip -json address` prints it; keys that are not named here are flags. */
export interface IpAddress {
  readonly family: string;
  readonly local: string;
  readonly prefixlen: number;
  readonly scope: string;
  /** The other end of a point-to-point address. */
  readonly address?: string;
  readonly broadcast?: string;
  readonly label?: string;
  readonly metric?: number;
  readonly protocol?: string;
  readonly valid_life_time: number;
  readonly preferred_life_time: number;
  readonly [key: string]: unknown;
}

export interface Link {
  readonly name: string;
  readonly up: boolean;
  /** A cable, or a peer that is up. */
  readonly carrier: boolean;
  readonly mtu: number;
  readonly mac: string;
  /** The Linux bridge, bond or team it belongs to; the kernel datapath of Open vSwitch shows as ovs-system. */
  readonly master: string | undefined;
  /** The kernel's kind of a device that is not hardware: bridge, bond, vlan, veth, tun, vxlan …; undefined for a card. */
  readonly kind: string | undefined;
  readonly addresses: readonly IpAddress[];
}

export interface NextHop {
  readonly gateway?: string;
  readonly via?: { readonly family: string; readonly host: string };
  readonly dev?: string;
  readonly weight?: number;
  readonly flags?: readonly string[];
}

/** As `ip -json -details route` prints it. */
export interface IpRoute extends NextHop {
  readonly type: string;
  readonly dst: string;
  readonly table?: string;
  readonly protocol?: string;
  readonly scope?: string;
  readonly prefsrc?: string;
  readonly metric?: number;
  readonly tos?: string;
  readonly from?: string;
  readonly pref?: string;
  readonly expires?: number;
  readonly metrics?: readonly Readonly<Record<string, unknown>>[];
  readonly nexthops?: readonly NextHop[];
  /** 4 or 6, added by us: `default` alone does not say. */
  readonly ipVersion: 4 | 6;
  readonly [key: string]: unknown;
}

export interface Neighbour {
  readonly dst: string;
  readonly lladdr?: string;
  readonly state: readonly string[];
  readonly dev: string;
}

export interface HostNetwork {
  readonly links: readonly Link[];
  readonly routes: readonly IpRoute[];
  /** Devices that a routing rule names. */
  readonly ruled: readonly string[];
}

interface RawLink {
  readonly ifname: string;
  readonly flags: readonly string[];
  readonly mtu: number;
  readonly address?: string;
  readonly master?: string;
  readonly linkinfo?: { readonly info_kind?: string };
  readonly link_type?: string;
  readonly addr_info?: readonly (IpAddress | Record<string, never>)[];
}

function linkOf(raw: RawLink): Link {
  const { ifname, flags, mtu, address = '', master, linkinfo, link_type, addr_info = [] } = raw;
  return {
    name: ifname,
    up: flags.includes('UP'),
    carrier: flags.includes('LOWER_UP'),
    mtu,
    mac: address,
    master,
    kind: link_type === 'loopback' ? 'loopback' : linkinfo?.info_kind,
    // `ip` prints empty objects for addresses that a filter left out.
    addresses: addr_info.filter((each): each is IpAddress => typeof each['local'] === 'string'),
  };
}

export async function readLinks(): Promise<Link[]> {
  return (await ipJson<RawLink>('address', 'show')).map(linkOf);
}

/** Every route of every table; what the kernel lists in both families is told apart. */
async function readRoutes(): Promise<IpRoute[]> {
  const families = [4, 6] as const;
  const lists = await Promise.all(
    families.map(async (ipVersion) => {
      const routes = await ipJson<IpRoute>(`-${ipVersion}`, 'route', 'show', 'table', 'all').catch(() => []);
      return routes.map((route): IpRoute => ({ ...route, ipVersion }));
    }),
  );
  return lists.flat();
}

export async function readHost(): Promise<HostNetwork> {
  const rule = (family: string): Promise<{ iif?: string; oif?: string }[]> =>
    ipJson<{ iif?: string; oif?: string }>(family, 'rule', 'show').catch(() => []);
  const [links, routes, rules4, rules6] = await Promise.all([readLinks(), readRoutes(), rule('-4'), rule('-6')]);
  const ruled = [...rules4, ...rules6].flatMap(({ iif, oif }) => [iif, oif]).filter((name) => name !== undefined);
  return { links, routes, ruled };
}

/** What was resolved behind a device, and what somebody fixed there. */
export async function readNeighbours(dev: string): Promise<Neighbour[]> {
  const found = await ipJson<Omit<Neighbour, 'dev'>>('neighbour', 'show', 'dev', dev).catch(() => []);
  return found.map((each) => ({ ...each, dev }));
}

/** Routes with a locked metric, which `ip -json` does not show. */
export async function lockedRoutes(dev: string): Promise<string[]> {
  const texts = await Promise.all(
    ['-4', '-6'].map((family) => run('ip', [family, 'route', 'show', 'table', 'all']).catch(() => '')),
  );
  return texts
    .join('\n')
    .split('\n')
    .filter((line) => / lock /.test(line) && line.split(/\s+/).includes(dev));
}

export interface WayTo {
  readonly dev?: string;
  readonly source?: string;
  readonly gateway?: string;
}

/** How the kernel would reach an address. */
export async function wayTo(address: string): Promise<WayTo> {
  try {
    const [found] = await ipJson<{ dev?: string; prefsrc?: string; gateway?: string }>('route', 'get', address);
    const { dev, prefsrc, gateway } = found ?? {};
    return {
      ...(dev === undefined ? {} : { dev }),
      ...(prefsrc === undefined ? {} : { source: prefsrc }),
      ...(gateway === undefined ? {} : { gateway }),
    };
  } catch {
    return {};
  }
}

/** Addresses that somebody gave the host; the kernel makes the link-local ones itself, for every device anew. */
export function hostAddresses({ addresses }: Link): IpAddress[] {
  return addresses.filter(({ scope, protocol, local }) =>
    local.startsWith('fe80:') ? protocol !== undefined && protocol !== 'kernel_ll' : scope !== 'host',
  );
}

/** `10.0.0.5/24`, `172.16.0.1 peer 172.16.0.2/32`. */
export function cidr({ local, address, prefixlen }: IpAddress): string {
  return address === undefined ? `${local}/${prefixlen}` : `${local} peer ${address}/${prefixlen}`;
}
