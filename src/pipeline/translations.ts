/**
 * Which tracked connections a change leaves without their way: translated ones of a VIP, port or provider that is no more, and all of
 * a tenant that is no more, whose zone another may get.
 * Neighbours: service.ts and service-groups.ts make the translations; src/datapath has the switch forget what is named here.
 * Invariant: a connection whose VIP, port and provider are still there is never named, so a change does not move it.
 */
import { formatAddress, type Address, type Change, type Service, type State } from '../model/index.js';
import { natZone } from './layout.js';
import { providedAt, sameFamily } from './service-groups.js';

/** Connections of a zone, all of them; or those of a NAT zone to a VIP, or to one of its ports, or those that one provider has. */
export interface StaleConnections {
  readonly zone: number;
  readonly vip?: Address;
  readonly port?: { readonly protocol: 'tcp' | 'udp'; readonly number: number };
  readonly provider?: Address;
}

/** What `before` translated and `after` does not, as far as `changes` touch it. */
export function staleConnections(before: State, after: State, changes: readonly Change[]): StaleConnections[] {
  const stale = changes.flatMap(({ before: was, ref }): StaleConnections[] => {
    if (was?.kind !== 'tenant' || after.tenants.get(ref.key)?.zone === was.zone) return [];
    return [{ zone: was.zone }, { zone: natZone(was.zone) }];
  });
  if (before.services.size === 0) return stale;
  return [...stale, ...[...touchedServices(before, changes)].flatMap((service) => staleOf(service, before, after))];
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
  // Without its tenant, the whole zone goes.
  if (tenant === undefined || after.tenants.get(was.tenant)?.zone !== tenant.zone) return [];
  const zone = natZone(tenant.zone);
  const gone = goneProviders(was, is, before, after);
  return was.ips.flatMap((vip): StaleConnections[] => {
    if (!is?.ips.some((ip) => formatAddress(ip) === formatAddress(vip))) return [{ zone, vip }];
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
