/**
 * Engine: the C++ flow store and OpenFlow session of one bridge (native/core/engine.h) as promises.
 * Neighbours: src/datapath states whole sets of flows per owner; src/openflow writes the batches.
 * Invariant: nothing is reported as done before the switch has confirmed it.
 */
import { toNativeError } from './errors.js';
import { addon, type RawEngine } from './loader.js';
import type { CommitOptions, CommitResult, EngineEvent, EngineStats, OwnerKey } from './types.js';

export interface EngineOptions {
  /** Called in the order of events, a turn of the event loop or more after they happened. */
  onEvent(event: EngineEvent): void;
}

/**
 * Lives until close(), and keeps the process alive until then; dropping the last reference does not close it.
 * All promises are rejected with a NativeError: `closed` after close(), and what each method names.
 */
export class Engine {
  readonly #raw: RawEngine;
  #closing: Promise<void> | undefined;

  /** Throws `addon_missing`. */
  constructor(options: EngineOptions) {
    const deliver = (events: readonly EngineEvent[]): void => {
      for (const event of events) options.onEvent(event);
    };
    this.#raw = wrap(() => new (addon().Engine)(deliver));
  }

  /**
   * Dials `unix:/run/openvswitch/<bridge>.mgmt` (or `tcp:<address>:<port>`) and dials again for ever, with back-off from
   * 50 ms to 5 s. The switch is neither read nor changed before the first commit with `full`, which says what is wanted.
   * A second call replaces the remote. Throws `invalid_remote`, `closed`.
   */
  connect(remote: string): void {
    wrap(() => this.#raw.connect(remote));
  }

  /**
   * States the whole set of flows, groups and meters of each owner that the batch names. Resolves when the switch has
   * confirmed the change or refused single owners (`quarantined`); while there is no switch it stays pending, and the
   * change is kept. The bytes are copied before this returns. Rejects with `malformed_batch` or `refused` when nothing
   * of the batch was taken.
   */
  commit(batch: Uint8Array, options: CommitOptions = {}): Promise<CommitResult> {
    return settle(this.#raw.commit(batch, options.mode ?? 'auto', options.full ?? false));
  }

  /** The confirmed flows as OFPT_FLOW_MOD messages back to back, of one owner or table if given. */
  flows(query: { readonly owner?: OwnerKey; readonly table?: number } = {}): Promise<Uint8Array> {
    return settle(this.#raw.flows(query.owner, query.table));
  }

  /**
   * What the switch itself has (of one owner: without what it shares with others, which has an owner key of its own): for each flow u64 packets, u64 bytes (big endian), then a canonical OFPT_FLOW_MOD.
   * Rejects with `unavailable` when there is no switch or it goes meanwhile.
   */
  readSwitch(query: { readonly owner?: OwnerKey; readonly table?: number } = {}): Promise<Uint8Array> {
    return settle(this.#raw.readSwitch(query.owner, query.table));
  }

  /** The owners behind a cookie of kind `shared`, whose id (32 bits) names the set; empty when there is no such set. */
  owners(sharedId: number): Promise<OwnerKey[]> {
    return settle(this.#raw.owners(sharedId));
  }

  stats(): Promise<EngineStats> {
    return settle(this.#raw.stats());
  }

  /** Reads the switch back now instead of at the next connect; the answer is a `resynced` event. */
  resync(): void {
    this.#raw.resync();
  }

  /** Tries the flows of quarantined owners again. */
  retryQuarantined(): void {
    this.#raw.retryQuarantined();
  }

  /** Leaves the switch as it is, disconnects, and lets the process end. Open promises are rejected with `closed`. May be called twice. */
  close(): Promise<void> {
    this.#closing ??= settle(this.#raw.close());
    return this.#closing;
  }
}

function wrap<T>(call: () => T): T {
  try {
    return call();
  } catch (thrown) {
    throw toNativeError(thrown);
  }
}

async function settle<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (thrown) {
    throw toNativeError(thrown);
  }
}
