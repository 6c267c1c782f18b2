/**
 * Follows the uplinks: the database tells links as they change, and LACP is asked for, since the database calls a partner
 * current until it is forgotten (6 s with fast LACP), while lacp/show says after 3 s that it has expired.
 * Neighbours: uplinks.ts reads and compares; controller.ts owns it and tells health and events.
 */
import type { UplinkStatus } from './face.js';
import type { Rows } from './ovsdb/rows.js';
import { readLacp, readUplinks, uplinkChanges, withLacp, type LacpStates, type UplinkChange } from './uplinks.js';

/** How often LACP is asked for, while a bond speaks it. */
const everyMs = 500;

export interface UplinkWatchParts {
  /** A command of vswitchd's control socket. */
  ask(command: string): Promise<string>;
  changed(changes: readonly UplinkChange[]): void;
}

export class UplinkWatch {
  /** As of now. */
  uplinks: readonly UplinkStatus[] = [];
  readonly #parts: UplinkWatchParts;
  #told: readonly UplinkStatus[] = [];
  #lacp: LacpStates = new Map();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(parts: UplinkWatchParts) {
    this.#parts = parts;
  }

  /** The database changed. */
  look(rows: Rows): void {
    if (this.#closed) return;
    this.#told = readUplinks(rows);
    this.#update();
    if (this.#speaksLacp()) this.#timer ??= setTimeout(() => void this.#askLacp(), 0);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #speaksLacp(): boolean {
    return this.#told.some(({ lacp }) => lacp !== undefined && lacp !== 'off');
  }

  async #askLacp(): Promise<void> {
    // A vswitchd that does not answer has nothing newer to say than the database.
    this.#lacp = await this.#parts.ask('lacp/show').then(readLacp, () => new Map());
    if (this.#closed) return;
    this.#update();
    this.#timer = this.#speaksLacp() ? setTimeout(() => void this.#askLacp(), everyMs) : undefined;
  }

  #update(): void {
    const before = this.uplinks;
    this.uplinks = withLacp(this.#told, this.#lacp);
    const changes = uplinkChanges(before, this.uplinks);
    if (changes.length > 0) this.#parts.changed(changes);
  }
}
