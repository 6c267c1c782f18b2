/** `sluice doctor` as a command: without a daemon, and with one on a private switch. */
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { run } from '../cli/support.js';
import { serveProcess } from '../support/daemon.js';
import { scratch } from '../packets/overlay.js';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step();
});

const nowhere = '--socket /nowhere/s.sock --db /nowhere/db.sock --rundir /nowhere';

test('without daemon and switch it says so, and how to start them; the exit code is that of an error', async () => {
  const { code, out, err } = await run(`doctor ${nowhere}`);
  expect([code, err]).toEqual([1, '']);
  expect(out).toMatch(/^ERROR +switch +Open vSwitch's database does not answer: /);
  expect(out).toContain('mend it: systemctl start openvswitch-switch\n');
  expect(out).toMatch(/^warning +daemon +The daemon does not answer: /m);
});

test('-o json has the worst severity and every finding', async () => {
  const { out } = await run(`doctor -o json --vtep-ip 192.0.2.77 ${nowhere}`);
  const { worst, findings } = JSON.parse(out) as { worst: string; findings: Record<string, string>[] };
  expect(worst).toBe('error');
  expect(findings.map(({ code: name }) => name)).toEqual(expect.arrayContaining(['database-down', 'vtep-not-here']));
  expect(Object.keys(findings[0] ?? {}).toSorted()).toEqual([
    'area',
    'code',
    'command',
    'consequence',
    'severity',
    'what',
  ]);
});

test('a running daemon says what shall be, and where its switch is; set and config work on it', async () => {
  const home = scratch();
  undo.push(() => home.remove());
  const socket = join(home.path, 's.sock');
  const daemon = await serveProcess(['--sandbox', '--state-dir', join(home.path, 'state'), '--socket', socket]);
  undo.push(() => daemon.kill('SIGTERM'));
  const env = { SLUICE_SOCKET: socket };

  await expect
    .poll(async () => (await run('doctor', { env })).out, { timeout: 10_000 })
    .toMatch(/daemon runs and every/);
  expect((await run('doctor', { env })).code).toBe(0);
  expect((await run('set -vtep-ip 192.0.2.77 -vlan-if eth1,eth2', { env })).code).toBe(0);
  const config = (await run('config', { env })).out;
  expect(config).toMatch(/^vtepIp +192\.0\.2\.77 +API$/m);
  expect(config).toMatch(/^datapathType +dummy +--sandbox$/m);
  expect(config).toMatch(/^vlanInterfaces +eth1,eth2 +API$/m);
  expect(config).toMatch(/^arpMode +proxy +default$/m);

  const { code, out } = await run('doctor', { env });
  expect(code).toBe(1);
  expect(out).toContain('The VTEP address 192.0.2.77 is on no interface of this host.\n');
  await run('set vtep-ip none', { env });
  expect((await run('doctor', { env })).code).toBe(0);
});
