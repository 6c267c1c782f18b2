/**
 * The watchdog: a process of its own that moves a NIC's addresses to its bridge and moves them back unless somebody confirms.
 * Neighbours: start.ts starts it; journal.ts is all it knows. It says `armed` and `moved` on standard output, its log is a file.
 * Invariants: started before anything moves; whoever dies, the NIC ends either confirmed on its bridge or exactly as it was;
 * ends by itself.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { createInterface } from 'node:readline';
import { readJournal, startOf, writeJournal } from './journal.js';
import type { Journal } from './journal.js';
import { answers, moveBack, moveThere, prepare } from './ways.js';

/** This many echoes in a row: one alone may have been on its way already. */
const wantedEchoes = 3;
const echoEveryMs = 200;
const attempts = 60;

const path = process.argv[2] ?? '';
const found = readJournal(path);
if (found === undefined) {
  console.error(`no journal at ${path}`);
  process.exit(1);
}
let journal: Journal = { ...found, keeper: { pid: process.pid, start: startOf(process.pid) ?? '' } };

function log(message: string, fields: object = {}): void {
  console.error(
    JSON.stringify({ time: new Date().toISOString(), pid: process.pid, nic: journal.nic, ...fields, msg: message }),
  );
}

function keep(change: Partial<Journal>): void {
  journal = { ...journal, ...change };
  writeJournal(path, journal);
}

// Whoever started us may be gone: then nobody reads, and that is no reason to stop.
process.stdout.on('error', () => {});
function say(word: string): void {
  process.stdout.write(`${word}\n`);
}

async function back(reason: string): Promise<void> {
  keep({ state: 'returning', reason });
  log('giving the addresses back', { reason });
  for (let attempt = 1; ; attempt++) {
    try {
      const lines = await moveBack(journal, Date.now());
      keep({ state: 'returned' });
      log('the NIC is as it was', { lines });
      say('returned');
      return;
    } catch (error) {
      log('the way back failed; trying again', { attempt, error: String(error) });
      if (attempt === attempts) break;
      await pause(Math.min(1000, 100 * attempt));
    }
  }
  keep({ state: 'stuck' });
  log('gave up: a human must put the addresses back', { snapshot: journal.snapshot });
  process.exitCode = 1;
}

/** What ends a trial from outside. */
const signals = new Promise<'confirmed' | 'stopped'>((resolve) => {
  process.on('SIGUSR2', () => resolve('confirmed'));
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => resolve('stopped'));
});

/** The daemon's word, or that it went away. */
function firstWord(): Promise<string> {
  return new Promise((resolve) => {
    const lines = createInterface({ input: process.stdin });
    lines.once('line', resolve);
    lines.once('close', () => resolve('gone'));
    process.stdin.once('error', () => resolve('gone'));
  });
}

async function echoes(until: number): Promise<'confirmed' | 'silent'> {
  for (let inRow = 0; Date.now() < until; await pause(echoEveryMs)) {
    inRow = (await answers(journal)) ? inRow + 1 : 0;
    if (inRow === wantedEchoes) return 'confirmed';
  }
  return 'silent';
}

async function trial(): Promise<void> {
  const within = journal.confirmWithinSec * 1000;
  const word = await Promise.race([firstWord(), signals, pause(within, 'silent')]);
  if (word !== 'move') {
    return back(word === 'silent' ? 'the daemon fell silent before the move' : 'the daemon went away before the move');
  }
  try {
    const lines = await moveThere(journal);
    const until = Date.now() + within;
    keep({ state: 'moved', until });
    log('moved', { lines });
    say('moved');
    const verdict = await Promise.race([signals, echoes(until)]);
    if (verdict === 'confirmed') {
      keep({ state: 'adopted' });
      log('confirmed');
      return undefined;
    }
    const { checkAddress, confirmWithinSec } = journal;
    const silence =
      checkAddress === undefined ? 'nobody confirmed' : `${checkAddress} did not answer and nobody confirmed`;
    return await back(
      verdict === 'stopped' ? 'the watchdog was told to stop' : `${silence} within ${confirmWithinSec} s`,
    );
  } catch (error) {
    return back(`the move failed: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function main(): Promise<void> {
  if (journal.state === 'returning') return back(journal.reason ?? 'the uplink was taken away');
  await prepare(journal);
  keep({ state: 'armed' });
  log('armed', { bridge: journal.bridge, confirmWithinSec: journal.confirmWithinSec, check: journal.checkAddress });
  say('armed');
  return trial();
}

await main();
// Reading from the daemon would keep us alive.
process.exit();
