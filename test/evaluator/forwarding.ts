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

function toPeer(state: State, network: Network, key: string): Copy {
  const peer = state.peers.get(key);
  return `tunnel ${network.tag} ${big(state.settings.vtepIp ?? 0)}→${big(peer?.address ?? 0)}`;
}

/** To one station of the network. */
function toStation(state: State, { frame, origin, ...scene }: Scene, station: Endpoint): Copy[] {
  const network = scene.routed?.into ?? scene.network;
  const port = portOf(station);
  if (port !== undefined) return port === frame.inPort ? [] : [local(port)];
  if (network.encap === 'vlan') return origin === 'uplink' ? [] : [`uplink vlan ${network.tag}`];
  if (!station.where || !('vtepIp' in station.where) || origin === 'tunnel') return [];
  return [toPeer(state, network, station.where.vtepIp)];
}

/** To everybody of the network but the one it came from. */
function toAll(state: State, { frame, network, origin }: Scene): Copy[] {
  const all = new Set<Copy>();
  for (const member of state.members(network.key)) {
    const port = portOf(member);
    if (port !== undefined && port !== frame.inPort) all.add(local(port));
    const behind = member.where && 'vtepIp' in member.where ? member.where.vtepIp : undefined;
    if (network.encap === 'vxlan' && origin === 'endpoint' && behind) all.add(toPeer(state, network, behind));
  }
  if (network.encap === 'vlan' && origin === 'endpoint') all.add(`uplink vlan ${network.tag}`);
  return [...all];
}

/** Every copy, sorted. */
export function copies(state: State, scene: Scene): Copy[] {
  const { station, origin, frame, routed } = scene;
  const network = routed?.into ?? scene.network;
  if (routed?.peer !== undefined) return origin === 'tunnel' ? [] : [toPeer(state, network, routed.peer)];
  const multicast = ((frame.ethDst[0] ?? 0) & 1) === 1;
  if (station) return toStation(state, scene, station);
  if (multicast || network.encap === 'vxlan') return toAll(state, scene).toSorted();
  // An unknown station of a VLAN is somewhere outside, unless the frame comes from there.
  return origin === 'uplink' ? [] : [`uplink vlan ${network.tag}`];
}
