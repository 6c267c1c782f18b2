/**
 * The uplink's rows in the switch's database through every live change: what is wanted is there, nothing of the old is left.
 * Neighbours: test/packets/uplink.test.ts sends packets over the same changes.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ofctlLines, startHost, type Host } from './bench-host.js';

let host: Host;
beforeEach(async () => {
  host = await startHost();
});
afterEach(async () => {
  await host?.stop();
});

const nicNames = ['eth1', 'eth2', 'eth3.100', 'en-x', 'abcdefghijklmno'];

interface Uplink {
  [port: string]: { nics: string[]; mode?: string; lacp?: string };
}

const set = (settings: Record<string, unknown>) => host.controller.apply({ settings }, 'committed');

/** The marked uplink ports of a bridge, with their NICs; undefined without the bridge. */
async function uplinkOf(bridge = 'br-sluice-up'): Promise<Uplink | undefined> {
  const vsctl = (...args: string[]) => host.sandbox.vsctl(...args);
  if (!(await vsctl('list-br')).split('\n').includes(bridge)) return undefined;
  const found: Uplink = {};
  for (const port of (await vsctl('list-ports', bridge)).split('\n').filter((name) => name !== '')) {
    const get = async (column: string) => (await vsctl('get', 'port', port, column)).trim().replaceAll('"', '');
    if ((await vsctl('--if-exists', 'get', 'port', port, 'external_ids:sluice-role')).trim() !== 'uplink') continue;
    const ids = [...(await get('interfaces')).matchAll(/[0-9a-f-]{36}/g)].map(([id]) => id);
    const nics = await Promise.all(ids.map((id) => vsctl('get', 'interface', id, 'name')));
    const bond = ids.length > 1 ? { mode: await get('bond_mode'), lacp: await get('lacp') } : {};
    found[port] = { nics: nics.map((name) => name.trim().replaceAll('"', '')).toSorted(), ...bond };
  }
  return found;
}

/** Interface rows of NICs anywhere in the database. */
async function leftNics(): Promise<string[]> {
  const text = await host.sandbox.vsctl('--bare', '--columns=name', 'list', 'interface');
  return text
    .split('\n')
    .filter((name) => nicNames.includes(name))
    .toSorted();
}

const bond = { mode: 'balance-tcp', lacp: 'active' };

test('single → bond → other order → other NIC → three → none → single leaves exactly what is wanted each time', async () => {
  const steps: [string[], Uplink | undefined][] = [
    [['eth1'], { eth1: { nics: ['eth1'] } }],
    [['eth1', 'eth2'], { 'sluice-bond': { nics: ['eth1', 'eth2'], ...bond } }],
    [['eth2', 'eth1'], { 'sluice-bond': { nics: ['eth1', 'eth2'], ...bond } }],
    [['eth2'], { eth2: { nics: ['eth2'] } }],
    [['eth1'], { eth1: { nics: ['eth1'] } }],
    [
      ['eth3.100', 'en-x', 'abcdefghijklmno'],
      { 'sluice-bond': { nics: ['abcdefghijklmno', 'en-x', 'eth3.100'], ...bond } },
    ],
    [['eth1', 'en-x'], { 'sluice-bond': { nics: ['en-x', 'eth1'], ...bond } }],
    [[], undefined],
    [['abcdefghijklmno'], { abcdefghijklmno: { nics: ['abcdefghijklmno'] } }],
  ];
  for (const [vlanInterfaces, expected] of steps) {
    await set({ vlanInterfaces });
    await expect.poll(() => uplinkOf(), { timeout: 5000 }).toEqual(expected);
    expect(await leftNics()).toEqual(vlanInterfaces.toSorted());
    const patches = (await host.sandbox.vsctl('list-ports', 'br-sluice')).includes('sluice-uplink');
    expect(patches).toBe(vlanInterfaces.length > 0);
    expect(host.controller.health()).toMatchObject({ ready: true, reasons: [] });
  }
});

test('two NICs are never two ports of the uplink bridge, not even for a moment', async () => {
  const transactions = async () => Number(await host.sandbox.vsctl('get', 'open_vswitch', '.', 'next_cfg'));
  await set({ vlanInterfaces: ['eth1'] });
  for (const vlanInterfaces of [['eth2'], ['eth1', 'eth2'], ['eth1'], ['eth1', 'eth2'], ['eth2', 'en-x']]) {
    const before = await transactions();
    await set({ vlanInterfaces });
    expect((await transactions()) - before).toBe(1);
    expect(await leftNics()).toEqual(vlanInterfaces.toSorted());
  }
});

test('a NIC keeps its Interface row when it becomes a bond member and back', async () => {
  const uuid = () => host.sandbox.vsctl('get', 'interface', 'eth1', '_uuid');
  await set({ vlanInterfaces: ['eth1'] });
  const row = await uuid();
  await set({ vlanInterfaces: ['eth1', 'eth2'] });
  expect(await uuid()).toBe(row);
  await set({ vlanInterfaces: ['eth1'] });
  expect(await uuid()).toBe(row);
});

test('the order of NICs means nothing: no transaction, no flow', async () => {
  await set({ vlanInterfaces: ['eth1', 'eth2'] });
  const before = await host.sandbox.vsctl('get', 'open_vswitch', '.', 'next_cfg');
  const { commit } = await set({ vlanInterfaces: ['eth2', 'eth1'] });
  expect(commit).toMatchObject({ added: 0, modified: 0, deleted: 0 });
  expect(await host.sandbox.vsctl('get', 'open_vswitch', '.', 'next_cfg')).toBe(before);
});

test('mode and LACP change on the bond that is there', async () => {
  await set({ vlanInterfaces: ['eth1', 'eth2'] });
  const row = await host.sandbox.vsctl('get', 'port', 'sluice-bond', '_uuid');
  const other = () => host.sandbox.vsctl('get', 'port', 'sluice-bond', 'other_config');
  expect(await other()).toContain('lacp-fallback-ab="true"');
  await set({ bond: { mode: 'active-backup', lacp: 'off' } });
  expect(await uplinkOf()).toEqual({ 'sluice-bond': { nics: ['eth1', 'eth2'], mode: 'active-backup', lacp: 'off' } });
  expect((await other()).trim()).toBe('{}');
  await set({ bond: { mode: 'balance-slb', lacp: 'passive' } });
  expect(await uplinkOf()).toMatchObject({ 'sluice-bond': { mode: 'balance-slb', lacp: 'passive' } });
  expect(await host.sandbox.vsctl('get', 'port', 'sluice-bond', '_uuid')).toBe(row);
});

test('VLAN uplink and underlay may exchange their NICs in one change', async () => {
  await set({ vlanInterfaces: ['eth1'], underlayInterfaces: ['eth2'] });
  await set({ vlanInterfaces: ['eth2'], underlayInterfaces: ['eth1'] });
  expect(await uplinkOf()).toEqual({ eth2: { nics: ['eth2'] } });
  expect(await uplinkOf('br-sluice-ul')).toEqual({ eth1: { nics: ['eth1'] } });
  await set({ vlanInterfaces: ['eth2', 'eth1'], underlayInterfaces: [] });
  await expect.poll(() => uplinkOf('br-sluice-ul'), { timeout: 5000 }).toBeUndefined();
  expect(await uplinkOf()).toEqual({ 'sluice-bond': { nics: ['eth1', 'eth2'], ...bond } });
});

test('another name of the uplink bridge takes NICs and patch along', async () => {
  await set({ vlanInterfaces: ['eth1', 'eth2'] });
  await set({ uplinkBridge: 'br-other' });
  await expect.poll(() => uplinkOf(), { timeout: 5000 }).toBeUndefined();
  expect(await uplinkOf('br-other')).toEqual({ 'sluice-bond': { nics: ['eth1', 'eth2'], ...bond } });
  expect((await host.sandbox.vsctl('list-ports', 'br-other')).split('\n')).toContain('sluice-int');
});

describe('refused, with the old setting still working', () => {
  test.each<[string, Record<string, unknown>, string]>([
    ['one NIC in two uplinks', { underlayInterfaces: ['eth1'] }, 'cannot be the VLAN uplink and the underlay at once'],
    ['a NIC twice', { vlanInterfaces: ['eth1', 'eth1'] }, 'twice'],
    ['balance-tcp without LACP', { bond: { lacp: 'off' } }, 'balance-tcp needs LACP'],
    ['another integration bridge', { bridge: 'br-other' }, 'to move, restart it with --bridge br-other'],
  ])('%s', async (_name, settings, message) => {
    await set({ vlanInterfaces: ['eth1'] });
    await expect(set(settings)).rejects.toMatchObject({
      code: 'invalid_request',
      problems: [{ message: expect.stringContaining(message) as string }],
    });
    expect(await uplinkOf()).toEqual({ eth1: { nics: ['eth1'] } });
  });
});

test("a NIC in somebody's bond waits with the command that frees it, and is taken when it is free", async () => {
  await host.sandbox.vsctl('add-br', 'theirs', '--', 'add-bond', 'theirs', 'bond7', 'eth2', 'eth3.100');
  await set({ vlanInterfaces: ['eth2'] });
  expect(host.controller.health().reasons).toEqual([
    'eth2 is in port bond7 of bridge theirs; take it off there: ovs-vsctl del-port theirs bond7',
  ]);
  await host.sandbox.vsctl('del-port', 'theirs', 'bond7');
  await expect.poll(() => uplinkOf(), { timeout: 5000 }).toEqual({ eth2: { nics: ['eth2'] } });
  expect(host.controller.health().reasons).toEqual([]);
});

test('another VTEP address changes one flow; another VXLAN port changes none and keeps the tunnel port', async () => {
  const put = [
    { kind: 'settings', datapathType: 'dummy', vtepIp: '10.0.0.5' },
    { kind: 'tenant', name: 'blue' },
    { kind: 'network', tenant: 'blue', name: 'over', encap: 'vxlan', vni: 7 },
    ...['10.0.0.6', '10.1.11.1', '10.11.1.1', 'fd00::6'].map((vtepIp) => ({ kind: 'peer', vtepIp })),
    ...['10.0.0.6', '10.1.11.1', '10.11.1.1', 'fd00::6'].map((vtepIp, i) => ({
      kind: 'endpoint',
      id: `e${i}`,
      tenant: 'blue',
      network: 'over',
      mac: `02:00:00:00:00:0${i}`,
      vtepIp,
    })),
  ];
  await host.controller.apply({ put }, 'committed');
  const ofport = () => host.sandbox.vsctl('get', 'interface', 'sluice-vxlan', 'ofport');
  const [port, before] = [await ofport(), await ofctlLines(host.sandbox)];
  const { commit } = await set({ vtepIp: '10.0.0.9' });
  expect(commit).toMatchObject({ added: 0, modified: 1, deleted: 0 });
  const after = await ofctlLines(host.sandbox);
  expect(after.filter((line) => !before.includes(line))).toEqual([expect.stringContaining('10.0.0.9->tun_src')]);
  expect(before.filter((line) => !after.includes(line))).toHaveLength(1);

  expect((await set({ vxlanPort: 8472 })).commit).toMatchObject({ added: 0, modified: 0, deleted: 0 });
  expect(await host.sandbox.vsctl('get', 'interface', 'sluice-vxlan', 'options:dst_port')).toContain('8472');
  expect(await ofport()).toBe(port);
  expect(await ofctlLines(host.sandbox)).toEqual(after);
});
