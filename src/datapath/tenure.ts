/**
 * Whether this daemon may work on its bridge: it holds the lock, and the bridge is not programmed from another state.
 * Neighbours: switch-database.ts tells of lock and marks; controller.ts works only while `reason` is undefined.
 * Invariant: who is refused has changed nothing, and who loses the lock stops writing at once.
 */
import { SluiceError } from '../model/errors.js';
import type { Owner } from './ovsdb/lock.js';

export interface TenureParts {
  readonly owner: Owner | undefined;
  /** Start also where another state's flows are. */
  readonly takeOver: boolean;
  readonly bridge: () => string;
  /** Whose the bridge is by its marks. */
  readonly holder: () => Owner | undefined;
}

/** How long another daemon is waited for: one that was told to stop, or whose connection the server has not missed yet. */
const patienceMs = 5_000;

export class Tenure {
  /** Resolves when the lock was had for the first time; rejects with `taken` when it cannot be. */
  readonly claimed: Promise<void>;
  /** Resolves when this daemon was refused, at the start or later. */
  readonly evicted: Promise<SluiceError>;
  /** Why nothing is written. */
  reason: string | undefined;
  readonly #parts: TenureParts;
  #claim: { resolve(): void; reject(error: SluiceError): void } | undefined;
  #evict: (error: SluiceError) => void = () => {};
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: TenureParts) {
    this.#parts = parts;
    this.claimed = new Promise((resolve, reject) => (this.#claim = { resolve, reject }));
    // Whoever does not ask sees it in health.
    this.claimed.catch(() => undefined);
    this.evicted = new Promise((resolve) => (this.#evict = resolve));
  }

  /** The lock is ours; answers whether we may work. */
  up(): boolean {
    this.stop();
    const { owner, takeOver, holder, bridge } = this.#parts;
    const other = holder();
    const isTheirs = owner !== undefined && other !== undefined && other.id !== owner.id;
    if (this.#claim !== undefined && isTheirs && !takeOver) {
      const whose = `Bridge ${bridge()} was programmed from another state (${other.daemon})`;
      this.#refuse(
        `${whose}; from the one of this daemon (${owner.daemon}) all its flows would be replaced. ` +
          'Start with the state directory of that one (--state-dir), with a bridge of its own (--bridge), or, ' +
          'if the other state is gone for good, with --take-over',
      );
      return false;
    }
    this.reason = undefined;
    this.#claim?.resolve();
    this.#claim = undefined;
    return true;
  }

  /** Another daemon has the lock. */
  waiting(): void {
    const { holder, bridge } = this.#parts;
    this.reason = `bridge ${bridge()} is kept by another daemon (${holder()?.daemon ?? 'it has left no name'})`;
    this.#timer ??= setTimeout(() => {
      this.#refuse(
        `Bridge ${bridge()} is kept by another daemon (${holder()?.daemon ?? 'it has left no name'}). Stop that one ` +
          'first, or give this one a bridge (--bridge) and a state directory (--state-dir) of its own',
      );
    }, patienceMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #refuse(message: string): void {
    const error = new SluiceError('taken', `${message}.`);
    this.reason = message;
    this.#claim?.reject(error);
    this.#evict(error);
  }
}
