/**
 * Packets handed to the daemon, for what flows cannot do: an ICMP error needs the packet that it answers as its payload.
 * Neighbours: routing, services and policy put these actions into their flows; src/datapath/answers acts, by `punt` of layout.ts.
 * Invariants: such an action is the whole way of the packet or stands beside it, so no verdict waits for the daemon; each has a meter,
 * which takes from what is handed over and from nothing else.
 *
 * An answer goes back the way the packet came, past policy, and tells of it as it arrived: hand a packet over before any of its
 * headers is changed, with `network`, `zone` and `origin` as classify, uplink or tunnelNetwork loaded them. It is sent from
 *   timeExceeded, tooBig   the gateway of the sender's network (`network`); tooBig wants the MTU ahead in `mtu`, and an IPv4 packet
 *                          that may be cut goes on in fragments instead
 *   noProvider             the address the packet was sent to: a TCP reset, or ICMP port unreachable
 *   denied                 nowhere: it is logged, named after the owner of the flow
 */
import { a } from '../openflow/index.js';
import type { Feature } from './feature.js';
import { punt, puntMeter } from './layout.js';

/** As many bytes as an answer quotes at most (RFC 4443 §2.4 (c): what fits into the minimum MTU), as a log line needs, or all that is to be cut. */
export const toDaemon = {
  timeExceeded: a`controller(max_len=1294,userdata=01,meter_id=${puntMeter(punt.timeExceeded)})`,
  tooBig: a`controller(max_len=65535,userdata=02,meter_id=${puntMeter(punt.tooBig)})`,
  noProvider: a`controller(max_len=1294,userdata=03,meter_id=${puntMeter(punt.noProvider)})`,
  denied: a`controller(max_len=128,userdata=04,meter_id=${puntMeter(punt.denied)})`,
} as const;

/** Packets a second for one reason. The switch takes each through vswitchd's slow path, which this protects; the daemon bounds each sender apart. */
const packetsPerSecond = 500;
const burstPackets = 500;

export const punts: Feature = {
  system(f) {
    for (const purpose of Object.values(punt)) {
      f.meter`meter=${puntMeter(purpose)}, pktps, burst, band=type=drop, rate=${packetsPerSecond}, burst_size=${burstPackets}`;
    }
  },
};
