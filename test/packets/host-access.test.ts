/**
 * Host access with packets: the host reaches local endpoints at addresses of its own subnet, and they reach it and what is behind it.
 * Needs root for network namespaces; says so and skips otherwise.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hostPortLines } from '../../src/datapath/host-port.js';
import { accessAddress, formatIpv4, restore, storedOf } from '../../src/model/index.js';
import { until } from '../../src/sandbox/index.js';
import { objectsOf } from '../model/support.js';
import { buildOverlay, type Overlay } from './overlay.js';

const root = process.getuid?.() === 0;
if (!root) console.warn('skipped: packet tests need root for network namespaces');

const network = (tenant: string, vni: number) => ({
  ...{ kind: 'network', tenant, name: 'over', vni, forwarding: 'routing' },
  ...{ subnet: '10.1.1.0/24', gateway: '10.1.1.254' },
});
const objects = [
  { kind: 'tenant', name: 'blue' },
  { kind: 'tenant', name: 'red' },
  network('blue', 5001),
  network('red', 5002),
  { kind: 'policy', tenant: 'blue', name: 'guard' },
  { kind: 'group', tenant: 'blue', name: 'guarded', policies: ['guard'], defaultAction: 'deny' },
  {
    ...{ kind: 'rule', tenant: 'blue', policy: 'guard', id: '1', direction: 'in', action: 'allow' },
    ...{ protocol: 'tcp', ports: 8080, peer: { cidrs: ['172.19.255.254/32'] } },
  },
];
const place = (id: string, host: 0 | 1, tenant: string, last: number, group?: string) => ({
  ...{
    id,
    host,
    tenant,
    network: 'over',
    mac: `02:00:00:00:0${last}:01`,
    ipv4: `10.1.1.${last}`,
    gateway: '10.1.1.254',
  },
  ...(group === undefined ? {} : { group }),
});
/** a and r have the same address, in two tenants. */
const places = [
  place('a', 0, 'blue', 1),
  place('g', 0, 'blue', 2, 'guarded'),
  place('r', 0, 'red', 1),
  place('far', 1, 'blue', 3),
];
const outside = '203.0.113.1';

describe.skipIf(!root)('host access', () => {
  let overlay: Overlay;
  beforeAll(async () => {
    overlay = await buildOverlay(objects, places);
    await overlay.settings({ hostAccess: {} });
    // The daemon does this where it shares the host's network; in the lab it does not.
    for (const [i, host] of overlay.hosts.entries()) {
      for (const line of hostPortLines(overlay.daemons[i]!.state.settings)) await host.exec('ip', ...line.split(' '));
    }
    await overlay.hosts[0].exec('ip', 'addr', 'add', `${outside}/32`, 'dev', 'lo');
  });
  afterAll(async () => {
    await overlay?.stop();
  });
  const w = (id: string) => overlay.workload(id);
  const addressOf = (id: string): string | undefined =>
    overlay.daemons[0].status({ kind: 'endpoint', key: id }).hostAddress;

  /** What a program in the host says. */
  const say = (script: string) => overlay.hosts[0].exec('sh', '-c', `${script} || true`);
  const connects = async (address: string, port: number) =>
    (
      await say(
        `python3 -c "import socket; socket.create_connection(('${address}', ${port}), 0.6); print('connected')" 2>/dev/null`,
      )
    ).includes('connected');

  test('each local endpoint of a VXLAN network has an address of its own, and a remote one has none', () => {
    const all = ['a', 'g', 'r'].map(addressOf);
    for (const address of all) expect(address).toMatch(/^172\.19\./);
    expect(new Set(all).size).toBe(3);
    expect(addressOf('far')).toBeUndefined();
  });

  test('its address there stays the same, whatever else changes, and over a restart of the daemon', async () => {
    const [daemon] = overlay.daemons;
    const ids = ['a', 'g', 'r'];
    const before = ids.map(addressOf);
    const late = { kind: 'endpoint', tenant: 'blue', network: 'over', mac: '02:00:00:00:09:01', interface: 'late0' };
    const { host: _, gateway: __, group: ___, ...g } = places[1]!;
    const put = [
      { ...late, id: '0', ipv4: '10.1.1.9' },
      { kind: 'endpoint', ...g, interface: 'g' },
    ];
    await daemon.apply({ put }, 'committed');
    expect(ids.map(addressOf)).toEqual(before);
    const { state } = restore(objectsOf(daemon.state).map(storedOf));
    const found = ids.map((id) => accessAddress(state, state.endpoints.get(id)!));
    expect(found.map((address) => formatIpv4(address!))).toEqual(before);
    const back = [{ kind: 'endpoint', ...g, group: 'guarded', interface: 'g' }];
    await daemon.apply({ put: back, delete: [{ kind: 'endpoint', key: '0' }] }, 'effective');
  });

  test.each(['a', 'r'])('the host reaches %s there, whatever addresses other tenants have', async (id) => {
    const address = addressOf(id)!;
    await until(`the host reaches ${id}`, async () =>
      (await say(`ping -n -c 1 -W 0.3 ${address}`)).includes('1 received'),
    );
    const seen = await w(id).capture('icmp');
    await say(`ping -n -c 1 -W 0.5 ${address}`);
    const lines = await seen.stop();
    expect(lines.some((line) => line.includes('172.19.255.254 > 10.1.1.1: ICMP echo request'))).toBe(true);
    const server = await w(id).listen(8080);
    expect(await connects(address, 8080)).toBe(true);
    await server.close();
  });

  test('what comes from the host is judged by the endpoint’s policy', async () => {
    const servers = [await w('g').listen(8080), await w('g').listen(8081)];
    expect(await connects(addressOf('g')!, 8080)).toBe(true);
    expect(await connects(addressOf('g')!, 8081)).toBe(false);
    await Promise.all(servers.map((server) => server.close()));
  });

  test.each(['a', 'r'])('%s reaches what is behind the host, from its address there', async (id) => {
    await w(id).waitForPing(outside);
    const seen = await overlay.hosts[0].capture('contivh0', 'icmp');
    expect(await w(id).ping(outside, { count: 2 })).toMatchObject({ received: 2 });
    expect((await seen.stop()).some((line) => line.includes(`${addressOf(id)} > ${outside}: ICMP echo request`))).toBe(
      true,
    );
  });

  test('an ICMP error from outside finds its way back', async () => {
    expect(await w('a').udp(outside, 9, 1500)).toBe('refused');
    expect(await w('r').udp(outside, 9, 1500)).toBe('refused');
  });

  test('without host access the port is gone, and so is the way', async () => {
    await overlay.settings({ hostAccess: null });
    await until('the port is gone', async () => !(await say('ip -br link')).includes('contivh0'));
    expect(await w('a').ping(outside, { count: 1 })).toMatchObject({ received: 0 });
    expect(addressOf('a')).toBeUndefined();
  });
});
