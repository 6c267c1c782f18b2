/** What the controller is made of. Neighbours: src/main.ts fills it in, controller.ts reads it. */
import type { State } from '../model/index.js';
import type { Store } from '../store/index.js';
import type { Logger } from './log.js';
import type { Owner } from './ovsdb/lock.js';

export interface ControllerOptions {
  readonly store: Store;
  /** The state that the store held at start. */
  readonly state: State;
  /** OVSDB remote, `unix:/path/db.sock`. */
  readonly database: string;
  /** Where vswitchd keeps its sockets. */
  readonly rundir: string;
  readonly log: Logger;
  /** Microseconds, monotonic. */
  readonly clock: () => number;
  /** Settings that the operator gave at start: they hold for every settings object that does not name them itself. */
  readonly given?: Readonly<Record<string, unknown>>;
  /** Where journals of moved host addresses are kept; without it none is moved. */
  readonly stateDir?: string;
  /** How long a caller waits for the switch before it is told `not_confirmed`. */
  readonly patienceMs: number;
  /** Whose state this is; without one bridges are not marked, and any is worked on. */
  readonly owner?: Owner;
  /** Work also on a bridge that was programmed from another state. */
  readonly takeOver?: boolean;
}
