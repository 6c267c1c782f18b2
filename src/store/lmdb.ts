/**
 * The desired state in LMDB: one record an object, the generation beside them, one transaction a request.
 * Neighbours: index.ts says what a store promises.
 * Invariants: the directory is ours alone (0700, files 0600); a write is answered only after LMDB has synced it to disk,
 * since its put promise resolves at commit and durability is `flushed`.
 */
import { chmod, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import { SluiceError } from '../model/errors.js';
import type { Stored, StoredChange } from '../model/index.js';
import type { Loaded, Store } from './index.js';

/** The layout of the records; another number is another program's data. */
const schemaVersion = 1;
const file = 'state.lmdb';

interface Meta {
  readonly schema: number;
  readonly generation: number;
}

const metaKey = ['meta'];
const keyOf = (kind: string, key: string): string[] => ['object', kind, key];

export async function openLmdbStore(directory: string): Promise<Store> {
  const path = join(directory, file);
  let root: RootDatabase | undefined;
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await chmod(directory, 0o700);
    await ownFile(path);
    // noSubdir: the two files lie in the directory itself; the cache is off because State is the cache.
    root = open({ path, noSubdir: true, encoding: 'json', compression: false, cache: false });
    await Promise.all([path, `${path}-lock`].map((each) => chmod(each, 0o600)));
    requireSchema(root, path);
    return new LmdbStore(root, path);
  } catch (error) {
    await root?.close();
    throw unavailable(directory, error);
  }
}

/** LMDB would take any file; one that is not readable by us is a mistake to name. */
async function ownFile(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found && !found.isFile()) throw new Error(`${path} is not a file`);
}

function requireSchema(root: RootDatabase, path: string): void {
  const meta = root.get(metaKey) as Meta | undefined;
  if (meta && meta.schema !== schemaVersion) {
    throw new Error(`${path} is of schema ${meta.schema}, this Sluice reads ${schemaVersion}`);
  }
}

class LmdbStore implements Store {
  readonly #root: RootDatabase;
  readonly #path: string;

  constructor(root: RootDatabase, path: string) {
    this.#root = root;
    this.#path = path;
  }

  load(): Promise<Loaded> {
    const meta = this.#root.get(metaKey) as Meta | undefined;
    const objects: Stored[] = [];
    for (const { value } of this.#root.getRange({ start: ['object'], end: ['object\uffff'] })) objects.push(value as Stored);
    return Promise.resolve({ objects, generation: meta?.generation ?? 0 });
  }

  async write(changes: readonly StoredChange[], generation: number): Promise<void> {
    const root = this.#root;
    try {
      await root.transaction(() => {
        for (const { ref, stored } of changes) {
          const key = keyOf(ref.kind, ref.key);
          if (stored) void root.put(key, stored);
          else void root.remove(key);
        }
        void root.put(metaKey, { schema: schemaVersion, generation } satisfies Meta);
      });
      await root.flushed;
    } catch (error) {
      throw unavailable(this.#path, error);
    }
  }

  async close(): Promise<void> {
    await this.#root.close();
  }
}

const remedies: Readonly<Record<string, string>> = {
  EACCES: 'it may not be opened by this user; give it to the user of the daemon or choose another with --state-dir',
  EPERM: 'it may not be opened by this user; give it to the user of the daemon or choose another with --state-dir',
  ENOTDIR: 'a part of the path is not a directory; choose another with --state-dir',
  EEXIST: 'it is not a directory; choose another with --state-dir',
  ENOSPC: 'the disk is full; free some space',
  EROFS: 'the file system is read-only; choose another with --state-dir',
};

function unavailable(path: string, cause: unknown): SluiceError {
  if (cause instanceof SluiceError) return cause;
  const { code, message } = cause as NodeJS.ErrnoException;
  const why = (code !== undefined && remedies[code]) || message;
  return new SluiceError('store_unavailable', `The state in ${path} cannot be kept: ${why}.`, { cause });
}
