/**
 * Starts the watchdog as a process of its own session, so that neither Ctrl-C nor the end of the daemon reaches it.
 * Neighbours: main.ts is what runs; src/datapath drives it.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { journalPath, logPath, readJournal, writeJournal } from './journal.js';
import type { Journal } from './journal.js';

export interface Watchdog {
  /** Resolves when it said so; rejects with the reason when it ended instead. */
  said(word: 'armed' | 'moved' | 'returned'): Promise<void>;
  move(): void;
  /** Without the word it gives everything back and ends. */
  abandon(): void;
}

/** In a source tree Node needs a loader for TypeScript, as we ourselves did. */
function program(): string[] {
  const ext = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const main = fileURLToPath(new URL(`./main.${ext}`, import.meta.url));
  return ext === 'ts' ? ['--import', import.meta.resolve('tsx'), main] : [main];
}

export function startWatchdog(stateDir: string, journal: Journal): Watchdog {
  const path = journalPath(stateDir, journal.nic);
  writeJournal(path, journal);
  const log = openSync(logPath(stateDir, journal.nic), 'a', 0o600);
  const args = [...program(), path];
  const child: ChildProcess = spawn(process.execPath, args, { detached: true, stdio: ['pipe', 'pipe', log], cwd: '/' });
  closeSync(log);
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error('a pipe to the watchdog is missing');
  const said = new Set<string>();
  const waiting = new Set<() => void>();
  let ended = false;
  const wake = (): void => {
    for (const look of waiting) look();
  };
  createInterface({ input: stdout }).on('line', (line) => {
    said.add(line);
    wake();
  });
  stdin.on('error', () => {});
  const over = (): void => {
    ended = true;
    wake();
  };
  child.once('error', over);
  child.once('close', over);
  // The daemon may end before it does.
  child.unref();
  for (const pipe of [stdin, stdout]) if (pipe instanceof Socket) pipe.unref();
  return {
    move: () => void stdin.write('move\n'),
    abandon: () => void stdin.end(),
    said: (word) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (said.has(word)) resolve();
          else if (ended || said.has('returned')) {
            const { reason = `it left no word in ${logPath(stateDir, journal.nic)}` } = readJournal(path) ?? {};
            reject(new Error(reason));
          } else return;
          waiting.delete(look);
        };
        waiting.add(look);
        look();
      }),
  };
}
