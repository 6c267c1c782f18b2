/**
 * Where the integration bridge's ports are: a snapshot of what the switch assigned, and what moved since the last one.
 * Neighbours: ovsdb/rows.ts has the rows; the pipeline reads the snapshot through its `Ports`.
 */
import { parseMac } from '../model/index.js';
import type { Ports } from '../pipeline/world.js';
import type { Rows } from './ovsdb/rows.js';
import { patchToUplink, tunnelPort } from './ovsdb/wanted.js';

export class PortMap implements Ports {
  readonly tunnel: number | undefined;
  readonly uplink: number | undefined;
  readonly mac: Uint8Array | undefined;
  readonly #byName: ReadonlyMap<string, number>;
  readonly #byOfport: ReadonlyMap<number, string>;
  readonly #bridge: string;
  readonly #errors: ReadonlyMap<string, string>;

  constructor(rows?: Rows, bridgeName = '') {
    const byName = new Map<string, number>();
    const errors = new Map<string, string>();
    const bridge = rows?.bridge(bridgeName);
    for (const iface of bridge && rows ? rows.interfaces(bridge) : []) {
      if (iface.ofport !== undefined) byName.set(iface.name, iface.ofport);
      else if (iface.error !== undefined) errors.set(iface.name, iface.error);
    }
    this.#byName = byName;
    this.#byOfport = new Map([...byName].map(([name, ofport]) => [ofport, name]));
    this.#errors = errors;
    this.tunnel = byName.get(tunnelPort);
    this.uplink = byName.get(patchToUplink);
    this.mac = parseMac(bridge?.otherConfig['hwaddr'] ?? '');
    this.#bridge = bridgeName;
  }

  of(iface: string): number | undefined {
    return this.#byName.get(iface);
  }

  /** The interface with an ofport. */
  name(ofport: number): string | undefined {
    return this.#byOfport.get(ofport);
  }

  /** Why the switch could not open an interface. */
  error(iface: string): string | undefined {
    return this.#errors.get(iface);
  }

  /** Names whose ofport differs between two snapshots; the bridge's own, when its MAC does. */
  movedSince(before: PortMap): string[] {
    const names = new Set([...this.#byName.keys(), ...before.#byName.keys()]);
    const moved = [...names].filter((name) => this.#byName.get(name) !== before.#byName.get(name));
    const same = this.mac?.join() === before.mac?.join();
    return same || moved.includes(this.#bridge) ? moved : [...moved, this.#bridge];
  }
}
