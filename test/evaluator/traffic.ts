/**
 * Random frames for a host: a shape is a handful of small choices, which a state turns into a scene.
 * Neighbours: states.ts makes the state, scene.ts says what a scene is.
 * Invariant: a shape means something in every state or nothing at all (undefined), so shrinking keeps it valid.
 */
import fc from 'fast-check';
import { parseIpv6, parseMac, type Address, type Endpoint, type Network, type State } from '../../src/model/index.js';
import { big, portedName, proto, type Arp, type Frame, type Ip, type Outer } from './packet.js';
import { ports, tunnelPort, uplinkPort } from './ports.js';
import { endOf, originalTuple, type Origin, type Phase, type Scene } from './scene.js';
import { crossing, gatewayScene } from './gateway.js';
import { tcpPorts } from './states.js';

export const mac = (text: string): Uint8Array => parseMac(text) ?? new Uint8Array(6);
export const ipv6 = (text: string): Uint8Array => parseIpv6(text) ?? new Uint8Array(16);

const router = mac('02:00:00:ff:ff:fe');
const stranger = mac('02:00:00:ff:ff:01');
export const everybody = mac('ff:ff:ff:ff:ff:ff');
export const nobody = new Uint8Array(6);
const outside4 = [0xc633_6407, 0xc633_6409, 0x0808_0808];
const outside6 = [ipv6('2001:db8::7'), ipv6('2001:4860::8')];
const clientPort = 40_000;

export const ways = [
  ...Array.from({ length: 12 }, () => 'pair' as const),
  ...(['out', 'out', 'in', 'in', 'in', 'multicast', 'routed in', 'routed in', 'routed out'] as const),
  ...([
    'gateway',
    'gateway',
    'gateway',
    'gateway out',
    'gateway ping',
    'gateway asked',
    'gateway out',
    'gateway asked',
    'gateway last hop',
    'gateway nowhere',
    'gateway too big',
  ] as const),
  ...(['spoofed address', 'spoofed station', 'strange peer', 'strange tag', 'tagged', 'no port'] as const),
  ...(['arp', 'arp known', 'solicitation', 'dhcp'] as const),
];
export type Way = (typeof ways)[number];

const service = fc.oneof(
  fc.record({
    protocol: fc.constantFrom<number>(proto.tcp, proto.tcp, proto.udp, proto.sctp),
    port: fc.constantFrom<number>(...tcpPorts, 444, 8094, 9999),
  }),
  // Port 13: a timestamp instead of an echo, where the family has one.
  fc.record({ protocol: fc.constant<number>(proto.icmp), port: fc.constantFrom(0, 0, 13) }),
  fc.constant({ protocol: 47, port: 0 }),
);

export const shape = fc.record({
  way: fc.constantFrom<Way>(...ways),
  from: fc.nat(11),
  to: fc.nat(11),
  outside: fc.nat(2),
  v6: fc.boolean(),
  service,
  phase: fc.constantFrom<Phase>('first', 'first', 'first', 'again', 'reply', 'reply', 'related'),
});
export type Shape = typeof shape extends fc.Arbitrary<infer T> ? T : never;

export function networkOf(state: State, e: Endpoint): Network {
  const found = state.networks.get(e.network);
  if (!found) throw new Error(`no network ${e.network}`);
  return found;
}

export function localPort(e: Endpoint): number | undefined {
  return e.where && 'interface' in e.where ? ports.of(e.where.interface) : undefined;
}

export function addressOf(e: Endpoint, v6: boolean): Address | undefined {
  return v6 ? e.ipv6[0] : e.ipv4;
}

/** How a frame of a network comes in when its sender is not local: with any tag of it, for fabrics have their own ideas. */
function fromOutside(
  state: State,
  s: Shape,
  network: Network,
  peer: number,
): Outer & { inPort: number; origin: Origin } {
  const tags = [network.tag, ...state.taggedGroups(network.key).flatMap(({ tag }) => tag ?? [])];
  const tag = tags[(s.outside + s.to) % tags.length]!;
  return network.encap === 'vlan'
    ? { inPort: uplinkPort, vlan: tag, origin: 'uplink' }
    : { inPort: tunnelPort, tunnel: { vni: tag, source: peer }, origin: 'tunnel' };
}

const firstPeer = 0xac1f_0002;

export function cameIn(
  state: State,
  s: Shape,
  network: Network,
  e: Endpoint,
): Outer & { inPort: number; origin: Origin } {
  const inPort = localPort(e);
  if (inPort !== undefined) return { inPort, origin: 'endpoint' };
  const peer = e.where && 'vtepIp' in e.where && e.where.vtepIp === '172.31.0.3' ? firstPeer + 1 : firstPeer;
  return fromOutside(state, s, network, peer);
}

/** The packet of a phase, sent from `source` to `destination`. */
export function bodyOf({ service: s, phase }: Shape, source: Address, destination: Address): Ip {
  const v6 = typeof source !== 'number';
  const protocol = s.protocol === proto.icmp && v6 ? proto.icmp6 : s.protocol;
  const ported = portedName(protocol) !== undefined;
  const echo = protocol === proto.icmp || protocol === proto.icmp6;
  const question = v6 ? 128 : s.port === 13 ? 13 : 8;
  const forward: Ip = {
    ...({ kind: 'ip', source, destination, protocol } as const),
    ...(ported ? { tpSrc: clientPort, tpDst: s.port } : {}),
    ...(echo ? { icmpType: question } : {}),
  };
  if (phase === 'first' || phase === 'again') return forward;
  const reply: Ip = {
    ...forward,
    ...(ported ? { tpSrc: s.port, tpDst: clientPort } : {}),
    ...(echo ? { icmpType: v6 ? 129 : question === 13 ? 14 : 0 } : {}),
  };
  if (phase === 'reply') return reply;
  const about = originalTuple('reply', reply);
  const [errorProtocol, icmpType] = v6 ? [proto.icmp6, 1] : [proto.icmp, 3];
  return { kind: 'ip', source, destination, protocol: errorProtocol, icmpType, about };
}

/** Any router on its way may send an ICMP error. */
function maybeByRouter({ phase, outside, v6 }: Shape, body: Ip): Ip {
  if (phase !== 'related' || outside !== 1) return body;
  return { ...body, source: v6 ? ipv6('2001:db8::fe') : 0xc633_64fe };
}

export interface Draft {
  readonly way: Outer & { inPort: number; origin: Origin };
  readonly network: Network;
  readonly sender?: Endpoint | undefined;
  readonly receiver?: Endpoint | undefined;
  readonly station?: Endpoint | undefined;
  readonly ethSrc: Uint8Array;
  readonly ethDst: Uint8Array;
  readonly body: Ip | Arp;
  readonly kind?: Scene['kind'];
  readonly phase?: Phase;
  readonly routed?: Scene['routed'];
  readonly bytes?: number;
}

/** From outside, and for another host, as far as this one knows: that one judges. */
function passesBy({ way, network, station, ...draft }: Draft): boolean {
  if (way.origin !== 'uplink') return false;
  if (station === undefined) return draft.routed?.peer !== undefined;
  const elsewhere = (draft.routed?.into ?? network).encap === 'vlan' || (station.where && 'vtepIp' in station.where);
  return localPort(station) === undefined && elsewhere === true;
}

export function sceneOf(draft: Draft): Scene {
  const { way, network, ethSrc, ethDst, body, phase = 'first' } = draft;
  const { origin, ...outer } = way;
  const frame: Frame = { ...outer, ethSrc, ethDst, body, ...(draft.bytes === undefined ? {} : { bytes: draft.bytes }) };
  const [from, destination] = body.kind === 'ip' ? [body.source, body.destination] : [body.spa, body.tpa];
  // Whoever sends an error, it is about what the other end sent, or was sent.
  const source = body.kind === 'ip' && body.about ? body.about.destination : from;
  const remembered = phase === 'first' || body.kind !== 'ip' ? undefined : originalTuple(phase, body);
  return {
    ...{ frame, network, origin, phase, remembered, kind: draft.kind ?? (passesBy(draft) ? 'exempt' : 'judged') },
    sender: endOf(draft.sender, source),
    receiver: endOf(draft.receiver, destination),
    station: draft.station,
    routed: draft.routed,
  };
}

function pair(state: State, s: Shape, from: Endpoint, to: Endpoint): Scene | undefined {
  const network = networkOf(state, from);
  const source = addressOf(from, s.v6);
  const destination = addressOf(to, s.v6);
  if (source === undefined || destination === undefined || from === to || from.network !== to.network) return undefined;
  const draft = { way: cameIn(state, s, network, from), network, sender: from, receiver: to, station: to };
  return sceneOf({
    ...draft,
    ...{ ethSrc: from.mac, ethDst: to.mac, body: bodyOf(s, source, destination), phase: s.phase },
  });
}

/** Between two networks of a tenant, through a router outside: seen on the receiver's network, or on the sender's. */
function routed(state: State, s: Shape, from: Endpoint, to: Endpoint, out: boolean): Scene | undefined {
  const source = addressOf(from, s.v6);
  const destination = addressOf(to, s.v6);
  if (source === undefined || destination === undefined) return undefined;
  if (from.network === to.network || from.tenant !== to.tenant) return undefined;
  const sent = bodyOf(s, source, destination);
  const body = out ? sent : maybeByRouter(s, sent);
  const ends = { sender: from, receiver: to, body, phase: s.phase };
  const network = networkOf(state, out ? from : to);
  if (!out)
    return sceneOf({
      ...ends,
      way: fromOutside(state, s, network, firstPeer),
      network,
      station: to,
      ethSrc: router,
      ethDst: to.mac,
    });
  if (localPort(from) === undefined) return undefined;
  return sceneOf({ ...ends, way: cameIn(state, s, network, from), network, ethSrc: from.mac, ethDst: router });
}

export function outsideAddress(s: Shape): Address {
  return s.v6 ? outside6[s.outside % outside6.length]! : outside4[s.outside % outside4.length]!;
}

function leaving(state: State, s: Shape, from: Endpoint): Scene | undefined {
  const source = addressOf(from, s.v6);
  if (source === undefined || localPort(from) === undefined) return undefined;
  const network = networkOf(state, from);
  const body = bodyOf(s, source, outsideAddress(s));
  return sceneOf({
    ...{
      way: cameIn(state, s, network, from),
      network,
      sender: from,
      ethSrc: from.mac,
      ethDst: router,
      body,
      phase: s.phase,
    },
  });
}

function arriving(state: State, s: Shape, to: Endpoint): Scene | undefined {
  const destination = addressOf(to, s.v6);
  if (destination === undefined) return undefined;
  const network = networkOf(state, to);
  const body = maybeByRouter(s, bodyOf(s, outsideAddress(s), destination));
  const ends = { receiver: to, station: to, body, phase: s.phase };
  return sceneOf({ ...ends, way: fromOutside(state, s, network, firstPeer), network, ethSrc: router, ethDst: to.mac });
}

function multicast(state: State, s: Shape, from: Endpoint): Scene | undefined {
  const source = addressOf(from, s.v6);
  if (source === undefined) return undefined;
  const network = networkOf(state, from);
  const destination = s.v6 ? ipv6('ff02::fb') : 0xe000_00fb;
  const ethDst = s.v6 ? mac('33:33:00:00:00:fb') : mac('01:00:5e:00:00:fb');
  const body: Ip = { kind: 'ip', source, destination, protocol: proto.udp, tpSrc: 5353, tpDst: s.service.port || 5353 };
  return sceneOf({ way: cameIn(state, s, network, from), network, sender: from, ethSrc: from.mac, ethDst, body });
}

/** What a guard must stop, made of an honest pair. */
function refused(state: State, s: Shape, from: Endpoint, to: Endpoint): Scene | undefined {
  const honest = pair(state, { ...s, phase: 'first' }, from, to);
  if (!honest || honest.frame.body.kind !== 'ip') return undefined;
  const { frame, origin } = honest;
  const { body } = honest.frame;
  const other = (changed: Partial<Frame>): Scene => ({ ...honest, kind: 'refused', frame: { ...frame, ...changed } });
  switch (s.way) {
    case 'spoofed address':
      return origin === 'endpoint' ? other({ body: { ...body, source: outsideAddress(s) } }) : undefined;
    case 'spoofed station':
      return origin === 'endpoint' ? other({ ethSrc: s.outside === 0 ? to.mac : stranger }) : undefined;
    case 'strange peer':
      return frame.tunnel && other({ tunnel: { ...frame.tunnel, source: 0xac1f_0063 } });
    case 'strange tag':
      if (frame.tunnel) return other({ tunnel: { ...frame.tunnel, vni: 77 } });
      return origin === 'uplink' ? other({ vlan: 77 }) : undefined;
    case 'tagged':
      return origin === 'endpoint' ? other({ vlan: 100 }) : undefined;
    default:
      return other({ inPort: 999 });
  }
}

/** What keeps a link going and is never judged. The asker asks for somebody unknown, so that nobody answers for him. */
function exempt(state: State, s: Shape, from: Endpoint): Scene | undefined {
  const network = networkOf(state, from);
  const draft = {
    way: cameIn(state, s, network, from),
    network,
    sender: from,
    ethSrc: from.mac,
    kind: 'exempt' as const,
  };
  const [ip6] = from.ipv6;
  if (s.way === 'solicitation') {
    if (!ip6) return undefined;
    const nd = { target: ipv6('fd00:1::99'), option: s.outside === 0 ? nobody : from.mac };
    const body: Ip = { kind: 'ip', source: ip6, destination: ipv6('ff02::1:ff00:99'), protocol: 58, icmpType: 135, nd };
    return sceneOf({ ...draft, ethDst: mac('33:33:ff:00:00:99'), body });
  }
  if (s.way === 'dhcp') {
    const ends = { source: 0, destination: 0xffff_ffff, protocol: proto.udp, tpSrc: 68, tpDst: 67 };
    return sceneOf({ ...draft, ethDst: everybody, body: { kind: 'ip', ...ends } });
  }
  if (from.ipv4 === undefined) return undefined;
  const body: Arp = { kind: 'arp', op: 1, spa: from.ipv4, tpa: Number(big(from.ipv4) | 0x63n), sha: from.mac };
  return sceneOf({ ...draft, ethDst: everybody, body });
}

/** A local endpoint asks for one that is known: it gets its answer where it asked. */
function asking(state: State, s: Shape, from: Endpoint, to: Endpoint): Scene | undefined {
  const network = networkOf(state, from);
  if (from.ipv4 === undefined || to.ipv4 === undefined || localPort(from) === undefined) return undefined;
  const body: Arp = { kind: 'arp', op: 1, spa: from.ipv4, tpa: to.ipv4, sha: from.mac };
  const draft = {
    way: cameIn(state, s, network, from),
    network,
    sender: from,
    receiver: to,
    body,
    kind: 'answered' as const,
  };
  return sceneOf({ ...draft, ethSrc: from.mac, ethDst: everybody });
}

/** The scene that a shape is in a state. */
export function sceneFor(state: State, s: Shape): Scene | undefined {
  const endpoints = [...state.endpoints].toSorted((a, b) => (a.key < b.key ? -1 : 1));
  const from = endpoints[s.from % endpoints.length]!;
  // Mostly somebody who can be reached: of the same tenant, and of the same network where the shape wants that.
  const across = s.way.startsWith('routed') || s.way === 'gateway';
  const near = endpoints.filter(
    (e) => e !== from && e.tenant === from.tenant && (e.network === from.network) !== across,
  );
  const to = near[s.to % near.length];
  switch (s.way) {
    case 'out':
      return leaving(state, s, from);
    case 'in':
      return arriving(state, s, from);
    case 'multicast':
      return multicast(state, s, from);
    case 'arp':
    case 'solicitation':
    case 'dhcp':
      return exempt(state, s, from);
    case 'arp known':
      return to && asking(state, s, from, to);
    case 'gateway':
      return to && crossing(state, s, from, to);
    case 'gateway out':
    case 'gateway ping':
    case 'gateway asked':
    case 'gateway last hop':
    case 'gateway nowhere':
    case 'gateway too big':
      return gatewayScene(state, s, from);
    case 'pair':
      return to && pair(state, s, from, to);
    case 'routed in':
    case 'routed out':
      return to && routed(state, s, from, to, s.way === 'routed out');
    default:
      return to && refused(state, s, from, to);
  }
}
