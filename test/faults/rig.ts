/**
 * An engine and a fake switch for one test, and the checks that every fault must pass: no work where there is none to
 * do, nothing left open, and the switch as the batch says.
 * Neighbours: fake-switch.ts, desired.ts. Invariant: what a test does not say about the end is checked in `end`.
 */
import { readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test as base } from 'vitest';
import { Engine, type CommitOptions, type CommitResult, type EngineEvent } from '../../src/native/index.js';
import { until } from '../../src/sandbox/index.js';
import { tablesOf } from './desired.js';
import { FakeSwitch } from './fake-switch.js';

export class Rig {
  readonly fake: FakeSwitch;
  readonly events: EngineEvent[] = [];
  readonly engine: Engine;
  readonly #sockets: number;

  private constructor(fake: FakeSwitch, sockets: number) {
    this.fake = fake;
    this.#sockets = sockets;
    this.engine = new Engine({ onEvent: (event) => this.events.push(event) });
  }

  static async start(): Promise<Rig> {
    const sockets = openSockets();
    return new Rig(await FakeSwitch.start(), sockets);
  }

  connect(): void {
    this.engine.connect(this.fake.remote);
  }

  commit(bytes: Uint8Array, options: CommitOptions = {}): Promise<CommitResult> {
    return this.engine.commit(bytes, options);
  }

  /** Connects, and the switch holds all of the batch. */
  async ready(bytes: Uint8Array): Promise<CommitResult> {
    this.connect();
    return this.commit(bytes, { full: true });
  }

  of<T extends EngineEvent['type']>(type: T): Extract<EngineEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<EngineEvent, { type: T }> => event.type === type);
  }

  get downReasons(): string[] {
    return this.of('down').map((event) => event.reason);
  }

  get warnings(): string[] {
    return this.of('log')
      .filter((event) => event.level === 'warn' || event.level === 'error')
      .map((event) => event.message);
  }

  /** The switch is as the batch says, but for the refused owners, and the engine knows it. */
  async expectTables(bytes: Uint8Array, refused: ReadonlySet<number> = new Set()): Promise<void> {
    const wanted = tablesOf(bytes, refused);
    const isSettled = async (): Promise<boolean> => {
      const { state, unsettled, pendingCommits } = await this.engine.stats();
      return (state === 'synced' || state === 'up') && unsettled === 0 && pendingCommits === 0;
    };
    await until('the engine is settled', isSettled);
    expect(this.fake.tables.text()).toEqual(wanted);
    expect(await this.engine.stats()).toMatchObject({
      confirmed: wanted.length,
      quarantined: refused.size,
      bundlesInFlight: 0,
    });
  }

  async end(): Promise<void> {
    await untilQuiet();
    await this.engine.close();
    await this.fake.stop();
    await until('all sockets are closed', () => openSockets() <= this.#sockets);
  }
}

/** Waits for a fifth of a second in which this process does next to nothing; a thread that spins never lets one pass. */
export async function untilQuiet(): Promise<void> {
  const windowMs = 200;
  await until(
    'the process is quiet',
    async () => {
      const before = process.cpuUsage();
      await sleep(windowMs);
      const { user, system } = process.cpuUsage(before);
      return user + system < windowMs * 1000 * 0.2;
    },
    { timeoutMs: 10_000 },
  );
}

export function openSockets(): number {
  const target = (fd: string): string => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return ''; // closed meanwhile
    }
  };
  return readdirSync('/proc/self/fd').filter((fd) => target(fd).startsWith('socket:')).length;
}

/** A test with a rig of its own. */
export const test = base.extend<{ rig: Rig }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads from the pattern which fixtures this one needs: none
  rig: async ({}, use) => {
    const rig = await Rig.start();
    await use(rig);
    await rig.end();
  },
});
