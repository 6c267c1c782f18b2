/**
 * The ARP proxy, in flows: a request for a known endpoint is answered at the port it came from, never by the daemon.
 * Neighbours: spoof-guard.ts lets honest ARP through; what is not answered here is flooded by destination.ts.
 */
import type { Feature } from './feature.js';
import { prio, reg, t } from './layout.js';
import { localPort, networkOf } from './world.js';

export const neighbours: Feature = {
  endpoint(f, w, e) {
    if (e.ipv4 === undefined || w.state.settings.arpMode !== 'proxy') return;
    f.add`table=${t.neighbours}, priority=${prio.usual}, arp, arp_op=1, ${reg.network}=${networkOf(w, e).id}, arp_tpa=${e.ipv4},
      actions=move:eth_src->eth_dst, set_field:${e.mac}->eth_src, set_field:2->arp_op, move:arp_sha->arp_tha,
        move:arp_spa->arp_tpa, set_field:${e.mac}->arp_sha, set_field:${e.ipv4}->arp_spa, output:in_port`;

    const ofport = localPort(w, e);
    if (ofport === undefined) return;
    // Its own address it may probe and announce: an answer would tell it that the address is taken (RFC 5227).
    f.add`table=${t.neighbours}, priority=${prio.exempt}, arp, in_port=${ofport}, arp_tpa=${e.ipv4},
      actions=goto_table:${t.destination}`;
  },
};
