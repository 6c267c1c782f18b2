/**
 * Looks at a state file before LMDB does, for lmdb-js 3.5.6 ends the process (SIGSEGV) where opening fails.
 * Neighbours: lmdb.ts opens what passed here.
 * Invariant: an absent or empty file passes (LMDB makes it), and so does every file LMDB left, crashes included.
 */
import { constants } from 'node:fs';
import { access, open, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

/** MDB_meta (mdb.c) as the lmdb package writes it: a page header of 24 bytes, then these. Little endian, 64 bits. */
const at = { magic: 24, version: 28, pageSize: 48, root: 136, transaction: 152 } as const;
const metaBytes = 160;
const magic = 0xbeefc0de;
const version = 2;
/** Root of a database without entries: P_INVALID. */
const noRoot = 0xffff_ffff_ffff_ffffn;

/** Throws an Error whose code or message says what is wrong. */
export async function guardFile(path: string): Promise<void> {
  const found = await stat(path).catch(absent);
  if (found === undefined || found.size === 0) {
    await guardSpace(path);
    return;
  }
  if (!found.isFile()) throw new Error(`${path} is not a file; move it away`);
  await access(path, constants.R_OK | constants.W_OK);
  await access(`${path}-lock`, constants.R_OK | constants.W_OK).catch(absent);
  const handle = await open(path);
  try {
    const first = await readMeta(handle, 0);
    if (first === undefined) throw new Error(`${path} is no LMDB file of this Sluice; move it away, or restore a copy`);
    const second = await readMeta(handle, first.pageSize);
    // A meta page is written only after all it refers to was synced, so the newer one must be true even after a power cut.
    const newer = second !== undefined && second.transaction > first.transaction ? second : first;
    if (newer.bytes > found.size)
      throw new Error(`${path} is cut short; restore a copy, or move it away and begin anew`);
  } finally {
    await handle.close();
  }
}

/** LMDB begins with a few pages and a lock file, and does not survive finding no room for them. */
async function guardSpace(path: string): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(path));
  if (bavail * bsize < 65_536) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

/** One of the two meta pages; `bytes` is what the file must have for its root to be there. */
async function readMeta(
  handle: Awaited<ReturnType<typeof open>>,
  position: number,
): Promise<{ pageSize: number; bytes: number; transaction: bigint } | undefined> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(metaBytes), 0, metaBytes, position);
  if (bytesRead < metaBytes || buffer.readUInt32LE(at.magic) !== magic || buffer.readUInt32LE(at.version) !== version) {
    return undefined;
  }
  const pageSize = buffer.readUInt32LE(at.pageSize);
  const root = buffer.readBigUInt64LE(at.root);
  const pages = root === noRoot ? 2 : Number(root) + 1;
  return { pageSize, bytes: pages * pageSize, transaction: buffer.readBigUInt64LE(at.transaction) };
}
