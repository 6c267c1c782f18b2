/**
 * Real packets between two hosts: VXLAN and VLAN, verdicts, replies, cut streams, spoofing, tenants apart.
 * Needs root for network namespaces; says so and skips otherwise.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildOverlay, type Overlay } from './overlay.js';

const root = process.getuid?.() === 0;
if (!root) console.warn('skipped: packet tests need root for network namespaces');

const objects = [
  { kind: 'tenant', name: 'blue' },
  { kind: 'tenant', name: 'red' },
  {
    kind: 'network',
    tenant: 'blue',
    name: 'over',
    encap: 'vxlan',
    vni: 5001,
    subnet: '10.1.1.0/24',
    ipv6Subnet: 'fd00:1::/64',
  },
  { kind: 'network', tenant: 'red', name: 'over', encap: 'vxlan', vni: 5002, subnet: '10.1.1.0/24' },
  { kind: 'network', tenant: 'blue', name: 'lan', encap: 'vlan', vlan: 100, subnet: '10.2.2.0/24' },
  { kind: 'group', tenant: 'blue', name: 'clients' },
  { kind: 'group', tenant: 'blue', name: 'servers', policies: ['guard'], defaultAction: 'deny' },
  { kind: 'policy', tenant: 'blue', name: 'guard' },
  rule('1', { protocol: 'tcp', ports: 8080, peer: { group: 'clients' } }),
  rule('2', { protocol: 'icmp' }),
];

function rule(id: string, rest: Record<string, unknown>): { kind: string; [field: string]: unknown } {
  return { kind: 'rule', tenant: 'blue', policy: 'guard', id, direction: 'in', action: 'allow', ...rest };
}

const places = [
  {
    id: 'a',
    host: 0,
    tenant: 'blue',
    network: 'over',
    group: 'clients',
    mac: '02:00:00:00:01:01',
    ipv4: '10.1.1.1',
    ipv6: 'fd00:1::1',
  },
  {
    id: 'b',
    host: 1,
    tenant: 'blue',
    network: 'over',
    group: 'servers',
    mac: '02:00:00:00:01:02',
    ipv4: '10.1.1.2',
    ipv6: 'fd00:1::2',
  },
  { id: 'c', host: 0, tenant: 'blue', network: 'over', group: 'servers', mac: '02:00:00:00:01:03', ipv4: '10.1.1.3' },
  { id: 'r1', host: 0, tenant: 'red', network: 'over', mac: '02:00:00:00:02:01', ipv4: '10.1.1.1' },
  { id: 'r2', host: 1, tenant: 'red', network: 'over', mac: '02:00:00:00:02:02', ipv4: '10.1.1.2' },
  { id: 'v1', host: 0, tenant: 'blue', network: 'lan', group: 'clients', mac: '02:00:00:00:03:01', ipv4: '10.2.2.1' },
  { id: 'v2', host: 1, tenant: 'blue', network: 'lan', group: 'servers', mac: '02:00:00:00:03:02', ipv4: '10.2.2.2' },
] as const;

describe.skipIf(!root)('two hosts', () => {
  let overlay: Overlay;
  beforeAll(async () => {
    overlay = await buildOverlay(objects, places);
  });
  afterAll(async () => {
    await overlay?.stop();
  });
  const w = (id: string) => overlay.workload(id);

  test('ping crosses VXLAN', async () => {
    await w('a').waitForPing('10.1.1.2');
    expect(await w('a').ping('10.1.1.2', { count: 5 })).toMatchObject({ received: 5 });
  });

  test('ping crosses the VLAN uplink', async () => {
    await w('v1').waitForPing('10.2.2.2');
    expect(await w('v1').ping('10.2.2.2', { count: 5 })).toMatchObject({ received: 5 });
  });

  test.each([
    ['VXLAN', 'a', 'b', '10.1.1.2'],
    ['the VLAN uplink', 'v1', 'v2', '10.2.2.2'],
    ['one host', 'a', 'c', '10.1.1.3'],
  ])(
    'across %s the allowed port connects, with its replies, and the denied one does not',
    async (_over, from, to, address) => {
      await w(from).waitForPing(address);
      const allowed = await w(to).listen(8080);
      const denied = await w(to).listen(8081);
      expect(await w(from).connect(address, 8080, 3000)).toBe('connected');
      expect(await w(from).connect(address, 8081, 600)).toBe('timeout');
      await allowed.close();
      await denied.close();
    },
  );

  test('IPv6 crosses VXLAN, with neighbour discovery', async (context) => {
    if (!overlay.lab.ipv6) context.skip('no IPv6 in namespaces here');
    await w('a').waitForPing('fd00:1::2');
    const server = await w('b').listen(8080);
    expect(await w('a').connect('fd00:1::2', 8080, 3000)).toBe('connected');
    expect(await w('a').connect('fd00:1::2', 8081, 600)).toBe('timeout');
    await server.close();
  });

  test.each([
    ['VXLAN', 'a', 'b', '10.1.1.2'],
    ['the VLAN uplink', 'v1', 'v2', '10.2.2.2'],
  ])('deleting the rule stops a live server-push stream across %s', async (_over, from, to, address) => {
    const server = await w(to).serve(8080, { pushEveryMs: 5 });
    const stream = await w(from).subscribe(address, 8080);
    await stream.waitForBytes(2000);
    await overlay.remove('rule', 'blue/guard/1');
    const stoppedMs = await stream.waitForSilence(600);
    expect(stoppedMs).toBeLessThan(600);
    await overlay.apply([objects.find((o) => o.kind === 'rule')!]);
    await stream.close();
    await server.close();
  });

  test('a spoofed source address goes nowhere', async () => {
    await w('a').waitForPing('10.1.1.2');
    const seen = await w('b').capture('icmp and src host 10.1.1.77');
    await w('a').addAddress('10.1.1.77/24');
    expect(await w('a').ping('10.1.1.2', { count: 3, source: '10.1.1.77' })).toMatchObject({ received: 0 });
    await w('a').removeAddress('10.1.1.77/24');
    expect(await seen.stop()).toEqual([]);
  });

  test('a spoofed source MAC goes nowhere', async () => {
    await w('a').waitForPing('10.1.1.3');
    const seen = await w('c').capture('ether src 02:00:00:00:09:09');
    await w('a').setMac('02:00:00:00:09:09');
    expect(await w('a').ping('10.1.1.3', { count: 3 })).toMatchObject({ received: 0 });
    await w('a').setMac('02:00:00:00:01:01');
    expect(await seen.stop()).toEqual([]);
    await w('a').waitForPing('10.1.1.3');
  });

  test('two tenants with the same addresses do not meet', async () => {
    await w('r1').waitForPing('10.1.1.2');
    const red = await w('r2').listen(9000);
    expect(await w('r1').connect('10.1.1.2', 9000, 3000)).toBe('connected');
    const seenByBlue = await w('b').capture('tcp port 9000');
    expect(await w('r1').connect('10.1.1.2', 9000, 3000)).toBe('connected');
    expect(await seenByBlue.stop()).toEqual([]);
    // 10.1.1.3 exists in blue only.
    expect(await w('r1').ping('10.1.1.3', { count: 2 })).toMatchObject({ received: 0 });
    await red.close();
  });

  test('what leaves the host carries the network’s VLAN tag', async () => {
    const wire = await overlay.hosts[1].capture('eth1', 'vlan 100 and icmp');
    await w('v1').ping('10.2.2.2', { count: 2 });
    expect((await wire.stop()).length).toBeGreaterThan(0);
  });

  test('ARP for a known endpoint is answered by the switch and never crosses the underlay', async () => {
    await w('a').waitForPing('10.1.1.2');
    const wire = await overlay.hosts[1].capture('underlay0', 'udp port 4789');
    await w('a').flushNeighbours();
    expect(await w('a').ping('10.1.1.2', { count: 2 })).toMatchObject({ received: 2 });
    const lines = await wire.stop();
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.filter((line) => line.includes('ARP'))).toEqual([]);
  });
});
