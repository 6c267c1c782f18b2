/** Where the API is served: socket file, its mode, a stale one, one that is taken, TCP. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { listen } from '../../src/api/index.js';
import { SluiceClient } from '../../src/api/client.js';
import { buildTestApi } from './support.js';

let dir: string;
const closers: (() => Promise<unknown>)[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sluice-listen-'));
});

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  rmSync(dir, { recursive: true, force: true });
});

async function serve(remote: string) {
  const { app } = buildTestApi();
  closers.push(() => app.close());
  return listen(app, remote);
}

test('the socket is made with its directory, mode 0660, and removed at the end', async () => {
  const path = join(dir, 'run/sluice.sock');
  const listening = await serve(`punix:${path}`);
  expect(statSync(path).mode & 0o7777).toBe(0o660);
  expect(readdirSync(join(dir, 'run'))).toEqual(['sluice.sock']);
  expect((await new SluiceClient(path).status()).version).toBe('1.2.3');
  await listening.close();
  expect(existsSync(path)).toBe(false);
});

test('the file of a daemon that was killed is replaced', async () => {
  const path = join(dir, 's.sock');
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  expect(() => execFileSync(process.execPath, ['-e', script])).toThrow();
  expect(statSync(path).isSocket()).toBe(true);
  await serve(`punix:${path}`);
  expect((await new SluiceClient(path).status()).version).toBe('1.2.3');
});

test('the socket of a living daemon is left alone, and its pid told', async () => {
  const path = join(dir, 's.sock');
  await serve(`punix:${path}`);
  await expect(serve(`punix:${path}`)).rejects.toThrow(`${path} is already served by pid ${process.pid}.`);
  expect((await new SluiceClient(path).status()).version).toBe('1.2.3');
  expect(readdirSync(dir)).toEqual(['s.sock']);
});

test('another program on the socket is left alone', async () => {
  const path = join(dir, 's.sock');
  const other = createServer((socket) => socket.resume().end('hello\n'));
  await new Promise<void>((resolve) => other.listen(path, resolve));
  closers.push(() => new Promise((resolve) => other.close(resolve)));
  await expect(serve(`punix:${path}`)).rejects.toThrow(`${path} is already served by another program.`);
});

test('a file that is no socket is left alone', async () => {
  const path = join(dir, 's.sock');
  writeFileSync(path, 'precious');
  await expect(serve(`punix:${path}`)).rejects.toThrow('is there and is not a socket; it was left alone');
  expect(statSync(path).size).toBe(8);
});

test('a path that cannot be a socket is told', async () => {
  await expect(serve(`punix:${dir}/${'x'.repeat(110)}`)).rejects.toThrow("a socket's path has at most 107 bytes");
  mkdirSync(join(dir, 'plain'));
  writeFileSync(join(dir, 'plain/file'), '');
  await expect(serve(`punix:${dir}/plain/file/s.sock`)).rejects.toThrow('a part of its path is a file.');
});

test('TCP: a free port is found, a taken one is told', async () => {
  const { remote } = await serve('ptcp:0:127.0.0.1');
  const port = Number(/^ptcp:([0-9]+):127\.0\.0\.1$/.exec(remote)?.[1]);
  expect(await (await fetch(`http://127.0.0.1:${port}/healthz`)).json()).toEqual({ status: 'ok', pid: process.pid });
  await expect(serve(remote)).rejects.toThrow(`another program listens on port ${port} of 127.0.0.1 (see: ss -ltnp`);
});
