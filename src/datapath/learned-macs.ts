/**
 * Has the uplink bridge forget where it learned MACs when an endpoint of a VLAN comes here or leaves. It learned the endpoint's on the other
 * side, and would drop what is for it as having come from there, until the endpoint or its announcement is heard: a gap in every move.
 * Neighbours: controller.ts calls this before the change, for what then leaves by the uplink, and when the switch has confirmed it, for what
 * comes from there; announce/ tells the fabric.
 */
import { interfaceOf, type Change, type Settings, type State } from '../model/index.js';
import type { Logger } from './log.js';

/** One command on vswitchd's control socket. */
type Ask = (command: string, ...args: string[]) => Promise<string>;

/** Whether an endpoint of a VLAN that was known is here now and was elsewhere, or the other way round. */
export function movesOnVlan(changes: readonly Change[], state: State): boolean {
  return changes.some(({ before, after }) => {
    if (before?.kind !== 'endpoint' || after?.kind !== 'endpoint') return false;
    const moved = (interfaceOf(before) === undefined) !== (interfaceOf(after) === undefined);
    return moved && state.networks.get(after.network)?.encap === 'vlan';
  });
}

/** Does not reject: what is not forgotten now is corrected by the next frame that the endpoint sends. */
export async function forgetLearnedMacs(settings: Settings, ask: Ask, log: Logger): Promise<void> {
  const { vlanInterfaces, bond, uplinkBridge } = settings;
  if (vlanInterfaces.length === 0) return;
  // What such a bond sent comes back by its other member, and is told by nothing but the learned MAC.
  if (vlanInterfaces.length > 1 && bond.mode === 'balance-slb') return;
  try {
    await ask('fdb/flush', uplinkBridge);
  } catch (error) {
    log.warn({ err: error, bridge: uplinkBridge }, 'learned MACs could not be forgotten');
  }
}
