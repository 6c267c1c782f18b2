/**
 * What the ways out of this host carry, as of now, and whether its datapath can tell a packet that is larger.
 * Neighbours: mtu.ts reads; controller.ts compiles with it, and again when it has changed.
 * Invariant: nothing is measured until the datapath has said that it can: without its help vswitchd would look at every routed packet itself.
 */
import type { Settings } from '../model/index.js';
import type { Underlay } from '../pipeline/world.js';
import type { Logger } from './log.js';
import { readUnderlay } from './mtu.js';

/** As vswitchd names what check_pkt_larger needs (Linux 5.2 and later, and the userspace datapath). */
const comparison = /^Check pkt length action: (Yes|No)$/m;

/** How often the host's own devices are looked at: nobody tells of their MTU. */
const everyMs = 5000;
const soonMs = 100;

export interface WaysParts {
  readonly log: Logger;
  readonly rundir: string;
  settings(): Settings;
  /** The MTUs of the switch's interfaces by name, as its database says them. */
  interfaceMtus(): ReadonlyMap<string, number | undefined>;
  /** A command of vswitchd's control socket. */
  ask(command: string, ...args: string[]): Promise<string>;
  /** `measured` is another than before. */
  changed(): void;
}

function isSame(a: Underlay | undefined, b: Underlay | undefined): boolean {
  return a?.vlan === b?.vlan && a?.vxlan === b?.vxlan;
}

export class Ways {
  readonly #parts: WaysParts;
  readonly #timer: NodeJS.Timeout;
  #soon: NodeJS.Timeout | undefined;
  #compares: boolean | undefined;
  #read: { readonly settings: Settings; readonly underlay: Underlay } | undefined;
  /** What `measured` was when somebody was told last. */
  #told: Underlay | undefined;

  constructor(parts: WaysParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => this.look(), everyMs).unref();
  }

  /** What is under the networks; read anew when the settings or the database have changed. */
  get underlay(): Underlay {
    const settings = this.#parts.settings();
    if (this.#read?.settings !== settings) {
      const mtus = this.#parts.interfaceMtus();
      this.#read = { settings, underlay: readUnderlay(settings, this.#parts.rundir, (name) => mtus.get(name)) };
    }
    return this.#read.underlay;
  }

  /** The same for the pipeline, where the datapath can compare with it. */
  get measured(): Underlay | undefined {
    return this.#compares === true ? this.underlay : undefined;
  }

  /** What an operator should know. */
  get reasons(): readonly string[] {
    if (this.#compares !== false) return [];
    return [
      'the datapath cannot compare packet lengths: what is too big for the network it is routed into is lost, and its sender not told',
    ];
  }

  /** Ports, bridges or the host's devices may have changed. Many changes are one look: each asks the kernel for all of its devices. */
  look(): void {
    this.#read = undefined;
    this.#soon ??= setTimeout(() => this.#compare(), soonMs).unref();
  }

  #compare(): void {
    clearTimeout(this.#soon);
    this.#soon = undefined;
    const { measured } = this;
    if (isSame(measured, this.#told)) return;
    this.#told = measured;
    this.#parts.changed();
  }

  /** The switch is there, perhaps another than before: what can its datapath do? */
  async connected(): Promise<void> {
    try {
      const shown = await this.#parts.ask('dpif/show-dp-features', this.#parts.settings().bridge);
      const [, answer] = comparison.exec(shown) ?? [];
      this.#compares = answer === 'Yes';
    } catch (error) {
      // A vswitchd that is on its way out; the next one is asked again.
      this.#parts.log.warn({ err: error }, 'the datapath did not say what it can do');
    }
    this.#compare();
  }

  close(): void {
    clearTimeout(this.#soon);
    clearInterval(this.#timer);
  }
}
