/**
 * tcpdump on one interface of one namespace, as lines of text.
 * Neighbours: workload.ts and lab.ts offer it. Invariant: it listens when startCapture has returned.
 */
import { spawn } from 'node:child_process';
import { failure, leashed, toolPath, until } from './exec.js';
import type { Entry } from './registry.js';

export interface Capture {
  /** One line a packet, without time stamps, with link-level addresses (`tcpdump -n -e -t`). */
  readonly lines: readonly string[];
  /** Waits for a line that matches. */
  waitFor(pattern: RegExp, timeoutMs?: number): Promise<string>;
  /** Ends tcpdump, which hands over what it still holds; answers all lines. */
  stop(): Promise<readonly string[]>;
}

export async function startCapture(entry: Entry, netns: string, iface: string, filter = ''): Promise<Capture> {
  // -Z root: a change of user would take the leash off.
  const [file, args] = leashed(netns, 'tcpdump', [
    '-n',
    '-e',
    '-t',
    '-l',
    '--immediate-mode',
    '-Z',
    'root',
    '-i',
    iface,
    ...words(filter),
  ]);
  const child = spawn(file, args, {
    env: { ...process.env, PATH: toolPath },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  if (child.pid !== undefined) entry.addProcess(child.pid);
  let [text, stderr, over] = ['', '', false];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  const ended = new Promise<void>((resolve) => {
    const end = () => {
      over = true;
      if (child.pid !== undefined) entry.removeProcess(child.pid);
      resolve();
    };
    child.once('error', end);
    child.once('close', end);
  });
  // Indented lines are the bytes of a payload that tcpdump does not know.
  const lines = () => text.split('\n').filter((line) => /^\S/.test(line));
  await until('tcpdump listens', () => over || stderr.includes('listening on'), { detail: () => stderr });
  if (!stderr.includes('listening on')) throw failure('tcpdump', ['-i', iface, filter], 'ended', text, stderr);
  return {
    get lines() {
      return lines();
    },
    waitFor: (pattern, timeoutMs = 5_000) =>
      until(`tcpdump on ${iface} shows ${pattern}`, () => lines().find((line) => pattern.test(line)), {
        timeoutMs,
        detail: () => text || 'no packet',
      }),
    async stop() {
      child.kill('SIGINT');
      await ended;
      return lines();
    },
  };
}

function words(filter: string): string[] {
  return filter === '' ? [] : [filter];
}
