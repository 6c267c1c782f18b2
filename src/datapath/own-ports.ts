/**
 * Ports that are Sluice's own or carry an uplink are no endpoint's, and the other way round.
 * Neighbours: controller.ts refuses what is found here; ovsdb/wanted.ts names the ports.
 */
import type { Problem } from '../model/errors.js';
import { interfaceOf, type Change, type State } from '../model/index.js';
import { underlayBridge } from './ovsdb/wanted.js';

/** Problems of endpoints and settings among `changes`; `at` answers an object's place in the request. */
export function portClashes(changes: readonly Change[], state: State, at: (change: Change) => string): Problem[] {
  const { settings } = state;
  const nics = [...settings.vlanInterfaces, ...settings.underlayInterfaces];
  const own = (name: string): boolean =>
    name.startsWith('sluice-') || [settings.bridge, settings.uplinkBridge, underlayBridge].includes(name);
  return changes.flatMap((change) => {
    const { after } = change;
    const name = interfaceOf(after);
    if (name !== undefined) {
      const whose = own(name) ? 'is a port of Sluice itself' : nics.includes(name) ? 'carries an uplink' : undefined;
      if (whose === undefined) return [];
      return [
        { pointer: `${at(change)}/interface`, code: 'bad_value', message: `${name} ${whose}; no endpoint can use it` },
      ];
    }
    if (after?.kind !== 'settings') return [];
    return nics
      .filter((nic) => own(nic) || state.endpointAt(nic) !== undefined)
      .map((nic) => {
        const whose = own(nic)
          ? 'is a port of Sluice itself'
          : `is the interface of endpoint ${state.endpointAt(nic)?.key}`;
        return { pointer: at(change), code: 'bad_value', message: `${nic} ${whose}; it cannot be an uplink` };
      });
  });
}
