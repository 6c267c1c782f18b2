/**
 * A frame with what is true about it: who sent it, whom it is for, which connection it belongs to.
 * Neighbours: traffic.ts makes scenes, forwarding.ts says where the frame should go, policy.test.ts compares.
 */
import type { Address, Endpoint, Network, State } from '../../src/model/index.js';
import { judge, type Connection, type End, type Verdict } from './judge.js';
import { proto, tupleOf, type Frame, type Ip, type Tuple } from './packet.js';
import { turned } from './conntrack.js';

/** `again`: its connection was opened by an earlier packet of this direction; `reply`: of the other; `related`: an ICMP error to its opener. */
export type Phase = 'first' | 'again' | 'reply' | 'related';

export type Origin = 'endpoint' | 'tunnel' | 'uplink';

export interface Scene {
  readonly frame: Frame;
  readonly network: Network;
  readonly origin: Origin;
  /** `refused`: some guard drops it. `exempt`: delivered without a verdict. `answered`: by the switch itself. `nowhere`: there is no way. */
  readonly kind: 'judged' | 'exempt' | 'refused' | 'answered' | 'nowhere' | 'handed over';
  readonly phase: Phase;
  readonly sender: End;
  readonly receiver: End;
  /** The endpoint whose MAC the frame is for; a router's MAC is nobody's. */
  readonly station: Endpoint | undefined;
  /** The gateway sends it on: in which network, to whose MAC, and to which peer where a route says so. */
  readonly routed?:
    { readonly into: Network; readonly mac: Uint8Array; readonly peer?: string | undefined } | undefined;
  /** What conntrack remembers before the frame comes. */
  readonly remembered?: Tuple | undefined;
}

export function endOf(endpoint: Endpoint | undefined, address: Address): End {
  return { endpoint, address };
}

/** The connection of the frame, in the direction of its first packet. */
/** The port that was asked for. SCTP's is that of the packet itself, on its way there or back. */
function portOf(body: Ip, tuple: Tuple, forward: boolean): number | undefined {
  if (tuple.protocol === proto.sctp) return forward ? body.tpDst : body.tpSrc;
  return tuple.protocol === proto.tcp || tuple.protocol === proto.udp ? tuple.tpDst : undefined;
}

function connectionOf(scene: Scene, body: Ip, tuple: Tuple): Connection {
  const { sender } = scene;
  // Whoever has the MAC gets the frame; where nobody here has it, the address tells whom it is for.
  const receiver = scene.station === undefined ? scene.receiver : endOf(scene.station, scene.receiver.address);
  const forward = scene.phase === 'first' || scene.phase === 'again';
  const icmp = tuple.protocol === proto.icmp || tuple.protocol === proto.icmp6;
  return {
    source: forward ? sender : receiver,
    destination: forward ? receiver : sender,
    protocol: tuple.protocol,
    port: portOf(body, tuple, forward),
    icmpType: icmp ? tuple.tpSrc : undefined,
  };
}

/** The tuple of the connection in its first direction. */
export function originalTuple(phase: Phase, body: Ip): Tuple {
  if (phase === 'related' && body.about) return body.about;
  return phase === 'reply' ? turned(tupleOf(body)) : tupleOf(body);
}

/** An ICMP error about SCTP shows no ports, and nothing can say what the rules do. */
export function isBlind({ phase, frame }: Scene): boolean {
  return phase === 'related' && frame.body.kind === 'ip' && frame.body.about?.protocol === proto.sctp;
}

export function verdictOf(state: State, scene: Scene): Verdict {
  const { body } = scene.frame;
  if (body.kind !== 'ip') throw new Error('only IP is judged');
  return judge(state, connectionOf(scene, body, originalTuple(scene.phase, body)));
}
