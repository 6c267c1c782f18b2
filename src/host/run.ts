/**
 * Other programs, with a deadline and with what they said in the error: ip(8), ping(8), ovs-vsctl(8).
 * Neighbours: network.ts reads with it, src/watchdog changes with it.
 * Why ip(8) and not rtnetlink of our own: it is on every Linux host, its lines are what an operator reads and can type again,
 * and `ip -batch` makes many changes in one process, over one socket, within a millisecond.
 */
import { execFile } from 'node:child_process';

/** Debian keeps these out of a plain user's PATH. */
const path = `${process.env['PATH'] ?? '/usr/bin:/bin'}:/usr/sbin:/sbin`;

export function run(command: string, args: readonly string[], input = '', timeoutMs = 10_000): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: 64 << 20 } as const;
    const env = { ...process.env, PATH: path, LC_ALL: 'C' };
    const child = execFile(command, args, { ...options, env }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else {
        const why = error.killed ? `no answer within ${timeoutMs} ms` : stderr.trim() || error.message;
        reject(new Error(`${command} ${args.join(' ')}: ${why}`, { cause: error }));
      }
    });
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}

export async function ipJson<T>(...args: string[]): Promise<T[]> {
  const text = await run('ip', ['-json', '-details', ...args]);
  // The shape is iproute2's; every reader names the keys it needs and refuses what it does not know.
  return text.trim() === '' ? [] : (JSON.parse(text) as T[]); // oxlint-disable-line typescript/no-unsafe-type-assertion
}

/** All lines in one process; it stops at the first that fails, and the error names it. */
export async function ipBatch(lines: readonly string[]): Promise<void> {
  if (lines.length > 0) await run('ip', ['-batch', '-'], `${lines.join('\n')}\n`);
}
