/**
 * `sluice serve`: the daemon in the foreground, until it is told to stop.
 * Neighbours: src/config reads the settings, src/main.ts starts the daemon.
 * Invariant: the flows stay in the switch when the daemon stops.
 */
import { accessSync, constants, readFileSync } from 'node:fs';
import { daemonFlags, explainConfig, loadConfig, settingKeys } from '../config/index.js';
import type { DaemonConfig, Flag } from '../config/index.js';
import { SluiceError } from '../model/errors.js';
import { exit } from './command.js';
import type { Command, ExitCode, Io } from './command.js';
import { CommandError } from './failure.js';
import { table } from './table.js';

export interface Daemon {
  readonly socket: string;
  /** Resolves when another daemon has taken the bridge. */
  readonly evicted?: Promise<Error>;
  stop(): Promise<void>;
}

export type StartDaemon = (config: DaemonConfig) => Promise<Daemon>;

const showFlag: Flag = {
  name: 'show-config',
  type: 'switch',
  help: 'Prints every setting with its value and where that came from. Nothing is started.',
  example: '--show-config',
};

const start: StartDaemon = async (config) => (await import('../main.js')).startDaemon(config);

function installed(program: string, path: string): boolean {
  return [...path.split(':'), '/usr/sbin', '/sbin'].some((dir) => {
    try {
      accessSync(`${dir}/${program}`, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** What to type to get an Open vSwitch, depending on whether it is there and merely not running. */
export function switchRemedy(isInstalled: boolean): string {
  const how = isInstalled
    ? 'start it with `sudo systemctl start openvswitch-switch`'
    : 'install it with `sudo apt-get install openvswitch-switch`';
  return `${how}, or try Sluice on a private one with \`sluice serve --sandbox\``;
}

/** A setting the model refuses is a flag, a variable or a line that somebody wrote: say which. */
function settingRefused(config: DaemonConfig, { message, problems }: SluiceError): CommandError {
  const lines = problems.map(({ pointer, message: what, suggestion }) => {
    const field = pointer.split('/').at(3);
    const key = settingKeys.find((each) => each === field);
    const where = (key && config.sources[key]?.name) ?? field;
    return `${where === undefined ? '' : `${where}: `}${what}${suggestion === undefined ? '' : ` (${suggestion})`}`;
  });
  return new CommandError(lines.length === 0 ? message : lines.join('\n'), exit.usage);
}

function whyNotStarted(config: DaemonConfig, error: unknown, io: Io): unknown {
  if (!(error instanceof SluiceError)) return error;
  if (error.code === 'invalid_request') return settingRefused(config, error);
  if (error.code !== 'switch_unavailable') return error;
  const remedy = switchRemedy(installed('ovs-vswitchd', io.env['PATH'] ?? ''));
  return new CommandError(`${error.message.replace(/\.$/, '')}: ${remedy}`, exit.failed);
}

/** Resolves at the first SIGINT or SIGTERM; a second one ends the process at once. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const onSignal = (): void => {
      if (asked) process.exit(exit.failed);
      asked = true;
      resolve();
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
}

export async function serve(
  argv: readonly string[],
  io: Io,
  startDaemon: StartDaemon = start,
  stopped: () => Promise<void> = stopSignal,
): Promise<ExitCode> {
  const isShow = (arg: string): boolean => arg.replace(/^--?/, '') === 'show-config';
  const config = await loadConfig({
    argv: argv.filter((arg) => !isShow(arg)),
    env: io.env,
    uid: io.uid,
    readFile: (path) => readFileSync(path, 'utf8'),
  });
  if (argv.some(isShow)) {
    io.out(table(['SETTING', 'VALUE', 'FROM'], explainConfig(config)));
    return exit.ok;
  }
  let daemon: Daemon;
  try {
    daemon = await startDaemon(config);
  } catch (error) {
    throw whyNotStarted(config, error, io);
  }
  io.err(`sluice: serving on ${daemon.socket}\n`);
  const evicted = await Promise.race([stopped(), ...(daemon.evicted === undefined ? [] : [daemon.evicted])]);
  await daemon.stop();
  if (evicted !== undefined) throw new CommandError(evicted.message, exit.failed);
  return exit.ok;
}

export const command: Command = {
  name: 'serve',
  usage: 'serve [flags]',
  about:
    'Runs the daemon in the foreground. A flag overrules a SLUICE_ variable, that overrules the file, and that overrules the variables of Contiv.',
  flags: [...daemonFlags, showFlag],
  examples: [
    'sluice serve --vtep-ip 10.0.0.5 --vlan-if eth1',
    'sluice serve -vtep-ip 10.0.0.5 -vlan-if eth1,eth2',
    'sluice serve --sandbox',
  ],
  runRaw: (argv, io) => serve(argv, io),
};
