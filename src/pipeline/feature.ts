/**
 * A feature: one file's share of every owner's flows.
 * Neighbours: compile.ts asks each feature in packet order; a feature knows layout, world and the flow templates only.
 * Invariant: a feature writes only flows of the owner it was asked for.
 */
import type { Endpoint, Group, Network, Peer, Route, Rule, Service } from '../model/index.js';
import type { Flows } from '../openflow/index.js';
import type { World } from './world.js';

export interface Feature {
  readonly system?: (f: Flows, w: World) => void;
  readonly network?: (f: Flows, w: World, network: Network) => void;
  readonly group?: (f: Flows, w: World, group: Group) => void;
  readonly rule?: (f: Flows, w: World, rule: Rule) => void;
  readonly endpoint?: (f: Flows, w: World, endpoint: Endpoint) => void;
  readonly route?: (f: Flows, w: World, route: Route) => void;
  readonly peer?: (f: Flows, w: World, peer: Peer) => void;
  readonly service?: (f: Flows, w: World, service: Service) => void;
}
