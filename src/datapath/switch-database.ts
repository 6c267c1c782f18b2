/**
 * The switch's database kept as the desired state asks: bridges, ports, and the snapshot of where they are.
 * Neighbours: ovsdb/* plans and sends; reconciler.ts asks for ports before and after its flows.
 */
import type { State } from '../model/index.js';
import { contracts } from '../pipeline/layout.js';
import type { Logger } from './log.js';
import { Ovsdb } from './ovsdb/client.js';
import { daemonKey, lockName, ownerKey, type Owner } from './ovsdb/lock.js';
import { counted, plan, type Operation, type PortConflict } from './ovsdb/plan.js';
import { Replugs } from './ovsdb/replugs.js';
import type { BridgeRow, Rows } from './ovsdb/rows.js';
import { wantedBridges, type HostIpView } from './ovsdb/wanted.js';
import { withPatience } from './patience.js';
import { PortMap } from './ports.js';

export interface SwitchDatabaseListener {
  /** Connected, and the bridge's lock is ours. */
  up(): void;
  down(reason: string): void;
  /** Connected, and another daemon has the lock. */
  waiting(): void;
  /** Bridges or ports were altered, by us or by somebody else. */
  altered(): void;
  /** Ofports moved; `ports` already holds the new snapshot. */
  moved(names: readonly string[]): void;
  /** Something changed, whatever it was. */
  looked(rows: Rows): void;
  /** What the bridges may hold, step by step; told whether vswitchd took the last one. */
  stages(rows: Rows): AsyncGenerator<HostIpView, void, boolean>;
}

/** How long a round waits for vswitchd to act on a port change before it goes on without (it is told later, by the monitor). */
const portPatienceMs = 5000;

export class SwitchDatabase {
  ports = new PortMap();
  conflicts: readonly PortConflict[] = [];
  readonly #ovsdb: Ovsdb;
  readonly #listener: SwitchDatabaseListener;
  readonly #state: () => State;
  readonly #log: Logger;
  readonly #replugs = new Replugs();
  #turn: Promise<unknown> = Promise.resolve();
  readonly #owner: Owner | undefined;

  constructor(state: () => State, log: Logger, owner: Owner | undefined, listener: SwitchDatabaseListener) {
    this.#owner = owner;
    this.#state = state;
    this.#log = log;
    this.#listener = listener;
    this.#ovsdb = new Ovsdb({
      up: () => {
        this.#snapshot();
        listener.up();
      },
      down: (reason) => listener.down(reason),
      waiting: () => {
        this.#snapshot();
        listener.waiting();
      },
      changed: (structure) => {
        this.#snapshot();
        const replugged = this.#replugs.look(this.#ovsdb.rows).length > 0;
        if ((structure || replugged) && this.held) listener.altered();
      },
    });
  }

  connect(remote: string): void {
    this.#ovsdb.connect(remote, lockName(this.#state().settings.bridge));
  }

  /** The lock of the bridge is ours: nothing is written without. */
  get held(): boolean {
    return this.#ovsdb.connected && this.#ovsdb.locked;
  }

  /** Whose the bridge is by its marks; undefined when nobody has marked it. */
  get holder(): Owner | undefined {
    const { [ownerKey]: id, [daemonKey]: daemon } = this.#bridge()?.externalIds ?? {};
    return id === undefined ? undefined : { id, daemon: daemon ?? 'unknown' };
  }

  get connected(): boolean {
    return this.#ovsdb.connected;
  }

  get version(): string | undefined {
    const version = this.#ovsdb.rows.root()?.row['ovs_version'];
    return typeof version === 'string' ? version : undefined;
  }

  /** Bring bridges and ports to what the state wants: additions before the flows that use them, removals after. */
  sync(when: 'add' | 'remove'): Promise<void> {
    // One after another: a move of host addresses takes several steps.
    const done = this.#turn.then(() => this.#sync(when));
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async #sync(when: 'add' | 'remove'): Promise<void> {
    if (!this.held) return;
    await this.#send(counted(this.#ovsdb.rows, this.#replugs.look(this.#ovsdb.rows)));
    const stages = this.#listener.stages(this.#ovsdb.rows);
    let taken = true;
    for (;;) {
      const stage = await stages.next(taken);
      if (stage.done === true) return;
      taken = await this.#bring(stage.value, when);
    }
  }

  /** Devices that the switch made itself. */
  internalPorts(): ReadonlySet<string> {
    const { rows } = this.#ovsdb;
    const bridges = rows.bridges();
    const internal = bridges.flatMap((bridge) => rows.interfaces(bridge)).filter(({ type }) => type === 'internal');
    return new Set([...bridges, ...internal].map(({ name }) => name));
  }

  #bring(hostIp: HostIpView, when: 'add' | 'remove'): Promise<boolean> {
    const tables = contracts.map(({ ref }) => ref.name);
    const { operations, conflicts } = plan(
      this.#ovsdb.rows,
      wantedBridges(this.#state(), tables, hostIp),
      when,
      this.#owner,
    );
    this.conflicts = conflicts;
    return this.#send(operations);
  }

  /** Answers whether vswitchd has acted on it. */
  async #send(operations: readonly Operation[]): Promise<boolean> {
    if (operations.length === 0) return true;
    let taken = true;
    try {
      await withPatience(
        this.#ovsdb.apply(operations),
        portPatienceMs,
        () => new Error(`no answer within ${portPatienceMs} ms`),
      );
    } catch (error) {
      taken = false;
      this.#log.warn({ err: error }, 'the database change is not confirmed yet');
    }
    this.#snapshot();
    return taken;
  }

  /** The MTU of every interface, as far as the switch knows it. */
  interfaceMtus(): ReadonlyMap<string, number | undefined> {
    const { rows } = this.#ovsdb;
    return new Map(rows.bridges().flatMap((b) => rows.interfaces(b).map(({ name, mtu }) => [name, mtu])));
  }

  close(): void {
    this.#ovsdb.close();
  }

  #bridge(): BridgeRow | undefined {
    return this.#ovsdb.rows.bridge(this.#state().settings.bridge);
  }

  #snapshot(): void {
    const next = new PortMap(this.#ovsdb.rows, this.#state().settings.bridge);
    const moved = next.movedSince(this.ports);
    this.ports = next;
    if (moved.length > 0) this.#listener.moved(moved);
    this.#listener.looked(this.#ovsdb.rows);
  }
}
