/** Meters from objects to a real switch and back: in place when a rate changes, found again, gone with who had them. */
import { afterEach, expect, test } from 'vitest';
import { ofctlLines, startHost, type Host } from './bench-host.js';

let host: Host;
afterEach(async () => {
  await host?.stop();
});

const endpoint = (n: number) => ({
  kind: 'endpoint',
  id: `w${n}`,
  tenant: 'blue',
  network: 'n',
  group: 'g',
  mac: `02:00:00:00:00:0${n}`,
  interface: `w${n}`,
});
const profile = { kind: 'netProfile', tenant: 'blue', name: 'gold', bandwidth: '10 mbps', dscp: 46 };
const objects = [
  { kind: 'tenant', name: 'blue' },
  { kind: 'network', tenant: 'blue', name: 'n', encap: 'vlan', vlan: 7 },
  profile,
  { kind: 'group', tenant: 'blue', name: 'g', netProfile: 'gold' },
  endpoint(1),
  endpoint(2),
];

/** `id rate burst` of every meter in the switch, sorted by id. */
async function meters(): Promise<string[]> {
  const text = await host.sandbox.ofctl(['dump-meters', host.sandbox.mgmt('br-sluice')]);
  const found = [...text.matchAll(/meter=(\d+) kbps burst bands=\s+type=drop rate=(\d+) burst_size=(\d+)/g)];
  return found
    .map(([, id, rate, burst]) => [Number(id), `${rate} ${burst}`] as const)
    .toSorted(([x], [y]) => x - y)
    .map(([id, rest]) => `${id} ${rest}`);
}

async function startWith(put: readonly unknown[]): Promise<void> {
  host = await startHost();
  const result = await host.controller.apply({ put }, 'committed');
  expect(result.attention).toEqual([]);
}

const rates = (lines: readonly string[]) => lines.map((line) => line.replace(/^\d+ /, ''));

test('each endpoint of the group has two meters, which a changed rate modifies in place', async () => {
  await startWith(objects);
  const before = await meters();
  expect(rates(before)).toEqual(Array(4).fill('10000 1000'));
  const flows = await ofctlLines(host.sandbox);
  const put = [{ ...profile, bandwidth: '2 mbps' }];
  const { commit } = await host.controller.apply({ put }, 'committed');
  expect(commit).toMatchObject({ added: 0, modified: 4, deleted: 0 });
  expect(await meters()).toEqual(before.map((line) => line.replace('10000 1000', '2000 512')));
  expect(await ofctlLines(host.sandbox)).toEqual(flows);
});

test('scope group: two meters, however many endpoints; no gap on the way there', async () => {
  await startWith(objects);
  await host.controller.apply({ put: [{ ...profile, scope: 'group' }] }, 'committed');
  expect(rates(await meters())).toEqual(Array(2).fill('10000 1000'));
  await host.controller.apply({ put: [profile] }, 'committed');
  expect(await meters()).toHaveLength(4);
});

test('a daemon started again on the same store and switch sends no meter anew', async () => {
  await startWith([
    ...objects,
    { ...profile, name: 'shared', scope: 'group' },
    { ...endpoint(3), group: 'h' },
    { kind: 'group', tenant: 'blue', name: 'h', netProfile: 'shared' },
  ]);
  const before = await meters();
  expect(before).toHaveLength(6);
  host = await host.restart();
  expect(host.events.findLast((event) => event.type === 'resynced')?.fields?.['sent']).toBe(0);
  expect(await meters()).toEqual(before);
});

test('a meter altered, one deleted and one added behind our back are put right at the next connect', async () => {
  await startWith(objects);
  const before = await meters();
  const flows = await ofctlLines(host.sandbox);
  const [first, second] = before.map((line) => line.split(' ')[0]);
  const bridge = host.sandbox.mgmt('br-sluice');
  await host.sandbox.ofctl(['mod-meter', bridge, `meter=${first},kbps,burst,band=type=drop,rate=1,burst_size=1`]);
  await host.sandbox.ofctl(['del-meter', bridge, `meter=${second}`]);
  await host.sandbox.ofctl(['add-meter', bridge, 'meter=99999,kbps,burst,band=type=drop,rate=5,burst_size=5']);
  host = await host.restart();
  expect(await meters()).toEqual(before);
  expect(await ofctlLines(host.sandbox)).toEqual(flows);
});

test('meters go with the profile, with the endpoints, and with the group', async () => {
  await startWith(objects);
  const group = { kind: 'group', tenant: 'blue', name: 'g' };
  await host.controller.apply({ put: [group] }, 'committed');
  expect(await meters()).toEqual([]);
  await host.controller.apply({ put: [{ ...group, netProfile: 'gold' }] }, 'committed');
  expect(await meters()).toHaveLength(4);
  await host.controller.apply({ delete: [{ kind: 'endpoint', key: 'w1' }] }, 'committed');
  expect(await meters()).toHaveLength(2);
  const refused = await host.controller
    .apply({ delete: [{ kind: 'netProfile', key: 'blue/gold' }] }, 'committed')
    .catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: 'in_use' });
  await host.controller.apply({ delete: [{ kind: 'tenant', key: 'blue' }], cascade: true }, 'committed');
  expect(await meters()).toEqual([]);
});

test('tunnelDscp copy: the tunnel takes over the DSCP of the packet inside, and none leaves it at 0', async () => {
  await startWith(objects);
  const settings = { vtepIp: '172.31.0.1', tunnelDscp: 'copy' };
  await host.controller.apply({ settings }, 'committed');
  expect(await host.sandbox.vsctl('get', 'interface', 'sluice-vxlan', 'options:tos')).toContain('inherit');
  await host.controller.apply({ settings: { tunnelDscp: 'none' } }, 'committed');
  expect(await host.sandbox.vsctl('--if-exists', 'get', 'interface', 'sluice-vxlan', 'options')).not.toContain('tos');
});
