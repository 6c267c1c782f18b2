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
import { Engine, unixctl, type CommitResult, type EngineEvent, type Quarantine } from '../native/index.js';
import { formatFlow } from '../openflow/index.js';
import { addDependents, touch } from '../pipeline/dependents.js';
import type { Store } from '../store/index.js';
import type {
  ApplyRequest,
  ApplyResult,
  Controller,
  DatapathEvent,
  FlowLine,
  FlowQuery,
  Health,
  Level,
  ObjectStatus,
  TraceQuery,
  TraceResult,
} from './face.js';
import { cookieOwners, flowLines, namesOf, resolveOwner } from './flow-lines.js';
import type { Logger } from './log.js';
import { changesPorts, isSharedPort } from './ovsdb/wanted.js';
import { Reconciler, type Round } from './reconciler.js';
import { StatusBook } from './status-book.js';
import { SwitchDatabase } from './switch-database.js';
import { judgeTrace, parseTrace } from './trace.js';
import { tracePacket } from './packets.js';

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
  readonly #unixctl: ReturnType<typeof unixctl>;
  readonly #listeners = new Set<(event: DatapathEvent) => void>();
  #turn: Promise<unknown> = Promise.resolve();
  #switchUp = false;
  #switchDown = 'not connected yet';
  #datapathId: string | undefined;
  #synced = false;
  /** The bridge that the engine is connected to, for the life of the daemon. */
  #bridge: string | undefined;
  #flows = 0;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.state = options.state;
    this.#unixctl = unixctl(options.rundir);
    this.#engine = new Engine({ onEvent: (event) => this.#engineEvent(event) });
    this.#reconciler = new Reconciler({
      engine: this.#engine,
      book: this.#book,
      log: options.log,
      clock: options.clock,
      state: () => this.state,
      world: () => ({ state: this.state, ports: this.#database.ports }),
      syncPorts: (when) => this.#database.sync(when),
      describe: (result) => this.#committed(result),
    });
    this.#database = new SwitchDatabase(() => this.state, options.log, {
      up: () => void this.#databaseUp(),
      down: (reason) => this.#emit({ type: 'switch-down', message: `the switch's database is gone: ${reason}` }),
      altered: () => {
        // Somebody may have taken a port of ours away, or freed one that stood in the way.
        this.#reconciler.mark(() => undefined, { ports: true });
        this.#reconciler.kick();
      },
      moved: (names) => this.#portsMoved(names),
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
    this.#database.close();
    await this.#engine.close();
  }

  check(request: ApplyRequest): readonly Problem[] {
    const judged = judge(this.state, request);
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
    if (level === 'effective') await this.#unixctl.call('revalidator/wait');
    const { added, modified, deleted, messages } = round.result;
    const { compileUs, commitUs } = round;
    const commit = { added, modified, deleted, messages, compileUs, commitUs };
    return { generation, level, ...counts, commit, attention: this.#attention(changes) };
  }

  status(ref: Ref): ObjectStatus {
    const object = this.state.object(ref);
    if (!object) throw new SluiceError('not_found', `there is no ${ref.kind} ${ref.key}`);
    return this.#statusOf(object);
  }

  async flows(query: FlowQuery): Promise<readonly FlowLine[]> {
    const owner = query.owner && this.state.object(query.owner);
    if (query.owner && !owner) throw new SluiceError('not_found', `there is no ${query.owner.kind} ${query.owner.key}`);
    const key = owner && ownerKey(owner.kind, owner.id);
    return flowLines(this.#engine, this.state, this.#database.ports, query, key);
  }

  async trace(query: TraceQuery): Promise<TraceResult> {
    const { bridge } = this.state.settings;
    const packet = tracePacket(this.state, this.#database.ports, query);
    const args = [bridge, packet.flow, '--ct-next', packet.ctNext];
    const raw = await this.#switchSays('ofproto/trace', args);
    const parsed = parseTrace(raw, bridge);
    const steps = await Promise.all(
      parsed.hits.map(async (hit) => ({
        table: namesOf(this.#database.ports).table?.(hit.table) ?? String(hit.table),
        flow: hit.match,
        owners: hit.cookie === undefined ? [] : await cookieOwners(this.#engine, this.state, hit.cookie),
      })),
    );
    const outcome = judgeTrace(parsed.hits, steps, parsed.datapath, (ofport) => this.#database.ports.name(ofport));
    const command = `ovs-appctl ofproto/trace ${bridge} '${packet.flow}' --ct-next '${packet.ctNext}'`;
    return { ...outcome, steps, command, raw };
  }

  health(): Health {
    const reasons: string[] = [];
    if (!this.#database.connected) reasons.push("the switch's database is not connected");
    if (!this.#switchUp) reasons.push(`the switch is not connected: ${this.#switchDown}`);
    else if (!this.#synced) reasons.push('the first commit is not confirmed yet');
    for (const conflict of this.#database.conflicts) reasons.push(conflict.message);
    return {
      ready: this.#database.connected && this.#switchUp && this.#synced,
      reasons,
      switch: {
        connected: this.#switchUp,
        flows: this.#flows,
        ...(this.#datapathId === undefined ? {} : { datapathId: this.#datapathId }),
        ...(this.#database.version === undefined ? {} : { version: this.#database.version }),
      },
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
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #accept(request: ApplyRequest): Promise<Accepted & { settled: Promise<Round> }> {
    const judged = judge(this.state, request);
    if (!judged.ok) throw refusal(judged.problems);
    const { state, changes } = judged.accepted;
    if (changes.length > 0) {
      this.#refuseMove(state);
      await this.#options.store.write(storedChanges(changes), state.generation);
      this.state = state;
      for (const { after } of changes) {
        if (after) this.#book.pending(ownerKey(after.kind, after.id), state.generation);
      }
      this.#reconciler.mark((dirty) => addDependents(dirty, changes, state), { ports: changesPorts(changes) });
    }
    // Asked in the same turn as the dirt is marked, so that the round that takes the dirt answers.
    const settled = this.#reconciler.settled();
    settled.catch(() => undefined);
    return { ...judged.accepted, settled };
  }

  #refuseMove(state: State): void {
    if (this.#bridge === undefined || state.settings.bridge === this.#bridge) return;
    const message = `the daemon works on bridge ${this.#bridge}; to move, restart it with --bridge ${state.settings.bridge}`;
    throw refusal([{ pointer: '/bridge', code: 'restart_needed', message }]);
  }

  async #databaseUp(): Promise<void> {
    this.#emit({ type: 'switch-up', message: "the switch's database is connected" });
    await this.#database.sync('add');
    if (this.#bridge !== undefined) return;
    this.#bridge = this.state.settings.bridge;
    this.#engine.connect(`unix:${this.#options.rundir}/${this.#bridge}.mgmt`);
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
    this.#emit({ type: 'port', message: `ports moved: ${names.join(', ')}` });
    this.#reconciler.kick();
  }

  #engineEvent(event: EngineEvent): void {
    const { log } = this.#options;
    switch (event.type) {
      case 'up':
        this.#switchUp = true;
        this.#datapathId = event.datapathId;
        this.#emit({ type: 'switch-up', message: `connected to datapath ${event.datapathId}` });
        break;
      case 'down':
        this.#switchUp = false;
        this.#switchDown = event.reason;
        this.#emit({ type: 'switch-down', message: event.reason });
        break;
      case 'resynced': {
        const { flowsRead, sent, elapsedUs } = event;
        log.info({ flowsRead, sent, elapsedUs }, 'read back the switch');
        this.#emit({ type: 'resynced', message: `read ${flowsRead} flows, sent ${sent}`, fields: { flowsRead, sent } });
        break;
      }
      case 'quarantined':
        this.#quarantined({ ...event, type: event.errorType, code: event.errorCode });
        break;
      case 'conflict': {
        const named = (owners: readonly number[]): string =>
          owners.map((owner) => JSON.stringify(resolveOwner(this.state, owner))).join(', ');
        log.warn(
          { winners: named(event.winners), losers: named(event.losers) },
          'two owners want one flow differently',
        );
        break;
      }
      case 'log':
        log[event.level](event.fields ?? {}, event.message);
        break;
      default:
        break;
    }
  }

  #committed(result: CommitResult): void {
    this.#synced = true;
    void this.#countFlows();
    const { added, modified, deleted, messages, bundles, elapsedUs } = result;
    const refused = result.quarantined.length;
    this.#options.log.info({ added, modified, deleted, messages, bundles, elapsedUs, refused }, 'committed');
    for (const quarantine of result.quarantined) this.#quarantined(quarantine);
    this.#emit({
      type: 'committed',
      message: `+${added} ~${modified} -${deleted}`,
      fields: { added, modified, deleted },
    });
  }

  #quarantined(quarantine: Quarantine): void {
    const names = namesOf(this.#database.ports);
    const flow = quarantine.flow.length > 0 ? formatFlow(quarantine.flow, names) : '';
    this.#book.quarantined(quarantine, flow);
    const ref = this.state.byOwner(quarantine.owner);
    const message = `${ref ? `${ref.kind} ${ref.key}` : 'an owner'}: ${quarantine.error}: ${flow}`;
    this.#options.log.warn({ owner: ref, error: quarantine.error, flow }, 'the switch refused a flow');
    this.#emit({ type: 'quarantined', message, ...(ref ? { kind: ref.kind, key: ref.key } : {}) });
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

  async #switchSays(command: string, args: readonly string[]): Promise<string> {
    try {
      return await this.#unixctl.call(command, ...args);
    } catch (cause) {
      const detail = cause instanceof Error ? cause.message : String(cause);
      throw new SluiceError('switch_unavailable', `ovs-vswitchd did not answer ${command}: ${detail}`, { cause });
    }
  }

  async #patiently<T>(work: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const { patienceMs } = this.#options;
    const patience = new Promise<never>((_resolve, reject) => {
      const why = this.health().reasons[0] ?? 'the commit is still under way';
      timer = setTimeout(
        () => reject(new SluiceError('not_confirmed', `not confirmed within ${patienceMs} ms: ${why}`)),
        patienceMs,
      );
    });
    try {
      return await Promise.race([work, patience]);
    } finally {
      clearTimeout(timer);
      work.catch(() => undefined);
    }
  }

  #emit(event: DatapathEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
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
