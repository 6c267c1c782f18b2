/**
 * What the switch remembers of a change's past, and forgets once the change is confirmed: connections on their old way, MACs that the
 * uplink bridge learned. Neighbours: forget.ts and learned-macs.ts do it; controller.ts says when.
 * Invariant: what a generation leaves over is forgotten when that generation or a later one is confirmed, and once.
 */
import type { Accepted, Settings, State } from '../model/index.js';
import { staleConnections, type StaleConnections } from '../pipeline/translations.js';
import { forget } from './forget.js';
import { forgetLearnedMacs, movesOnVlan } from './learned-macs.js';
import type { Logger } from './log.js';

interface Leftover {
  readonly generation: number;
  readonly connections: readonly StaleConnections[];
  readonly macs: boolean;
}

export class Leftovers {
  readonly #ask: (command: string, ...args: string[]) => Promise<string>;
  readonly #log: Logger;
  #left: Leftover[] = [];

  constructor(ask: (command: string, ...args: string[]) => Promise<string>, log: Logger) {
    this.#ask = ask;
    this.#log = log;
  }

  /** Before what was accepted becomes the state. */
  async changing(before: State, { state, changes }: Accepted): Promise<void> {
    const [connections, macs] = [staleConnections(before, state, changes), movesOnVlan(changes, state)];
    if (macs) await forgetLearnedMacs(state.settings, this.#ask, this.#log);
    this.#left.push({ generation: state.generation, connections, macs });
  }

  /** The switch has confirmed that generation. */
  async confirmed(generation: number, settings: Settings): Promise<void> {
    const due = this.#left.filter((each) => each.generation <= generation);
    this.#left = this.#left.filter((each) => !due.includes(each));
    if (due.some(({ macs }) => macs)) await forgetLearnedMacs(settings, this.#ask, this.#log);
    const stale = due.flatMap(({ connections }) => connections);
    await forget(stale, this.#ask, this.#log);
  }
}
