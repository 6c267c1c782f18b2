/**
 * What the datapath under the bridge can do, and what goes wrong without: `dpif/show-dp-features`, which vswitchd probes at its start.
 * Neighbours: gather.ts asks; switch.ts says whether there is such a datapath at all.
 */
import type { Facts } from './facts.js';
import type { Finding } from './finding.js';

const noConnections =
  'Connections are not tracked: no policy can be enforced, and the switch refuses flows or drops what they judge.';

/** As the switch names them, by what is lost without: only what some flow of the pipeline uses. */
const needed: Readonly<Record<string, string>> = {
  Recirc: noConnections,
  'CT state': noConnections,
  'CT zone': 'Tenants with equal addresses share connections: one tenant’s replies pass by another’s verdict.',
  'CT mark': 'onPolicyChange keep cannot mark what it allowed, and replies of services do not find back to their VIP.',
  'CT orig tuple':
    'Replies and later packets over IPv4 cannot be judged by their connection’s first packet: rules miss them.',
  'CT orig tuple for IPv6':
    'Replies and later packets over IPv6 cannot be judged by their connection’s first packet: rules miss them.',
  'CT state NAT': 'Services cannot translate to their providers: connections to VIPs fail.',
};

/** What there is a way without. */
const wished: Readonly<Record<string, string>> = {
  'Check pkt length action':
    'Packets too big for the network they are routed into are lost, and their senders are not told how large is right.',
};

export function datapathFindings({ features, wishes }: Facts): Finding[] {
  const missing = Object.entries({ ...needed, ...wished }).filter(([name]) => features.get(name) === 'No');
  return missing.map(([name, consequence]) => ({
    code: 'datapath-feature-missing',
    severity: name in wished ? 'warning' : 'error',
    area: 'switch',
    what: `The datapath of ${wishes.bridge} lacks "${name}" (ovs-appctl dpif/show-dp-features ${wishes.bridge}).`,
    consequence: `${consequence} A newer kernel brings it, or datapathType netdev.`,
  }));
}
