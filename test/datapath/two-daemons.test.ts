/** Two daemons on one bridge or one state directory, and a state directory that is not the one the bridge was made from. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { SluiceClient } from '../../src/api/client.js';
import { startSandbox, type Sandbox } from '../../src/sandbox/index.js';
import { scratch } from '../packets/overlay.js';
import { serveProcess, type DaemonProcess } from '../support/daemon.js';
import { ofctlLines } from './bench-host.js';

// Every test starts two or three processes.
vi.setConfig({ testTimeout: 90_000 });

let sandbox: Sandbox;
let home: ReturnType<typeof scratch>;
const daemons: DaemonProcess[] = [];
beforeEach(async () => {
  sandbox = await startSandbox({ datapath: 'dummy' });
  home = scratch();
});
afterEach(async () => {
  await Promise.all(daemons.splice(0).map((daemon) => daemon.kill('SIGKILL')));
  await sandbox.stop();
  home.remove();
});

const socketOf = (name: string): string => join(home.path, `${name}.sock`);
const stateOf = (name: string): string => join(home.path, name);

async function serve(name: string, state = name, ...more: string[]): Promise<DaemonProcess> {
  const places = ['--db', sandbox.remote, '--rundir', sandbox.rundir, '--socket', socketOf(name)];
  const daemon = await serveProcess([...places, '--state-dir', stateOf(state), '--datapath-type', 'dummy', ...more]);
  daemons.push(daemon);
  return daemon;
}

const tenants = (name: string) => [
  { kind: 'tenant', name },
  { kind: 'network', tenant: name, name: 'lan', encap: 'vlan', vlan: name.length + 1 },
];
const apply = (name: string) => new SluiceClient(socketOf(name)).apply({ objects: tenants(name) });
const marks = async (bridge = 'br-sluice'): Promise<string> => sandbox.vsctl('get', 'bridge', bridge, 'external_ids');

test('a second daemon on a bridge is refused with the name of the first, whose flows stay', async () => {
  const first = await serve('first');
  await apply('first');
  const before = await ofctlLines(sandbox);
  await expect(serve('second')).rejects.toThrow(
    new RegExp(
      `Bridge br-sluice is kept by another daemon \\(pid ${first.pid}, state directory ${stateOf('first')}\\)\\. Stop that one`,
    ),
  );
  expect(await ofctlLines(sandbox)).toEqual(before);
  expect(await marks()).toContain(`pid ${first.pid}, state directory`);
});

test('a second daemon on a state directory is refused at once, a kill -9 later not', async () => {
  const first = await serve('first');
  await expect(serve('second', 'first')).rejects.toThrow(
    `The state directory ${stateOf('first')} is in use by another daemon (pid ${first.pid}, state directory`,
  );
  await first.kill('SIGKILL');
  const next = await serve('second', 'first');
  expect(await marks()).toContain(`pid ${next.pid}, state directory`);
});

test('two daemons on bridges of their own leave each other’s alone', async () => {
  await serve('first');
  await apply('first');
  const before = await ofctlLines(sandbox);
  await serve('second', 'second', '--bridge', 'br-two', '--uplink-bridge', 'br-two-up');
  await apply('second');
  expect(await ofctlLines(sandbox)).toEqual(before);
  expect((await ofctlLines(sandbox, 'br-two')).length).toBeGreaterThan(10);
});

test('an empty state directory does not wipe the flows of another, unless it is told to', async () => {
  const first = await serve('first');
  await apply('first');
  await first.kill('SIGTERM');
  const before = await ofctlLines(sandbox);
  await expect(serve('lost')).rejects.toThrow(
    new RegExp(
      `Bridge br-sluice was programmed from another state \\(pid ${first.pid}, .*all its flows would be replaced.*--state-dir.*--bridge.*--take-over`,
    ),
  );
  expect(await ofctlLines(sandbox)).toEqual(before);
  rmSync(stateOf('lost'), { recursive: true });

  const next = await serve('lost', 'lost', '--take-over');
  await next.seen((line) => line['msg'] === 'committed', 'committed');
  await expect.poll(async () => (await ofctlLines(sandbox)).length).toBeLessThan(before.length);
  expect(await marks()).toContain(`pid ${next.pid}, state directory ${stateOf('lost')}`);
  // From now on it is at home there.
  await next.kill('SIGKILL');
  await serve('lost');
});

test('kill -9 of the database’s server: the daemon has its lock again, and takes changes', async () => {
  const daemon = await serve('first');
  await apply('first');
  await sandbox.killOvsdb('SIGKILL');
  await sandbox.startOvsdb();
  const client = new SluiceClient(socketOf('first'));
  expect(await client.apply({ objects: tenants('more') })).toMatchObject({ created: 2, attention: [] });
  expect(await client.status()).toMatchObject({ ready: true, reasons: [] });
  expect(daemon.log.filter(({ level }) => Number(level) >= 50)).toEqual([]);
});

test('a daemon whose lock another one took while it was away stops writing and ends', async () => {
  const first = await serve('first');
  await apply('first');
  // Another client holds the lock when the server is back: the daemon is stopped until then.
  process.kill(first.pid, 'SIGSTOP');
  await sandbox.killOvsdb('SIGKILL');
  await sandbox.startOvsdb();
  const { JsonRpc } = await import('../../src/native/index.js');
  let up = (): void => {};
  const connected = new Promise<void>((resolve) => (up = resolve));
  const thief = new JsonRpc({ onUp: () => up(), onDown: () => {}, onNotify: () => {} });
  try {
    thief.connect(sandbox.remote);
    await connected;
    expect(await thief.request('lock', ['sluice_br_2d_sluice'])).toEqual({ locked: true });
    process.kill(first.pid, 'SIGCONT');
    const client = new SluiceClient(socketOf('first'));
    await expect
      .poll(async () => (await client.status()).reasons.join(), { timeout: 10_000 })
      .toContain('bridge br-sluice is kept by another daemon');
    expect(await first.ended).toBe(1);
  } finally {
    thief.close();
  }
});
