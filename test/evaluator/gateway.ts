/**
 * Frames to the distributed gateway, and what semantics.md says becomes of them: answered, routed, handed over, or nowhere.
 * Neighbours: traffic.ts chooses the shape and has the other ways. Knows nothing of tables.
 * Invariant: whether there is a way is decided here from the objects: routed networks, known endpoints, longest prefix.
 */
import {
  cidrContains,
  routerMac,
  type Address,
  type Endpoint,
  type Network,
  type State,
} from '../../src/model/index.js';
import { proto, type Arp, type Ip } from './packet.js';
import { outsideMac, underlay } from './ports.js';
import type { Scene } from './scene.js';
import {
  addressOf,
  bodyOf,
  cameIn,
  everybody,
  ipv6,
  localPort,
  mac,
  networkOf,
  nobody,
  outsideAddress,
  sceneOf,
  type Draft,
  type Shape,
} from './traffic.js';

const isRouted = (state: State, network: Network): boolean =>
  (network.forwarding ?? state.settings.forwardingMode) === 'routing';

/** From one network of a tenant to another, by way of the gateway. */
export function crossing(state: State, s: Shape, from: Endpoint, to: Endpoint): Scene | undefined {
  const destination = addressOf(to, s.v6);
  const into = networkOf(state, to);
  const draft = draftFrom(state, s, from);
  if (destination === undefined || draft === undefined) return undefined;
  if (!isRouted(state, into)) return sentOn(state, s, { ...draft, receiver: to }, destination);
  const body = bodyOf(s, draft.source, destination);
  if (!isRouted(state, draft.network)) return sceneOf({ ...draft, body, kind: 'nowhere' });
  return sceneOf({ ...draft, body, receiver: to, station: to, phase: s.phase, routed: { into, mac: to.mac } });
}

interface ToGateway extends Omit<Draft, 'body'> {
  readonly source: Address;
}

function draftFrom(state: State, s: Shape, from: Endpoint): ToGateway | undefined {
  const source = addressOf(from, s.v6);
  const network = networkOf(state, from);
  if (source === undefined) return undefined;
  const way = cameIn(state, s, network, from);
  // Outside a host is known by a MAC of its own; whoever knows the other one may use that.
  const ethDst = way.origin === 'uplink' && s.outside === 0 ? outsideMac : routerMac;
  return { source, way, network, sender: from, ethSrc: from.mac, ethDst };
}

/** To where no endpoint of a routed network is: by the longest route, or nowhere. */
function sentOn(state: State, s: Shape, { source, ...draft }: ToGateway, destination: Address): Scene {
  const { network } = draft;
  const routed = isRouted(state, network) ? routeTo(state, network.tenant, destination) : undefined;
  // What came from the uplink does not go back to it.
  const lost = routed === undefined || (draft.way.origin === 'uplink' && routed.peer === undefined);
  if (lost) return sceneOf({ ...draft, body: bodyOf({ ...s, phase: 'first' }, source, destination), kind: 'nowhere' });
  return sceneOf({ ...draft, body: bodyOf(s, source, destination), phase: s.phase, routed });
}

/** The route with the longest prefix that holds an address; a connected subnet decides before any that is wider. */
function routeTo(state: State, tenant: string, address: Address): Scene['routed'] {
  const connected = [...state.tenantNetworks(tenant)].some(
    (n) => isRouted(state, n) && [n.subnet, n.ipv6Subnet].some((cidr) => cidr && cidrContains(cidr, address)),
  );
  const [best] = [...state.routes]
    .filter((route) => route.tenant === tenant && cidrContains(route.prefix, address))
    .toSorted((a, b) => b.prefix.length - a.prefix.length);
  const into = best && state.networks.get(best.network);
  return connected ? undefined : into && { into, mac: best.mac, peer: best.vtepIp };
}

/** What is asked of the gateway itself, or sent where no endpoint is. */
export function gatewayScene(state: State, s: Shape, from: Endpoint): Scene | undefined {
  const draft = draftFrom(state, s, from);
  const network = networkOf(state, from);
  const gateway = s.v6 ? network.ipv6Gateway : network.gateway;
  if (draft === undefined || gateway === undefined) return undefined;
  const here = isRouted(state, network);
  switch (s.way) {
    case 'gateway out':
      return sentOn(state, s, draft, outsideAddress(s));
    case 'gateway too big':
      return tooBig(state, s, draft);
    case 'gateway nowhere':
      return sentOn(state, s, draft, s.v6 ? ipv6('fd00:2::77') : 0x0a02_0077);
    case 'gateway ping': {
      const echo = s.v6 ? { protocol: proto.icmp6, icmpType: 128 } : { protocol: proto.icmp, icmpType: 8 };
      const body: Ip = { kind: 'ip', source: draft.source, destination: gateway, ...echo };
      const near = localPort(from) !== undefined || draft.ethDst === outsideMac;
      return sceneOf({ ...draft, body, kind: here && near ? 'answered' : 'nowhere' });
    }
    case 'gateway last hop': {
      const body: Ip = { ...bodyOf({ ...s, phase: 'first' }, draft.source, outsideAddress(s)), ttl: 1 };
      return sceneOf({ ...draft, body, kind: here ? 'handed over' : 'nowhere' });
    }
    default:
      return here && draft.way.origin !== 'tunnel' ? asked(s, from, draft, gateway) : undefined;
  }
}

/** By a route into a network that carries less. */
function tooBig(state: State, s: Shape, { source, ...draft }: ToGateway): Scene {
  const { network } = draft;
  const bytes = underlay.vxlan + s.to - 5;
  const destination = outsideAddress(s);
  const routed = isRouted(state, network) ? routeTo(state, network.tenant, destination) : undefined;
  if (routed === undefined || bytes <= underlay[routed.into.encap]) {
    return sentOn(state, s, { ...draft, source, bytes }, destination);
  }
  const body = bodyOf({ ...s, phase: 'first' }, source, destination);
  return sceneOf({ ...draft, body, bytes, kind: 'handed over' });
}

/** ARP or a solicitation for the gateway: answered at the port that asks, and from outside by the host with the lowest VTEP, which this one is. */
function asked(s: Shape, from: Endpoint, { source, ...draft }: ToGateway, gateway: Address): Scene {
  if (typeof gateway === 'number') {
    const body: Arp = { kind: 'arp', op: 1, spa: Number(source), tpa: gateway, sha: from.mac };
    return sceneOf({ ...draft, ethDst: everybody, body, kind: 'answered' });
  }
  const nd = { target: gateway, option: s.outside === 0 ? nobody : from.mac };
  const body: Ip = {
    kind: 'ip',
    source,
    destination: ipv6('ff02::1:ff00:ff'),
    protocol: proto.icmp6,
    icmpType: 135,
    nd,
  };
  return sceneOf({ ...draft, ethDst: mac('33:33:ff:00:00:ff'), body, kind: 'answered' });
}
