/**
 * One daemon a state directory: a lock of the kernel's on a file in it, which dies with its holder.
 * Neighbours: main.ts hands in flock(2) of the addon, and locks before lmdb.ts opens.
 * Invariant: the file's words are of the holder; they say who it is to those who are refused.
 */
import { chmod, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { SluiceError } from '../model/errors.js';

export interface DirectoryLock {
  release(): Promise<void>;
}

/** `tryLock` is flock(2), exclusive and without waiting. Throws `taken` with the holder's words, `store_unavailable`. */
export async function lockDirectory(
  directory: string,
  who: string,
  tryLock: (fd: number) => boolean,
): Promise<DirectoryLock> {
  const path = join(directory, 'lock');
  let handle;
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await chmod(directory, 0o700);
    handle = await open(path, 'a+', 0o600);
  } catch {
    // What is wrong with the directory, the store says better.
    return { release: async () => undefined };
  }
  if (!tryLock(handle.fd)) {
    const holder = (await handle.readFile('utf8')).trim() || 'it has left no name';
    await handle.close();
    const message = `The state directory ${directory} is in use by another daemon (${holder}).`;
    throw new SluiceError('taken', `${message} Stop that one first, or choose another with --state-dir.`);
  }
  await handle.truncate(0);
  await handle.write(`${who}\n`);
  const held = handle;
  return { release: () => held.close() };
}
