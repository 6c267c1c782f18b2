/**
 * Copies for everybody of a network, in as many flows as they need: a message holds 64 KiB, which is some 4,000 ports or 2,000 peers.
 * Neighbours: deliver.ts has the local ports, tunnel.ts the peers. Invariant: every copy is made once, whatever flow it is in.
 */
import { a, type Flows, type Fragment, type TableRef } from '../openflow/index.js';
import { delivery, prio, reg } from './layout.js';

/** Of 56 bytes at most: a peer's IPv6 address, and the output. */
const copiesInFlow = 1000;

/** What the flow of a flood does for `copies`: itself, or by flows of the same table that it looks up one after the other, by number. */
export function copiesTo(f: Flows, table: TableRef, network: number, copies: readonly Fragment[]): Fragment[] {
  if (copies.length <= copiesInFlow) return [...copies];
  const parts: Fragment[] = [];
  for (let at = 0; at < copies.length; at += copiesInFlow) {
    const part = at / copiesInFlow + 1;
    f.add`table=${table}, priority=${prio.exempt}, ${reg.network}=${network}, ${reg.delivery}=${delivery.flood}, ${reg.target}=${part},
      actions=${copies.slice(at, at + copiesInFlow)}`;
    parts.push(a`set_field:${part}->${reg.target}, resubmit(,${table})`);
  }
  return [...parts, a`set_field:0->${reg.target}`];
}
