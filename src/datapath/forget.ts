/**
 * Has the switch forget connections that were translated to what is no more, so that the client's next packet gets another
 * provider, or the truth; and those of a tenant that is no more.
 * Neighbours: src/pipeline/translations.ts names them; controller.ts calls this when the switch has confirmed the change.
 * Invariant: nothing is forgotten before the datapath follows the new flows, or the next packet would be led the old way again.
 */
import { formatAddress } from '../model/index.js';
import type { StaleConnections } from '../pipeline/translations.js';
import type { Logger } from './log.js';

/** One command on vswitchd's control socket. */
type Ask = (command: string, ...args: string[]) => Promise<string>;

const protocolNumber = { tcp: 6, udp: 17 } as const;

/** The arguments of dpctl/flush-conntrack (ovs-dpctl(8)): zone, what the client sent, what the provider sends. */
export function flushArguments({ zone, vip, port, provider }: StaleConnections): string[] {
  if (vip === undefined) return [`zone=${zone}`];
  const [to, from] = typeof vip === 'number' ? ['ct_nw_dst', 'ct_nw_src'] : ['ct_ipv6_dst', 'ct_ipv6_src'];
  const sent = [`${to}=${formatAddress(vip)}`];
  if (port !== undefined) sent.push(`ct_nw_proto=${protocolNumber[port.protocol]}`, `ct_tp_dst=${port.number}`);
  const answered = provider === undefined ? [] : [`${from}=${formatAddress(provider)}`];
  return [`zone=${zone}`, sent.join(','), ...answered];
}

/** Does not reject: the flows are right by now, and what could not be forgotten ends by its own timeout. */
export async function forget(stale: readonly StaleConnections[], ask: Ask, log: Logger): Promise<void> {
  if (stale.length === 0) return;
  try {
    await ask('revalidator/wait');
    // Without the name of the datapath: Open vSwitch 3.1 takes that for a tuple.
    for (const each of stale) await ask('dpctl/flush-conntrack', ...flushArguments(each));
    log.info({ flushed: stale.length }, 'connections of what was removed forgotten');
  } catch (error) {
    log.warn({ err: error }, 'connections of what was removed could not be forgotten');
  }
}
