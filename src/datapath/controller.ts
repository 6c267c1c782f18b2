/**
 * The daemon's heart: judge, make durable, reconcile, answer.
 * Neighbours: src/api calls it through face.ts; the store keeps what was accepted; reconciler.ts carries it to the switch.
 * Invariant: requests are judged one after another on the latest durable state, and a refused one changes nothing.
 */
import { SluiceError, type Problem } from '../model/errors.js';
import {
  judge,
  ownerKey,
  refOf,
  storedChanges,
  type Accepted,
  type AnyObject,
  type Change,
  type Ref,
  type State,
} from '../model/index.js';
import { Engine, unixctl } from '../native/index.js';
import { ownsFlows } from '../pipeline/compile.js';
import { addDependents, touch } from '../pipeline/dependents.js';
import { staleConnections, type StaleConnections } from '../pipeline/translations.js';
import type { Store } from '../store/index.js';
import { countObject } from './counters.js';
import { countDrops } from './drops.js';
import { Explainer } from './explainer.js';
import type {
  ApplyRequest,
  ApplyResult,
  Controller,
  DatapathEvent,
  DropCount,
  FlowLine,
  FlowQuery,
  Health,
  Level,
  ObjectStatus,
  TraceQuery,
  TraceResult,
} from './face.js';
import { forget } from './forget.js';
import { missingInterfaces } from './host-interfaces.js';
import type { Logger } from './log.js';
import { changesPorts, isSharedPort } from './ovsdb/wanted.js';
import { portClashes } from './own-ports.js';
import { PacketDesk } from './packet-desk.js';
import { withPatience } from './patience.js';
import { Reconciler, type Round } from './reconciler.js';
import { withRuleReport } from './rule-report.js';
import { patchedSettings } from './settings-patch.js';
import { StatusBook } from './status-book.js';
import { SwitchDatabase } from './switch-database.js';
import { SwitchWatch } from './switch-watch.js';
import { UplinkWatch } from './uplink-watch.js';

export interface ControllerOptions {
  readonly store: Store;
  /** The state that the store held at start. */
  readonly state: State;
  /** OVSDB remote, `unix:/path/db.sock`. */
  readonly database: string;
  /** Where vswitchd keeps its sockets. */
  readonly rundir: string;
  readonly log: Logger;
  /** Microseconds, monotonic. */
  readonly clock: () => number;
  /** Settings that the operator gave at start: they hold for every settings object that does not name them itself. */
  readonly given?: Readonly<Record<string, unknown>>;
  /** How long a caller waits for the switch before it is told `not_confirmed`. */
  readonly patienceMs: number;
}

export class DatapathController implements Controller {
  state: State;
  readonly #options: ControllerOptions;
  readonly #engine: Engine;
  readonly #book = new StatusBook();
  readonly #database: SwitchDatabase;
  readonly #reconciler: Reconciler;
  readonly #explainer: Explainer;
  readonly #watch: SwitchWatch;
  readonly #uplinks: UplinkWatch;
  readonly #packets: PacketDesk;
  #turn: Promise<unknown> = Promise.resolve();
  /** What the switch is to forget as soon as it has confirmed that generation. */
  #stale: { readonly generation: number; readonly connections: readonly StaleConnections[] }[] = [];
  /** The bridge that the engine is connected to, for the life of the daemon. */
  #bridge: string | undefined;
  #flows = 0;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.state = options.state;
    this.#watch = new SwitchWatch({
      log: options.log,
      book: this.#book,
      state: () => this.state,
      ports: () => this.#database.ports,
    });
    this.#engine = new Engine({ onEvent: (event) => this.#watch.heard(event) });
    const { log, clock } = options;
    this.#packets = new PacketDesk({ log, clock, state: () => this.state, emit: (event) => this.#watch.emit(event) });
    const control = unixctl(options.rundir);
    this.#explainer = new Explainer(this.#engine, control);
    this.#uplinks = new UplinkWatch({
      ask: (command) => control.call(command),
      changed: (changes) => this.#watch.uplinksChanged(changes),
    });
    this.#reconciler = new Reconciler({
      engine: this.#engine,
      book: this.#book,
      log: options.log,
      clock: options.clock,
      state: () => this.state,
      world: () => ({ state: this.state, ports: this.#database.ports }),
      syncPorts: (when) => this.#database.sync(when),
      describe: (result) => {
        this.#watch.committed(result);
        void this.#countFlows();
      },
    });
    this.#database = new SwitchDatabase(() => this.state, options.log, {
      up: () => void this.#databaseUp(),
      down: (reason) => this.#watch.emit({ type: 'switch-down', message: `the switch's database is gone: ${reason}` }),
      altered: () => {
        // Somebody may have taken a port of ours away, or freed one that stood in the way.
        this.#reconciler.mark(() => undefined, { ports: true });
        this.#reconciler.kick();
      },
      moved: (names) => this.#portsMoved(names),
      looked: (rows) => this.#uplinks.look(rows),
    });
  }

  /** Connect; the first round states everything as soon as the switch's ports are known. */
  start(): void {
    this.#database.connect(this.#options.database);
  }

  /** Resolves when everything accepted so far is confirmed by the switch. */
  async settled(): Promise<Round> {
    return this.#reconciler.settled();
  }

  async stop(): Promise<void> {
    this.#reconciler.stop();
    this.#uplinks.close();
    this.#database.close();
    await this.#packets.close();
    await this.#engine.close();
  }

  check(request: ApplyRequest): readonly Problem[] {
    const judged = judge(this.state, this.#withGiven(request));
    return judged.ok ? [] : judged.problems;
  }

  async apply(request: ApplyRequest, level: Level): Promise<ApplyResult> {
    const accepted = this.#turn.then(() => this.#accept(request));
    this.#turn = accepted.catch(() => undefined);
    const { state, changes, unchanged, settled } = await accepted;
    const { generation } = state;
    const counts = { ...count(changes), unchanged };
    if (level === 'accepted') return { generation, level, ...counts, attention: [] };
    const round = await this.#patiently(settled);
    if (level === 'effective') await this.#explainer.ask('revalidator/wait');
    const { added, modified, deleted, messages } = round.result;
    const { compileUs, commitUs } = round;
    const commit = { added, modified, deleted, messages, compileUs, commitUs };
    return { generation, level, ...counts, commit, attention: this.#attention(changes) };
  }

  status(ref: Ref): ObjectStatus {
    const object = this.state.object(ref);
    if (!object) throw new SluiceError('not_found', `there is no ${ref.kind} ${ref.key}`);
    return withRuleReport(this.#statusOf(object), object, this.state);
  }

  async countedStatus(ref: Ref): Promise<ObjectStatus> {
    const status = this.status(ref);
    const object = this.state.object(ref);
    if (object === undefined || !ownsFlows(object.kind)) return status;
    try {
      return { ...status, ...(await countObject(this.#engine, object)) };
    } catch {
      // No switch, or it went: the rest of the status is known all the same.
      return status;
    }
  }

  async drops(): Promise<readonly DropCount[]> {
    try {
      return await countDrops(this.#engine, this.state);
    } catch (cause) {
      throw new SluiceError('switch_unavailable', 'the switch cannot be read', { cause });
    }
  }

  flows(query: FlowQuery): Promise<readonly FlowLine[]> {
    return this.#explainer.flows(this.state, this.#database.ports, query);
  }

  trace(query: TraceQuery): Promise<TraceResult> {
    return this.#explainer.trace(this.state, this.#database.ports, query);
  }

  health(): Health {
    const { connected, downReason, datapathId, synced } = this.#watch;
    const { version } = this.#database;
    const reasons: string[] = [];
    if (!this.#database.connected) reasons.push("the switch's database is not connected");
    if (!connected) reasons.push(`the switch is not connected: ${downReason}`);
    else if (!synced) reasons.push('the first commit is not confirmed yet');
    return {
      ready: reasons.length === 0,
      reasons: [...reasons, ...this.#database.conflicts.map((conflict) => conflict.message)],
      switch: {
        connected,
        flows: this.#flows,
        ...(datapathId === undefined ? {} : { datapathId }),
        ...(version === undefined ? {} : { version }),
      },
      uplinks: this.#uplinks.uplinks,
      generation: this.state.generation,
    };
  }

  async retry(): Promise<number> {
    const owners = this.#book.quarantinedOwners();
    this.#reconciler.mark((dirty) => {
      for (const owner of owners) {
        const ref = this.state.byOwner(owner);
        if (ref) touch(dirty, this.state.object(ref));
      }
    });
    await this.#patiently(this.#reconciler.settled());
    return owners.length;
  }

  subscribe(listener: (event: DatapathEvent) => void): () => void {
    return this.#watch.subscribe(listener);
  }

  async #accept(request: ApplyRequest): Promise<Accepted & { settled: Promise<Round> }> {
    const whole = this.#withGiven(request);
    const judged = judge(this.state, whole);
    if (!judged.ok) throw refusal(judged.problems);
    const { state, changes } = judged.accepted;
    if (changes.length > 0) {
      this.#refusePlaces(whole, state, changes);
      await this.#options.store.write(storedChanges(changes), state.generation);
      this.#stale.push({ generation: state.generation, connections: staleConnections(this.state, state, changes) });
      this.state = state;
      for (const { after } of changes) {
        if (after) this.#book.pending(ownerKey(after.kind, after.id), state.generation);
      }
      this.#reconciler.mark((dirty) => addDependents(dirty, changes, state), { ports: changesPorts(changes) });
    }
    // Asked in the same turn as the dirt is marked, so that the round that takes the dirt answers.
    const settled = this.#settled();
    settled.catch(() => undefined);
    return { ...judged.accepted, settled };
  }

  /** Confirmed, and no connection is left on its old way. */
  async #settled(): Promise<Round> {
    const round = await this.#reconciler.settled();
    const ask = (command: string, ...args: string[]) => this.#explainer.ask(command, ...args);
    const due = this.#stale.filter(({ generation }) => generation <= round.generation);
    this.#stale = this.#stale.filter((each) => !due.includes(each));
    const stale = due.flatMap(({ connections }) => connections);
    await forget(stale, ask, this.#options.log);
    return round;
  }

  #withGiven(request: ApplyRequest): ApplyRequest {
    const { given } = this.#options;
    const { settings, ...rest } = request;
    const put = settings === undefined ? request.put : [patchedSettings(this.state.settings, settings)];
    if (put === undefined) return request;
    return { ...rest, put: put.map((object) => (isSettings(object) ? { ...given, ...object } : object)) };
  }

  /** What the model cannot know: the bridge at work, the NICs of this host, and which ports are Sluice's own. */
  #refusePlaces(request: ApplyRequest, state: State, changes: readonly Change[]): void {
    const { settings } = state;
    const at = `/objects/${request.put?.findIndex(isSettings) ?? 0}`;
    const problems = missingInterfaces(this.state.settings, settings, this.#options.rundir, at);
    problems.push(
      ...portClashes(changes, state, ({ ref }) => `/objects/${request.put?.findIndex((o) => isNamed(o, ref)) ?? 0}`),
    );
    if (this.#bridge !== undefined && settings.bridge !== this.#bridge) {
      const message = `the daemon works on bridge ${this.#bridge}; to move, restart it with --bridge ${settings.bridge}`;
      problems.push({ pointer: `${at}/bridge`, code: 'restart_needed', message });
    }
    if (problems.length > 0) throw refusal(problems);
  }

  async #databaseUp(): Promise<void> {
    this.#watch.emit({ type: 'switch-up', message: "the switch's database is connected" });
    await this.#database.sync('add');
    if (this.#bridge !== undefined) return;
    this.#bridge = this.state.settings.bridge;
    const remote = `unix:${this.#options.rundir}/${this.#bridge}.mgmt`;
    this.#engine.connect(remote);
    this.#packets.connect(remote);
    this.#reconciler.release();
  }

  #portsMoved(names: readonly string[]): void {
    const { state } = this;
    this.#reconciler.mark((dirty) => {
      for (const name of names) {
        const e = state.endpointAt(name);
        if (e) {
          touch(dirty, e);
          touch(dirty, state.networks.get(e.network));
        } else if (isSharedPort(name)) dirty.all = true;
      }
    });
    this.#watch.emit({ type: 'port', message: `ports moved: ${names.join(', ')}` });
    this.#reconciler.kick();
  }

  async #countFlows(): Promise<void> {
    try {
      this.#flows = (await this.#engine.stats()).confirmed;
    } catch {
      // Closed meanwhile; nobody asks any more.
    }
  }

  #statusOf(object: AnyObject): ObjectStatus {
    return this.#book.status(object, this.state, this.#database.ports);
  }

  #attention(changes: readonly Change[]): { ref: Ref; status: ObjectStatus }[] {
    return changes
      .map(({ after }) => after)
      .filter((object) => object !== undefined)
      .map((object) => ({ ref: refOf(object), status: this.#statusOf(object) }))
      .filter(({ status }) => status.state !== 'committed');
  }

  #patiently<T>(work: Promise<T>): Promise<T> {
    const { patienceMs } = this.#options;
    return withPatience(work, patienceMs, () => {
      const why = this.health().reasons[0] ?? 'the commit is still under way';
      return new SluiceError('not_confirmed', `not confirmed within ${patienceMs} ms: ${why}`);
    });
  }
}

function isSettings(object: unknown): object is object {
  return typeof object === 'object' && object !== null && 'kind' in object && object.kind === 'settings';
}

/** Whether a stated object is the one of `ref`: an endpoint by its id, the settings as such. */
function isNamed(object: unknown, ref: Ref): boolean {
  if (ref.kind === 'settings') return isSettings(object);
  return typeof object === 'object' && object !== null && 'id' in object && object.id === ref.key;
}

function count(changes: readonly Change[]): Pick<ApplyResult, 'created' | 'updated' | 'deleted'> {
  const created = changes.filter(({ before, after }) => !before && after).length;
  const deleted = changes.filter(({ after }) => !after).length;
  return { created, updated: changes.length - created - deleted, deleted };
}

function refusal(problems: readonly Problem[]): SluiceError {
  const inUse = problems.length > 0 && problems.every((problem) => problem.code === 'in_use');
  const first = problems[0]?.message ?? 'the request was refused';
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  return new SluiceError(inUse ? 'in_use' : 'invalid_request', `${first}${more}`, { problems });
}
