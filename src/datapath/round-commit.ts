/**
 * One round's flows on their way: compiled a few milliseconds at a time, so that nobody else waits for the event loop, and in a large round
 * given to the engine part by part, so that the switch is at work on the first while the next is compiled.
 * Neighbours: reconciler.ts says what is dirty; src/pipeline compiles; src/native commits.
 * Invariants: a round is compiled from one world. What goes ahead in parts only adds: owners that have no flows yet, those that others
 * refer to before those, rules before endpoints. Whatever is changed or withdrawn goes in one piece, last.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ownerKey, ownerKind, type AnyObject, type OwnerKind } from '../model/index.js';
import type { CommitMode, CommitResult, Engine } from '../native/index.js';
import { Batch } from '../openflow/index.js';
import { compileGone, compileObject, compileSystem, everyObject, systemOwner } from '../pipeline/compile.js';
import { compileCuts } from '../pipeline/cut.js';
import type { Dirty } from '../pipeline/dependents.js';
import type { World } from '../pipeline/world.js';
import type { Tracked } from './cut/conntrack-dump.js';
import type { Logger } from './log.js';
import type { StatusBook } from './status-book.js';

export interface RoundCommitParts {
  readonly engine: Pick<Engine, 'commit' | 'stats'>;
  readonly book: StatusBook;
  readonly log: Logger;
  /** Microseconds, monotonic. */
  readonly clock: () => number;
}

export interface Committed {
  /** The owners that compiled. */
  readonly owners: readonly number[];
  readonly result: CommitResult;
  /** Until the last flow was compiled; in a large round the switch is at work by then. */
  readonly compileUs: number;
  /** From there until the switch had confirmed everything. */
  readonly commitUs: number;
}

/** How long the event loop is held at a time, and how many owners are compiled before the clock is looked at again. */
const sliceUs = 4000;
const ownersBetweenLooks = 32;

/** With fewer owners than these, one batch it is. */
const manyOwners = 1000;

/** Flows of a part: a hundredth of a second of the switch's time. The first is small, so that the switch has something to do at once. */
export const partFlows = 4000;
const firstPartFlows = 250;

/** What others refer to, by OpenFlow group or meter: a change of one of these goes with those that refer to it. */
const referredTo: ReadonlySet<OwnerKind> = new Set(['group', 'service']);

/** What goes ahead in parts, in this order. */
const turns = ['others', 'rule', 'endpoint'] as const;

function turnOf(owner: number): (typeof turns)[number] {
  const kind = ownerKind(owner);
  return kind === 'rule' || kind === 'endpoint' ? kind : 'others';
}

interface Split {
  readonly ahead?: Iterable<AnyObject>;
  /** Complete when `ahead` has been gone through. */
  readonly rest: Iterable<AnyObject>;
}

/** How a large round goes to the engine. */
interface InParts {
  /** The next part is to have so many flows. */
  flows: number;
  flush(how: CommitMode): void;
}

export class RoundCommit {
  readonly #parts: RoundCommitParts;
  readonly #batch = new Batch();

  constructor(parts: RoundCommitParts) {
    this.#parts = parts;
  }

  /** Everything there is to be, so that what is not named goes. */
  async whole(world: World, cuts: readonly Tracked[], mode: CommitMode): Promise<Committed> {
    const { engine, clock } = this.#parts;
    const started = clock();
    this.#batch.reset();
    compileSystem(this.#batch, world);
    compileCuts(this.#batch, cuts);
    const owners = [systemOwner];
    await this.#compile(world, everyObject(world), owners);
    const compiled = clock();
    const committed = engine.commit(this.#batch.bytes(), { full: true, mode });
    this.#batch.reset(); // the engine has its copy
    const result = await committed;
    return { owners, result, compileUs: compiled - started, commitUs: clock() - compiled };
  }

  /** What a change touched. */
  async some(world: World, dirty: Dirty, mode: CommitMode): Promise<Committed> {
    const { engine, clock } = this.#parts;
    const started = clock();
    const { ahead, rest } = this.#split(dirty, mode);
    const before = ahead === undefined ? undefined : engine.stats();
    before?.catch(() => undefined); // it is awaited with what comes after
    const owners: number[] = [];
    const commits: Promise<CommitResult>[] = [];
    const inParts: InParts = {
      flows: firstPartFlows,
      flush: (how) => {
        const commit = engine.commit(this.#batch.bytes(), { mode: how });
        commit.catch(() => undefined); // it is awaited with the others
        commits.push(commit);
        this.#batch.reset();
        inParts.flows = Math.min(partFlows, 2 * inParts.flows);
      },
    };
    this.#batch.reset();
    if (ahead !== undefined) await this.#compile(world, ahead, owners, inParts);
    for (const owner of dirty.gone) compileGone(this.#batch, owner);
    if (dirty.system) {
      compileSystem(this.#batch, world);
      owners.push(systemOwner);
    }
    await this.#compile(world, rest, owners);
    if (this.#batch.ownerCount > 0 || commits.length === 0) inParts.flush(mode);
    const compiled = clock();
    const results = await Promise.all(commits);
    const commitUs = clock() - compiled;
    const [only] = results;
    if (results.length === 1 && only !== undefined)
      return { owners, result: only, compileUs: compiled - started, commitUs };
    const [sentBefore, sentAfter] = await Promise.all([before, engine.stats()]);
    const sum = (field: 'added' | 'modified' | 'deleted' | 'unchanged'): number =>
      results.reduce((total, result) => total + result[field], 0);
    const result: CommitResult = {
      added: sum('added'),
      modified: sum('modified'),
      deleted: sum('deleted'),
      unchanged: sum('unchanged'),
      // Those of each part count what went out meanwhile for the others, too.
      messages: sentAfter.messagesSent - (sentBefore?.messagesSent ?? 0),
      bundles: sentAfter.bundlesSent - (sentBefore?.bundlesSent ?? 0),
      elapsedUs: clock() - started,
      quarantined: results.flatMap(({ quarantined }) => quarantined),
    };
    return { owners, result, compileUs: compiled - started, commitUs };
  }

  /**
   * What may go ahead in parts, and what goes in one piece after it. Looked for as it is needed: the objects may be a hundred thousand, cold
   * in memory, and the switch waits for the first of them.
   */
  #split({ objects }: Dirty, mode: CommitMode): Split {
    const one = { rest: objects.values() };
    if (mode === 'atomic' || objects.size < manyOwners) return one;
    const { book } = this.#parts;
    for (const owner of objects.keys()) {
      const kind = ownerKind(owner);
      if (kind !== undefined && referredTo.has(kind) && book.flowsOf(owner) > 0) return one;
    }
    const rest: AnyObject[] = [];
    function* ahead(): Generator<AnyObject> {
      for (const turn of turns) {
        for (const [owner, object] of objects) {
          if (turnOf(owner) !== turn) continue;
          if (book.flowsOf(owner) === 0) yield object;
          else rest.push(object);
        }
      }
    }
    return { ahead: ahead(), rest };
  }

  /** Adds the owners that compiled to `owners`. One that does not is left as it is on the switch and quarantined by name. */
  async #compile(world: World, objects: Iterable<AnyObject>, owners: number[], inParts?: InParts): Promise<void> {
    const { book, log, clock } = this.#parts;
    let since = clock();
    let looked = 0;
    for (const object of objects) {
      const owner = ownerKey(object.kind, object.id);
      const before = this.#batch.flowCount;
      try {
        compileObject(this.#batch, world, object);
        book.compiled(owner, this.#batch.flowCount - before, world.state.generation);
        owners.push(owner);
      } catch (error) {
        this.#batch.dropOwner();
        const reason = error instanceof Error ? error.message : String(error);
        book.uncompilable(owner, reason);
        log.error({ kind: object.kind, key: object.key, err: error }, 'an object cannot be compiled');
      }
      // Staged: the first parts are small, and yet no small changes that the rest has to make way for.
      if (inParts !== undefined && this.#batch.flowCount >= inParts.flows) inParts.flush('staged');
      if (++looked < ownersBetweenLooks) continue;
      looked = 0;
      if (clock() - since < sliceUs) continue;
      await nextTurn();
      since = clock();
    }
  }
}
