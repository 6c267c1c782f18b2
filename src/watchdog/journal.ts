/**
 * The record of one NIC whose addresses are lent to an uplink bridge: all that it takes to give them back.
 * Neighbours: src/datapath writes it before anything moves; main.ts, a process of its own, carries it out and keeps it.
 * Invariant: on disk before the first change, whole or not at all, readable by its owner alone.
 */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Snapshot } from '../host/snapshot.js';

/**
 * armed: the watchdog runs, nothing has moved. moved: the bridge carries the addresses, on trial. adopted: confirmed, for good.
 * returning: they are on their way back. returned: the NIC is as it was. stuck: it could not be made so, a human must.
 */
export type JournalState = 'armed' | 'moved' | 'adopted' | 'returning' | 'returned' | 'stuck';

export interface Journal {
  readonly version: 1;
  readonly nic: string;
  readonly bridge: string;
  readonly state: JournalState;
  /** What the NIC carried, or shall carry again. */
  readonly snapshot: Snapshot;
  /** Milliseconds since 1970; lifetimes of the snapshot count from here. */
  readonly takenAt: number;
  readonly mtu: number;
  readonly mac: string;
  /** Settings of the kernel that keep it from answering on the NIC as well, with their values of before. */
  readonly sysctls: readonly { readonly path: string; readonly was: string; readonly set: string }[];
  /** Whose answer confirms. */
  readonly checkAddress?: string;
  /** How long the trial lasts. */
  readonly confirmWithinSec: number;
  /** OVSDB remote. */
  readonly database: string;
  /** The uplinks that were set before. */
  readonly before: { readonly vlanInterfaces: readonly string[]; readonly underlayInterfaces: readonly string[] };
  /** Why it was given back. */
  readonly reason?: string;
  /** When the trial ends, as `takenAt`. */
  readonly until?: number;
  /** The watchdog: pid and start time, since pids come again. */
  readonly keeper?: { readonly pid: number; readonly start: string };
}

const prefix = 'adopt-';

/** A device name has no slash, so each NIC has a file of its own. */
export function journalPath(stateDir: string, nic: string): string {
  return join(stateDir, `${prefix}${nic}.json`);
}

export function logPath(stateDir: string, nic: string): string {
  return join(stateDir, `${prefix}${nic}.log`);
}

export function writeJournal(path: string, journal: Journal): void {
  const dir = dirname(path);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const aside = `${path}.${process.pid}`;
  const file = openSync(aside, 'w', 0o600);
  try {
    writeSync(file, `${JSON.stringify(journal, null, 2)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(aside, path);
  const folder = openSync(dir, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

export function readJournal(path: string): Journal | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Journal; // oxlint-disable-line typescript/no-unsafe-type-assertion
  } catch {
    return undefined;
  }
}

export function readJournals(stateDir: string): Journal[] {
  let names: string[];
  try {
    names = readdirSync(stateDir);
  } catch {
    return [];
  }
  return names
    .filter((name) => name.startsWith(prefix) && name.endsWith('.json'))
    .map((name) => readJournal(join(stateDir, name)))
    .filter((journal) => journal !== undefined)
    .filter(({ version }) => version === 1);
}

/** Nothing of an adoption is left. */
export function dropJournal(stateDir: string, nic: string): void {
  rmSync(journalPath(stateDir, nic), { force: true });
  rmSync(logPath(stateDir, nic), { force: true });
}

/** proc(5): field 22 of /proc/<pid>/stat is the start time; the name before it may hold spaces and brackets. */
export function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** Whether the watchdog of this journal runs. */
export function isKept({ keeper }: Journal): boolean {
  return keeper !== undefined && startOf(keeper.pid) === keeper.start;
}
