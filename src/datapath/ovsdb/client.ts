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
  /** All rows are in `rows` and the lock is ours: again after every loss of either. */
  up(): void;
  down(reason: string): void;
  /** The rows are there, and somebody else has the lock. */
  waiting(): void;
  /** Rows changed; `structure` when bridges or ports themselves came, went or were altered. */
  changed(structure: boolean): void;
}

interface OperationResult {
  error?: string;
  details?: string;
  rows?: Record<string, Json>[];
}

const database = 'Open_vSwitch';
const noTransaction = '00000000-0000-0000-0000-000000000000';

type Updates = Parameters<Rows['update']>[0];
type Updates2 = Parameters<Rows['update2']>[0];

export class Ovsdb {
  readonly rows = new Rows();
  /** The rows are current. */
  connected = false;
  #lock: string | undefined;
  #locked = false;
  /** The last transaction that `rows` has; zeros ask for everything. */
  #lastId = noTransaction;
  #monitors = 0;
  /** The id of the monitor that counts; notifications of others are late. */
  #monitorId = '';
  readonly #rpc: JsonRpc;
  readonly #listener: OvsdbListener;
  #waiters: { cfg: number; resolve: () => void; reject: (error: Error) => void }[] = [];

  constructor(listener: OvsdbListener) {
    this.#listener = listener;
    this.#rpc = new JsonRpc({
      onUp: () => void this.#begin(),
      onDown: (reason) => this.#lost(reason),
      onNotify: (method, params) => this.#notified(method, params),
    });
  }

  /** Holds the named lock from now on, or waits for it; without a name there is nothing to hold. */
  connect(remote: string, lock?: string): void {
    this.#lock = lock;
    this.#rpc.connect(remote);
  }

  /** Run a transaction; rejects with the first error that the server names. Resolves to the results, by operation. */
  async transact(operations: readonly Operation[]): Promise<OperationResult[]> {
    // Between two looks the lock may have gone: the server refuses then.
    const assert = this.#lock === undefined ? [] : [{ op: 'assert', lock: this.#lock }];
    const request = [database, ...assert, ...operations];
    const answer = (await this.#rpc.request('transact', request)) as (OperationResult | null)[];
    const [owned] = assert.length > 0 ? answer : [];
    if (owned?.error !== undefined) throw new Error('another daemon holds the lock of the bridge');
    const results = answer.slice(assert.length);
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

  get locked(): boolean {
    return this.#lock === undefined || this.#locked;
  }

  async #begin(): Promise<void> {
    try {
      this.#locked = false;
      if (this.#lock !== undefined) {
        const { locked } = (await this.#rpc.request('lock', [this.#lock])) as { locked: boolean };
        // The notification may have come first.
        this.#locked ||= locked;
      }
    } catch (error) {
      return this.#lost(String(error));
    }
    await this.#monitor();
  }

  async #monitor(): Promise<void> {
    const requests = Object.fromEntries(Object.entries(monitored).map(([table, columns]) => [table, { columns }]));
    // A number of its own: the server does not take one twice on a connection.
    const id = `sluice-${++this.#monitors}`;
    this.#monitorId = id;
    try {
      await this.#since(id, requests);
    } catch (error) {
      // A lost connection also ends here; the next `onUp` monitors again.
      if (this.#monitorId === id) this.#lost(String(error));
      return;
    }
    this.connected = true;
    if (this.locked) this.#listener.up();
    else this.#listener.waiting();
    this.#settle();
  }

  /** From where we were, where the server still knows it; a server of before 2.12 tells everything each time. */
  async #since(id: string, requests: object): Promise<void> {
    let answer;
    try {
      answer = await this.#rpc.request('monitor_cond_since', [database, id, requests, this.#lastId]);
    } catch (error) {
      if (!/unknown method/.test(String(error))) throw error;
      const initial = await this.#rpc.request('monitor', [database, id, requests]);
      this.rows.clear();
      this.rows.update(initial as Updates);
      return;
    }
    const [found, lastId, updates] = answer as [boolean, string, Updates2];
    if (!found) this.rows.clear();
    this.rows.update2(updates);
    this.#lastId = lastId;
  }

  #notified(method: string, params: unknown): void {
    const [about, ...rest]: readonly unknown[] = Array.isArray(params) ? params : [];
    if (method === 'locked' || method === 'stolen') {
      if (about === this.#lock) this.#lockMoved(method === 'locked');
      return;
    }
    if (!['update', 'update3'].includes(method)) return;
    // Of a monitor that was given up; one with no name is of a server that makes up its own.
    if (typeof about === 'string' && about !== this.#monitorId) return;
    const updates = rest[method === 'update3' ? 1 : 0];
    if (typeof updates !== 'object' || updates === null || !this.#follow(method, updates)) {
      // What we know may be wrong from here on: ask for everything again.
      this.#lastId = noTransaction;
      void this.#monitor();
      return;
    }
    if (method === 'update3') this.#lastId = String(rest[0]);
    this.#settle();
    const tables = Object.keys(updates);
    this.#listener.changed(tables.includes('Port') || tables.includes('Bridge'));
  }

  #lockMoved(isOurs: boolean): void {
    this.#locked = isOurs;
    if (!this.connected) return;
    if (isOurs) this.#listener.up();
    else this.#listener.waiting();
  }

  #follow(method: string, updates: object): boolean {
    try {
      if (method === 'update') this.rows.update(updates as Updates);
      else this.rows.update2(updates as Updates2);
      return true;
    } catch {
      return false;
    }
  }

  #lost(reason: string): void {
    this.connected = false;
    this.#locked = false;
    this.#monitorId = '';
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
