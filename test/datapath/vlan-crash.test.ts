/** kill -9 of the daemon in the middle of a change of the uplink: the next start finishes it, and nothing old is left. */
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { SluiceClient } from '../../src/api/client.js';
import { startSandbox, type Sandbox } from '../../src/sandbox/index.js';
import { scratch } from '../packets/overlay.js';
import { serveProcess, type DaemonProcess } from '../support/daemon.js';

// Every step is a process of its own.
vi.setConfig({ testTimeout: 120_000 });

let sandbox: Sandbox;
let home: ReturnType<typeof scratch>;
let daemon: DaemonProcess | undefined;
beforeEach(async () => {
  sandbox = await startSandbox({ datapath: 'dummy' });
  home = scratch();
});
afterEach(async () => {
  await daemon?.kill('SIGKILL');
  await sandbox.stop();
  home.remove();
});

test('eth1 → eth1,eth2 → eth2 → none, each cut off as soon as it was accepted', async () => {
  const socket = join(home.path, 's.sock');
  const places = ['--db', sandbox.remote, '--rundir', sandbox.rundir, '--socket', socket];
  const serve = () => serveProcess([...places, '--state-dir', join(home.path, 'state'), '--datapath-type', 'dummy']);
  const client = new SluiceClient(socket);
  const nics = async (): Promise<string | undefined> => {
    if (!(await sandbox.vsctl('list-br')).split('\n').includes('br-sluice-up')) return undefined;
    const names = (await sandbox.vsctl('list-ifaces', 'br-sluice-up')).split('\n');
    return names.filter((name) => name.startsWith('eth')).join();
  };
  daemon = await serve();
  await client.patchSettings({ vlanInterfaces: ['eth1'] });
  await expect.poll(nics).toBe('eth1');
  for (const wanted of [['eth1', 'eth2'], ['eth2'], []]) {
    await client.patchSettings({ vlanInterfaces: wanted }, { level: 'accepted' });
    await daemon.kill('SIGKILL');
    daemon = await serve();
    await expect.poll(nics, { timeout: 15_000 }).toBe(wanted.length === 0 ? undefined : wanted.join());
    const ports = (await sandbox.vsctl('list-ports', 'br-sluice'))
      .split('\n')
      .filter((name) => name === 'sluice-uplink');
    expect(ports).toHaveLength(wanted.length === 0 ? 0 : 1);
  }
  expect((await client.status()).reasons).toEqual([]);
});
