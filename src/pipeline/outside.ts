/**
 * The distributed gateway towards what is outside on a VLAN. There every host has a MAC of its own, since a fabric learns where a MAC is; one host
 * answers for a gateway, and what is sent to it goes on from there, through the tunnel or by another VLAN.
 * Neighbours: neighbours.ts answers local endpoints; uplink.ts has the way in and out of what is bridged.
 * Invariant: the router's MAC, which is one everywhere, never leaves by the uplink.
 */
import type { Address, Network } from '../model/index.js';
import { a, m, type Flows } from '../openflow/index.js';
import type { Feature } from './feature.js';
import { delivery, origin, prio, reg, routerMac, t } from './layout.js';
import { advertisedGateway, arpAnswer, ndAnswer } from './neighbours.js';
import { pingAnswer } from './router.js';
import { fromVlan, vlansOf } from './uplink.js';
import { isRouted, type World } from './world.js';

/** IPv4 before IPv6, each by its bytes. */
function isBefore(one: Address, other: Address): boolean {
  if (typeof one === 'number') return typeof other !== 'number' || one < other;
  return typeof other !== 'number' && Buffer.compare(one, other) < 0;
}

/**
 * Of the hosts that know each other as peers, the one with the lowest VTEP address answers: hosts that know the same agree. Without VTEP addresses
 * they do not know of each other, and nobody does.
 */
function answersOutside(w: World): boolean {
  const { vtepIp } = w.state.settings;
  if (vtepIp === undefined) return false;
  for (const { address } of w.state.peers.values()) if (isBefore(address, vtepIp)) return false;
  return true;
}

/** Answers go back as they came, with the tag still on. */
function answerFlows(f: Flows, w: World, n: Network, vlan: number, mac: Uint8Array): void {
  const scope = m`dl_vlan=${vlan}`;
  const { gateway, ipv6Gateway } = n;
  for (const address of [gateway, ipv6Gateway]) {
    if (address !== undefined)
      pingAnswer(f, m`${scope}, dl_dst=${mac}`, mac, address, { table: t.uplink, priority: prio.usual });
  }
  if (gateway !== undefined) arpAnswer(f, scope, gateway, mac, t.uplink);
  if (ipv6Gateway !== undefined) ndAnswer(f, w, scope, ipv6Gateway, mac, t.uplink);
}

export const outside: Feature = {
  system(f, w) {
    const { mac, uplink } = w.ports;
    if (mac === undefined || uplink === undefined) return;
    advertisedGateway(f, w, mac);
    // Neither of its ends is here: the host that delivers it judges, and answers may take another way, so tracking would see one direction.
    for (const way of [delivery.tunnel, delivery.uplink]) {
      for (const family of [m`ip`, m`ipv6`]) {
        f.add`table=${t.conntrack}, priority=${prio.guard}, ${family}, ${reg.origin}=${origin.uplink}, ${reg.delivery}=${way},
          actions=goto_table:${t.deliver}`;
      }
    }
  },

  network(f, w, n) {
    const { mac, uplink } = w.ports;
    if (n.encap !== 'vlan' || mac === undefined || uplink === undefined) return;
    const ours = a`set_field:${mac}->eth_src`;
    // Routed, or said by the gateway: nothing else has the router's MAC.
    f.add`table=${t.deliver}, priority=${prio.usual}, ${reg.network}=${n.id}, ${reg.delivery}=${delivery.uplink}, dl_src=${routerMac},
      actions=${ours}, goto_table:${t.outerTag}`;
    if (!isRouted(w, n)) return;
    f.add`table=${t.deliver}, priority=${prio.guard}, ${reg.network}=${n.id}, ${reg.origin}=${origin.uplink}, ${reg.delivery}=${delivery.uplink},
      dl_src=${routerMac}, actions=${ours}, push_vlan:0x8100, set_field:${n.tag}->vlan_vid, output:in_port`;
    const answers = answersOutside(w);
    for (const vlan of vlansOf(w, n)) {
      f.add`table=${t.uplink}, priority=${prio.networkGuard}, dl_vlan=${vlan}, dl_dst=${mac},
        actions=${fromVlan(w, n)}, set_field:${routerMac}->eth_dst, goto_table:${t.source}`;
      if (answers) answerFlows(f, w, n, vlan, mac);
    }
  },
};
