/**
 * A private Open vSwitch: own database, own run directory, own processes; nothing of the host's switch is touched.
 * Neighbours: daemon.ts runs its two programs, registry.ts takes everything away again, lab.ts builds hosts of it.
 * Invariant: when startSandbox has returned, the database answers and vswitchd has applied it.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { accepts, Daemon } from './daemon.js';
import { MissingToolError, run, type RunOptions } from './exec.js';
import { type Entry, openEntry } from './registry.js';

/** `dummy` needs no root and moves no packets by itself; `netdev` is the userspace datapath with real interfaces. */
export type DatapathKind = 'dummy' | 'netdev';

export interface SandboxOptions {
  readonly datapath: DatapathKind;
  /** Network namespace to run in. A netdev datapath without one gets a namespace of its own (it makes a tap named ovs-netdev). */
  readonly netns?: string;
  /** Run directory; default: a new one under the system's temporary folder. Removed on stop if it did not exist before. */
  readonly dir?: string;
}

export interface Sandbox {
  readonly kind: DatapathKind;
  readonly rundir: string;
  readonly dbSock: string;
  /** The database as an OVSDB remote: `unix:<rundir>/db.sock`. */
  readonly remote: string;
  /** undefined when it runs in the caller's namespace. */
  readonly netns: string | undefined;
  readonly vswitchdPidFile: string;
  readonly ovsdbPidFile: string;
  readonly vswitchdLog: string;
  readonly vswitchdPid: number | undefined;
  /** For programs that take their paths from the environment: OVS_RUNDIR, OVS_LOGDIR, OVS_DBDIR. */
  readonly env: Readonly<Record<string, string>>;
  /** The OpenFlow remote of a bridge: `unix:<rundir>/<bridge>.mgmt`. */
  mgmt(bridge: string): string;
  /** ovs-vsctl; waits until vswitchd has applied the change. Answers stdout. */
  vsctl(...args: string[]): Promise<string>;
  /** ovs-ofctl in OpenFlow 1.5; `input` in the options is what `-` reads. */
  ofctl(args: readonly string[], options?: RunOptions): Promise<string>;
  /** ovs-appctl towards ovs-vswitchd. */
  appctl(...args: string[]): Promise<string>;
  killVswitchd(signal?: NodeJS.Signals): Promise<void>;
  startVswitchd(): Promise<void>;
  killOvsdb(signal?: NodeJS.Signals): Promise<void>;
  startOvsdb(): Promise<void>;
  /** Ends both programs and removes the run directory and the namespace it made. */
  stop(): Promise<void>;
}

const schema = '/usr/share/openvswitch/vswitch.ovsschema';

/** Starts a private Open vSwitch; throws MissingToolError when it is not installed. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const entry = openEntry();
  try {
    return await start(entry, options);
  } catch (error) {
    entry.release();
    throw error;
  }
}

async function start(entry: Entry, options: SandboxOptions): Promise<Sandbox> {
  const rundir = options.dir === undefined ? join(entry.dir, 'run') : resolve(options.dir);
  if (!existsSync(rundir)) {
    if (options.dir !== undefined) entry.addFolder(rundir);
    mkdirSync(rundir, { recursive: true, mode: 0o700 });
  }
  const netns = options.netns ?? (options.datapath === 'netdev' ? await ownNamespace(entry) : undefined);
  const file = (name: string) => join(rundir, name);
  const env = { OVS_RUNDIR: rundir, OVS_LOGDIR: rundir, OVS_DBDIR: rundir, OVS_SYSCONFDIR: rundir };
  const dbSock = file('db.sock');
  const remote = `unix:${dbSock}`;

  const ovsdb = new Daemon(entry, {
    command: 'ovsdb-server',
    args: [`--remote=punix:${dbSock}`, ...quiet(file('ovsdb-server')), file('conf.db')],
    env,
    netns,
    logFile: file('ovsdb-server.out'),
    ready: () => accepts(dbSock),
  });
  const vswitchd = new Daemon(entry, {
    command: 'ovs-vswitchd',
    args: [...datapathFlags(options.datapath), ...quiet(file('ovs-vswitchd')), remote],
    env,
    netns,
    logFile: file('ovs-vswitchd.out'),
    ready: (pid) => accepts(file(`ovs-vswitchd.${pid}.ctl`)),
  });
  const vsctl = (...args: string[]) => run('ovs-vsctl', [`--db=${remote}`, '--timeout=15', ...args], { env });
  let starts = 0;
  const startVswitchd = async () => {
    await vswitchd.start();
    // Only a transaction that changes something makes ovs-vsctl wait for vswitchd; this one says how often it was started.
    await vsctl('set', 'Open_vSwitch', '.', `external_ids:sandbox-starts=${++starts}`);
  };

  const version = await createDatabase(file('conf.db'), env);
  await ovsdb.start();
  await vsctl('--no-wait', 'init', '--', 'set', 'Open_vSwitch', '.', `ovs_version=${version}`);
  await startVswitchd();

  return {
    kind: options.datapath,
    rundir,
    dbSock,
    remote,
    netns,
    env,
    vswitchdPidFile: file('ovs-vswitchd.pid'),
    ovsdbPidFile: file('ovsdb-server.pid'),
    vswitchdLog: file('ovs-vswitchd.log'),
    get vswitchdPid() {
      return vswitchd.pid;
    },
    mgmt: (bridge) => `unix:${file(bridge)}.mgmt`,
    vsctl,
    ofctl: (args, more) => run('ovs-ofctl', ['-O', 'OpenFlow15', ...args], { ...more, env }),
    appctl: (...args) => run('ovs-appctl', ['-t', file(`ovs-vswitchd.${vswitchd.pid ?? 0}.ctl`), ...args], { env }),
    killVswitchd: (signal) => vswitchd.kill(signal),
    startVswitchd,
    killOvsdb: (signal) => ovsdb.kill(signal),
    startOvsdb: () => ovsdb.start(),
    async stop() {
      await vswitchd.kill();
      await ovsdb.kill();
      entry.release();
    },
  };
}

/** `override` replaces every datapath and device by its dummy, so the same bridge settings work without root. */
function datapathFlags(kind: DatapathKind): string[] {
  return kind === 'dummy' ? ['--enable-dummy=override', '--disable-system'] : ['--disable-system'];
}

function quiet(stem: string): string[] {
  return [`--pidfile=${stem}.pid`, `--log-file=${stem}.log`, '-vconsole:off', '--no-chdir'];
}

/** Makes the database file unless a kept run directory has one; answers the version of Open vSwitch. */
async function createDatabase(path: string, env: NodeJS.ProcessEnv): Promise<string> {
  if (!existsSync(schema)) throw new MissingToolError('ovs-vswitchd');
  if (!existsSync(path)) await run('ovsdb-tool', ['create', path, schema], { env });
  const said = await run('ovs-vswitchd', ['--version']);
  return /(\d+\.\d+\.\d+)/.exec(said)?.[1] ?? 'unknown';
}

async function ownNamespace(entry: Entry): Promise<string> {
  if (process.getuid?.() !== 0)
    throw new Error('A netdev sandbox makes network interfaces and needs root; the dummy datapath does not.');
  await addNamespace(entry, entry.id);
  return entry.id;
}

/** A new network namespace with its loopback up. */
export async function addNamespace(entry: Entry, name: string): Promise<void> {
  entry.addNamespace(name);
  await run('ip', ['netns', 'add', name]);
  await run('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
}
