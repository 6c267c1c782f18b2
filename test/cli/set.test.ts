/** `sluice set` and `sluice config`: serve's names and words, on a daemon that runs. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { serveTestApi } from '../api/support.js';
import type { Served } from '../api/support.js';
import { run } from './support.js';

let served: Served;
let env: Record<string, string>;

beforeEach(async () => {
  served = await serveTestApi();
  env = { SLUICE_SOCKET: served.socket };
});
afterEach(() => served.stop());

const spec = () => served.controller.state.settings.spec;

test.each<[string | string[], object]>([
  ['set vtep-ip 10.0.0.7', { vtepIp: '10.0.0.7' }],
  ['set vtepIp FD00:0::7', { vtepIp: 'fd00::7' }],
  ['set vlan-if eth1,eth2', { vlanInterfaces: ['eth1', 'eth2'] }],
  ['set vlan-if eth1 eth2', { vlanInterfaces: ['eth1', 'eth2'] }],
  [['set', 'vlan-uplinks', ' eth3.100 , en-x,'], { vlanInterfaces: ['eth3.100', 'en-x'] }],
  ['set -vtep-ip 10.0.0.7 -vlan-if eth1', { vtepIp: '10.0.0.7', vlanInterfaces: ['eth1'] }],
  ['set --bond-mode active-backup --lacp off', { bond: { mode: 'active-backup', lacp: 'off' } }],
  ['set vxlan-port 8472', { vxlanPort: 8472 }],
])('%s', async (line, expected) => {
  const { code, out } = await run(line, { env });
  expect(code).toBe(0);
  expect(out).toMatch(/^0 created, 1 updated, 0 deleted, 0 unchanged/);
  expect(spec()).toMatchObject(expected);
});

test('what is not named stays; none empties, default resets', async () => {
  await run('set -vtep-ip 10.0.0.7 -vlan-if eth1 -vxlan-port 8472', { env });
  await run('set vlan-if none', { env });
  expect(spec()).toMatchObject({ vtepIp: '10.0.0.7', vxlanPort: 8472 });
  expect(spec().vlanInterfaces).toBeUndefined();
  await run('set vxlan-port default', { env });
  await run('set vtep-ip none', { env });
  expect(spec().vxlanPort).toBe(4789);
  expect(spec().vtepIp).toBeUndefined();
});

test('a start that says otherwise is told', async () => {
  expect((await run('set vtep-ip 10.0.0.9', { env })).err).toBe(
    'sluice: --vtep-ip says 10.0.0.5, which is in force again after a restart; change it too\n',
  );
});

describe('mistakes are those of serve', () => {
  test.each([
    ['set', 'set needs a setting and its value (see `sluice set --help`)'],
    ['set vtep-ip', 'vtep-ip needs a value (for example: --vtep-ip 10.0.0.5)'],
    ['set vtep-ip 10.0.0', 'vtep-ip: "10.0.0" is not an IP address (for example 10.0.0.5 or fd00::5)'],
    ['set vtep-ip 10.0.0.1 10.0.0.2', 'vtep-ip takes one value, not 2'],
    ['set vlan-if eth1,eth1', 'vlan-if names eth1 twice (give each name once)'],
    ['set vlanif eth1', 'there is no setting "vlanif" (did you mean vlan-if?)'],
    ['set log-level debug', 'log-level cannot change while the daemon runs (give it to serve: --log-level debug)'],
    ['set vtep-ip 10.0.0.1 --vtep-ip 10.0.0.2', 'vtep-ip is given twice'],
  ])('%s', async (line, message) => {
    expect(await run(line, { env })).toEqual({ code: 2, out: '', err: `sluice: ${message}\n` });
  });

  test('what the daemon refuses is exit 4, with the reason', async () => {
    const { code, err } = await run('set --bond-mode balance-tcp --lacp off', { env });
    expect(code).toBe(4);
    expect(err).toContain(
      'balance-tcp needs LACP (use active-backup or balance-slb without it)\nnothing was changed\n',
    );
  });
});

test('config prints what is in force and who said so', async () => {
  expect((await run('config', { env })).out).toBe(
    'SETTING         VALUE      FROM\n' +
      'vtepIp          10.0.0.9   API (--vtep-ip says 10.0.0.5)\n' +
      'vlanInterfaces  eth1,eth2  /etc/sluice/config.yaml:3\n',
  );
  expect(JSON.parse((await run('config -o json', { env })).out).settings).toHaveLength(2);
  expect((await run('config', { env: { SLUICE_SOCKET: '/nowhere/s.sock' } })).code).toBe(5);
});
