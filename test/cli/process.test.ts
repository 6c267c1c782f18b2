/** The program as a process: its start, streams and exit code. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { commands } from '../../src/cli/commands.js';
import { host, serveTestApi } from '../api/support.js';
import type { Served } from '../api/support.js';

let served: Served;

beforeAll(async () => {
  served = await serveTestApi();
});

afterAll(() => served.stop());

const entry = fileURLToPath(new URL('../../src/cli/index.ts', import.meta.url));

function start(argv: readonly string[], stdin = ''): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', entry, ...argv], {
      env: { ...process.env, SLUICE_SOCKET: served.socket },
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
    child.stdin.end(stdin);
  });
}

test('reads standard input, writes to both streams, ends with the code', async () => {
  const applied = await start(['apply', '-f', '-'], JSON.stringify(host));
  expect(applied).toEqual({ code: 0, out: expect.stringContaining('7 created'), err: '' });
  expect(await start(['get', 'endpoint', 'nobody'])).toEqual({
    code: 3,
    out: '',
    err: 'sluice: there is no endpoint `nobody`\n',
  });
});

/** Every module that importing `file` loads, by its static imports. */
function loaded(file: URL, seen = new Set<string>()): Set<string> {
  if (seen.has(file.href)) return seen;
  seen.add(file.href);
  for (const [, from = ''] of readFileSync(file, 'utf8').matchAll(
    /^(?:import|export) (?!type)[^;]*? from '([^']+)';/gm,
  )) {
    if (from.startsWith('.')) loaded(new URL(from.replace(/\.js$/, '.ts'), file), seen);
    else seen.add(from);
  }
  return seen;
}

test.each(['index', ...commands.map(({ name }) => name).filter((name) => name !== 'start')])(
  '%s.ts loads nothing but Node and a few small rooms at start',
  (name) => {
    const modules = [...loaded(new URL(`../../src/cli/${name}.ts`, import.meta.url))];
    expect(modules.filter((module) => !module.startsWith('node:') && !module.startsWith('file:'))).toEqual([]);
    expect(
      modules.filter((module) => !/^node:|\/src\/(cli|config|api\/(client|schemas\/kinds)|model\/errors)/.test(module)),
    ).toEqual([]);
  },
);

test('--version', async () => {
  expect(await start(['--version'])).toMatchObject({ code: 0, out: expect.stringMatching(/^sluice [0-9.]+\n$/) });
});

test('start, ended by Ctrl-C, leaves no folder behind', async () => {
  const tmp = mkdtempSync(join(tmpdir(), 'sluice-process-'));
  try {
    const child = spawn(process.execPath, ['--import', 'tsx', entry, 'start'], {
      env: { ...process.env, TMPDIR: tmp },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    child.stdout.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('Ctrl-C ends it')) child.kill('SIGINT');
    });
    const ended = await new Promise((resolve) => child.on('close', (code, signal) => resolve([code, signal])));
    expect(ended).toEqual([0, null]);
    expect(readdirSync(tmp).filter((name) => name.startsWith('sluice-start-'))).toEqual([]);
  } finally {
    rmSync(tmp, { recursive: true, force: true });
  }
}, 60_000);
