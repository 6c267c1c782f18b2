/**
 * The OpenFlow groups of a service: one for each port and family, which gives a new connection its provider.
 * Neighbours: service.ts sends new connections here; the engine sends a changed group whole, never bucket by bucket.
 * Invariants: a bucket's id is its provider's object id, so it is the same on every host and whoever else provides;
 * groups are numbered within the service's own 16 bits, by what they are for.
 */
import { hash32, isLinkLocal, type Address, type Endpoint, type Service, type ServicePort } from '../model/index.js';
import { a, b, type Flows, type Fragment } from '../openflow/index.js';
import { natZone, t } from './layout.js';
import { zoneOf, type World } from './world.js';

export interface PortGroup {
  readonly id: number;
  readonly family: 4 | 6;
  readonly port: ServicePort;
  readonly providers: readonly Provider[];
  write(f: Flows): void;
}

/** An endpoint in its part as a provider, with the address that it is reached at. */
export interface Provider {
  readonly id: number;
  readonly address: Address;
}

/**
 * Up to here by dp_hash, which lets many connections share a cache entry. vswitchd deals 256 hash values out to the
 * buckets, so with more of them the shares differ by more than an eighth.
 */
const mostByHashValue = 32;
const hashValues = 256;

/** Up to here a bucket translates itself; a message holds no more of such buckets, and longer ones lead to shorter ones. */
const mostInOneGroup = 500;

/** Bucket ids above are reserved (OpenFlow 1.5.1 §7.3.4.3.1, OFPG_BUCKET_MAX). */
const lastBucket = 0xffffff00;

export function familyOf(ip: Address): 4 | 6 {
  return typeof ip === 'number' ? 4 : 6;
}

export function sameFamily(one: Address, other: Address): boolean {
  return typeof one === typeof other;
}

/** Where a provider is reached: at one address of each family that it has, its first. */
export function providedAt(e: Endpoint): Address[] {
  const ipv6 = e.ipv6.find((address) => !isLinkLocal(address));
  return [...(e.ipv4 === undefined ? [] : [e.ipv4]), ...(ipv6 === undefined ? [] : [ipv6])];
}

/** The providers of one family, by ascending id. */
export function providersOf(w: World, s: Service, family: 4 | 6): Provider[] {
  const providers: Provider[] = [];
  for (const e of w.state.providers(s)) {
    const address = providedAt(e).find((each) => familyOf(each) === family);
    if (address !== undefined) providers.push({ id: Math.min(e.id, lastBucket), address });
  }
  return providers;
}

/** Numbers for what a service needs groups for: from the name of the need, the next free one when that is taken. */
class Numbers {
  readonly #high: number;
  readonly #taken = new Set<number>();

  constructor(service: number) {
    this.#high = service * 0x10000;
  }

  take(need: string): number {
    let low = hash32(need) & 0xffff;
    while (this.#taken.has(low)) low = (low + 1) & 0xffff;
    this.#taken.add(low);
    return this.#high + low;
  }
}

/** The translation itself, of a connection's first packet. */
function translation(zone: number, { address }: Provider, { targetPort }: ServicePort): Fragment {
  if (typeof address === 'number')
    return a`ct(commit,table=${t.route},zone=${natZone(zone)},nat(dst=${address}:${targetPort}))`;
  return a`ct(commit,table=${t.route},zone=${natZone(zone)},nat(dst=[${address}]:${targetPort}))`;
}

/**
 * Shares of the 256 hash values: as large as they can be, and one of them cut in two, for vswitchd uses as few values
 * as the ratio of all weights to the smallest allows, and few values mean uneven shares.
 */
function weighted(id: number, providers: readonly Provider[], act: (provider: Provider) => Fragment, f: Flows): void {
  const weight = Math.floor(hashValues / providers.length);
  const buckets = providers.map((p) => b`bucket=bucket_id:${p.id}, weight:${weight}, actions=${act(p)}`);
  const [first] = providers;
  if (first !== undefined && (providers.length & (providers.length - 1)) !== 0) {
    const spare = spareBucket(providers);
    buckets[0] = b`bucket=bucket_id:${first.id}, weight:${weight - 1}, actions=${act(first)}`;
    buckets.push(b`bucket=bucket_id:${spare}, weight:1, actions=${act(first)}`);
  }
  f.group`group_id=${id}, type=select, selection_method=dp_hash, ${buckets}`;
}

/** A bucket id that no provider has. */
function spareBucket(providers: readonly Provider[]): number {
  let id = 1;
  while (providers.some((provider) => provider.id === id)) id++;
  return id;
}

/** By a hash of the client's address, and without affinity of its port: the highest of the buckets' scores wins. */
function scored(f: Flows, id: number, family: 4 | 6, affinity: Service['affinity'], buckets: Fragment[]): void {
  if (affinity === 'none') {
    if (family === 4) f.group`group_id=${id}, type=select, selection_method=hash, fields(ct_tp_src,ip_src), ${buckets}`;
    else f.group`group_id=${id}, type=select, selection_method=hash, fields(ct_tp_src,ipv6_src), ${buckets}`;
  } else if (family === 4) {
    f.group`group_id=${id}, type=select, selection_method=hash, fields=ip_src, ${buckets}`;
  } else f.group`group_id=${id}, type=select, selection_method=hash, fields=ipv6_src, ${buckets}`;
}

/** The groups of a service, in the order of its ports, IPv4 first. */
export function groupsOf(w: World, s: Service): PortGroup[] {
  const zone = zoneOf(w, s.tenant);
  const numbers = new Numbers(s.number);
  const families = ([4, 6] as const).filter((family) => s.ips.some((ip) => familyOf(ip) === family));
  const byFamily = families.map((family) => ({ family, providers: providersOf(w, s, family) }));
  const needed = s.ports.flatMap((port) =>
    byFamily.map(({ family, providers }) => {
      const name = `${port.port}/${port.protocol} ${family}`;
      return { port, family, providers, name, id: numbers.take(name) };
    }),
  );
  return needed.map(({ port, family, providers, name, id }) => ({
    id,
    family,
    port,
    providers,
    write(f) {
      const act = (provider: Provider): Fragment => translation(zone, provider, port);
      const [only] = providers;
      if (only === undefined) return;
      if (providers.length === 1) return f.group`group_id=${id}, type=indirect, bucket=actions=${act(only)}`;
      if (s.affinity === 'none' && providers.length <= mostByHashValue) return weighted(id, providers, act, f);
      if (providers.length <= mostInOneGroup) {
        const buckets = providers.map((p) => b`bucket=bucket_id:${p.id}, actions=${act(p)}`);
        return scored(f, id, family, s.affinity, buckets);
      }
      const buckets = providers.map((p) => {
        const own = numbers.take(`${name} ${p.id}`);
        f.group`group_id=${own}, type=indirect, bucket=actions=${act(p)}`;
        return b`bucket=bucket_id:${p.id}, actions=group:${own}`;
      });
      scored(f, id, family, s.affinity, buckets);
    },
  }));
}
