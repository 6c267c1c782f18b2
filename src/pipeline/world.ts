/**
 * What a compilation looks at: the desired state and where its ports are on the switch.
 * Neighbours: src/datapath fills in the ports, every feature file reads.
 * Invariant: compiling reads nothing else, so equal worlds give equal bytes.
 */
import type { Endpoint, Network, State } from '../model/index.js';

/** OpenFlow port numbers as the switch has assigned them; undefined while it has not. */
export interface Ports {
  /** The ofport of a local endpoint's interface. */
  of(iface: string): number | undefined;
  /** The flow-based VXLAN port. */
  readonly tunnel: number | undefined;
  /** The integration bridge's end of the patch to the uplink bridge. */
  readonly uplink: number | undefined;
}

export interface World {
  readonly state: State;
  readonly ports: Ports;
}

/** The ofport of an endpoint that is local and whose interface is there. */
export function localPort(w: World, e: Endpoint): number | undefined {
  return e.where && 'interface' in e.where ? w.ports.of(e.where.interface) : undefined;
}

/** The network of an endpoint; the model guarantees that it exists. */
export function networkOf(w: World, e: Endpoint): Network {
  const network = w.state.networks.get(e.network);
  if (!network) throw new Error(`endpoint ${e.key} is on network ${e.network}, which the state does not have`);
  return network;
}

/** The ct zone of a tenant; the model guarantees that it exists. */
export function zoneOf(w: World, tenant: string): number {
  const found = w.state.tenants.get(tenant);
  if (!found) throw new Error(`tenant ${tenant} is named by an object, but the state does not have it`);
  return found.zone;
}

/** The object id of an endpoint's group; 0 for none. */
export function groupId(w: World, e: Endpoint): number {
  return e.group === undefined ? 0 : (w.state.groups.get(e.group)?.id ?? 0);
}
