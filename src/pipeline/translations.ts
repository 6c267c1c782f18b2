/**
 * Which translated connections a change leaves without their way: those of a VIP, port or provider that is no more.
 * Neighbours: service.ts and service-groups.ts make the translations; src/datapath has the switch forget what is named here.
 * Invariant: a connection whose VIP, port and provider are still there is never named, so a change does not move it.
 */
import { formatAddress, type Address, type Change, type Service, type State } from '../model/index.js';
import { natZone } from './layout.js';
import { providedAt, sameFamily } from './service-groups.js';

/** Connections of a NAT zone to a VIP: all of them, or those to one of its ports, or those that one provider has. */
export interface StaleConnections {
  readonly zone: number;
  readonly vip: Address;
  readonly port?: { readonly protocol: 'tcp' | 'udp'; readonly number: number };
  readonly provider?: Address;
}

/** What `before` translated and `after` does not, as far as `changes` touch it. */
export function staleConnections(before: State, after: State, changes: readonly Change[]): StaleConnections[] {
  if (before.services.size === 0) return [];
  return [...touchedServices(before, changes)].flatMap((service) => staleOf(service, before, after));
}

function touchedServices(before: State, changes: readonly Change[]): Set<Service> {
  const touched = new Set<Service>();
  for (const { before: was } of changes) {
    if (was?.kind === 'service') touched.add(was);
    else if (was?.kind === 'endpoint') for (const service of before.provided(was)) touched.add(service);
  }
  return touched;
}

function staleOf(was: Service, before: State, after: State): StaleConnections[] {
  const tenant = before.tenants.get(was.tenant);
  const is = after.services.get(was.key);
  if (tenant === undefined) return [];
  const zone = natZone(tenant.zone);
  const same = after.tenants.get(was.tenant)?.zone === tenant.zone;
  const gone = goneProviders(was, is, before, after);
  return was.ips.flatMap((vip): StaleConnections[] => {
    if (!same || !is?.ips.some((ip) => formatAddress(ip) === formatAddress(vip))) return [{ zone, vip }];
    const ports = was.ports.filter(
      ({ port, targetPort, protocol }) =>
        !is.ports.some((p) => p.port === port && p.targetPort === targetPort && p.protocol === protocol),
    );
    return [
      ...ports.map(({ protocol, port }) => ({ zone, vip, port: { protocol, number: port } })),
      ...gone.filter((provider) => sameFamily(provider, vip)).map((provider) => ({ zone, vip, provider })),
    ];
  });
}

function goneProviders(was: Service, is: Service | undefined, before: State, after: State): Address[] {
  const addresses = (state: State, service: Service | undefined): Address[] =>
    service === undefined ? [] : state.providers(service).flatMap(providedAt);
  const left = new Set(addresses(after, is).map(formatAddress));
  return addresses(before, was).filter((address) => !left.has(formatAddress(address)));
}
