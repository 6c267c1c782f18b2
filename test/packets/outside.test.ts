/**
 * A router outside, on the VLAN of a routed network: it asks for the gateway, is answered once, and reaches endpoints of both hosts by it.
 * Needs root for network namespaces; says so and skips otherwise.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Workload } from '../../src/sandbox/index.js';
import { buildOverlay, type Overlay, type Place } from './overlay.js';

const root = process.getuid?.() === 0;
if (!root) console.warn('skipped: packet tests need root for network namespaces');

const network = (name: string, n: number, tag: Record<string, number>) => ({
  ...{ kind: 'network', tenant: 'blue', name, forwarding: 'routing', ...tag },
  ...{ subnet: `10.${n}.0.0/24`, gateway: `10.${n}.0.254`, ipv6Subnet: `fd00:${n}::/64`, ipv6Gateway: `fd00:${n}::ff` },
});
const routersMac = '02:00:00:00:99:01';
const ofRouter = { ipv4: '10.9.0.1/24', ipv6: 'fd00:9::1/64', gateway: '10.9.0.254', gateway6: 'fd00:9::ff' };
const objects = [
  { kind: 'tenant', name: 'blue' },
  network('transit', 9, { vlan: 99 }),
  network('front', 1, { vni: 5001 }),
  network('lan', 3, { vlan: 100 }),
  { kind: 'group', tenant: 'blue', name: 'servers', policies: ['guard'], defaultAction: 'deny' },
  { kind: 'policy', tenant: 'blue', name: 'guard' },
  {
    ...{ kind: 'rule', tenant: 'blue', policy: 'guard', id: '1', direction: 'in', action: 'allow' },
    ...{ protocol: 'tcp', ports: [8080], peer: { cidrs: ['10.9.0.1/32', 'fd00:9::1/128'] } },
  },
  {
    ...{ kind: 'rule', tenant: 'blue', policy: 'guard', id: '2', direction: 'in', action: 'allow' },
    ...{ protocol: 'icmp' },
  },
  // Known as a station of the VLAN, so that routes find it.
  {
    kind: 'endpoint',
    id: 'router',
    tenant: 'blue',
    network: 'transit',
    mac: routersMac,
    ipv4: '10.9.0.1',
    ipv6: ['fd00:9::1'],
  },
];
const place = (id: string, host: 0 | 1, net: string, n: number, last: number): Place => ({
  ...{ id, host, tenant: 'blue', network: net, group: 'servers', mac: `02:00:00:00:0${n}:0${last}` },
  ...{ ipv4: `10.${n}.0.${last}`, ipv6: `fd00:${n}::${last}`, gateway: `10.${n}.0.254`, gateway6: `fd00:${n}::ff` },
});
const places = [
  place('near', 0, 'front', 1, 1),
  place('far', 1, 'front', 1, 2),
  place('v1', 0, 'lan', 3, 1),
  place('v2', 1, 'lan', 3, 2),
  place('t2', 1, 'transit', 9, 2),
];

describe.skipIf(!root)('a router outside', () => {
  let overlay: Overlay;
  let router: Workload;
  beforeAll(async () => {
    overlay = await buildOverlay(objects, places, async (lab, h1, h2) => {
      const fabric = await lab.host('fabric');
      await lab.wire(h1, 'eth1', fabric, 'to1');
      await lab.wire(h2, 'eth1', fabric, 'to2');
      router = await lab.workload(fabric, { name: 'router', interface: 'router', mac: routersMac, ...ofRouter });
      await fabric.sandbox.vsctl(
        ...['add-br', 'fab', '--', 'set', 'bridge', 'fab', 'datapath_type=netdev'],
        ...[
          '--',
          'add-port',
          'fab',
          'to1',
          '--',
          'add-port',
          'fab',
          'to2',
          '--',
          'add-port',
          'fab',
          'router',
          'tag=99',
        ],
      );
    });
    await router.waitForPing('10.9.0.254');
  });
  afterAll(async () => {
    await overlay?.stop();
  });
  const macOf = async (host: 0 | 1) =>
    JSON.parse(await overlay.hosts[host].sandbox.vsctl('get', 'bridge', 'br-sluice', 'other_config:hwaddr')) as string;

  describe.each([
    ['IPv4', '10.9.0.254', 'arp and arp[6:2] == 2', '10.9.0.2'],
    ['IPv6', 'fd00:9::ff', 'icmp6 and ip6[40] == 136 and src not fd00:9::1', 'fd00:9::2'],
  ])('%s', (family, gateway, answer, neighbour) => {
    beforeEach((context) => {
      if (family === 'IPv6' && !overlay.lab.ipv6) context.skip('no IPv6 in namespaces here');
    });
    const at = (id: string) => places.find((each) => each.id === id)![family === 'IPv6' ? 'ipv6' : 'ipv4']!;

    test('asks for the gateway: one host answers, once, with its own MAC, and so do pings', async () => {
      await router.flushNeighbours();
      const answers = await router.capture(answer);
      expect(await router.ping(gateway, { count: 3 })).toMatchObject({ received: 3 });
      const lines = await answers.stop();
      expect(lines.filter((line) => line.includes(gateway)).length, lines.join('\n')).toBe(1);
      expect(await router.exec('ip', 'neigh', 'show', gateway)).toContain(await macOf(0));
    });

    test('asks for an endpoint: that answers itself, and nobody for it', async () => {
      await router.flushNeighbours();
      const answers = await router.capture(answer);
      await router.waitForPing(neighbour);
      const lines = (await answers.stop()).filter((line) => line.includes(neighbour));
      expect(new Set(lines.map((line) => line.split(' ')[0]))).toEqual(new Set(['02:00:00:00:09:02']));
    });

    test.each(['near', 'far', 'v1', 'v2'])('reaches %s by the gateway, and policy judges', async (id) => {
      await router.waitForPing(at(id));
      const seen = await overlay.workload(id).capture('icmp[icmptype] == icmp-echo or icmp6[icmp6type] == icmp6-echo');
      expect(await router.ping(at(id), { count: 3 })).toMatchObject({ received: 3 });
      await expect.poll(() => seen.lines.length).toBe(3);
      expect(await seen.stop()).toHaveLength(3);
      const services = [
        await overlay.workload(id).serve(8080, { pushEveryMs: 5 }),
        await overlay.workload(id).listen(8081),
      ];
      const stream = await router.subscribe(at(id), 8080);
      await stream.waitForBytes(5000);
      expect(await router.connect(at(id), 8081, 600)).toBe('timeout');
      await Promise.all([stream, ...services].map((each) => each.close()));
    });

    test('what an endpoint of the VLAN asks of the gateway stays on its host', async () => {
      const seen = await router.capture('arp or icmp6');
      const t2 = overlay.workload('t2');
      await t2.flushNeighbours();
      expect(await t2.ping(gateway, { count: 2 })).toMatchObject({ received: 2 });
      expect(await t2.exec('ip', 'neigh', 'show', gateway)).toContain('02:73:6c:75:69:63');
      expect((await seen.stop()).filter((line) => line.includes(gateway))).toEqual([]);
    });
  });

  test('the fabric sees each host by its own MAC, and the gateway’s never', async () => {
    const seen = await router.capture('ip');
    for (const address of ['10.1.0.1', '10.1.0.2']) await router.ping(address, { count: 2 });
    const senders = new Set((await seen.stop()).map((line) => line.split(' ')[0]));
    expect(senders).toEqual(new Set([routersMac, await macOf(0), await macOf(1)]));
  });

  test('a hop limit that ends at the gateway is answered', async () => {
    const printed = await router.exec('sh', '-c', 'ping -n -c 2 -i 0.2 -W 1 -t 1 10.1.0.2 || true');
    expect(printed).toContain('From 10.9.0.254 icmp_seq=1 Time to live exceeded');
  });
});
