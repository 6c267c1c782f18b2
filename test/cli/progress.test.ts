/** What a waiting command says of a long operation, and that it leaves nothing of it on the terminal. */
import { expect, test } from 'vitest';
import { SluiceClient, type DaemonStatus, type LongRun } from '../../src/api/client.js';
import type { Io } from '../../src/cli/command.js';
import { progressBar, progressWords, withProgress } from '../../src/cli/progress.js';
import { until } from '../../src/sandbox/index.js';

const run: LongRun = { phase: 'commit', done: 250_000, total: 1_000_000, perSecond: 210_000 };

class Busy extends SluiceClient {
  asked = 0;
  override async status(): Promise<DaemonStatus> {
    this.asked += 1;
    const at = { connected: true, flows: 0, progress: run };
    return { version: '', pid: 1, ready: true, reasons: [], generation: 1, switch: at, uplinks: [], objects: {} };
  }
}

function terminal(is: boolean): { io: Io; shown: () => string } {
  let text = '';
  const io = { out: () => {}, err: (more: string) => void (text += more), stdin: async () => '', env: {}, uid: 0 };
  return { io: { ...io, terminal: is }, shown: () => text };
}

test('words and bar', () => {
  expect(progressWords(run)).toBe('250,000 of 1,000,000 confirmed, 210,000 a second');
  expect(progressWords({ ...run, phase: 'read' })).toBe('250,000 of 1,000,000 read, 210,000 a second');
  expect(progressBar(run)).toBe(
    '[########......................] 25 %, 250,000 of 1,000,000 confirmed, 210,000 a second',
  );
  expect(progressBar({ ...run, done: 0, total: 0 })).toContain('100 %');
});

test('on a terminal the bar is drawn while the answer is awaited, and wiped before it', async () => {
  const { io, shown } = terminal(true);
  const client = new Busy('/nowhere');
  let answer!: (value: number) => void;
  const waiting = withProgress(new Promise<number>((resolve) => (answer = resolve)), client, io);
  await until('the bar is drawn', () => shown().includes('25 %'));
  answer(7);
  expect(await waiting).toBe(7);
  expect(shown().endsWith('\r\u001B[K')).toBe(true);
});

test('where there is no terminal nothing is asked and nothing is drawn', async () => {
  const { io, shown } = terminal(false);
  const client = new Busy('/nowhere');
  expect(await withProgress(Promise.resolve(7), client, io)).toBe(7);
  expect([client.asked, shown()]).toEqual([0, '']);
});
