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
import { addDependents, addMeasured, touch } from '../pipeline/dependents.js';
import type { World } from '../pipeline/world.js';
import { countObject } from './counters.js';
import { countDrops } from './drops.js';
import type { ControllerOptions } from './controller-options.js';
import { Explainer } from './explainer.js';
import type {
  Adoption,
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
  SettingsPlan,
  TraceQuery,
  TraceResult,
} from './face.js';
import { healthOf } from './health.js';
import { HostIpKeeper } from './host-ip/keeper.js';
import { tellRemarks } from './host-ip/remarks.js';
import { changesPorts, isSharedPort } from './ovsdb/wanted.js';
import { configureHostPort } from './host-port.js';
import { Leftovers } from './leftovers.js';
import { withWay } from './mtu.js';
import { PacketDesk } from './packet-desk.js';
import { withPatience } from './patience.js';
import { Reconciler, type Round } from './reconciler.js';
import { refusal, tally } from './refusal.js';
import { isSettings, judgePlaces, namedUplinks } from './places.js';
import { withReports } from './reports.js';
import { patchedSettings, withGivenSettings } from './settings-patch.js';
import { StatusBook } from './status-book.js';
import { SwitchDatabase } from './switch-database.js';
import { SwitchWatch } from './switch-watch.js';
import { Tenure } from './tenure.js';
import { UplinkWatch } from './uplink-watch.js';
import { Ways } from './ways.js';

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
  readonly #hostIp: HostIpKeeper;
  readonly #tenure: Tenure;
  readonly #ways: Ways;
  #turn: Promise<unknown> = Promise.resolve();
  readonly #leftovers: Leftovers;
  /** The bridge that the engine is connected to, for the life of the daemon. */
  #bridge: string | undefined;
  #flows = 0;
  readonly #ask = (command: string, ...args: string[]): Promise<string> => this.#explainer.ask(command, ...args);

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.state = options.state;
    const { log, clock, stateDir, database, rundir } = options;
    const state = (): State => this.state;
    this.#watch = new SwitchWatch({ log, clock, state, book: this.#book, ports: () => this.#database.ports });
    this.#engine = new Engine({
      onEvent: (event) => {
        this.#watch.heard(event);
        // Perhaps another vswitchd than before.
        if (event.type === 'up') void this.#ways.connected();
      },
    });
    const world = (): World => ({ state: this.state, ports: this.#database.ports, underlay: this.#ways.measured });
    this.#packets = new PacketDesk({ log, clock, state, world, emit: (event) => this.#watch.emit(event) });
    const control = unixctl(rundir);
    this.#explainer = new Explainer(this.#engine, control);
    this.#leftovers = new Leftovers(this.#ask, log);
    this.#ways = new Ways({
      ...{ log, rundir, settings: () => this.state.settings },
      interfaceMtus: () => this.#database.interfaceMtus(),
      ask: (command, ...args) => control.call(command, ...args),
      changed: () => this.#again((dirty) => addMeasured(dirty, this.state)),
    });
    this.#uplinks = new UplinkWatch({
      ask: (command) => control.call(command),
      changed: (changes) => {
        this.#watch.uplinksChanged(changes);
        if (changes.some(({ bad }) => !bad)) this.#packets.announcer.rerouted('vlan');
      },
    });
    this.#reconciler = new Reconciler({
      ask: this.#ask,
      forget: (connections) => this.#packets.forget(connections),
      engine: this.#engine,
      book: this.#book,
      ...{ log, clock, state, world },
      syncPorts: (when) => this.#database.sync(when),
      describe: (result) => {
        this.#watch.committed(result);
        this.#packets.announcer.confirmed();
        void this.#countFlows();
      },
    });
    this.#hostIp = new HostIpKeeper({
      ...{ stateDir, database, rundir, log },
      settings: () => this.state.settings,
      tell: (event) => this.#watch.emit(event),
      revert: (uplinks) => this.apply({ settings: { ...uplinks } }, 'accepted'),
    });
    this.#tenure = new Tenure({
      ...{ owner: options.owner, takeOver: options.takeOver ?? false },
      bridge: () => this.state.settings.bridge,
      holder: () => this.#database.holder,
    });
    this.#database = new SwitchDatabase(() => this.state, options.log, options.owner, {
      up: () => void this.#databaseUp(),
      waiting: () => {
        this.#reconciler.hold();
        this.#tenure.waiting();
      },
      down: (reason) => this.#watch.emit({ type: 'switch-down', message: `the switch's database is gone: ${reason}` }),
      // Somebody may have taken a port of ours away, or freed one that stood in the way.
      altered: () => this.#again(() => undefined, { ports: true }),
      moved: (names) => this.#portsMoved(names),
      looked: (rows) => {
        this.#ways.look();
        this.#uplinks.look(rows);
      },
      stages: (rows) => this.#hostIp.stages(rows),
    });
  }

  /** Connect; the first round states everything as soon as the switch's ports are known. */
  start(): void {
    this.#database.connect(this.#options.database);
  }

  /** Whether the bridge is ours, and until when. */
  get tenure(): Pick<Tenure, 'claimed' | 'evicted'> {
    return this.#tenure;
  }

  /** Resolves when everything accepted so far is confirmed by the switch. */
  async settled(): Promise<Round> {
    return this.#reconciler.settled();
  }

  async stop(): Promise<void> {
    this.#reconciler.stop();
    this.#ways.close();
    this.#uplinks.close();
    this.#hostIp.close();
    this.#tenure.stop();
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
    const { state, changes, unchanged, settled, notes } = await accepted;
    const { generation } = state;
    const counts = { ...tally(changes), unchanged, ...(notes.length > 0 ? { notes } : {}) };
    if (level === 'accepted') return { generation, level, ...counts, attention: [] };
    const round = await this.#patiently(settled);
    if (level === 'effective') await this.#explainer.ask('revalidator/wait');
    const { added, modified, deleted, messages } = round.result;
    const { compileUs, commitUs, cut } = round;
    const times = { compileUs, commitUs };
    const commit = { added, modified, deleted, messages, ...times, ...(cut === undefined ? {} : { cut }) };
    return { generation, level, ...counts, commit, attention: this.#attention(changes) };
  }

  async planSettings(fields: Readonly<Record<string, unknown>>): Promise<SettingsPlan> {
    const whole = this.#withGiven({ settings: fields });
    const judged = judge(this.state, whole);
    if (!judged.ok) return { problems: judged.problems, lines: [], notes: [] };
    return this.#judgePlaces(whole, judged.accepted);
  }

  adoptions(): readonly Adoption[] {
    return this.#hostIp.adoptions();
  }

  confirmUplinks(): readonly string[] {
    return this.#hostIp.confirm();
  }

  status(ref: Ref): ObjectStatus {
    const object = this.state.object(ref);
    if (!object) throw new SluiceError('not_found', `there is no ${ref.kind} ${ref.key}`);
    const status = withReports(this.#statusOf(object), object, this.state);
    return withWay(status, object, this.state, () => this.#ways.underlay);
  }

  async countedStatus(ref: Ref): Promise<ObjectStatus> {
    const status = this.status(ref);
    return { ...status, ...(await countObject(this.#engine, this.state.object(ref))) };
  }

  drops(): Promise<readonly DropCount[]> {
    return countDrops(this.#engine, this.state);
  }

  flows(query: FlowQuery): Promise<readonly FlowLine[]> {
    return this.#explainer.flows(this.state, this.#database.ports, query);
  }

  trace(query: TraceQuery): Promise<TraceResult> {
    return this.#explainer.trace(this.state, this.#database.ports, query);
  }

  health(): Health {
    return healthOf({
      watch: this.#watch,
      database: this.#database,
      tenure: this.#tenure,
      hostIp: this.#hostIp,
      ways: this.#ways,
      flows: this.#flows,
      uplinks: this.#uplinks.uplinks,
      generation: this.state.generation,
      nowUs: this.#options.clock(),
    });
  }

  async retry(): Promise<number> {
    const owners = this.#book.quarantinedOwners();
    const refs = owners.flatMap((owner) => this.state.byOwner(owner) ?? []);
    this.#engine.retryQuarantined(); // the same set once more would not be tried
    this.#reconciler.mark((dirty) => refs.forEach((ref) => touch(dirty, this.state.object(ref))));
    await this.#patiently(this.#reconciler.settled());
    return owners.length;
  }

  resync(): Promise<{ flowsRead: number; sent: number }> {
    const done = this.#watch.nextReadBack();
    this.#engine.resync();
    return this.#patiently(done);
  }

  subscribe(listener: (event: DatapathEvent) => void): () => void {
    return this.#watch.subscribe(listener);
  }

  async #accept(request: ApplyRequest): Promise<Accepted & { settled: Promise<Round>; notes: readonly string[] }> {
    const whole = this.#withGiven(request);
    const judged = judge(this.state, whole);
    if (!judged.ok) throw refusal(judged.problems);
    const { state, changes } = judged.accepted;
    const { problems, notes } = await this.#judgePlaces(whole, judged.accepted);
    if (problems.length > 0) throw refusal(problems);
    this.#hostIp.changing(this.state.settings, this.#bridge === undefined ? [] : namedUplinks(request));
    if (changes.length > 0) {
      await this.#options.store.write(storedChanges(changes), state.generation);
      this.#packets.announcer.leaving(changes);
      await this.#leftovers.changing(this.state, judged.accepted);
      this.state = state;
      for (const { after } of changes) {
        if (after) this.#book.pending(ownerKey(after.kind, after.id), state.generation);
      }
      this.#packets.announcer.changed(changes);
      const asked = { ports: changesPorts(changes), mode: request.mode };
      this.#reconciler.mark((dirty) => addDependents(dirty, changes, state), asked);
    }
    // Asked in the same turn as the dirt is marked, so that the round that takes the dirt answers.
    const settled = this.#settled();
    settled.catch(() => undefined);
    return { ...judged.accepted, settled, notes };
  }

  /** Confirmed, and nothing is left on its old way. */
  async #settled(): Promise<Round> {
    const round = await this.#reconciler.settled();
    await this.#leftovers.confirmed(round.generation, this.state.settings);
    return round;
  }

  #withGiven(request: ApplyRequest): ApplyRequest {
    const { given } = this.#options;
    const { settings, ...rest } = request;
    const put = settings === undefined ? request.put : [patchedSettings(this.state.settings, settings)];
    if (put === undefined) return request;
    return {
      ...rest,
      put: put.map((object) => (isSettings(object) ? withGivenSettings(given ?? {}, object) : object)),
    };
  }

  #judgePlaces(whole: ApplyRequest, { state, changes }: Accepted): Promise<SettingsPlan> {
    const { rundir, stateDir } = this.#options;
    const internal = this.#database.connected ? this.#database.internalPorts() : undefined;
    const places = { rundir, stateDir, internal, bridge: this.#bridge };
    return judgePlaces(whole, this.state.settings, state, changes, places);
  }

  async #databaseUp(): Promise<void> {
    if (!this.#tenure.up()) return;
    this.#watch.emit({ type: 'switch-up', message: "the switch's database is connected" });
    if (this.#bridge === undefined) {
      await this.#hostIp.recover();
      void tellRemarks(this.state, this.#options.rundir, this.#database.internalPorts(), this.#options.log);
    }
    await this.#database.sync('add');
    await this.#ways.connected();
    if (this.#bridge !== undefined) {
      // Somebody may have worked here while we were away.
      this.#reconciler.mark(() => undefined, { ports: true });
      this.#reconciler.release();
      return;
    }
    this.#bridge = this.state.settings.bridge;
    const remote = `unix:${this.#options.rundir}/${this.#bridge}.mgmt`;
    this.#engine.connect(remote);
    this.#packets.connect(remote);
    this.#reconciler.release();
  }

  /** Unasked by anybody. */
  #again(...dirt: Parameters<Reconciler['mark']>): void {
    this.#reconciler.mark(...dirt);
    this.#reconciler.kick();
  }

  #portsMoved(names: readonly string[]): void {
    const { state } = this;
    this.#again((dirty) => {
      for (const name of names) {
        const e = state.endpointAt(name);
        if (e) {
          this.#packets.announcer.plugged(e);
          touch(dirty, e);
          touch(dirty, state.networks.get(e.network));
        } else if (isSharedPort(name, state.settings)) dirty.all = true;
      }
    });
    void configureHostPort(names, state.settings, this.#options);
    this.#watch.emit({ type: 'port', message: `ports moved: ${names.join(', ')}` });
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
