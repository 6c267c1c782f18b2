/**
 * The uplink and the VTEP address changed under running pings between two hosts.
 * Needs root for network namespaces; says so and skips otherwise.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ofctlLines } from '../datapath/bench-host.js';
import { buildOverlay, vteps, type Overlay } from './overlay.js';

const root = process.getuid?.() === 0;
if (!root) console.warn('skipped: packet tests need root for network namespaces');

const objects = [
  { kind: 'tenant', name: 'blue' },
  { kind: 'network', tenant: 'blue', name: 'over', encap: 'vxlan', vni: 5001, subnet: '10.1.1.0/24' },
  { kind: 'network', tenant: 'blue', name: 'lan', encap: 'vlan', vlan: 100, subnet: '10.2.2.0/24' },
];

const places = [
  { id: 'a', host: 0, tenant: 'blue', network: 'over', mac: '02:00:00:00:01:01', ipv4: '10.1.1.1' },
  { id: 'b', host: 1, tenant: 'blue', network: 'over', mac: '02:00:00:00:01:02', ipv4: '10.1.1.2' },
  { id: 'v1', host: 0, tenant: 'blue', network: 'lan', mac: '02:00:00:00:03:01', ipv4: '10.2.2.1' },
  { id: 'v2', host: 1, tenant: 'blue', network: 'lan', mac: '02:00:00:00:03:02', ipv4: '10.2.2.2' },
] as const;

describe.skipIf(!root)('settings changed on live hosts', () => {
  let overlay: Overlay;
  beforeAll(async () => {
    overlay = await buildOverlay(objects, places);
    await overlay.lab.wire(overlay.hosts[0], 'eth2', overlay.hosts[1], 'eth2');
  });
  afterAll(async () => {
    await overlay?.stop();
  });
  const w = (id: string) => overlay.workload(id);
  /** Both ends of the cables change together, as a fabric and its host do. */
  const uplinks = (vlanInterfaces: readonly string[]) =>
    Promise.all(overlay.daemons.map((daemon) => daemon.apply({ settings: { vlanInterfaces } }, 'effective')));
  /** The NICs that an uplink bridge of a host holds; undefined without the bridge. */
  const nics = async (host: 0 | 1) => {
    const { sandbox } = overlay.hosts[host];
    if (!(await sandbox.vsctl('list-br')).split('\n').includes('br-sluice-up')) return undefined;
    return (await sandbox.vsctl('list-ifaces', 'br-sluice-up')).split('\n').filter((name) => name.startsWith('eth'));
  };

  test('eth1 → eth1,eth2 → eth2 → none → eth1: VLAN endpoints talk again within a second each time', async () => {
    await w('v1').waitForPing('10.2.2.2');
    const pings = w('v1').startPing('10.2.2.2', { intervalMs: 20 });
    const back: Record<string, number> = {};
    for (const names of [['eth1', 'eth2'], ['eth2'], ['eth2', 'eth1'], ['eth1'], ['eth2'], [], ['eth1']]) {
      const changed = performance.now();
      await uplinks(names);
      for (const host of [0, 1] as const) {
        await expect.poll(() => nics(host)).toEqual(names.length === 0 ? undefined : names.toSorted());
      }
      if (names.length === 0) continue;
      const before = pings.received;
      // Twenty more, 20 ms apart: a second outage while LACP settles would count, too.
      await expect.poll(() => pings.received, { timeout: 5000, interval: 5 }).toBeGreaterThan(before + 20);
      back[names.join()] = Math.round(performance.now() - changed - 20 * 20);
    }
    console.info('VLAN endpoints talk again after, ms:', back);
    expect(Math.max(...Object.values(back))).toBeLessThan(1000);
    await pings.stop();
    await overlay.daemons[0].settled();
  });

  test('order of the NICs loses no packet', async () => {
    await uplinks(['eth1', 'eth2']);
    await w('v1').waitForPing('10.2.2.2');
    const pings = w('v1').startPing('10.2.2.2', { intervalMs: 20 });
    await expect.poll(() => pings.received).toBeGreaterThan(10);
    const before = pings.received;
    await uplinks(['eth2', 'eth1']);
    await expect.poll(() => pings.received).toBeGreaterThan(before + 10);
    expect(await pings.stop()).toMatchObject({ lost: 0 });
  });

  test('the VTEP address moves with at most one ping of ten a second lost, and one flow changes', async () => {
    const [h1, h2] = overlay.hosts;
    const [here, there] = overlay.daemons;
    const next = '172.31.0.101';
    await h1.exec('ip', 'addr', 'add', `${next}/24`, 'dev', 'br-phy');
    await w('a').waitForPing('10.1.1.2');
    const flowsBefore = await ofctlLines(h1.sandbox);
    const wire = await h2.capture('underlay0', 'udp port 4789');
    const pings = w('a').startPing('10.1.1.2', { intervalMs: 100 });
    await expect.poll(() => pings.received, { timeout: 5000 }).toBeGreaterThan(5);

    // The peer learns the new address first; the old one stays valid.
    await there.apply({ put: [{ kind: 'peer', vtepIp: next }] }, 'effective');
    const moved = await here.apply({ settings: { vtepIp: next } }, 'effective');
    expect(moved.commit).toMatchObject({ added: 0, modified: 1, deleted: 0 });
    await wire.waitFor(new RegExp(`${next.replaceAll('.', '\\.')}\\.\\d+ > ${vteps[1].replaceAll('.', '\\.')}\\.4789`));
    const flowsAfter = await ofctlLines(h1.sandbox);
    expect(flowsAfter.filter((line) => !flowsBefore.includes(line))).toEqual([
      expect.stringContaining(`set_field:${next}->tun_src`),
    ]);
    expect(flowsBefore.filter((line) => !flowsAfter.includes(line))).toHaveLength(1);
    // The peer's agent is told half a minute later.
    const mid = pings.received;
    await expect.poll(() => pings.received, { timeout: 45_000 }).toBeGreaterThan(mid + 295);

    // Now the peer sends to the new address, and the old one can go.
    const a = { kind: 'endpoint', id: 'a', tenant: 'blue', network: 'over', mac: places[0].mac, ipv4: '10.1.1.1' };
    await there.apply({ put: [{ ...a, vtepIp: next }] }, 'effective');
    await there.apply({ delete: [{ kind: 'peer', key: vteps[0] }] }, 'effective');
    const late = pings.received;
    await expect.poll(() => pings.received, { timeout: 5000 }).toBeGreaterThan(late + 5);
    const { lost, sent } = await pings.stop();
    console.info(`VTEP address moved: ${lost} of ${sent} pings lost`);
    expect(lost).toBeLessThanOrEqual(1);

    const lines = await wire.stop();
    const outer = (source: string) =>
      lines.findLastIndex((line) => line.includes(` ${source}.`) && line.includes(`> ${vteps[1]}.4789`));
    expect(outer(next)).toBeGreaterThan(outer(vteps[0]));
  }, 120_000);

  test('another VXLAN port on both hosts, while they talk', async () => {
    const [, h2] = overlay.hosts;
    const wire = await h2.capture('underlay0', 'udp port 8472');
    const pings = w('a').startPing('10.1.1.2', { intervalMs: 50 });
    await expect.poll(() => pings.received, { timeout: 5000 }).toBeGreaterThan(5);
    const change = (vxlanPort: number) =>
      Promise.all(overlay.daemons.map((daemon) => daemon.apply({ settings: { vxlanPort } }, 'effective')));
    const [here] = await change(8472);
    expect(here?.commit).toMatchObject({ added: 0, modified: 0, deleted: 0 });
    await wire.waitFor(/> 172\.31\.0\.2\.8472/);
    const mid = pings.received;
    await expect.poll(() => pings.received, { timeout: 5000 }).toBeGreaterThan(mid + 10);
    await change(4789);
    const { lost } = await pings.stop();
    console.info(`VXLAN port changed there and back: ${lost} pings of 20 a second lost`);
    expect(lost).toBeLessThan(20);
    await wire.stop();
  });
});
