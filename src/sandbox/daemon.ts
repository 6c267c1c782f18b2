/**
 * One background program of a sandbox: started, seen to be ready, ended.
 * Neighbours: sandbox.ts runs ovsdb-server and ovs-vswitchd as two of these; lab.ts runs its helpers.
 * Invariant: it never outlives us: it is written in the registry and asks the kernel for SIGTERM when we die.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { failure, leashed, MissingToolError, toolPath, until } from './exec.js';
import type { Entry } from './registry.js';

export interface DaemonOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly netns: string | undefined;
  /** Takes stdout and stderr. */
  readonly logFile: string;
  /** Answers true once the program can be used. */
  ready(pid: number): Promise<boolean> | boolean;
}

export class Daemon {
  private child: ChildProcess | undefined;
  private ended: Promise<void> = Promise.resolve();
  private readonly options: DaemonOptions;
  private readonly entry: Entry;

  constructor(entry: Entry, options: DaemonOptions) {
    this.entry = entry;
    this.options = options;
  }

  /** The pid while it runs. */
  get pid(): number | undefined {
    return this.child?.pid;
  }

  async start(timeoutMs = 10_000): Promise<void> {
    if (this.child !== undefined) throw new Error(`${this.options.command} runs already`);
    const { command, args, env, netns, logFile } = this.options;
    const [file, argv] = leashed(netns, command, args);
    const log = openSync(logFile, 'a', 0o600);
    // Its own session, so that Ctrl-C in a terminal reaches us alone and we choose the order of the end.
    const child = spawn(file, argv, {
      env: { ...process.env, ...env, PATH: toolPath },
      stdio: ['ignore', log, log],
      detached: true,
    });
    closeSync(log);
    child.unref();
    let ended: Error | undefined;
    this.child = child;
    this.ended = new Promise((resolve) => {
      child.once('exit', (status, signal) => {
        ended ??= failure(command, [], status ?? signal ?? 'unknown', '', tail(logFile));
        if (child.pid !== undefined) this.entry.removeProcess(child.pid);
        this.child = undefined;
        resolve();
      });
      child.once('error', (cause: NodeJS.ErrnoException) => {
        ended = cause.code === 'ENOENT' ? new MissingToolError('setpriv') : cause;
        this.child = undefined;
        resolve();
      });
    });
    if (child.pid !== undefined) this.entry.addProcess(child.pid);
    const probe = async () => ended ?? (child.pid !== undefined && (await this.options.ready(child.pid)));
    const outcome = await until(`${command} is ready`, probe, { timeoutMs, detail: () => tail(logFile) });
    if (outcome instanceof Error) throw outcome;
  }

  /** Sends a signal and waits for the end; SIGKILL follows after five seconds. */
  async kill(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.child;
    if (child === undefined) return;
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
    child.ref();
    await this.ended;
    clearTimeout(timer);
  }
}

/** Whether something accepts connections on a unix socket. */
export function accepts(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function tail(file: string): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-8).join('\n');
  } catch {
    return '';
  }
}
