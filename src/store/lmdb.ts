/**
 * The desired state in LMDB: one record an object, the generation beside them, one transaction a request.
 * Neighbours: index.ts says what a store promises, guard.ts looks at the file first.
 * Invariants: the directory is ours alone (0700, files 0600); a write is answered only after LMDB has synced it to disk.
 */
import { randomUUID } from 'node:crypto';
import { chmod, mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { getSystemErrorName } from 'node:util';
import { open, type RootDatabase } from 'lmdb';
import { SluiceError } from '../model/errors.js';
import type { Stored, StoredChange } from '../model/index.js';
import { guardFile } from './guard.js';
import type { Loaded, Store } from './index.js';

/** The layout of the records; another number is another program's data. */
const schemaVersion = 1;
const file = 'state.lmdb';

interface Meta {
  readonly schema: number;
  readonly generation: number;
  /** Absent in states of before it was invented. */
  readonly id?: string;
}

const metaKey = ['meta'];
const keyOf = (kind: string, key: string): string[] => ['object', kind, key];

export async function openLmdbStore(directory: string): Promise<Store> {
  const path = join(directory, file);
  let root: RootDatabase | undefined;
  try {
    await makeDirectory(directory);
    await chmod(directory, 0o700);
    await guardFile(path);
    // noSubdir: the two files lie in the directory itself; the cache is off because State is the cache;
    // no overlappingSync: a commit syncs its data before the meta page that refers to it, as plain LMDB does.
    root = open({ path, noSubdir: true, encoding: 'json', compression: false, cache: false, overlappingSync: false });
    await Promise.all([path, `${path}-lock`].map((each) => chmod(each, 0o600)));
    requireSchema(root, path);
    return new LmdbStore(root, path, identityOf(root));
  } catch (error) {
    await root?.close();
    throw unavailable(directory, error);
  }
}

/** Level by level: mkdir's own `recursive` never comes back where the system answers ENOENT for ever, as in /proc. */
async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    await makeDirectory(dirname(path));
    await mkdir(path, { mode: 0o700 });
  }
}

function requireSchema(root: RootDatabase, path: string): void {
  const meta = root.get(metaKey) as Meta | undefined;
  if (meta && meta.schema !== schemaVersion) {
    throw new Error(`${path} is of schema ${meta.schema}, this Sluice reads ${schemaVersion}`);
  }
}

/** Made with the state, or with the first start that knows of it. */
function identityOf(root: RootDatabase): string {
  const meta = root.get(metaKey) as Meta | undefined;
  if (meta?.id !== undefined) return meta.id;
  const id = randomUUID();
  root.transactionSync(() =>
    root.putSync(metaKey, { schema: schemaVersion, generation: 0, ...meta, id } satisfies Meta),
  );
  return id;
}

class LmdbStore implements Store {
  readonly #root: RootDatabase;
  readonly #path: string;
  readonly #id: string;

  constructor(root: RootDatabase, path: string, id: string) {
    this.#id = id;
    this.#root = root;
    this.#path = path;
  }

  load(): Promise<Loaded> {
    const meta = this.#root.get(metaKey) as Meta | undefined;
    const objects: Stored[] = [];
    for (const { value } of this.#root.getRange({ start: ['object'], end: ['object\uffff'] }))
      objects.push(value as Stored);
    return Promise.resolve({ objects, generation: meta?.generation ?? 0, id: this.#id });
  }

  /**
   * Synchronous, fdatasync and meta page included: lmdb-js's asynchronous commit leaves rejected promises behind that
   * nobody can catch, so a full disk would end the process instead of refusing the request.
   */
  write(changes: readonly StoredChange[], generation: number): Promise<void> {
    try {
      this.#root.transactionSync(() => this.#put(changes, generation));
      return Promise.resolve();
    } catch (error) {
      return Promise.reject(unavailable(this.#path, error));
    }
  }

  #put(changes: readonly StoredChange[], generation: number): void {
    for (const { ref, stored } of changes) {
      const key = keyOf(ref.kind, ref.key);
      if (stored) this.#root.putSync(key, stored);
      else this.#root.removeSync(key);
    }
    this.#root.putSync(metaKey, { schema: schemaVersion, generation, id: this.#id } satisfies Meta);
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
  EDQUOT: 'the quota is used up; free some space',
  // LMDB's word for a write that came out short, too.
  EIO: 'it could not be written whole; free some space on the disk, or see whether it is failing',
  EROFS: 'the file system is read-only; choose another with --state-dir',
};

function unavailable(path: string, cause: unknown): SluiceError {
  if (cause instanceof SluiceError) return cause;
  const { code, message } = cause as { readonly code?: string | number; readonly message: string };
  // lmdb-js gives the bare errno.
  const name = typeof code === 'number' && code > 0 ? getSystemErrorName(-code) : code;
  const why = (name !== undefined && remedies[name]) || message;
  return new SluiceError('store_unavailable', `The state in ${path} cannot be kept: ${why}.`, { cause });
}
