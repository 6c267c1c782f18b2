/**
 * Bonds against a second Open vSwitch as partner: negotiated, a member lost, a partner fallen silent, one that knows no LACP.
 * Needs root for network namespaces; says so and skips otherwise.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DatapathEvent } from '../../src/datapath/face.js';
import { buildApi, listen } from '../../src/api/index.js';
import { diagnose } from '../../src/doctor/index.js';
import { run } from '../cli/support.js';
import { scratch } from './overlay.js';
import { buildFabric, far, outageMs, type Fabric } from './fabric.js';

const root = process.getuid?.() === 0;
if (!root) console.warn('skipped: packet tests need root for network namespaces');

const patiently = { timeout: 15_000, interval: 20 };

describe.skipIf(!root)('a bond towards a fabric', () => {
  let fabric: Fabric;
  beforeAll(async () => {
    fabric = await buildFabric();
  });
  afterAll(async () => {
    await fabric?.stop();
  });
  const heard = () => ['eth1', 'eth2'].map((name) => fabric.member(name)?.lacp);
  const negotiated = () => expect.poll(heard, patiently).toEqual(['current', 'current']);
  const uplinkEvents = (from: number): string[] =>
    fabric.events.slice(from).flatMap(({ type, message }: DatapathEvent) => (type === 'uplink' ? [message] : []));

  const home = scratch();
  afterAll(() => home.remove());
  const examine = () => {
    const { remote, rundir } = fabric.host.sandbox;
    const wishes = { bridge: 'br-sluice', uplinkBridge: 'br-sluice-up', datapathType: 'netdev' };
    const daemon = { reasons: [], attention: [] };
    const { netns } = fabric.host;
    return diagnose({ database: remote, rundir, usualPlace: false, wishes, daemon, netns });
  };

  test('LACP is negotiated, and the status says so as the switch’s own tools do', async () => {
    await negotiated();
    await fabric.near.waitForPing(far);
    expect(fabric.uplink()).toMatchObject({
      bridge: 'br-sluice-up',
      port: 'sluice-bond',
      bondMode: 'balance-tcp',
      lacp: 'active',
      members: [
        { name: 'eth1', link: 'up', lacp: 'current' },
        { name: 'eth2', link: 'up', lacp: 'current' },
      ],
    });
    expect(fabric.uplink()?.members.filter(({ active }) => active)).toHaveLength(1);
    // The partner is on the other side: frames of its VLAN have come by the uplink.
    const findings = await examine();
    expect(findings.find(({ code }) => code === 'vlan-seen')?.what).toMatch(
      /^VLAN 100 by the uplink: \d+ packets? came, the last [0-3] s ago\.$/,
    );
    expect(findings.filter(({ code }) => code === 'uplink-well')).toHaveLength(2);
    for (const { sandbox } of [fabric.host, fabric.partner]) {
      expect(await sandbox.appctl('lacp/show')).toMatch(/status: active negotiated\n/);
    }
    const shown = await fabric.host.sandbox.appctl('bond/show', 'sluice-bond');
    const active = fabric.uplink()?.members.find((member) => member.active)?.name;
    expect(shown).toMatch(new RegExp(`active member mac: [0-9a-f:]+\\(${active}\\)`));
  });

  test.each([
    ['eth1', 'eth2'],
    ['eth2', 'eth1'],
  ])('%s without carrier: traffic goes by %s in under a second, and comes back without a gap', async (nic, other) => {
    await negotiated();
    const from = fabric.events.length;
    const gone = await outageMs(
      fabric.near,
      () => fabric.cable(nic, 'down'),
      () => fabric.member(nic)?.link === 'down',
    );
    expect(fabric.member(other)).toMatchObject({ link: 'up', active: true, lacp: 'current' });
    const back = await outageMs(
      fabric.near,
      () => fabric.cable(nic, 'up'),
      () => fabric.member(nic)?.lacp === 'current',
    );
    console.info(`${nic} without carrier: ${gone} ms without an answer, ${back} ms when it came back`);
    expect(gone).toBeLessThan(1000);
    expect(back).toBeLessThan(1000);
    expect(uplinkEvents(from)).toEqual(
      expect.arrayContaining([
        `${nic} of br-sluice-up: its link is down`,
        `${nic} of br-sluice-up: its link is up`,
        `${nic} of br-sluice-up: its LACP partner answers`,
      ]),
    );
  });

  test('a partner that falls silent on a link that stays up is noticed within 4 s, and traffic goes by the other', async () => {
    await negotiated();
    const from = fabric.events.length;
    const began = performance.now();
    let noticed = 0;
    const gone = await outageMs(
      fabric.near,
      () => fabric.swallow(true),
      () => {
        if (fabric.member('eth1')?.lacp === 'current') return false;
        noticed = performance.now() - began;
        return true;
      },
    );
    console.info(`silent partner: noticed after ${Math.round(noticed)} ms, ${gone} ms without an answer`);
    expect(fabric.member('eth1')).toMatchObject({ link: 'up', lacp: 'expired', active: false });
    expect(fabric.member('eth2')).toMatchObject({ link: 'up', lacp: 'current', active: true });
    expect(noticed).toBeLessThan(4000);
    expect(gone).toBeLessThan(4000);
    expect(uplinkEvents(from)).toContain('eth1 of br-sluice-up: its LACP partner is silent');
    const doctor = await examine();
    expect(doctor.find(({ code }) => code === 'lacp-silent')?.what).toMatch(/^The LACP partner of eth1 is silent/);
    await fabric.swallow(false);
    await negotiated();
    expect(uplinkEvents(from)).toContain('eth1 of br-sluice-up: its LACP partner answers');
  });

  test('the partner’s vswitchd stops: both members are silent within 4 s, and it is mended when it goes on', async () => {
    await negotiated();
    const pid = fabric.partner.sandbox.vswitchdPid ?? 0;
    const began = performance.now();
    process.kill(pid, 'SIGSTOP');
    try {
      await expect.poll(heard, patiently).toEqual(['expired', 'expired']);
      expect(performance.now() - began).toBeLessThan(4000);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await negotiated();
    await fabric.near.waitForPing(far);
  });

  test.each([
    ['balance-tcp', 'passive', { lacp: 'active', bond_mode: 'balance-tcp' }],
    ['balance-slb', 'active', { lacp: 'passive', bond_mode: 'balance-slb' }],
  ] as const)('%s with LACP %s and a partner %j', async (mode, lacp, partner) => {
    await fabric.partnerBond(partner);
    await fabric.daemon.apply({ settings: { bond: { mode, lacp } } }, 'effective');
    await negotiated();
    await fabric.near.waitForPing(far);
    expect(fabric.uplink()).toMatchObject({ bondMode: mode, lacp });
  });

  test('a partner that knows no LACP is served by one member', async () => {
    await fabric.daemon.apply({ settings: { bond: { mode: 'balance-tcp', lacp: 'active' } } }, 'effective');
    await fabric.partnerPorts();
    await expect.poll(heard, patiently).toEqual(['defaulted', 'defaulted']);
    await fabric.near.waitForPing(far);
    expect(fabric.uplink()?.members.filter(({ active }) => active)).toHaveLength(1);

    // The doctor says what to do, and doing it mends.
    const socket = join(home.path, 's.sock');
    const app = buildApi({ controller: fabric.daemon, version: '0' });
    const listening = await listen(app, `punix:${socket}`);
    try {
      const found = (await examine()).filter(({ code }) => code === 'lacp-no-partner');
      expect(found).toHaveLength(2);
      const command = found[0]?.command?.replace(/^sluice /, '') ?? '';
      expect((await run(command, { env: { SLUICE_SOCKET: socket } })).code).toBe(0);
      await expect.poll(async () => (await examine()).map(({ code }) => code)).not.toContain('lacp-no-partner');
      await fabric.near.waitForPing(far);
      expect((await run('status', { env: { SLUICE_SOCKET: socket } })).out).toMatch(
        /^uplink +sluice-bond on br-sluice-up, active-backup, no LACP: eth1 up/m,
      );
    } finally {
      await listening.close();
    }
  });

  test.each([['active-backup'], ['balance-slb']] as const)(
    '%s without LACP survives the loss of the active member, and announces the endpoints by the other',
    async (mode) => {
      await fabric.partnerPorts();
      await fabric.daemon.apply({ settings: { bond: { mode, lacp: 'off' } } }, 'effective');
      await fabric.near.waitForPing(far);
      await expect.poll(() => fabric.uplink()?.members.filter(({ active }) => active).length, patiently).toBe(1);
      expect(heard()).toEqual([undefined, undefined]);
      const active = fabric.uplink()?.members.find((member) => member.active)?.name ?? '';
      const other = active === 'eth1' ? 'eth2' : 'eth1';
      const wire = await fabric.partner.capture(other, 'vlan 100 and arp');
      const gone = await outageMs(
        fabric.near,
        () => fabric.cable(active, 'down'),
        () => fabric.member(active)?.link === 'down',
      );
      console.info(`${mode}: ${gone} ms without an answer when ${active} went`);
      // The fabric learns by which link the endpoint is reached now.
      await wire.waitFor(/who-has 10\.2\.2\.1 .*tell 10\.2\.2\.1/);
      await wire.stop();
      expect(gone).toBeLessThan(1000);
      await fabric.cable(active, 'up');
      await expect.poll(() => fabric.member(active)?.link, patiently).toBe('up');
    },
  );

  test('a member that is unplugged is said to be missing, and traffic goes by the other', async () => {
    await fabric.partnerBond({ lacp: 'active', bond_mode: 'balance-tcp' });
    await fabric.daemon.apply({ settings: { bond: { mode: 'balance-tcp', lacp: 'active' } } }, 'effective');
    await negotiated();
    const from = fabric.events.length;
    const gone = await outageMs(
      fabric.near,
      () => fabric.host.exec('ip', 'link', 'del', 'eth2'),
      () => fabric.member('eth2')?.link === 'missing',
    );
    expect(gone).toBeLessThan(1000);
    expect(uplinkEvents(from)).toContain('eth2 of br-sluice-up: it is gone from this host');
    expect(await fabric.near.ping(far)).toMatchObject({ lost: 0 });
  });
});
