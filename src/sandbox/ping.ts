/**
 * ping(8) as a value: started, counted by sequence number, stopped.
 * Neighbours: workload.ts. Invariant: a reply still under way when ping is stopped does not count as lost.
 */
import { spawn } from 'node:child_process';
import { failure, leashed, MissingToolError, toolPath } from './exec.js';

export interface PingOptions {
  /** Default 3; 0 pings until stopped. */
  readonly count?: number;
  /** Default 50 ms. */
  readonly intervalMs?: number;
  /** How long after the last request a reply is waited for; default 500 ms. */
  readonly timeoutMs?: number;
  /** Source address or interface. */
  readonly source?: string;
  /** Payload bytes; 1472 fills an MTU of 1500. Fragmentation is then forbidden. */
  readonly size?: number;
}

export interface PingResult {
  readonly sent: number;
  readonly received: number;
  /** Requests without a reply although a later one was answered, or all when none was. */
  readonly lost: number;
  /** Median round trip in milliseconds; undefined when nothing came back. */
  readonly medianMs: number | undefined;
}

export interface RunningPing {
  readonly received: number;
  /** Settles when ping has ended by itself or was stopped. */
  readonly result: Promise<PingResult>;
  stop(): Promise<PingResult>;
}

export function startPing(netns: string, address: string, options: PingOptions = {}): RunningPing {
  const { count = 3, intervalMs = 50, timeoutMs = 500, source, size } = options;
  const args = ['-n', '-i', String(intervalMs / 1000), '-W', String(timeoutMs / 1000)];
  if (count > 0) args.push('-c', String(count));
  if (source !== undefined) args.push('-I', source);
  if (size !== undefined) args.push('-M', 'do', '-s', String(size));
  const [file, argv] = leashed(netns, 'ping', [...args, address]);
  const child = spawn(file, argv, {
    env: { ...process.env, PATH: toolPath, LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const stop = () => void child.kill('SIGINT');
  let [text, stderr] = ['', ''];
  const replies = new Map<number, number>();
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    for (const [, seq, ms] of chunk.matchAll(/icmp_seq=(\d+) ttl=\d+ time=([\d.]+)/g))
      replies.set(Number(seq), Number(ms));
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  const result = new Promise<PingResult>((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ENOENT' ? new MissingToolError('setpriv') : error),
    );
    child.once('close', (status, signal) => {
      const sent = Number(/(\d+) packets transmitted/.exec(text)?.[1] ?? NaN);
      if (Number.isNaN(sent)) reject(failure('ping', [address], status ?? signal ?? 'unknown', text, stderr));
      else resolve(summary(sent, replies));
    });
  });
  return {
    get received() {
      return replies.size;
    },
    result,
    stop: async () => {
      stop();
      return result;
    },
  };
}

function summary(sent: number, replies: ReadonlyMap<number, number>): PingResult {
  const times = [...replies.values()].toSorted((a, b) => a - b);
  const lastAnswered = Math.max(0, ...replies.keys());
  return {
    sent,
    received: replies.size,
    lost: replies.size === 0 ? sent : lastAnswered - replies.size,
    medianMs: times[Math.floor(times.length / 2)],
  };
}
