/**
 * An engine whose connection to a switch stands. Neighbours: the benchmarks that time the engine.
 * Invariant: a refused flow is a failure, never a result.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type CommitOptions, type CommitResult, Engine, type EngineEvent } from '../src/native/index.js';

type Resynced = Extract<EngineEvent, { type: 'resynced' }>;

export class Connected {
  readonly engine: Engine;
  #resynced: ((event: Resynced) => void) | undefined;

  private constructor(up: () => void) {
    this.engine = new Engine({
      onEvent: (event) => {
        if (event.type === 'up') up();
        if (event.type === 'resynced') this.#resynced?.(event);
      },
    });
  }

  static async to(remote: string): Promise<Connected> {
    const { promise, resolve } = deferred<void>();
    const made = new Connected(resolve);
    made.engine.connect(remote);
    await promise;
    return made;
  }

  /** Resolves when so many connections for large changes stand: a daemon has them since its start. */
  async lanes(count: number): Promise<void> {
    while ((await this.engine.stats()).lanes < count) await pause(5);
  }

  /** Resolves when, after a read-back that is still to come, so many entries are confirmed and none is outstanding. */
  async confirmedAgain(count: number): Promise<void> {
    await new Promise<void>((resolve) => (this.#resynced = () => resolve()));
    for (;;) {
      const { confirmed, unsettled } = await this.engine.stats();
      if (confirmed === count && unsettled === 0) return;
      await pause(2);
    }
  }

  /** Resolves, and says so, when the switch tells of others' changes as it tells a daemon: what follows is timed with it. */
  async watched(): Promise<void> {
    while ((await this.engine.stats()).monitor !== 'armed') await pause(5);
    console.log('flow monitor: armed');
  }

  async commit(bytes: Uint8Array, options?: CommitOptions): Promise<CommitResult> {
    const result = await this.engine.commit(bytes, options);
    const [first] = result.quarantined;
    if (first !== undefined) throw new Error(`the switch refused a flow of owner ${first.owner}: ${first.error}`);
    return result;
  }

  /** Reads the switch back; the event that says what was found. */
  resync(): Promise<Resynced> {
    const { promise, resolve } = deferred<Resynced>();
    this.#resynced = resolve;
    this.engine.resync();
    return promise;
  }
}

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((done) => (resolve = done));
  return { promise, resolve };
}
