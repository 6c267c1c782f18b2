/**
 * Contiv's names of the tags on the wire: pktTag and extPktTag, whose meaning depends on the encapsulation.
 * Neighbours: network.ts and group.ts, which both may have them.
 */
import { dropZero, type Fields, type Trace } from './kind.js';

/**
 * In Contiv's own state whatever is in VXLAN has both: extPktTag is the VNI, pktTag a VLAN local to the host. Its API has pktTag alone,
 * which is then the VNI. In a VLAN pktTag is that VLAN, and extPktTag says nothing. 0 is its way of saying "none".
 */
export function rewriteTags(fields: Fields, trace: Trace, encap: 'vlan' | 'vxlan'): void {
  dropZero(fields, 'pktTag', 'extPktTag');
  const ours = encap === 'vxlan' ? 'vni' : 'vlan';
  for (const written of encap === 'vxlan' ? ['extPktTag', 'pktTag'] : ['pktTag']) {
    if (written in fields && !(ours in fields)) {
      fields[ours] = fields[written];
      trace.set(ours, written);
    }
    delete fields[written];
  }
}
