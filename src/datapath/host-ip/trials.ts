/**
 * The trials under way: which NICs a watchdog has in its hands, and how each trial ended.
 * Neighbours: keeper.ts starts and judges them; src/watchdog writes the journals that are looked at here.
 * Invariant: a NIC is on trial until whoever asked to follow it has dealt with its end.
 */
import { isKept } from '../../watchdog/journal.js';
import type { Journal } from '../../watchdog/journal.js';

const lookEveryMs = 100;

export class Trials {
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #read: (nic: string) => Journal | undefined;

  constructor(read: (nic: string) => Journal | undefined) {
    this.#read = read;
  }

  has(nic: string): boolean {
    return this.#timers.has(nic);
  }

  /** Look at the journal until the trial has ended, whoever ends it. */
  follow(nic: string, ended: (journal: Journal) => Promise<void>): void {
    clearInterval(this.#timers.get(nic));
    const timer = setInterval(() => {
      const journal = this.#read(nic);
      if (journal === undefined) return;
      if ((journal.state === 'moved' || journal.state === 'returning') && isKept(journal)) return;
      clearInterval(timer);
      void ended(journal).finally(() => {
        if (this.#timers.get(nic) === timer) this.#timers.delete(nic);
      });
    }, lookEveryMs);
    timer.unref();
    this.#timers.set(nic, timer);
  }

  /** Nobody wants to know how it ends. */
  leave(nic: string): void {
    clearInterval(this.#timers.get(nic));
    this.#timers.delete(nic);
  }

  /** A trial under way is decided by a change: confirmed. */
  async stop(nic: string): Promise<void> {
    this.leave(nic);
    if (this.confirm(nic)) await this.unkept(nic);
  }

  /** Answers whether a watchdog was there to be told. */
  confirm(nic: string): boolean {
    const journal = this.#read(nic);
    if (journal?.state !== 'moved' || journal.keeper === undefined || !isKept(journal)) return false;
    process.kill(journal.keeper.pid, 'SIGUSR2');
    return true;
  }

  /** Resolves when no watchdog of this NIC runs any more. */
  async unkept(nic: string): Promise<void> {
    for (;;) {
      const journal = this.#read(nic);
      if (journal === undefined || !isKept(journal)) return;
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs / 4));
    }
  }

  close(): void {
    for (const nic of this.#timers.keys()) this.leave(nic);
  }
}
