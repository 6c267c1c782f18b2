/** What each kind of failure is told and ends with. Exit codes are public. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SluiceError } from '../../src/model/errors.js';
import { host, serveTestApi } from '../api/support.js';
import type { Served } from '../api/support.js';
import { run } from './support.js';

let served: Served;
let dir: string;
let env: Record<string, string>;

beforeAll(async () => {
  served = await serveTestApi();
  dir = mkdtempSync(join(tmpdir(), 'sluice-cli-'));
  env = { SLUICE_SOCKET: served.socket };
  await served.controller.apply({ put: host }, 'accepted');
});

afterAll(async () => {
  await served.stop();
  rmSync(dir, { recursive: true, force: true });
});

describe('2: wrong use', () => {
  test.each([
    ['gte networks', 'there is no command "gte" (did you mean get?)'],
    ['frobnicate', 'there is no command "frobnicate" (see `sluice --help`)'],
    [
      'get',
      'get needs a kind (one of settings, tenant, network, netProfile, group, policy, rule, endpoint, peer, service, route)',
    ],
    ['get netwroks', 'there is no kind "netwroks" (did you mean networks?)'],
    ['get network front', '"front" is not the key of a network (write it as tenant/name)'],
    ['get networks -o jsno', '--output: "jsno" is none of json, yaml, wide, name (did you mean json?)'],
    ['get networks --ouput json', 'unknown flag --ouput (did you mean --output?)'],
    [
      'apply',
      'apply needs -f with a file, a directory, or - for standard input (for example: sluice apply -f host.yaml)',
    ],
    ['apply host.yaml -f x', 'apply takes no argument "host.yaml" (name files with -f)'],
    ['apply -f', '--file needs a value (for example: -f host.yaml)'],
    ['delete', 'delete needs a kind and a key (for example: sluice delete network blue/front)'],
    ['delete endpoint', 'delete needs the key of a endpoint (see: sluice get endpoint)'],
    ['delete settings', 'the settings cannot be deleted, only changed'],
    [
      'trace',
      'trace needs --from, the endpoint that sends (for example: sluice trace --from web-1 --to db-1 --protocol tcp --port 5432)',
    ],
    ['trace --from a --protocol tpc', '--protocol: "tpc" is none of tcp, udp, icmp, arp (did you mean tcp?)'],
    ['flows web-1', 'flows takes no argument "web-1" (narrow it with --owner or --table)'],
    ['serve --vtep-pi 10.0.0.1', 'unknown flag --vtep-pi (did you mean --vtep-ip?)'],
  ])('%s', async (line, message) => {
    expect(await run(line, { env })).toEqual({ code: 2, out: '', err: `sluice: ${message}\n` });
  });
});

describe('3: no such object', () => {
  test.each([
    ['get endpoint web-2', 'there is no endpoint `web-2` (did you mean `web-1`?)'],
    ['get network blue/back', 'there is no network `blue/back`'],
    ['flows --owner endpoint/web-2', 'there is no endpoint `web-2` (did you mean `web-1`?)'],
  ])('%s', async (line, message) => {
    expect(await run(line, { env })).toEqual({ code: 3, out: '', err: `sluice: ${message}\n` });
  });
});

describe('4: invalid input', () => {
  test.each([
    ['apply -f gone.yaml', 'cannot read gone.yaml: there is no such file'],
    [
      'trace --from web-1 --port 70000',
      '--port: port "70000" is not a whole number from 1 to 65535\nnothing was changed',
    ],
  ])('%s', async (line, message) => {
    expect(await run(line, { env })).toEqual({ code: 4, out: '', err: `sluice: ${message}\n` });
  });
});

describe('1 and 65: the daemon could not', () => {
  test.each([
    ['not_confirmed', 65],
    ['switch_unavailable', 1],
    ['store_unavailable', 1],
    ['internal', 1],
  ] as const)('%s is %i', async (code, exitCode) => {
    served.controller.failWith = new SluiceError(code, 'This is why.');
    const { code: got, err } = await run('delete endpoint web-1', { env });
    served.controller.failWith = undefined;
    expect(got).toBe(exitCode);
    expect(err).toMatch(/^sluice: This is why\.\n[A-Z].*\.\n$/);
  });

  test('what is in use is 1, with the list', async () => {
    const { code, err } = await run('delete network blue/front', { env });
    expect(code).toBe(1);
    expect(err).toMatch(/^sluice: `network blue\/front` is used by .*`endpoint web-1`/);
    expect(err).toContain('nothing was changed');
  });
});

describe('5: the daemon does not answer', () => {
  test('no socket', async () => {
    expect(await run(`status --socket ${dir}/none.sock`)).toEqual({
      code: 5,
      out: '',
      err: `sluice: the daemon cannot be reached at ${dir}/none.sock: there is no such socket; start it with \`sluice serve\`, or name its socket with --socket\n`,
    });
  });

  test('nobody listens', async () => {
    writeFileSync(join(dir, 'dead.sock'), '');
    const { code, err } = await run(`get networks --socket ${dir}/dead.sock`);
    expect(code).toBe(5);
    expect(err).toContain('nobody listens on it');
  });

  test('it goes away before it answers', async () => {
    const path = join(dir, 'rude.sock');
    const rude = createServer((socket) => socket.once('data', () => socket.destroy()));
    await new Promise<void>((resolve) => rude.listen(path, resolve));
    const { code, err } = await run(`delete endpoint web-1 --socket ${path}`);
    expect(code).toBe(5);
    expect(err).toContain('went away before it answered; what was asked may or may not be done: see `sluice status`');
    await new Promise((resolve) => rude.close(resolve));
  });

  test('a socket of somebody else names its group', async () => {
    const path = join(dir, 'theirs.sock');
    const theirs = createServer();
    await new Promise<void>((resolve) => theirs.listen(path, resolve));
    chmodSync(path, 0o000);
    chmodSync(dir, 0o755);
    // Root may open anything; become nobody for a moment.
    if (process.getuid?.() === 0) process.seteuid?.(65_534);
    try {
      const { code, err } = await run(`status --socket ${path}`);
      expect(code).toBe(5);
      expect(err).toMatch(
        /^sluice: no permission to use \/.*theirs\.sock: it belongs to \S+:\S+ with mode 0000; (join the group with `sudo usermod -aG \S+ \$USER`, or )?try with sudo\n$/,
      );
    } finally {
      if (process.getuid?.() === 0) process.seteuid?.(0);
      await new Promise((resolve) => theirs.close(resolve));
    }
  });

  test('another program on the socket', async () => {
    const path = join(dir, 'other.sock');
    const other = createServer((socket) =>
      socket.resume().end('HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nhi'),
    );
    await new Promise<void>((resolve) => other.listen(path, resolve));
    expect(await run(`status --socket ${path}`)).toMatchObject({
      code: 1,
      err: "sluice: The answer is not Sluice's: HTTP 404.\n",
    });
    await new Promise((resolve) => other.close(resolve));
  });
});
