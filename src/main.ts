/**
 * Wires everything: store, state, datapath, API. No logic of its own, and the only place that reads the clock.
 * Neighbours: src/cli/serve.ts and src/cli/start.ts call startDaemon.
 */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import pino from 'pino';
import { buildApi, listen } from './api/index.js';
import { effectiveConfig, givenSettings, mergeFields, type DaemonConfig } from './config/index.js';
import { DatapathController } from './datapath/controller.js';
import { sharesNetwork } from './datapath/host-interfaces.js';
import { chooseVtep } from './host/vtep-choice.js';
import { SluiceError } from './model/errors.js';
import { tryLock } from './native/index.js';
import { emptyState, restore, type State } from './model/index.js';
import { startSandbox, type Sandbox } from './sandbox/index.js';
import { lockDirectory, openLmdbStore } from './store/index.js';

export interface Daemon {
  /** The API's unix socket. */
  readonly socket: string;
  readonly controller: DatapathController;
  /** Resolves when another daemon has taken the bridge; this one should end. */
  readonly evicted: Promise<SluiceError>;
  /** Flows stay in the switch; with `--sandbox` the switch goes too. */
  stop(): Promise<void>;
}

/** How long a caller waits for the switch by default. */
const patienceMs = 30_000;

/** How long a start waits to know whether the bridge is its own. */
const claimPatienceMs = 10_000;

export function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** Open vSwitch's database must answer once before anything is served: a daemon without a switch is a mistake at start. */
async function requireDatabase(remote: string): Promise<void> {
  const path = remote.replace(/^unix:/, '');
  await new Promise<void>((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', (cause) => {
      const why =
        (cause as NodeJS.ErrnoException).code === 'EACCES' ? 'may not be opened by this user' : 'does not answer';
      reject(new SluiceError('switch_unavailable', `Open vSwitch's database at ${path} ${why}.`, { cause }));
    });
  });
}

/** Start the daemon; everything that was started is stopped again when a part of it fails. */
export async function startDaemon(config: DaemonConfig): Promise<Daemon> {
  const log = pino({ level: config.logLevel, base: null });
  const undo: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const step of undo.splice(0).toReversed()) await step();
  };
  try {
    const { database, rundir, datapath } = await switchOf(config, undo);
    const who = `pid ${process.pid}, state directory ${config.stateDir}`;
    const lock = await lockDirectory(config.stateDir, who, tryLock);
    undo.push(() => lock.release());
    const store = await openLmdbStore(config.stateDir);
    undo.push(() => store.close());
    const { objects, generation, id } = await store.load();
    const { state, leftOut } = restore(objects, generation);
    for (const { ref, problems } of leftOut)
      log.error({ ...ref, problems }, 'a stored object no longer fits and is left out');

    const clock = (): number => Number(process.hrtime.bigint() / 1000n);
    const told = givenSettings({ ...config, ...datapath });
    const chosen = await chosenVtep({ ...config, ...datapath }, rundir, state, log);
    // What was stored without an address was told so: a choice is for hosts that nobody has told anything.
    const given = { ...told, ...(chosen.vtepIp === undefined ? {} : { vtepIp: chosen.vtepIp }) };
    const first = generation === 0 ? given : { vtepIp: state.settings.spec.vtepIp ?? '', ...told };
    const owner = { id, daemon: who };
    const controller = new DatapathController({
      ...{ store, state, database, rundir, log, clock, given, patienceMs, owner },
      stateDir: config.stateDir,
      takeOver: config.takeOver,
    });
    undo.push(() => controller.stop());
    const inForce = { ...config, ...datapath, ...chosen, db: database, rundir };
    const settings = () => effectiveConfig(inForce, controller.state.settings.spec, emptyState().settings.spec);
    // Doors first: a socket that is taken must not cost a bridge or a stored setting.
    for (const remote of [`punix:${config.socket}`, ...config.listen]) {
      const tcp = remote.startsWith('ptcp:');
      const token = tcp && config.token !== undefined ? { token: config.token } : {};
      const app = buildApi({ controller, version: version(), config: settings, logger: log, ...token });
      await listen(app, remote);
      undo.push(() => app.close());
    }
    if (Object.keys(given).length > 0) {
      const put = [{ ...mergeFields([state.settings.spec, first]), kind: 'settings' }];
      await controller.apply({ put }, 'accepted');
    }
    controller.start();
    // A database that is silent meanwhile is no reason not to serve: /readyz says so, and the bridge is claimed later.
    const late = AbortSignal.timeout(claimPatienceMs);
    await Promise.race([controller.tenure.claimed, new Promise((resolve) => late.addEventListener('abort', resolve))]);
    log.info({ socket: config.socket, generation: controller.state.generation }, 'serving');
    return { socket: config.socket, controller, evicted: controller.tenure.evicted, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The address to tunnel from when nobody named one, with the reason in place of the flag's name. */
async function chosenVtep(
  config: DaemonConfig,
  rundir: string,
  { settings }: State,
  log: pino.Logger,
): Promise<Partial<Pick<DaemonConfig, 'vtepIp' | 'sources'>>> {
  const { sources } = config;
  const isOpen = (key: 'vtepIp' | 'datapathType' | 'bridge'): boolean => sources[key]?.from === 'default';
  const datapathType = isOpen('datapathType') ? settings.datapathType : config.datapathType;
  if (!isOpen('vtepIp') || datapathType === 'dummy' || !sharesNetwork(rundir)) return {};
  const choice = await chooseVtep(datapathType, isOpen('bridge') ? settings.bridge : config.bridge);
  if (choice === undefined) {
    log.info({ datapathType }, 'no address of this host can be the VTEP; VXLAN networks stay on the host');
    return {};
  }
  log.info({ vtepIp: choice.address, because: choice.because }, 'the VTEP address that nobody named');
  const name = `default: ${choice.because}`;
  return { vtepIp: choice.address, sources: { ...sources, vtepIp: { from: 'default', name } } };
}

interface SwitchPlace {
  readonly database: string;
  readonly rundir: string;
  /** Settings that follow from the switch, and that they do. */
  readonly datapath: Partial<Pick<DaemonConfig, 'datapathType' | 'sources'>>;
}

async function switchOf(config: DaemonConfig, undo: (() => Promise<unknown>)[]): Promise<SwitchPlace> {
  if (!config.sandbox) {
    await requireDatabase(config.db);
    return { database: config.db, rundir: config.rundir, datapath: {} };
  }
  const sandbox: Sandbox = await startSandbox({ datapath: 'dummy' });
  undo.push(() => sandbox.stop());
  const datapathType = config.sources.sandbox ?? { from: 'flag', name: '--sandbox' };
  return {
    database: sandbox.remote,
    rundir: sandbox.rundir,
    datapath: {
      datapathType: 'dummy',
      sources: { ...config.sources, datapathType, db: datapathType, rundir: datapathType },
    },
  };
}
