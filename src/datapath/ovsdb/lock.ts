/**
 * Who keeps a bridge: a lock in the database while a daemon lives (RFC 7047 §4.1.8), and marks on the bridge that outlive it.
 * Neighbours: client.ts holds the lock, plan.ts writes the marks, switch-database.ts reads them.
 * Invariant: nothing is written to the database without the lock, and no flow is sent before it was had.
 */

/** External ids of every bridge of ours. */
export const ownerKey = 'sluice-owner';
export const daemonKey = 'sluice-daemon';

/** A state directory and the daemon at work on it. */
export interface Owner {
  /** Of the state, for ever. */
  readonly id: string;
  /** In words: who the daemon is and where it keeps its state. */
  readonly daemon: string;
}

/** OVSDB takes only identifiers as names of locks: what is none in the bridge's name is written as its code. */
export function lockName(bridge: string): string {
  return `sluice_${bridge.replaceAll(/[^A-Za-z0-9]/g, (char) => `_${char.charCodeAt(0).toString(16)}_`)}`;
}
