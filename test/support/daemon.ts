/**
 * `sluice serve` as a process of its own, for tests that kill it. Neighbours: test/packets and test/datapath.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** `npm test` has just built everything: what users run is tested then, and starts in half the time. */
const built = process.env['SLUICE_TEST_BUILT'] === '1';
const cli = fileURLToPath(new URL(built ? '../../dist/cli/index.js' : '../../src/cli/index.ts', import.meta.url));
const program = built ? [cli] : ['--import', 'tsx', cli];

export interface DaemonProcess {
  readonly pid: number;
  /** Every line of its log so far, parsed. */
  readonly log: readonly Record<string, unknown>[];
  /** The first log line that fits, now or later. */
  seen(
    fits: (line: Record<string, unknown>) => boolean,
    what: string,
    timeoutMs?: number,
  ): Promise<Record<string, unknown>>;
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Its exit code, null after a signal. */
  readonly ended: Promise<number | null>;
}

/** `netns`: the network namespace it runs in. `ip netns exec` becomes the program, so that its pid is the daemon's. */
export async function serveProcess(args: readonly string[], netns?: string): Promise<DaemonProcess> {
  const inside = netns === undefined ? [] : ['ip', 'netns', 'exec', netns];
  const [file = '', ...argv] = [...inside, process.execPath, ...program, 'serve', ...args];
  const child = spawn(file, argv, {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log: Record<string, unknown>[] = [];
  const checks = new Set<() => void>();
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  createInterface({ input: child.stdout }).on('line', (line) => {
    log.push(JSON.parse(line) as Record<string, unknown>);
    for (const check of checks) check();
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const daemon: DaemonProcess = {
    pid: child.pid ?? 0,
    log,
    ended,
    seen: (fits, what, timeoutMs = 20_000) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => finish(new Error(`no log line: ${what}\n${stderr}`)), timeoutMs);
        const finish = (result: Error | Record<string, unknown>): void => {
          clearTimeout(timer);
          checks.delete(check);
          if (result instanceof Error) reject(result);
          else resolve(result);
        };
        const check = (): void => {
          const found = log.find(fits);
          if (found) finish(found);
        };
        checks.add(check);
        void ended.then(() => finish(new Error(`ended before: ${what}\n${stderr}`)));
        check();
      }),
    async kill(signal) {
      if (isRunning(child)) child.kill(signal);
      await ended;
    },
  };
  await daemon.seen((line) => line['msg'] === 'serving', 'serving');
  return daemon;
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}
