/**
 * Running other programs: with a deadline, with their stderr in the error, and with the apt command when one is missing.
 * Neighbours: every file of this room. Invariant: nothing here outlives its deadline.
 */
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

/** Debian keeps these out of a plain user's PATH. */
export const toolPath = `${process.env.PATH ?? '/usr/bin:/bin'}:/usr/sbin:/sbin`;

const packageOf: Readonly<Record<string, string>> = {
  'ovs-vswitchd': 'openvswitch-switch',
  'ovs-vsctl': 'openvswitch-switch',
  'ovsdb-server': 'openvswitch-switch',
  'ovsdb-tool': 'openvswitch-switch',
  'ovs-ofctl': 'openvswitch-switch',
  'ovs-appctl': 'openvswitch-switch',
  ip: 'iproute2',
  ping: 'iputils-ping',
  ethtool: 'ethtool',
  tcpdump: 'tcpdump',
  '/usr/bin/python3': 'python3',
  setpriv: 'util-linux',
};

/** A program this needs is not installed; the message says how to get it. */
export class MissingToolError extends Error {
  readonly code = 'tool_missing';
  readonly tool: string;

  constructor(tool: string) {
    const wanted = packageOf[tool];
    const sudo = process.getuid?.() === 0 ? '' : 'sudo ';
    super(
      wanted === undefined
        ? `${tool} is not installed.`
        : `${tool} is not installed. Get it with: ${sudo}apt-get install -y ${wanted}`,
    );
    this.name = 'MissingToolError';
    this.tool = tool;
  }
}

/** A program ended badly; `stderr` is what it said. */
export class CommandError extends Error {
  readonly status: number | string;
  readonly stdout: string;
  readonly stderr: string;

  constructor(line: string, status: number | string, stdout: string, stderr: string) {
    super(`${line}: ${stderr.trim() || stdout.trim() || 'no output'} (${status})`);
    this.name = 'CommandError';
    this.status = status;
    this.stdout = stdout;
    this.stderr = stderr;
  }
}

export interface RunOptions {
  /** Written to stdin, which is closed otherwise. */
  readonly input?: string | Uint8Array;
  /** The program is killed after this long; default 20 s. */
  readonly timeoutMs?: number;
  readonly env?: NodeJS.ProcessEnv;
  /** Run inside this network namespace (root). */
  readonly netns?: string;
}

/** The command line that runs `command` inside a network namespace; `ip netns exec` execs, so the pid is the program's own. */
export function inNetns(netns: string | undefined, command: string, args: readonly string[]): [string, string[]] {
  return netns === undefined ? [command, [...args]] : ['ip', ['netns', 'exec', netns, command, ...args]];
}

/** The same for a program that lives on: it asks the kernel for SIGTERM when the process that started it dies. */
export function leashed(netns: string | undefined, command: string, args: readonly string[]): [string, string[]] {
  const [file, argv] = inNetns(netns, command, args);
  return ['setpriv', ['--pdeathsig', 'TERM', '--', file, ...argv]];
}

/** Why a program ended: it is missing (setpriv and `ip netns exec` say so on stderr), or it failed. */
export function failure(
  command: string,
  args: readonly string[],
  status: number | string,
  stdout: string,
  stderr: string,
): MissingToolError | CommandError {
  const missing = /No such file or directory/.test(stderr) && /^(setpriv: failed to execute|exec of)/m.test(stderr);
  const tool = missing && [command, 'ip'].find((name) => packageOf[name] !== undefined && stderr.includes(name));
  return tool ? new MissingToolError(tool) : new CommandError([command, ...args].join(' '), status, stdout, stderr);
}

/** Runs a program to its end and answers its stdout; throws CommandError or MissingToolError. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const [file, argv] = inNetns(options.netns, command, args);
  return new Promise((resolve, reject) => {
    const child = spawn(file, argv, {
      env: { ...process.env, ...options.env, PATH: toolPath },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 20_000);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.stdin.on('error', () => {}); // a program that ends before it has read everything says why on stderr
    child.on('error', (cause: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      reject(cause.code === 'ENOENT' ? new MissingToolError(file) : cause);
    });
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      if (status === 0) resolve(stdout);
      else reject(failure(command, args, status ?? signal ?? 'unknown', stdout, stderr));
    });
    child.stdin.end(options.input);
  });
}

/** Waits until `probe` answers something truthy; after `timeoutMs` it throws with `what` and what `detail` adds. */
export async function until<T>(
  what: string,
  probe: () => T | Promise<T>,
  options: { readonly timeoutMs?: number; readonly everyMs?: number; readonly detail?: () => string } = {},
): Promise<NonNullable<T>> {
  const deadline = performance.now() + (options.timeoutMs ?? 10_000);
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (performance.now() > deadline) {
      const detail = options.detail?.();
      throw new Error(`waited ${options.timeoutMs ?? 10_000} ms in vain until ${what}${detail ? `: ${detail}` : ''}`);
    }
    await sleep(options.everyMs ?? 5);
  }
}
