/**
 * Route: an external prefix of a tenant and the next hop to it, on the uplink or behind a peer.
 * Neighbours: network.ts is where the next hop is; src/pipeline/route.ts finds the longest prefix.
 * Invariant: the next hop's MAC is stated, for a flow cannot ask for it: whoever learned the route knows its neighbour.
 */
import { Type, type Static } from 'typebox';
import {
  cidrContains,
  compareCidr,
  formatAddress,
  formatCidr,
  formatMac,
  isLinkLocal,
  routerMac,
  type Address,
  type Cidr,
} from '../addr.js';
import { shared } from '../names.js';
import type { State } from '../types.js';
import type { Say } from '../problems.js';
import { defined, type KindRules, type Reference } from './kind.js';
import { name, readCidr, readHost, readMac, tenantName, text } from './fields.js';
import { familyOf } from './network.js';

export const routeSchema = Type.Object(
  {
    kind: Type.Literal('route'),
    tenant: tenantName,
    prefix: text('Where to; host bits are cleared. The longest prefix decides.', '0.0.0.0/0', '2001:db8::/32'),
    network: name('The network of the tenant that the next hop is in: its VLAN or VNI carries the packets.', 'transit'),
    nextHop: Type.Optional(text('Address of the next hop, in the network’s subnet; needs mac.', '10.9.0.1')),
    mac: Type.Optional(
      text(
        'MAC of the next hop. Left out behind a peer: the gateway of that host, which routes on.',
        '00:1c:73:00:00:01',
      ),
    ),
    vtepIp: Type.Optional(text('The peer that the next hop is behind; the network is in VXLAN then.', '172.31.0.2')),
  },
  {
    $id: 'Route',
    description: 'An external prefix of a tenant and the next hop to it. Packets come here from routed networks.',
    examples: [
      { kind: 'route', tenant: 'blue', prefix: '0.0.0.0/0', network: 'transit', mac: '00:1c:73:00:00:01' },
      { kind: 'route', tenant: 'blue', prefix: '198.51.100.0/24', network: 'front', vtepIp: '172.31.0.2' },
    ],
    additionalProperties: false,
  },
);

export type RouteSpec = Static<typeof routeSchema>;

export interface Route {
  readonly kind: 'route';
  /** `blue/10.0.0.0/8`. */
  readonly key: string;
  readonly id: number;
  readonly spec: RouteSpec;
  /** Keys of the tenant and of the network. */
  readonly tenant: string;
  readonly network: string;
  readonly prefix: Cidr;
  readonly nextHop?: Address;
  readonly mac: Uint8Array;
  /** Key of the peer. */
  readonly vtepIp?: string;
}

const nowhere: Cidr = { address: 0, length: 0, family: 4 };

/** What the next hop must be to its network. */
function check(route: Route, state: State, say: Say): void {
  const network = state.networks.get(route.network);
  if (network === undefined) return;
  if (route.vtepIp !== undefined && network.encap === 'vlan') {
    say(
      'vtepIp',
      'contradiction',
      `network \`${network.key}\` is a VLAN; nothing of it is behind a peer`,
      'leave it out',
    );
  }
  if (route.nextHop !== undefined && !isLinkLocal(route.nextHop)) {
    const { subnet } = familyOf(network, route.nextHop);
    if (subnet === undefined || !cidrContains(subnet, route.nextHop)) {
      const where = subnet === undefined ? 'any subnet' : formatCidr(subnet);
      say(
        'nextHop',
        'outside_subnet',
        `\`${formatAddress(route.nextHop)}\` is not in ${where} of network \`${network.key}\``,
      );
    }
  }
  for (const other of state.tenantNetworks(route.tenant)) {
    for (const subnet of [other.subnet, other.ipv6Subnet]) {
      if (subnet === undefined || subnet.family !== route.prefix.family || compareCidr(subnet, route.prefix) !== 0)
        continue;
      say(
        'prefix',
        'overlap',
        `${formatCidr(subnet)} is the subnet of network \`${other.key}\`, which is reached without a route`,
      );
    }
  }
}

export const routeRules: KindRules<'route'> = {
  kind: 'route',
  schema: routeSchema,
  identity: ['tenant', 'prefix'],
  aliases: { tenantName: 'tenant', networkName: 'network', vtepIP: 'vtepIp', macAddress: 'mac' },
  read(input: RouteSpec, say) {
    const tenant = shared(input.tenant);
    const prefix = readCidr(say, 'prefix', input.prefix) ?? nowhere;
    const peer = input.vtepIp === undefined ? undefined : readHost(say, 'vtepIp', input.vtepIp);
    const nextHop = input.nextHop === undefined ? undefined : readHost(say, 'nextHop', input.nextHop);
    const mac = input.mac === undefined ? undefined : readMac(say, 'mac', input.mac);
    if (input.mac === undefined && (input.vtepIp === undefined || input.nextHop !== undefined)) {
      say(
        'mac',
        'missing_field',
        'the MAC of the next hop is missing',
        'the neighbour that the route was learned from has it',
      );
    }
    if (
      typeof prefix.address !== 'number' &&
      prefix.length > 0 &&
      (isLinkLocal(prefix.address) || prefix.address[0] === 0xff)
    ) {
      say('prefix', 'bad_address', `\`${formatCidr(prefix)}\` is never routed: it means something on one link only`);
    }
    const vtepIp = peer === undefined ? undefined : shared(formatAddress(peer));
    const spec = defined<RouteSpec>({
      kind: 'route',
      tenant,
      prefix: formatCidr(prefix),
      network: input.network,
      nextHop: nextHop === undefined ? undefined : formatAddress(nextHop),
      mac: mac && formatMac(mac),
      vtepIp,
    });
    return defined<Route>({
      kind: 'route',
      key: `${tenant}/${formatCidr(prefix)}`,
      id: 0,
      spec,
      tenant,
      network: shared(`${tenant}/${input.network}`),
      prefix,
      nextHop,
      mac: mac ?? routerMac,
      vtepIp,
    });
  },
  references(route) {
    const refs: Reference[] = [{ field: 'network', ref: { kind: 'network', key: route.network } }];
    if (route.vtepIp !== undefined) refs.push({ field: 'vtepIp', ref: { kind: 'peer', key: route.vtepIp } });
    return refs;
  },
  check,
};
