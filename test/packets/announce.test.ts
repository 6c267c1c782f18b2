/**
 * Gratuitous ARP and unsolicited neighbour advertisements as they leave the host: tagged, or in VXLAN from the VTEP's address.
 * Needs root for network namespaces; says so and skips otherwise.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildOverlay, type Overlay } from './overlay.js';

const root = process.getuid?.() === 0;
if (!root) console.warn('skipped: packet tests need root for network namespaces');

const objects = [
  { kind: 'tenant', name: 'blue' },
  {
    kind: 'network',
    tenant: 'blue',
    name: 'lan',
    encap: 'vlan',
    vlan: 100,
    subnet: '10.3.0.0/24',
    ipv6Subnet: 'fd00:3::/64',
  },
  { kind: 'network', tenant: 'blue', name: 'over', encap: 'vxlan', vni: 5001, subnet: '10.1.0.0/24' },
];
const place = (id: string, host: 0 | 1, network: string, n: number, last: number) => ({
  ...{ id, host, tenant: 'blue', network, mac: `02:00:00:00:0${n}:0${last}`, ipv4: `10.${n}.0.${last}` },
  ...(network === 'lan' ? { ipv6: `fd00:${n}::${last}` } : {}),
});
const [v1, v2] = [place('v1', 0, 'lan', 3, 1), place('v2', 1, 'lan', 3, 2)];
const places = [v1, v2, place('o1', 0, 'over', 1, 1), place('o2', 1, 'over', 1, 2)];

describe.skipIf(!root)('announcements', () => {
  let overlay: Overlay;
  beforeAll(async () => {
    overlay = await buildOverlay(objects, places);
    await overlay.workload('v1').waitForPing('10.3.0.2');
    await overlay.workload('o1').waitForPing('10.1.0.2');
  });
  afterAll(async () => {
    await overlay?.stop();
  });

  const here = {
    kind: 'endpoint',
    id: 'v1',
    tenant: 'blue',
    network: 'lan',
    mac: v1.mac,
    ipv4: v1.ipv4,
    ipv6: [v1.ipv6],
  };

  test('an endpoint that moves to this host is announced on its VLAN, more than once', async () => {
    const [daemon] = overlay.daemons;
    await daemon.apply({ put: [here] }, 'effective');
    const wire = await overlay.hosts[1].capture('eth1', 'vlan 100 and (arp or icmp6)');
    await daemon.apply({ put: [{ ...here, interface: 'v1' }] }, 'effective');
    const arp = /02:00:00:00:03:01 > ff:ff:ff:ff:ff:ff.*vlan 100.*who-has 10\.3\.0\.1 .*tell 10\.3\.0\.1/;
    await wire.waitFor(arp);
    await wire.waitFor(/02:00:00:00:03:01 > 33:33:00:00:00:01.*vlan 100.*neighbor advertisement, tgt is fd00:3::1/);
    await expect.poll(() => wire.lines.filter((line) => arp.test(line)).length, { timeout: 5000 }).toBeGreaterThan(1);
    await wire.stop();
  });

  test('it reaches the workloads of its network, and corrects what they knew', async () => {
    const other = overlay.workload('v2');
    await other.exec(
      'ip',
      'neigh',
      'replace',
      '10.3.0.1',
      'lladdr',
      '02:66:66:66:66:66',
      'dev',
      'eth0',
      'nud',
      'stale',
    );
    const [daemon] = overlay.daemons;
    await daemon.apply({ put: [here] }, 'effective');
    await daemon.apply({ put: [{ ...here, interface: 'v1' }] }, 'effective');
    await expect.poll(() => other.exec('ip', 'neigh', 'show', '10.3.0.1'), { timeout: 5000 }).toContain(v1.mac);
  });

  test('when the uplink comes back, the VLAN’s endpoints are announced', async () => {
    const [host] = overlay.hosts;
    await host.exec('ip', 'link', 'set', 'eth1', 'down');
    await expect.poll(() => overlay.daemons[0].health().uplinks[0]?.members[0]?.link, { timeout: 5000 }).not.toBe('up');
    const wire = await overlay.hosts[1].capture('eth1', 'vlan 100 and arp');
    await host.exec('ip', 'link', 'set', 'eth1', 'up');
    await wire.waitFor(/who-has 10\.3\.0\.1 .*tell 10\.3\.0\.1/, 10_000);
    await wire.stop();
  });

  test('when the VTEP address changes, the tunnel’s endpoints are announced from the new one', async () => {
    const [host] = overlay.hosts;
    await host.exec('ip', 'addr', 'add', '172.31.0.11/24', 'dev', 'br-phy');
    await overlay.daemons[1].apply({ put: [{ kind: 'peer', vtepIp: '172.31.0.11' }] }, 'effective');
    const wire = await overlay.hosts[1].capture('underlay0', 'udp port 4789 and src host 172.31.0.11');
    const seen = await overlay.workload('o2').capture('arp');
    await overlay.daemons[0].apply({ settings: { vtepIp: '172.31.0.11' } }, 'effective');
    await wire.waitFor(/172\.31\.0\.11\.\d+ > 172\.31\.0\.2\.4789: VXLAN.*vni 5001/);
    await seen.waitFor(/02:00:00:00:01:01 > ff:ff:ff:ff:ff:ff.*who-has 10\.1\.0\.1 .*tell 10\.1\.0\.1/);
    await Promise.all([wire.stop(), seen.stop()]);
  });
});
