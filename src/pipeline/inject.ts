/**
 * How packets of the daemon enter the switch: an answer on the way its question came, an announcement as if its endpoint had sent it.
 * Neighbours: punt.ts hands over what is answered; src/datapath sends these with a packet. Each is a flow whose match is what the
 * packet starts with and whose actions are what is done with it.
 * Invariant: what the network says itself starts behind policy, which has nothing to say about it; what others sent, before.
 */
import { flow, type RegRange } from '../openflow/index.js';
import { delivery, origin, reg, t } from './layout.js';

/** To the port that a packet came from. */
export function toPort(ofport: number): Uint8Array {
  return flow`in_port=CONTROLLER, actions=output:${ofport}`;
}

/** Into the tunnel, to a peer by its object id; `network` is the object id of the network. */
export function toPeer(network: number, peer: number): Uint8Array {
  return flow`in_port=CONTROLLER, actions=set_field:${network}->${reg.network}, set_field:${delivery.tunnel}->${reg.delivery},
    set_field:${peer}->${reg.target}, resubmit(,${t.deliver})`;
}

export function toUplink(network: number): Uint8Array {
  return flow`in_port=CONTROLLER, actions=set_field:${network}->${reg.network}, set_field:${delivery.uplink}->${reg.delivery}, resubmit(,${t.deliver})`;
}

/** On with a packet that was handed over at pathMtu, from where it came in; `of` answers what its registers held. */
export function toRoute(ofport: number, of: (range: RegRange) => number): Uint8Array {
  return flow`in_port=${ofport}, ${reg.network}=${of(reg.network)}, ${reg.zone}=${of(reg.zone)}, ${reg.origin}=${of(reg.origin)},
    ${reg.sourceNetwork}=${of(reg.sourceNetwork)}, ${reg.sourceGroup}=${of(reg.sourceGroup)}, ${reg.sourceSet}=${of(reg.sourceSet)}, ${reg.taggedGroup}=${of(reg.taggedGroup)},
    actions=resubmit(,${t.route})`;
}

/**
 * To everybody of the endpoint's network but itself: `ofport` is its port, which a flood leaves out; `taggedGroup` is the object id of its
 * group when that has a VLAN or VNI of its own, else 0.
 */
export function fromEndpoint(network: number, ofport: number, taggedGroup: number): Uint8Array {
  return flow`in_port=${ofport}, actions=set_field:${network}->${reg.network}, set_field:${taggedGroup}->${reg.taggedGroup}, set_field:${origin.endpoint}->${reg.origin},
    set_field:${delivery.flood}->${reg.delivery}, resubmit(,${t.deliver})`;
}
