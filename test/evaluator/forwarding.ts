/**
 * Where an allowed frame goes, in the words of the networks: VLAN and VXLAN, bridged or routed into another. Knows nothing of tables.
 * Neighbours: scene.ts is the frame, compare.ts compares with what the tables send.
 * Invariant: never back to where it came from, and nothing from a tunnel into a tunnel (split horizon).
 */
import { type Endpoint, type Network, type State } from '../../src/model/index.js';
import type { Sent } from './machine.js';
import { big } from './packet.js';
import { daemonPort, ports, tunnelPort, uplinkPort } from './ports.js';
import type { Scene } from './scene.js';

/** A copy that leaves, as text: `w3`-like for local ports, `uplink vlan 100`, `tunnel 5001 to 2886729730`. */
export type Copy = string;

const local = (ofport: number): Copy => `port ${ofport}`;

export function copyOf({ port, vlan, tunnel }: Sent): Copy {
  if (port === tunnelPort) return `tunnel ${tunnel?.id} ${tunnel?.source}→${tunnel?.destination}`;
  if (port === daemonPort) return 'daemon';
  if (port === uplinkPort) return `uplink vlan ${vlan}`;
  return vlan === undefined ? local(port) : `port ${port} vlan ${vlan}`;
}

function portOf(endpoint: Endpoint): number | undefined {
  return endpoint.where && 'interface' in endpoint.where ? ports.of(endpoint.where.interface) : undefined;
}

/** What a frame carries outside: the tag of its local sender's group while it is in that group's network, else the network's. */
function tagOf(state: State, { frame }: Scene, network: Network): number {
  const sender = state.endpointAt(`w${frame.inPort}`);
  const group = sender?.group === undefined ? undefined : state.groups.get(sender.group);
  return group?.network === network.key ? (group.tag ?? network.tag) : network.tag;
}

function toPeer(state: State, scene: Scene, network: Network, key: string): Copy {
  const peer = state.peers.get(key);
  return `tunnel ${tagOf(state, scene, network)} ${big(state.settings.vtepIp ?? 0)}→${big(peer?.address ?? 0)}`;
}

/** To one station of the network. */
function toStation(state: State, scene: Scene, station: Endpoint): Copy[] {
  const { frame, origin } = scene;
  const network = scene.routed?.into ?? scene.network;
  const port = portOf(station);
  if (port !== undefined) return port === frame.inPort ? [] : [local(port)];
  // Back into another VLAN goes only what was routed there.
  if (network.encap === 'vlan')
    return origin === 'uplink' && !scene.routed ? [] : [`uplink vlan ${tagOf(state, scene, network)}`];
  if (!station.where || !('vtepIp' in station.where) || origin === 'tunnel') return [];
  return [toPeer(state, scene, network, station.where.vtepIp)];
}

/** To everybody of the network but the one it came from. */
function toAll(state: State, scene: Scene): Copy[] {
  const { frame, network, origin } = scene;
  const all = new Set<Copy>();
  for (const member of state.members(network.key)) {
    const port = portOf(member);
    if (port !== undefined && port !== frame.inPort) all.add(local(port));
    const behind = member.where && 'vtepIp' in member.where ? member.where.vtepIp : undefined;
    if (network.encap === 'vxlan' && origin === 'endpoint' && behind) all.add(toPeer(state, scene, network, behind));
  }
  if (network.encap === 'vlan' && origin === 'endpoint') all.add(`uplink vlan ${tagOf(state, scene, network)}`);
  return [...all];
}

/** Every copy, sorted. */
export function copies(state: State, scene: Scene): Copy[] {
  const { station, origin, frame, routed } = scene;
  const network = routed?.into ?? scene.network;
  if (routed?.peer !== undefined) return origin === 'tunnel' ? [] : [toPeer(state, scene, network, routed.peer)];
  const multicast = ((frame.ethDst[0] ?? 0) & 1) === 1;
  if (station) return toStation(state, scene, station);
  if (multicast || network.encap === 'vxlan') return toAll(state, scene).toSorted();
  // An unknown station of a VLAN is somewhere outside, unless the frame comes from there.
  return origin === 'uplink' ? [] : [`uplink vlan ${tagOf(state, scene, network)}`];
}
