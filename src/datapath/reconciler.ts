/**
 * The one loop that touches the switch: dirty owners → ports → compile → commit → status.
 * Neighbours: controller.ts marks what is dirty; the pipeline compiles; src/native commits.
 * Invariants: one round at a time; what arrives during a round merges into the next; ports are added before the flows that
 * use them and removed after.
 */
import type { Logger } from './log.js';
import type { State } from '../model/index.js';
import type { CommitMode, CommitResult, Engine } from '../native/index.js';
import { ownsFlows } from '../pipeline/compile.js';
import { nothingDirty, type Dirty } from '../pipeline/dependents.js';
import type { World } from '../pipeline/world.js';
import type { Tracked } from './cut/conntrack-dump.js';
import { Cutter } from './cut/cutter.js';
import { RoundCommit } from './round-commit.js';
import type { StatusBook } from './status-book.js';

export interface Round {
  readonly generation: number;
  readonly result: CommitResult;
  readonly compileUs: number;
  readonly commitUs: number;
  /** Connections that the new policy denies and that were cut (`onPolicyChange: cut`). */
  readonly cut?: number;
}

export interface ReconcilerParts {
  readonly engine: Pick<Engine, 'commit' | 'stats'>;
  readonly book: StatusBook;
  readonly log: Logger;
  /** Microseconds, monotonic. */
  readonly clock: () => number;
  world(): World;
  state(): State;
  /** Put wanted ports into the switch (before the flows) or take unwanted ones out (after). */
  syncPorts(when: 'add' | 'remove'): Promise<void>;
  describe(result: CommitResult): void;
  /** A command of vswitchd's control socket. */
  ask(command: string, ...args: string[]): Promise<string>;
  /** Make conntrack forget connections. */
  forget(connections: readonly Tracked[]): Promise<void>;
}

const nothingSent: CommitResult = {
  added: 0,
  modified: 0,
  deleted: 0,
  unchanged: 0,
  messages: 0,
  bundles: 0,
  elapsedUs: 0,
  quarantined: [],
};

function isClean({ objects, gone, system, all }: Dirty): boolean {
  return objects.size === 0 && gone.size === 0 && !system && !all;
}

interface Waiter {
  resolve(round: Round): void;
  reject(error: Error): void;
}

export class Reconciler {
  readonly #parts: ReconcilerParts;
  readonly #cutter: Cutter;
  readonly #commit: RoundCommit;
  #dirty: Dirty = nothingDirty();
  #portsDirty = true;
  /** What a request of this round asked for: `atomic` counts for all of it, and more than `staged`. */
  #mode: CommitMode = 'auto';
  #cutsDirty = false;
  #full = true;
  #held = true;
  #running = false;
  #stopped = false;
  #waiters: Waiter[] = [];

  constructor(parts: ReconcilerParts) {
    this.#parts = parts;
    const { log, clock, engine, book } = parts;
    this.#commit = new RoundCommit({ log, clock, engine, book });
    this.#cutter = new Cutter({
      log,
      clock,
      state: () => parts.state(),
      ask: (command, ...args) => parts.ask(command, ...args),
      forget: (connections) => parts.forget(connections),
      commit: (batch) => parts.engine.commit(batch),
      expired: () => this.#recut(),
    });
  }

  /** The switch's ports are known: the first round, which states everything, may start. */
  release(): void {
    this.#held = false;
    this.kick();
  }

  /** Stop after the step under way: another daemon has the switch. `release` goes on. */
  hold(): void {
    this.#held = true;
  }

  /** Collect more dirt; call `kick` or `settled` afterwards. */
  mark(collect: (dirty: Dirty) => void, options: { ports?: boolean; mode?: CommitMode | undefined } = {}): void {
    collect(this.#dirty);
    if (options.mode === 'atomic' || (options.mode === 'staged' && this.#mode === 'auto')) this.#mode = options.mode;
    if (options.ports) this.#portsDirty = true;
  }

  /** Resolves with the round that confirmed everything marked so far. */
  settled(): Promise<Round> {
    const done = new Promise<Round>((resolve, reject) => this.#waiters.push({ resolve, reject }));
    this.kick();
    return done;
  }

  kick(): void {
    if (this.#running || this.#held || this.#stopped) return;
    this.#running = true;
    void this.#run().finally(() => {
      this.#running = false;
      if (this.#waiters.length > 0 && !this.#stopped) this.kick();
    });
  }

  /** Some of the drops of cut connections have stood long enough. */
  #recut(): void {
    this.#cutsDirty = true;
    this.kick();
  }

  stop(): void {
    this.#cutter.close();
    this.#stopped = true;
    for (const waiter of this.#waiters.splice(0)) waiter.reject(new Error('stopped'));
  }

  async #run(): Promise<void> {
    // One turn of the event loop lets requests that came together share a round.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (!this.#stopped && !this.#held && (this.#isDirty() || this.#waiters.length > 0)) {
      const waiters = this.#waiters.splice(0);
      try {
        const round = await this.#round();
        for (const waiter of waiters) waiter.resolve(round);
      } catch (error) {
        const failure = error instanceof Error ? error : new Error(String(error));
        // What this round took is not lost: the next one states everything again.
        this.#full = true;
        if (!this.#stopped) this.#parts.log.error({ err: failure }, 'round failed');
        for (const waiter of waiters) waiter.reject(failure);
        return;
      }
    }
  }

  #isDirty(): boolean {
    return !isClean(this.#dirty) || this.#portsDirty || this.#full || this.#cutsDirty;
  }

  async #round(): Promise<Round> {
    const { book } = this.#parts;
    const syncPorts = this.#portsDirty;
    this.#portsDirty = false;
    if (syncPorts) await this.#parts.syncPorts('add');

    const dirty = this.#dirty;
    this.#dirty = nothingDirty();
    if (!this.#full && isClean(dirty)) {
      if (syncPorts) await this.#parts.syncPorts('remove');
      if (this.#cutsDirty) await this.#cut();
      return { generation: this.#parts.state().generation, result: nothingSent, compileUs: 0, commitUs: 0 };
    }
    const world = this.#parts.world();
    const { generation } = world.state;
    const full = this.#full || dirty.all;
    this.#full = false;
    const mode = this.#mode;
    this.#mode = 'auto';
    const { owners, result, compileUs, commitUs } = full
      ? await this.#commit.whole(world, this.#cutter.connections, mode)
      : await this.#commit.some(world, dirty, mode);

    const refused = new Set(result.quarantined.map((quarantine) => quarantine.owner));
    const withoutFlows = [...dirty.objects].filter(([, { kind }]) => !ownsFlows(kind)).map(([owner]) => owner);
    const reached = [...owners, ...withoutFlows];
    book.confirmed(
      reached.filter((owner) => !refused.has(owner)),
      generation,
      full,
    );
    for (const owner of dirty.gone) book.gone(owner);
    this.#parts.describe(result);
    if (syncPorts) await this.#parts.syncPorts('remove');
    const cut = await this.#cut();
    return { generation, result, compileUs, commitUs, ...(cut === undefined ? {} : { cut }) };
  }

  /** Policy holds without it: what cannot be cut now is dropped packet by packet, and tried again with the next change. */
  async #cut(): Promise<number | undefined> {
    this.#cutsDirty = false;
    if (!this.#cutter.isNeeded) return undefined;
    try {
      return await this.#cutter.run();
    } catch (error) {
      this.#parts.log.warn({ err: error }, 'connections that policy denies could not be cut');
      return undefined;
    }
  }
}
