/**
 * kill -9 of the daemon: the state is all there, nothing is sent when nothing changed, and no packet is lost meanwhile.
 * Needs root for network namespaces; says so and skips otherwise.
 */
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { SluiceClient } from '../../src/api/client.js';
import { createLab, type Lab } from '../../src/sandbox/index.js';
import { serveProcess, type DaemonProcess } from '../support/daemon.js';
import { scratch } from './overlay.js';

const root = process.getuid?.() === 0;
if (!root) console.warn('skipped: packet tests need root for network namespaces');

const objects = [
  { kind: 'tenant', name: 'blue' },
  { kind: 'network', tenant: 'blue', name: 'over', encap: 'vxlan', vni: 5001, subnet: '10.1.1.0/24' },
  { kind: 'policy', tenant: 'blue', name: 'p' },
  { kind: 'group', tenant: 'blue', name: 'g', policies: ['p'], defaultAction: 'deny' },
  { kind: 'rule', tenant: 'blue', policy: 'p', id: '1', direction: 'in', action: 'allow', protocol: 'icmp' },
  ...['a1', 'a2'].map((id, i) => ({
    kind: 'endpoint',
    id,
    tenant: 'blue',
    network: 'over',
    group: 'g',
    mac: `02:00:00:00:01:0${i + 1}`,
    ipv4: `10.1.1.${i + 1}`,
    interface: id,
  })),
];

describe.skipIf(!root)('kill -9 of the daemon', () => {
  const undo: (() => unknown)[] = [];
  afterEach(async () => {
    for (const step of undo.splice(0).toReversed()) await step();
  });

  test('the next one has the whole state, sends nothing, and no ping is lost', async () => {
    const lab: Lab = await createLab();
    undo.push(() => lab.stop());
    const host = await lab.host('h1');
    const [a1] = await Promise.all(
      ['a1', 'a2'].map((id, i) =>
        lab.workload(host, { name: id, interface: id, mac: `02:00:00:00:01:0${i + 1}`, ipv4: `10.1.1.${i + 1}/24` }),
      ),
    );
    const home = scratch();
    undo.push(() => home.remove());
    const socket = join(home.path, 'sluice.sock');
    const { remote, rundir } = host.sandbox;
    const args = ['--db', remote, '--rundir', rundir, '--state-dir', join(home.path, 'state'), '--socket', socket];
    const start = async (): Promise<DaemonProcess> => {
      const daemon = await serveProcess([...args, '--datapath-type', 'netdev', '-vtep-ip', '172.31.0.1']);
      undo.push(() => daemon.kill('SIGKILL'));
      return daemon;
    };

    const first = await start();
    const client = new SluiceClient(socket);
    const applied = await client.apply({ objects }, { level: 'effective' });
    expect(applied.attention).toEqual([]);
    const before = await client.flowsText({});
    await a1!.waitForPing('10.1.1.2');
    const pings = a1!.startPing('10.1.1.2', { intervalMs: 20 });
    await first.kill('SIGKILL');

    const second = await start();
    const resynced = await second.seen((line) => line['msg'] === 'read back the switch', 'read back the switch');
    expect(resynced).toMatchObject({ sent: 0, flowsRead: before.trim().split('\n').length });
    const committed = await second.seen((line) => line['msg'] === 'committed', 'committed');
    expect(committed).toMatchObject({ added: 0, modified: 0, deleted: 0, messages: 0 });
    expect(await client.flowsText({})).toBe(before);
    for (const kind of ['tenant', 'network', 'policy', 'group', 'rule', 'endpoint']) {
      const wanted = objects.filter((object) => object.kind === kind).length;
      expect({ kind, found: (await client.list(kind)).length }).toEqual({ kind, found: wanted });
    }
    const { sent, received, lost } = await pings.stop();
    expect(sent).toBeGreaterThan(20);
    expect({ lost, received }).toEqual({ lost: 0, received: expect.any(Number) });
    await second.kill('SIGTERM');
  });
});
