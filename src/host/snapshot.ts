/**
 * What one device carries for the host (addresses, routes, fixed neighbours), and the ip(8) lines that take it to another
 * device or bring it back.
 * Neighbours: network.ts reads; src/watchdog runs the lines; the plan an operator sees is these lines.
 * Invariant: a snapshot placed again on its own device is the same to the last flag, lifetimes apart; what cannot be said in a
 * line is refused before anything moves, never left out.
 */
import { cidr, hostAddresses } from './network.js';
import type { HostNetwork, IpAddress, IpRoute, Neighbour, NextHop } from './network.js';

export interface Snapshot {
  readonly dev: string;
  readonly addresses: readonly IpAddress[];
  readonly routes: readonly IpRoute[];
  readonly neighbours: readonly Neighbour[];
}

const forever = 4_294_967_295;

/** Flags that `ip address` takes as words. */
const addressWords = ['home', 'mngtmpaddr', 'noprefixroute', 'autojoin'] as const;
const addressKeys = new Set([
  ...['family', 'local', 'prefixlen', 'scope', 'address', 'broadcast', 'label', 'metric', 'protocol'],
  ...['valid_life_time', 'preferred_life_time', ...addressWords],
  // The kernel sets these by itself again.
  ...['secondary', 'dynamic', 'deprecated', 'tentative', 'nodad', 'temporary', 'optimistic'],
]);

const routeKeys = new Set([
  ...[
    'ipVersion',
    'type',
    'dst',
    'gateway',
    'via',
    'dev',
    'table',
    'protocol',
    'scope',
    'prefsrc',
    'metric',
    'tos',
    'flags',
  ],
  ...['from', 'pref', 'expires', 'metrics', 'nexthops', 'weight'],
]);
const metricKeys = new Set([
  ...['mtu', 'advmss', 'window', 'initcwnd', 'initrwnd', 'hoplimit', 'reordering', 'ssthresh', 'cwnd', 'quickack'],
]);
/** `onlink` is said; the others tell of the moment. */
const hopFlags = new Set(['onlink', 'linkdown', 'dead', 'offload', 'trap']);

function devicesOf(route: IpRoute): string[] {
  return [route.dev, ...(route.nexthops ?? []).map(({ dev }) => dev)].filter((dev) => dev !== undefined);
}

/** Networks as `ip route` prints them: host routes without a length. */
function networkOf({ local, address, prefixlen, family }: IpAddress): string {
  const ip = address ?? local;
  const bits = family === 'inet' ? 32 : 128;
  return prefixlen === bits ? ip : `${masked(ip, prefixlen, family)}/${prefixlen}`;
}

function masked(ip: string, length: number, family: string): string {
  if (family !== 'inet') {
    // Compared through one spelling: URL writes IPv6 in its shortest form.
    const [head = '', tail] = ip.split('::');
    const left = head === '' ? [] : head.split(':');
    const right = tail === undefined || tail === '' ? [] : tail.split(':');
    const words =
      tail === undefined ? left : [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
    const kept = words.map((word, i) => {
      const bits = Math.max(0, Math.min(16, length - i * 16));
      return (Number.parseInt(word, 16) & ((0xffff << (16 - bits)) & 0xffff)).toString(16);
    });
    return new URL(`http://[${kept.join(':')}]/`).hostname.slice(1, -1);
  }
  const value = ip.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
  const kept = Math.floor(value / 2 ** (32 - length)) * 2 ** (32 - length);
  return [24, 16, 8, 0].map((shift) => Math.floor(kept / 2 ** shift) % 256).join('.');
}

/** The kernel makes and removes these itself with the address. */
function comesWithAddress(route: IpRoute, addresses: readonly IpAddress[]): boolean {
  if (['local', 'broadcast', 'multicast', 'anycast'].includes(route.type)) return true;
  if (route.protocol !== 'kernel') return false;
  if (route.dst === 'fe80::/64') return true;
  return addresses.some(
    (each) =>
      each['noprefixroute'] !== true &&
      networkOf(each) === route.dst &&
      (route.ipVersion === 6 || route.prefsrc === each.local) &&
      (each.metric ?? (route.ipVersion === 6 ? 256 : 0)) === (route.metric ?? 0),
  );
}

/** What cannot be said again in a line; empty when everything can. */
function unsayable({ addresses, routes }: Snapshot): string[] {
  const strange = (object: object, known: ReadonlySet<string>): string[] =>
    Object.keys(object).filter((key) => !known.has(key));
  return [
    ...addresses.flatMap((each) => strange(each, addressKeys).map((key) => `${cidr(each)} has \`${key}\``)),
    ...routes.flatMap((route) => {
      const keys = [
        ...strange(route, routeKeys),
        ...(route.metrics ?? []).flatMap((metric) => strange(metric, metricKeys)),
        ...[route, ...(route.nexthops ?? [])].flatMap(({ flags = [] }) => flags.filter((flag) => !hopFlags.has(flag))),
        ...(route.nexthops ?? []).flatMap(({ dev }) =>
          dev === undefined || routeDevices(route).size === 1 ? [] : ['next hops over several devices'],
        ),
      ];
      return [...new Set(keys)].map((key) => `the route to ${route.dst} has \`${key}\``);
    }),
  ];
}

const routeDevices = (route: IpRoute): ReadonlySet<string> => new Set(devicesOf(route));

export interface Taken {
  readonly snapshot: Snapshot;
  /** Why it cannot be moved exactly; sentences. */
  readonly problems: readonly string[];
}

/** What `dev` carries now. */
export function takeSnapshot(dev: string, host: HostNetwork, neighbours: readonly Neighbour[] = []): Taken {
  const link = host.links.find(({ name }) => name === dev);
  const addresses = link === undefined ? [] : hostAddresses(link);
  const routes = host.routes.filter(
    (route) => devicesOf(route).includes(dev) && !comesWithAddress(route, link?.addresses ?? []),
  );
  const kept = neighbours.filter(({ lladdr, state }) => lladdr !== undefined && !state.includes('FAILED'));
  const snapshot = { dev, addresses, routes, neighbours: kept };
  const problems = unsayable(snapshot);
  if (host.ruled.includes(dev)) problems.push(`a routing rule names ${dev} (see: ip rule)`);
  return { snapshot, problems };
}

function lifetime(seconds: number, elapsedSec: number): string {
  return seconds === forever ? 'forever' : String(Math.max(0, seconds - elapsedSec));
}

/** A label is the device's name, or that and `:something`, 15 characters in all. */
function labelOf({ label, family }: IpAddress, from: string, to: string): string {
  if (family !== 'inet' || label === undefined || label === from) return '';
  const moved = label.replace(from, to);
  return moved.startsWith(`${to}:`) && moved.length <= 15 ? ` label ${moved}` : '';
}

function addLines(each: IpAddress, from: string, to: string, elapsedSec: number): string[] {
  const words = addressWords.filter((word) => each[word] === true).map((word) => ` ${word}`);
  const brd = each.broadcast === undefined ? '' : ` brd ${each.broadcast}`;
  const metric = each.metric === undefined ? '' : ` metric ${each.metric}`;
  const { valid_life_time: valid, preferred_life_time: preferred } = each;
  const lives =
    valid === forever && preferred === forever
      ? ''
      : ` valid_lft ${lifetime(valid, elapsedSec)} preferred_lft ${lifetime(preferred, elapsedSec)}`;
  const line = `${cidr(each)}${brd} scope ${each.scope}${labelOf(each, from, to)} dev ${to}${metric}${lives}${words.join('')}`;
  if (each.family === 'inet') return [`address replace ${line}`];
  // Duplicate detection would keep the address from use for a second; asked for and taken back, the flag is as it was.
  return [`address replace ${line} nodad`, ...(each['nodad'] === true ? [] : [`address change ${line}`])];
}

function hopText({ gateway, via, dev, flags = [] }: NextHop, to: string): string {
  const by = gateway !== undefined ? ` via ${gateway}` : via !== undefined ? ` via ${via.family} ${via.host}` : '';
  const on = dev === undefined ? '' : ` dev ${to}`;
  return `${by}${on}${flags.includes('onlink') ? ' onlink' : ''}`;
}

/** A route in the words `ip route` takes, over `to`. What it has left to live is said only when it is placed. */
function routeText(route: IpRoute, to: string, withLife = false): string {
  const { type, protocol, scope, prefsrc, metric, pref, expires, from, tos, table, ipVersion } = route;
  // Which family `default` is of shows in nothing else.
  const dst = route.dst === 'default' ? (ipVersion === 6 ? '::/0' : '0.0.0.0/0') : route.dst;
  const word = (name: string, value: string | number | undefined): string =>
    value === undefined ? '' : ` ${name} ${value}`;
  return [
    `${type} ${dst}`,
    word('from', from),
    hopText(route, to),
    word('tos', tos),
    word('table', table),
    word('proto', protocol),
    word('scope', ipVersion === 6 ? undefined : scope),
    word('src', prefsrc),
    word('metric', metric),
    ...(route.metrics ?? []).flatMap((each) => Object.entries(each).map(([key, value]) => ` ${key} ${String(value)}`)),
    word('pref', pref),
    word('expires', withLife ? expires : undefined),
    ...(route.nexthops ?? []).map((hop) => ` nexthop${hopText(hop, to)} weight ${hop.weight ?? 1}`),
  ].join('');
}

/** Routes without a gateway come first: those with one need a way to it. */
function inOrder(routes: readonly IpRoute[]): IpRoute[] {
  const direct = (route: IpRoute): boolean =>
    [route, ...(route.nexthops ?? [])].every(({ gateway, via }) => gateway === undefined && via === undefined);
  return [...routes.filter(direct), ...routes.filter((route) => !direct(route))];
}

/** Take what is there of a snapshot off `dev`. `now` is what the device carries at this moment. */
function removalLines(now: Snapshot, wanted: Snapshot): string[] {
  const mapped = new Set(wanted.routes.map((route) => routeText(route, now.dev)));
  const routes = now.routes.filter((route) => mapped.has(routeText(route, now.dev)));
  const ours = new Set(wanted.addresses.map(cidr));
  const addresses = now.addresses.filter((each) => ours.has(cidr(each)));
  return [
    ...inOrder(routes)
      .toReversed()
      .map((route) => `route del ${routeText(route, now.dev)}`),
    // The last first: a primary address may take its secondaries along.
    ...addresses.toReversed().map((each) => `address del ${cidr(each)} dev ${now.dev}`),
  ];
}

/**
 * The lines that bring `wanted` to device `to` and off the others, as one batch: first everything goes, then everything comes,
 * so that no address is ever on two devices and every list has its old order.
 */
export function moveLines(wanted: Snapshot, to: string, now: readonly Snapshot[], elapsedSec = 0): string[] {
  const four = wanted.addresses.filter(({ family }) => family === 'inet');
  // The kernel puts a new IPv6 address before its equals.
  const six = wanted.addresses.filter(({ family }) => family !== 'inet').toReversed();
  return [
    ...now.flatMap((each) => removalLines(each, wanted)),
    ...[...four, ...six].flatMap((each) => addLines(each, wanted.dev, to, elapsedSec)),
    ...inOrder(wanted.routes).map((route) => `route append ${routeText(route, to, true)}`),
    ...wanted.neighbours.map(({ dst, lladdr, state }) => {
      const nud = state.includes('PERMANENT') ? 'permanent' : 'stale';
      return `neighbour replace ${dst} lladdr ${lladdr} dev ${to} nud ${nud}`;
    }),
  ];
}

/** Whether a device carries exactly this, lifetimes and moments apart. */
export function carries(now: Snapshot, wanted: Snapshot): boolean {
  const life = { valid_life_time: forever, preferred_life_time: forever };
  const text = ({ dev, addresses, routes }: Snapshot): string =>
    JSON.stringify([
      addresses.map((each) => addLines({ ...each, ...life }, dev, now.dev, 0)),
      routes.map((route) => routeText(route, now.dev)),
    ]);
  return text(now) === text(wanted);
}

/** What a device carries, with the labels that had no room there (they begin with the device's name, 15 characters in all). */
export function withLabels(now: Snapshot, before: Snapshot): Snapshot {
  const labels = new Map(before.addresses.map((each) => [cidr(each), each.label]));
  const addresses = now.addresses.map((each) => {
    const label = each.label === now.dev ? labels.get(cidr(each)) : undefined;
    return label === undefined ? each : { ...each, label };
  });
  return { ...now, addresses };
}

/** Whether a device carries any of it. */
export function carriesSome(now: Snapshot, wanted: Snapshot): boolean {
  return removalLines(now, wanted).length > 0;
}
