/**
 * Where an endpoint is: behind a port of this host, behind a peer, or elsewhere on the VLAN.
 * Neighbours: kinds/endpoint.ts judges the fields; pipeline and datapath ask here.
 */
import type { AnyObject } from './types.js';

/** The device or OVS port of an endpoint that is on this host; undefined for every other object. */
export function interfaceOf(object: AnyObject | undefined): string | undefined {
  if (object?.kind !== 'endpoint' || object.where === undefined) return undefined;
  return 'interface' in object.where ? object.where.interface : undefined;
}
