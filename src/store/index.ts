/**
 * The durable desired state. Neighbours: src/datapath writes what was accepted, src/main.ts loads it at start.
 * Invariant: what write() has resolved for is there after a crash, whole or not at all.
 */
import type { Stored, StoredChange } from '../model/index.js';

export { lockDirectory, type DirectoryLock } from './lock.js';
export { openLmdbStore } from './lmdb.js';
export { memoryStore } from './memory.js';

export interface Loaded {
  readonly objects: readonly Stored[];
  /** Generation of the state that was written last; 0 for none. */
  readonly generation: number;
  /** Of this state, made with it and never changed: what tells a bridge's owner from another. */
  readonly id: string;
}

export interface Store {
  load(): Promise<Loaded>;
  /** Resolves when the changes are durable; rejects with `store_unavailable` and has then changed nothing. */
  write(changes: readonly StoredChange[], generation: number): Promise<void>;
  close(): Promise<void>;
}
