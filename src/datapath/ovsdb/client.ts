/**
 * The conversation with ovsdb-server: a monitor of what matters, transactions, and waiting for vswitchd to act.
 * Neighbours: src/native frames and reconnects; rows.ts keeps what the monitor says.
 * Invariant: a transaction counts as done only when vswitchd's cur_cfg has reached the next_cfg it set.
 */
import { JsonRpc } from '../../native/index.js';
import type { Operation } from './plan.js';
import { monitored, Rows } from './rows.js';
import type { Json } from './values.js';

export interface OvsdbListener {
  /** The first monitor reply of a connection is in `rows`. */
  up(): void;
  down(reason: string): void;
  /** Rows changed; `structure` when bridges or ports themselves came, went or were altered. */
  changed(structure: boolean): void;
}

interface OperationResult {
  error?: string;
  details?: string;
  rows?: Record<string, Json>[];
}

const database = 'Open_vSwitch';

export class Ovsdb {
  readonly rows = new Rows();
  connected = false;
  readonly #rpc: JsonRpc;
  readonly #listener: OvsdbListener;
  #waiters: { cfg: number; resolve: () => void; reject: (error: Error) => void }[] = [];

  constructor(listener: OvsdbListener) {
    this.#listener = listener;
    this.#rpc = new JsonRpc({
      onUp: () => void this.#monitor(),
      onDown: (reason) => this.#lost(reason),
      onNotify: (method, params) => this.#notified(method, params),
    });
  }

  connect(remote: string): void {
    this.#rpc.connect(remote);
  }

  /** Run a transaction; rejects with the first error that the server names. Resolves to the results, by operation. */
  async transact(operations: readonly Operation[]): Promise<OperationResult[]> {
    const results = (await this.#rpc.request('transact', [database, ...operations])) as (OperationResult | null)[];
    const failed = results.find((result) => result?.error !== undefined);
    if (failed) throw new Error(`Open vSwitch's database refused the change: ${failed.error}: ${failed.details ?? ''}`);
    return results.map((result) => result ?? {});
  }

  /** Run a planned transaction and wait until vswitchd has acted on it. */
  async apply(operations: readonly Operation[]): Promise<void> {
    if (operations.length === 0) return;
    const results = await this.transact(operations);
    const cfg = results.findLast((result) => result.rows !== undefined)?.rows?.[0]?.['next_cfg'];
    if (typeof cfg !== 'number' || this.#curCfg() >= cfg) return;
    await new Promise<void>((resolve, reject) => this.#waiters.push({ cfg, resolve, reject }));
  }

  close(): void {
    this.#fail(new Error('closed'));
    this.#rpc.close();
  }

  async #monitor(): Promise<void> {
    const requests = Object.fromEntries(Object.entries(monitored).map(([table, columns]) => [table, { columns }]));
    try {
      const initial = await this.#rpc.request('monitor', [database, null, requests]);
      this.rows.clear();
      this.rows.update(initial as Parameters<Rows['update']>[0]);
      this.connected = true;
      this.#listener.up();
      this.#settle();
    } catch (error) {
      // A lost connection also ends here; the next `onUp` monitors again.
      this.#lost(String(error));
    }
  }

  #notified(method: string, params: unknown): void {
    if (method !== 'update' || !Array.isArray(params)) return;
    const updates: unknown = params[1];
    if (typeof updates !== 'object' || updates === null || !this.#follow(updates)) {
      // What we know may be wrong from here on: ask for everything again.
      void this.#monitor();
      return;
    }
    this.#settle();
    const tables = Object.keys(updates);
    this.#listener.changed(tables.includes('Port') || tables.includes('Bridge'));
  }

  #follow(updates: object): boolean {
    try {
      this.rows.update(updates as Parameters<Rows['update']>[0]);
      return true;
    } catch {
      return false;
    }
  }

  #lost(reason: string): void {
    this.connected = false;
    this.#fail(new Error(reason));
    this.#listener.down(reason);
  }

  #curCfg(): number {
    return Number(this.rows.root()?.row['cur_cfg'] ?? 0);
  }

  #settle(): void {
    const current = this.#curCfg();
    const ready = this.#waiters.filter((waiter) => waiter.cfg <= current);
    this.#waiters = this.#waiters.filter((waiter) => waiter.cfg > current);
    for (const waiter of ready) waiter.resolve();
  }

  #fail(error: Error): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.reject(error);
  }
}
