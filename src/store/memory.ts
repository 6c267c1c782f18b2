/** A store that forgets: for tests and for sandboxes. Neighbours: lmdb.ts keeps the same promises on disk. */
import { randomUUID } from 'node:crypto';
import type { Stored, StoredChange } from '../model/index.js';
import type { Loaded, Store } from './index.js';

export function memoryStore(): Store {
  const kept = new Map<string, Stored>();
  const id = randomUUID();
  let last = 0;
  return {
    load: (): Promise<Loaded> => Promise.resolve({ objects: [...kept.values()], generation: last, id }),
    write(changes: readonly StoredChange[], generation: number) {
      for (const { ref, stored } of changes) {
        const key = `${ref.kind} ${ref.key}`;
        if (stored) kept.set(key, stored);
        else kept.delete(key);
      }
      last = generation;
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
}
