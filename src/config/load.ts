/**
 * From flags, environment and file to one DaemonConfig that knows where each value came from.
 * Neighbours: src/cli/serve.ts calls it, src/main.ts receives the result.
 * Invariant: a DaemonConfig is complete and checked; nobody after this room reads a flag or a variable.
 */
import { UsageError, errnoOf } from './errors.js';
import { readConfigText } from './file.js';
import type { FileValue } from './file.js';
import { parseFlags } from './flags.js';
import type { Flag, Parsed } from './flags.js';
import { defaultConfigFile, defaultRundir, ownSocket, ownStateDir } from './places.js';
import type { Surroundings } from './places.js';
import { Resolver } from './resolve.js';
import type { Sources } from './resolve.js';
import { contivHints, settingKeys, settings } from './settings.js';
import type { BondMode, DatapathType, Lacp, LogLevel, SettingKey } from './settings.js';

/** Everything src/main.ts needs to know. Values are checked and in canonical form. */
export interface DaemonConfig {
  readonly vtepIp?: string;
  readonly vlanInterfaces: readonly string[];
  readonly underlayInterfaces: readonly string[];
  readonly adoptHostIp: boolean;
  readonly checkAddress?: string;
  readonly confirmWithin: number;
  /** Absent, these two are left to the model's defaults. */
  readonly bondMode?: BondMode;
  readonly lacp?: Lacp;
  readonly vxlanPort: number;
  readonly bridge: string;
  readonly uplinkBridge: string;
  readonly datapathType: DatapathType;
  /** OVSDB remote, `unix:/path`. */
  readonly db: string;
  /** Open vSwitch's run directory: `<bridge>.mgmt`, `ovs-vswitchd.<pid>.ctl`. */
  readonly rundir: string;
  readonly stateDir: string;
  /** Replace the flows of another state. */
  readonly takeOver: boolean;
  /** Path of the API's unix socket. */
  readonly socket: string;
  /** Further remotes of the API: `punix:/path`, `ptcp:port:ip`. */
  readonly listen: readonly string[];
  /** Set whenever `listen` has a `ptcp:`; the bearer token of TCP callers. */
  readonly token?: string;
  readonly tokenFile?: string;
  readonly logLevel: LogLevel;
  readonly sandbox: boolean;
  readonly sources: Sources;
}

export interface LoadInput extends Surroundings {
  readonly argv: readonly string[];
  /** Throws like fs.readFileSync does. */
  readonly readFile: (path: string) => string;
}

export const configFlag: Flag = {
  name: 'config',
  type: 'value',
  placeholder: '<file>',
  help: `Reads settings from this YAML file, in which flags and variables may overrule single ones. ${defaultConfigFile} is read when it is there.`,
  example: '--config /etc/sluice/config.yaml',
};

const debugFlag: Flag = {
  name: 'debug',
  type: 'switch',
  help: 'The same as --log-level debug. It is understood because Contiv has it.',
  example: '--debug',
};

/** Every flag `serve` takes, in the order its help shows them. */
export const daemonFlags: readonly Flag[] = [...settingKeys.map((key): Flag => settings[key]), configFlag, debugFlag];

/** The file that was asked for must be there; the default one may be missing. */
async function readFileValues(input: LoadInput, flags: Parsed): Promise<Map<SettingKey, FileValue>> {
  const asked = flags.values['config'] ?? input.env['SLUICE_CONFIG'];
  const path = typeof asked === 'string' && asked !== '' ? asked : defaultConfigFile;
  let text: string;
  try {
    text = input.readFile(path);
  } catch (cause) {
    const code = errnoOf(cause);
    if (code === 'ENOENT' && path === defaultConfigFile && asked === undefined) return new Map();
    const why = code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'it may not be read' : String(code);
    throw new UsageError(`cannot read the configuration file ${path}: ${why}`, { exitCode: 4 });
  }
  return readConfigText(text, path);
}

/** Reads everything there is to read. Throws UsageError. */
export async function loadConfig(input: LoadInput): Promise<DaemonConfig> {
  const flags = parseFlags(input.argv, daemonFlags, contivHints);
  const [stray] = flags.positionals;
  if (stray !== undefined) throw new UsageError(`serve takes flags only, not "${stray}"`);
  const from = new Resolver(flags, input.env, await readFileValues(input, flags));
  const rundir = from.one('rundir', settings.rundir, defaultRundir);
  const vtepIp = from.one('vtepIp', settings.vtepIp, undefined);
  const checkAddress = from.one('checkAddress', settings.checkAddress, undefined);
  const tokenFile = from.one('tokenFile', settings.tokenFile, undefined);
  const listen = from.list('listen', settings.listen);
  const sandbox = from.one('sandbox', settings.sandbox, false);
  const db = from.one('db', settings.db, `unix:${rundir}/db.sock`, 'rundir');
  if (sandbox) refuseOtherSwitch(from);
  const token = readToken(tokenFile, listen, from, input.readFile);
  return {
    ...(vtepIp === undefined ? {} : { vtepIp }),
    vlanInterfaces: from.list('vlanInterfaces', settings.vlanInterfaces),
    underlayInterfaces: from.list('underlayInterfaces', settings.underlayInterfaces),
    adoptHostIp: from.one('adoptHostIp', settings.adoptHostIp, false),
    ...(checkAddress === undefined ? {} : { checkAddress }),
    confirmWithin: from.one('confirmWithin', settings.confirmWithin, 30),
    bondMode: from.one('bondMode', settings.bondMode, 'balance-tcp'),
    lacp: from.one('lacp', settings.lacp, 'active'),
    vxlanPort: from.one('vxlanPort', settings.vxlanPort, 4789),
    bridge: from.one('bridge', settings.bridge, 'br-sluice'),
    uplinkBridge: from.one('uplinkBridge', settings.uplinkBridge, 'br-sluice-up'),
    datapathType: from.one('datapathType', settings.datapathType, 'system'),
    db,
    rundir,
    stateDir: from.one('stateDir', settings.stateDir, ownStateDir(input)),
    takeOver: from.one('takeOver', settings.takeOver, false),
    socket: from.one('socket', settings.socket, ownSocket(input)),
    listen,
    ...(tokenFile === undefined ? {} : { tokenFile }),
    ...(token === undefined ? {} : { token }),
    logLevel: logLevel(from, flags),
    sandbox,
    sources: from.sources(),
  };
}

/** A private switch and the place of another one cannot both be meant. A place from a file or a variable is merely not used. */
function refuseOtherSwitch(from: Resolver): void {
  for (const key of ['rundir', 'db'] as const) {
    const source = from.sourceOf(key);
    if (source.from !== 'flag') continue;
    throw new UsageError(`${source.name} names a switch, but --sandbox starts a private one: leave one of them out`);
  }
}

/** Contiv's `-debug` counts as a flag; a `--log-level` beside it is the more precise of the two. */
function logLevel(from: Resolver, flags: Parsed): LogLevel {
  const level = from.one('logLevel', settings.logLevel, 'info' as const);
  if (flags.values['debug'] !== true || from.sourceOf('logLevel').from === 'flag') return level;
  from.overrule('logLevel', { from: 'flag', name: '--debug' });
  return 'debug';
}

function readToken(
  path: string | undefined,
  listen: readonly string[],
  from: Resolver,
  readFile: LoadInput['readFile'],
): string | undefined {
  const tcp = listen.find((remote) => remote.startsWith('ptcp:'));
  if (path !== undefined) return firstLine(path, from.sourceOf('tokenFile').name, readFile);
  if (tcp === undefined) return undefined;
  throw new UsageError(
    `${from.sourceOf('listen').name}: ${tcp} needs a token, since anybody on this host can reach a TCP port`,
    { hint: 'add --token-file /etc/sluice/token, or listen on a punix: socket' },
  );
}

function firstLine(path: string, where: string, readFile: LoadInput['readFile']): string {
  let text: string;
  try {
    text = readFile(path);
  } catch (cause) {
    throw new UsageError(`${where}: cannot read ${path} (${errnoOf(cause) ?? 'error'})`);
  }
  const token = text.split('\n')[0]?.trim() ?? '';
  if (token.length >= 16) return token;
  throw new UsageError(`${where}: the first line of ${path} is too short for a token`, {
    hint: `make one with: (umask 077; openssl rand -hex 32 > ${path})`,
  });
}
