/**
 * Host access: a subnet in which this host has a port, and each local endpoint an address by its number.
 * Neighbours: kinds/settings.ts states it, draft.ts gives the numbers; src/pipeline/host-access.ts translates, status shows the address.
 * Invariant: an endpoint's number is stored, so its address stays the same while it is here.
 */
import { cidrsOverlap, formatCidr, parseCidr, type Cidr } from './addr.js';
import type { Say } from './problems.js';
import type { Endpoint, Network, Settings, State } from './types.js';

export interface HostAccess {
  /** The host's port. */
  readonly port: string;
  readonly subnet: Cidr;
  /** The first address of the subnet. */
  readonly base: number;
}

/** Of the numbers of endpoints: the last address but one is the host's own, as in Contiv, and the last is broadcast. */
export const firstHostNumber = 1;
export const lastHostNumber = 0xfffd;
const ownNumber = 0xfffe;

export interface HostAccessSpec {
  readonly port?: string;
  readonly subnet?: string;
}

export const defaultHostAccess = { port: 'contivh0', subnet: '172.19.0.0/16' } as const;

export function readHostAccess({ port, subnet }: HostAccessSpec, say: Say): HostAccess | undefined {
  const text = subnet ?? defaultHostAccess.subnet;
  const cidr = parseCidr(text);
  if (cidr === undefined || typeof cidr.address !== 'number' || cidr.length !== 16) {
    say(
      'hostAccess/subnet',
      'bad_address',
      `\`${text}\` is not an IPv4 prefix of 16 bits such as ${defaultHostAccess.subnet}`,
    );
    return undefined;
  }
  return { port: port ?? defaultHostAccess.port, subnet: cidr, base: cidr.address };
}

/** The host's own address in the subnet. */
export function hostAddress({ base }: HostAccess): number {
  return base + ownNumber;
}

/** The MAC of the host's port, made of the subnet. */
export function hostMac({ base }: HostAccess): Uint8Array {
  return Uint8Array.of(0x02, 0x02, base >>> 24, (base >>> 16) & 0xff, ownNumber >> 8, ownNumber & 0xff);
}

/** Where the host reaches an endpoint: local, in a VXLAN network, with an IPv4 address. */
export function accessAddress(state: State, e: Endpoint): number | undefined {
  const { hostAccess } = state.settings;
  if (hostAccess === undefined || e.hostNumber === 0 || e.ipv4 === undefined) return undefined;
  return state.networks.get(e.network)?.encap === 'vxlan' ? hostAccess.base + e.hostNumber : undefined;
}

/** The subnets of networks and the host's must not share addresses: what is sent to them goes to the host. */
export function checkHostAccess(settings: Settings, networks: Iterable<Network>, say: (network: Network) => Say): void {
  const { hostAccess } = settings;
  if (hostAccess === undefined) return;
  for (const network of [...networks].toSorted((x, y) => (x.key < y.key ? -1 : 1))) {
    if (network.subnet === undefined || !cidrsOverlap(network.subnet, hostAccess.subnet)) continue;
    const which = `${formatCidr(network.subnet)} of network \`${network.key}\` overlaps ${formatCidr(hostAccess.subnet)}`;
    say(network)('', 'overlap', `${which}, the subnet of host access`);
  }
}
