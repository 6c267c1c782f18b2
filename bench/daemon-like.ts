/**
 * What a daemon's rounds go through, on a switch that has been told the empty state: bulk.ts and loop.ts give it a large request.
 * Invariant: the next round finds connections that stand, as a daemon's does.
 */
import { RoundCommit } from '../src/datapath/round-commit.js';
import { StatusBook } from '../src/datapath/status-book.js';
import { emptyState } from '../src/model/index.js';
import { everyObject } from '../src/pipeline/compile.js';
import { type Dirty, nothingDirty, touch } from '../src/pipeline/dependents.js';
import type { World } from '../src/pipeline/world.js';
import { Connected } from './connected.js';
import { worldOf } from './objects.js';

export interface DaemonLike {
  readonly commit: RoundCommit;
  close(): Promise<void>;
}

export async function daemonLike(remote: string): Promise<DaemonLike> {
  const connected = await Connected.to(remote);
  const { engine } = connected;
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const commit = new RoundCommit({ engine, book: new StatusBook(), log, clock: () => performance.now() * 1000 });
  await commit.whole(worldOf(emptyState()), [], 'auto');
  await connected.lanes(1);
  return { commit, close: () => engine.close() };
}

/** Everything of the world as one request puts it, settings included. */
export function dirtyOf(world: World): Dirty {
  const dirty = nothingDirty();
  dirty.system = true;
  for (const object of everyObject(world)) touch(dirty, object);
  return dirty;
}
