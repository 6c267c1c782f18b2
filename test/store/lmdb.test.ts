/** What LMDB adds: files of our own, life after SIGKILL, and mistakes of the place told with their remedy. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { open } from 'lmdb';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openLmdbStore } from '../../src/store/index.js';
import { ownDirectory, put, tenant } from './support.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

const opened = async (directory: string) => {
  const store = await openLmdbStore(directory);
  onTestFinished(() => store.close());
  return store;
};

test('is there when opened again', async () => {
  const directory = await ownDirectory();
  const first = await openLmdbStore(directory);
  const { id: before } = await first.load();
  await first.write([put(tenant('a'))], 4);
  await first.close();
  const again = await (await opened(directory)).load();
  expect(again).toEqual({ objects: [tenant('a')], generation: 4, id: before });
});

test('the directory is 0700 and its files 0600, made on the way when missing', async () => {
  const directory = join(await ownDirectory(), 'var', 'lib', 'sluice');
  await opened(directory);
  const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);
  expect(await mode(directory)).toBe('700');
  const files = await readdir(directory);
  expect(files.length).toBeGreaterThan(0);
  for (const file of files) expect(await mode(join(directory, file)), file).toBe('600');
});

test('what write() resolved for survives kill -9 in the same moment', async () => {
  const directory = await ownDirectory();
  for (let round = 1; round <= 3; round++) {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', join(root, 'test/store/killed.ts'), directory, String(round)],
      {
        cwd: root,
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    const [, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    expect(signal).toBe('SIGKILL');
    const store = await openLmdbStore(directory);
    const { objects, generation } = await store.load();
    await store.close();
    expect(generation).toBe(round * 10);
    expect(objects).toHaveLength(round * 500);
  }
});

describe('a place that cannot keep the state is told with what to do', () => {
  const failure = (directory: string) =>
    openLmdbStore(directory).then(
      (store) => store.close().then(() => 'opened'),
      (error: unknown) => error,
    );

  test('a file where the directory should be', async () => {
    const path = join(await ownDirectory(), 'state');
    await writeFile(path, '');
    expect(await failure(path)).toMatchObject({
      code: 'store_unavailable',
      message: expect.stringMatching(/state cannot be kept: it is not a directory; .*--state-dir/) as string,
    });
  });

  test('a file on the way', async () => {
    const path = join(await ownDirectory(), 'file');
    await writeFile(path, '');
    expect(await failure(join(path, 'state'))).toMatchObject({
      code: 'store_unavailable',
      message: expect.stringMatching(/not a directory/) as string,
    });
  });

  test('a place where nothing can be made', async () => {
    expect(await failure('/proc/sluice/state')).toMatchObject({ code: 'store_unavailable' });
  });

  test('a directory where the file should be', async () => {
    const directory = await ownDirectory();
    await mkdir(join(directory, 'state.lmdb'));
    expect(await failure(directory)).toMatchObject({
      code: 'store_unavailable',
      message: expect.stringMatching(/state\.lmdb is not a file/) as string,
    });
  });

  test('a file that is something else', async () => {
    const directory = await ownDirectory();
    await writeFile(join(directory, 'state.lmdb'), 'not a database at all\n'.repeat(1000));
    expect(await failure(directory)).toMatchObject({
      code: 'store_unavailable',
      message: expect.stringContaining(directory) as string,
    });
  });

  test('a file cut short', async () => {
    const directory = await ownDirectory();
    const store = await openLmdbStore(directory);
    await store.write(
      Array.from({ length: 500 }, (_, n) => put(tenant(`t${n}`))),
      1,
    );
    await store.close();
    await truncate(join(directory, 'state.lmdb'), 8192);
    expect(await failure(directory)).toMatchObject({
      code: 'store_unavailable',
      message: expect.stringMatching(/state\.lmdb is cut short; restore a copy/) as string,
    });
  });

  test('a layout of another Sluice', async () => {
    const directory = await ownDirectory();
    await (await openLmdbStore(directory)).close();
    const raw = open({ path: join(directory, 'state.lmdb'), noSubdir: true, encoding: 'json' });
    await raw.put(['meta'], { schema: 99, generation: 1 });
    await raw.close();
    expect(await failure(directory)).toMatchObject({
      code: 'store_unavailable',
      message: expect.stringMatching(/schema 99, this Sluice reads 1/) as string,
    });
  });

  test.skipIf(process.getuid?.() !== 0)('a directory of another user', async () => {
    const directory = await ownDirectory();
    await chmod(directory, 0o755);
    await mkdir(join(directory, 'state'), { mode: 0o700 });
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', join(root, 'test/store/unprivileged.ts'), join(directory, 'state')],
      {
        cwd: root,
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => (said += part));
    await once(child, 'close');
    expect(said).toMatch(/^store_unavailable The state in .*state cannot be kept: it may not be opened by this user/);
  });

  // A tmpfs of a few pages is a disk that fills up; only root may mount one.
  describe.skipIf(process.getuid?.() !== 0)('a full disk', () => {
    const tinyDisk = async (size: string): Promise<string> => {
      const directory = await ownDirectory();
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'none', directory]);
      onTestFinished(() => void execFileSync('umount', [directory]));
      return directory;
    };
    const many = (n: number) => Array.from({ length: 1000 }, (_, i) => put(tenant(`tenant-${n}-${i}`)));

    test('is told when the store is made', async () => {
      const directory = await tinyDisk('4k');
      expect(await failure(join(directory, 'state'))).toMatchObject({
        code: 'store_unavailable',
        message: expect.stringMatching(/the disk is full; free some space/) as string,
      });
    });

    test('refuses the write, keeps what was there, and takes a smaller one', async () => {
      const store = await openLmdbStore(join(await tinyDisk('256k'), 'state'));
      await store.write([put(tenant('a'))], 1);
      await expect(store.write([1, 2, 3, 4].flatMap(many), 2)).rejects.toMatchObject({
        code: 'store_unavailable',
        message: expect.stringMatching(/free some space/) as string,
      });
      expect(await store.load()).toMatchObject({ objects: [tenant('a')], generation: 1 });
      await store.write([put(tenant('a', 2))], 2);
      expect(await store.load()).toMatchObject({ objects: [tenant('a', 2)], generation: 2 });
      await store.close();
    });
  });
});
