/**
 * Drops for connections that were cut: what is left of them must not begin anew while their ends still send, turned round or not.
 * Neighbours: src/datapath/cut decides which and for how long; conntrack.ts has the table's other flows.
 * Invariant: only new connections meet these flows, so live ones pay nothing for them.
 */
import { ownerKey, type Address } from '../model/index.js';
import { m, type Batch, type Flows } from '../openflow/index.js';
import { prio, reg, t } from './layout.js';

/** The original tuple of a connection of TCP, UDP or SCTP; no ports of SCTP where tracking does not see them, and then it is all between two addresses. */
export interface CutConnection {
  readonly zone: number;
  readonly protocol: number;
  readonly source: Address;
  readonly destination: Address;
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Its client may begin it again; its server must not, for then it would be judged as the server's own. */
  readonly allowedAgain?: boolean;
}

/** The owner of these flows: they belong to no object, and outlive the rule that denied the connection. */
export const cutOwner = ownerKey('system', 1);

const sctp = 132;

function drop(
  f: Flows,
  zone: number,
  protocol: number,
  from: Address,
  fromPort: number,
  to: Address,
  toPort: number,
): void {
  const ports = protocol === sctp && toPort === 0 ? m`` : m`ct_tp_src=${fromPort}, ct_tp_dst=${toPort}`;
  const what = m`ct_nw_proto=${protocol}, ${ports}`;
  if (typeof from === 'number' && typeof to === 'number') {
    f.add`table=${t.orient}, priority=${prio.cut}, ct_state=+new+trk, ip, ${reg.zone}=${zone}, ct_nw_src=${from}, ct_nw_dst=${to},
      ${what}, actions=drop`;
  } else {
    f.add`table=${t.orient}, priority=${prio.cut}, ct_state=+new+trk, ipv6, ${reg.zone}=${zone}, ct_ipv6_src=${from}, ct_ipv6_dst=${to},
      ${what}, actions=drop`;
  }
}

/** Write all of them: turned round, and, while it is denied, as it was. */
export function compileCuts(batch: Batch, cuts: Iterable<CutConnection>): void {
  const f = batch.owner(cutOwner);
  for (const { zone, protocol, source, destination, sourcePort, destinationPort, allowedAgain } of cuts) {
    if (allowedAgain !== true) drop(f, zone, protocol, source, sourcePort, destination, destinationPort);
    drop(f, zone, protocol, destination, destinationPort, source, sourcePort);
  }
}
