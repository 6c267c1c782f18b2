/**
 * Devices that went and came again under their old name, which the userspace datapath does not notice: it goes on listening to
 * the device that is gone (Open vSwitch 3.1: no frame passes until the port is taken out and put back).
 * Neighbours: switch-database.ts takes them out; the next plan puts them back, as it does with every port that is missing.
 * Invariant: only ports of ours, and only when the kernel's number of the device has changed under a port that stayed.
 */
import { roleKey, type Operation } from './plan.js';
import type { InterfaceRow, PortRow, Rows } from './rows.js';
import { optional, ovsSet, ovsUuid, type Uuid } from './values.js';

const watched = new Set(['uplink', 'endpoint']);

export class Replugs {
  /** The device that each Interface row stood for when it was last there. */
  readonly #seen = new Map<Uuid, number>();

  /** Operations that take out the ports, or the members of bonds, whose device is another one now. */
  look(rows: Rows): Operation[] {
    const operations: Operation[] = [];
    const present = new Set<Uuid>();
    for (const bridge of rows.bridges().filter(({ datapathType }) => datapathType === 'netdev')) {
      for (const port of rows.ports(bridge).filter(({ externalIds }) => watched.has(externalIds[roleKey] ?? ''))) {
        for (const iface of rows.interfacesOf(port)) {
          present.add(iface.uuid);
          if (this.#isAnother(iface)) operations.push(takenOut(bridge.uuid, port, iface));
        }
      }
    }
    for (const uuid of this.#seen.keys()) if (!present.has(uuid)) this.#seen.delete(uuid);
    return operations;
  }

  #isAnother({ uuid, raw }: InterfaceRow): boolean {
    const index = optional(raw['ifindex']);
    // 0 while it is gone.
    if (typeof index !== 'number' || index === 0) return false;
    const before = this.#seen.get(uuid);
    if (before === undefined) this.#seen.set(uuid, index);
    return before !== undefined && before !== index;
  }
}

function takenOut(bridge: Uuid, port: PortRow, iface: InterfaceRow): Operation {
  const [table, row, column, gone] =
    port.interfaces.length > 1
      ? (['Port', port.uuid, 'interfaces', iface.uuid] as const)
      : (['Bridge', bridge, 'ports', port.uuid] as const);
  return {
    ...{ op: 'mutate', table, where: [['_uuid', '==', ovsUuid(row)]] },
    mutations: [[column, 'delete', ovsSet([ovsUuid(gone)])]],
  };
}
