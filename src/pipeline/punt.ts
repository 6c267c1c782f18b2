/**
 * Packets handed to the daemon, for what flows cannot do: an ICMP error needs the packet that it answers as its payload.
 * Neighbours: routing, services and policy put these actions into their flows; src/datapath answers, by `punt` of layout.ts.
 * Invariant: such an action is the whole way of the packet or stands beside it; no verdict waits for the daemon.
 *
 * An answer goes back the way the packet came, past policy, and tells of it as it arrived: hand a packet over before any of its
 * headers is changed, with `network`, `zone` and `origin` as classify, uplink or tunnelNetwork loaded them. It is sent from
 *   timeExceeded, tooBig   the gateway of the sender's network (`network`); tooBig wants the MTU ahead in `mtu`
 *   noProvider             the address the packet was sent to: a TCP reset, or ICMP port unreachable
 *   denied                 nowhere: it is logged, named after the owner of the flow
 */
import { a } from '../openflow/index.js';

/** As many bytes as an answer quotes at most (RFC 4443 §2.4 (c): what fits into the minimum MTU), or a log line needs. */
export const toDaemon = {
  timeExceeded: a`controller(max_len=1294,userdata=01)`,
  tooBig: a`controller(max_len=1294,userdata=02)`,
  noProvider: a`controller(max_len=1294,userdata=03)`,
  denied: a`controller(max_len=128,userdata=04)`,
} as const;
