/**
 * What this process has started and must take away again: folders, processes, network namespaces.
 * Neighbours: sandbox.ts and lab.ts hold one entry each. Each entry is a folder `sluice-<pid>-<n>` under
 * <tmp>/sluice-<uid>, so whatever a killed process left behind is found and removed by the next one that starts.
 * Invariant: a resource is written down before it exists, and only what is written down is ever ended or removed.
 */
import { execFileSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toolPath } from './exec.js';

/** A process is its pid and its start time (clock ticks since boot), since pids come round again. */
interface ProcessId {
  readonly pid: number;
  readonly start: string;
}

interface Held {
  readonly owner: ProcessId;
  /** Only a process of the same pid namespace can tell whether the owner lives. */
  readonly pidNamespace: string;
  readonly children: ProcessId[];
  readonly namespaces: string[];
  readonly folders: string[];
}

/** One sandbox's or lab's belongings. */
export interface Entry {
  /** `sluice-<pid>-<n>`; also the prefix of its network namespaces. */
  readonly id: string;
  readonly dir: string;
  addProcess(pid: number): void;
  removeProcess(pid: number): void;
  addNamespace(name: string): void;
  addFolder(path: string): void;
  /** Ends and removes everything of this entry, at once. */
  release(): void;
}

const open = new Map<string, Entry>();
let hooked = false;
let swept = false;

/** The folder of all entries of this user; refuses one that belongs to somebody else. */
export function registryDir(): string {
  const uid = process.getuid?.() ?? 0;
  const dir = join(tmpdir(), `sluice-${uid}`);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const found = lstatSync(dir, { throwIfNoEntry: false });
  if (found === undefined) return registryDir(); // the last one out was quicker
  if (!found.isDirectory() || found.uid !== uid)
    throw new Error(`${dir} belongs to somebody else; remove it or set TMPDIR`);
  return dir;
}

/** Opens a new entry, having swept those of dead owners (once a process). */
export function openEntry(): Entry {
  if (!swept) sweep();
  swept = true;
  const base = registryDir();
  const owner = processId(process.pid);
  if (owner === undefined) throw new Error('/proc is not mounted');
  const held: Held = { owner, pidNamespace: pidNamespace(), children: [], namespaces: [], folders: [] };
  const dir = makeFolder(base);
  const id = dir.slice(base.length + 1);
  const save = () => writeFileSync(join(dir, 'held.json'), JSON.stringify(held), { mode: 0o600 });
  save();
  const entry: Entry = {
    id,
    dir,
    addProcess(pid) {
      const found = processId(pid);
      if (found !== undefined) held.children.push(found);
      save();
    },
    removeProcess(pid) {
      const at = held.children.findIndex((child) => child.pid === pid);
      if (at >= 0) held.children.splice(at, 1);
      if (open.has(id)) save();
    },
    addNamespace(name) {
      held.namespaces.push(name);
      save();
    },
    addFolder(path) {
      held.folders.push(path);
      save();
    },
    release() {
      if (!open.delete(id)) return;
      remove(dir, held);
      removeIfEmpty(base);
    },
  };
  open.set(id, entry);
  hookExit();
  return entry;
}

/** The last one out takes the folder away; others' entries keep it. */
function removeIfEmpty(base: string): void {
  try {
    rmdirSync(base);
  } catch {
    // Somebody else's entry is in it, or somebody else was quicker.
  }
}

/** Ids this process still holds; a test file must end with none. */
export function openEntries(): string[] {
  return [...open.keys()];
}

/** Removes what dead owners left; answers the ids that were found. */
export function sweep(): string[] {
  const base = registryDir();
  const found: string[] = [];
  for (const id of entriesOf(base)) {
    const dir = join(base, id);
    const pid = Number(/^sluice-(\d+)-\d+$/.exec(id)?.[1]);
    if (!Number.isInteger(pid)) continue;
    const held = readHeld(dir);
    // An entry without its list is being made by a living owner, or was cut short before it owned anything.
    const alive =
      held === undefined ? processId(pid) !== undefined : held.pidNamespace !== pidNamespace() || lives(held.owner);
    if (alive) continue;
    found.push(id);
    remove(dir, held);
  }
  removeIfEmpty(base);
  return found;
}

/** The folder's entries; none when another process, leaving last, has just taken it away. */
function entriesOf(base: string): string[] {
  try {
    return readdirSync(base);
  } catch {
    return [];
  }
}

function remove(dir: string, held: Held | undefined): void {
  for (const child of held?.children ?? []) if (lives(child)) kill(child.pid);
  for (const name of held?.namespaces ?? []) deleteNamespace(name);
  for (const folder of [...(held?.folders ?? []), dir]) rmSync(folder, { recursive: true, force: true });
}

function deleteNamespace(name: string): void {
  try {
    execFileSync('ip', ['netns', 'delete', name], { stdio: 'ignore', env: { ...process.env, PATH: toolPath } });
  } catch {
    // Gone already, which is what was wanted.
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Ended between the look and the kill.
  }
}

function makeFolder(base: string): string {
  for (let n = 1; ; n++) {
    const dir = join(base, `sluice-${process.pid}-${n}`);
    // `recursive` answers undefined for a folder that is there already: threads share a pid.
    if (mkdirSync(dir, { recursive: true, mode: 0o700 }) !== undefined) return dir;
  }
}

function readHeld(dir: string): Held | undefined {
  try {
    const held: Held = JSON.parse(readFileSync(join(dir, 'held.json'), 'utf8'));
    return held;
  } catch {
    return undefined;
  }
}

/** proc(5): field 22 of /proc/<pid>/stat is the start time; the name before it may hold spaces and brackets. */
function processId(pid: number): ProcessId | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : { pid, start: fields[19] ?? '' };
  } catch {
    return undefined;
  }
}

function lives(one: ProcessId): boolean {
  return processId(one.pid)?.start === one.start;
}

function pidNamespace(): string {
  return readlinkSync('/proc/self/ns/pid');
}

/** Leaves nothing behind on exit, nor on a signal nobody else in this process answers. */
function hookExit(): void {
  if (hooked) return;
  hooked = true;
  const releaseAll = () => {
    for (const entry of open.values()) entry.release();
  };
  process.on('exit', releaseAll);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    const onSignal = () => {
      if (process.listenerCount(signal) > 1) return; // the program stops in its own order and comes to 'exit'
      releaseAll();
      process.removeListener(signal, onSignal);
      process.kill(process.pid, signal);
    };
    process.on(signal, onSignal);
  }
}
