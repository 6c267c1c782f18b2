/**
 * Real packets through the distributed gateway, on one host and between two: VXLAN and VLAN, IPv4 and IPv6.
 * Needs root for network namespaces; says so and skips otherwise.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { buildOverlay, vteps, type Overlay, type Place } from './overlay.js';

const root = process.getuid?.() === 0;
if (!root) console.warn('skipped: packet tests need root for network namespaces');

/** A routed network: `10.<n>.0.0/24` and `fd00:<n>::/64`, the gateway at the end. */
function network(tenant: string, name: string, n: number, tag: Record<string, number>): { kind: string } {
  return {
    kind: 'network',
    ...{ tenant, name, forwarding: 'routing', ...tag },
    ...{
      subnet: `10.${n}.0.0/24`,
      gateway: `10.${n}.0.254`,
      ipv6Subnet: `fd00:${n}::/64`,
      ipv6Gateway: `fd00:${n}::ff`,
    },
  };
}

const objects = [
  { kind: 'tenant', name: 'blue' },
  { kind: 'tenant', name: 'red' },
  network('blue', 'front', 1, { vni: 5001 }),
  network('blue', 'back', 2, { vni: 5002 }),
  network('blue', 'lan', 3, { vlan: 100 }),
  network('red', 'front', 1, { vni: 6001 }),
  network('red', 'back', 2, { vni: 6002 }),
  { kind: 'group', tenant: 'blue', name: 'clients' },
  { kind: 'group', tenant: 'blue', name: 'servers', policies: ['guard'], defaultAction: 'deny' },
  { kind: 'policy', tenant: 'blue', name: 'guard' },
  rule('1', { protocol: 'tcp', ports: 8080, peer: { group: 'clients' } }),
  rule('2', { protocol: 'icmp' }),
  rule('3', { protocol: 'udp', ports: 8080, peer: { network: 'front' } }),
];

function rule(id: string, rest: Record<string, unknown>): { kind: string; [field: string]: unknown } {
  return { kind: 'rule', tenant: 'blue', policy: 'guard', id, direction: 'in', action: 'allow', ...rest };
}

function place(
  id: string,
  host: 0 | 1,
  net: [tenant: string, name: string, n: number],
  last: number,
  group?: string,
): Place {
  const [tenant, name, n] = net;
  return {
    ...{ id, host, tenant, network: name, mac: `02:00:00:0${host}:0${n}:0${last}` },
    ...{ ipv4: `10.${n}.0.${last}`, ipv6: `fd00:${n}::${last}`, gateway: `10.${n}.0.254`, gateway6: `fd00:${n}::ff` },
    ...(group === undefined ? {} : { group }),
  };
}

const places = [
  place('a', 0, ['blue', 'front', 1], 1, 'clients'),
  place('a2', 1, ['blue', 'front', 1], 2, 'clients'),
  place('near', 0, ['blue', 'back', 2], 1, 'servers'),
  place('far', 1, ['blue', 'back', 2], 2, 'servers'),
  place('v1', 0, ['blue', 'lan', 3], 1, 'clients'),
  // Also the way to what is outside.
  {
    ...place('v2', 1, ['blue', 'lan', 3], 2, 'servers'),
    allowedAddresses: [{ ip: '198.51.100.0/24' }, { ip: '2001:db8::/32' }],
  },
  place('r1', 0, ['red', 'front', 1], 1),
  place('r2', 1, ['red', 'back', 2], 2),
];

describe.skipIf(!root)('the distributed gateway', () => {
  let overlay: Overlay;
  beforeAll(async () => {
    overlay = await buildOverlay(objects, places);
  });
  afterAll(async () => {
    await overlay?.stop();
  });
  const w = (id: string) => overlay.workload(id);
  const at = (id: string, family: string): string => {
    const found = places.find((p) => p.id === id)!;
    return family === 'IPv6' ? found.ipv6! : found.ipv4;
  };

  const ways = [
    ['a', 'near', 'on one host'],
    ['a', 'far', 'across VXLAN'],
    ['v1', 'near', 'from VLAN to VXLAN'],
    ['v1', 'far', 'from VLAN across VXLAN'],
    ['a', 'v2', 'from VXLAN to the VLAN uplink'],
  ] as const;

  describe.each(['IPv4', 'IPv6'])('%s', (family) => {
    beforeEach((context) => {
      if (family === 'IPv6' && !overlay.lab.ipv6) context.skip('no IPv6 in namespaces here');
    });

    test.each(ways)('%s reaches %s %s, one hop farther', async (from, to) => {
      await w(from).waitForPing(at(to, family));
      const printed = await w(from).exec('ping', '-n', '-c', '2', '-i', '0.05', at(to, family));
      // The first packets over a fresh tunnel may be lost, so how many come back is not what this is about.
      expect([...new Set([...printed.matchAll(/ttl=(\d+)/g)].map((found) => found[1]))]).toEqual(['63']);
    });

    test.each(ways)('policy holds for what is routed: %s to %s %s', async (from, to) => {
      await w(from).waitForPing(at(to, family));
      const servers = [await w(to).listen(8080), await w(to).listen(8081), await w(to).listenUdp(8080)];
      expect(await w(from).connect(at(to, family), 8080, 3000)).toBe('connected');
      expect(await w(from).connect(at(to, family), 8081, 600)).toBe('timeout');
      // Only front may, and a is the only one of it here.
      expect(await w(from).udp(at(to, family), 8080, 1500)).toBe(from === 'a' ? 'answered' : 'timeout');
      await Promise.all(servers.map((server) => server.close()));
    });

    test('within a subnet packets are bridged', async () => {
      await w('a').waitForPing(at('a2', family));
      expect(await w('a').exec('ping', '-n', '-c', '1', at('a2', family))).toContain('ttl=64');
    });

    test.each(['a', 'a2', 'v1', 'v2', 'r1'])('the gateways answer the ping of %s', async (id) => {
      for (const n of id.startsWith('r') ? [1, 2] : [1, 2, 3]) {
        const gateway = family === 'IPv6' ? `fd00:${n}::ff` : `10.${n}.0.254`;
        expect(await w(id).ping(gateway, { count: 2 }), gateway).toMatchObject({ received: 2 });
      }
    });

    test('the gateway’s MAC is the router’s, the same on both hosts, and its question never crosses the underlay', async () => {
      const wire = await overlay.hosts[1].capture('underlay0', 'udp port 4789');
      const gateway = family === 'IPv6' ? 'fd00:1::ff' : '10.1.0.254';
      for (const id of ['a', 'a2']) {
        await w(id).flushNeighbours();
        await w(id).ping(gateway, { count: 1 });
        expect(await w(id).exec('ip', 'neigh', 'show', gateway)).toContain('lladdr 02:73:6c:75:69:63');
      }
      await w('a').ping(at('far', family), { count: 2 });
      const lines = await wire.stop();
      expect(lines.length).toBeGreaterThan(0);
      expect(lines.filter((line) => line.includes(gateway))).toEqual([]);
    });

    test('two tenants with the same addresses do not meet', async () => {
      await w('r1').waitForPing(at('r2', family));
      const seenByBlue = await w('far').capture('icmp or icmp6');
      await w('r1').ping(at('r2', family), { count: 3 });
      expect((await seenByBlue.stop()).filter((line) => line.includes('echo request'))).toEqual([]);
      // near exists in blue only.
      expect(await w('r1').ping(at('near', family), { count: 2 })).toMatchObject({ received: 0 });
    });

    test('an address of a subnet that nobody has is nowhere', async () => {
      const wire = await overlay.hosts[1].capture('underlay0', 'udp port 4789');
      const address = family === 'IPv6' ? 'fd00:2::77' : '10.2.0.77';
      expect(await w('a').ping(address, { count: 2 })).toMatchObject({ received: 0 });
      expect((await wire.stop()).filter((line) => line.includes(address))).toEqual([]);
    });
  });

  test('what is routed to the VLAN leaves the host with the VLAN’s tag', async () => {
    const wire = await overlay.hosts[1].capture('eth1', 'vlan 100 and icmp');
    await w('a').ping(at('v2', 'IPv4'), { count: 2 });
    expect((await wire.stop()).some((line) => line.includes('10.1.0.1 > 10.3.0.2'))).toBe(true);
  });

  test('a packet whose TTL ends at the gateway goes no farther', async () => {
    await w('a').waitForPing(at('far', 'IPv4'));
    const seen = await w('far').capture('icmp and src host 10.1.0.1');
    await w('a').exec('sh', '-c', 'ping -n -c 2 -i 0.05 -W 0.3 -t 1 10.2.0.2 || true');
    expect(await seen.stop()).toEqual([]);
  });

  const route = (prefix: string, rest: Record<string, unknown>) => ({ kind: 'route', tenant: 'blue', prefix, ...rest });
  const overV2 = { network: 'lan', nextHop: '10.3.0.2', mac: places.find(({ id }) => id === 'v2')!.mac };

  test.each([
    ['IPv4', '198.51.100.7', '198.51.100.0/24', '0.0.0.0/0', '198.51.100.128/25'],
    ['IPv6', '2001:db8::7', '2001:db8::/64', '::/0', '2001:db8:0:0:8000::/65'],
  ])(
    'an external prefix of %s is reached by its next hop; the longest decides',
    async (family, outside, longest, any, beside) => {
      if (family === 'IPv6' && !overlay.lab.ipv6) return;
      const host = family === 'IPv6' ? `${outside}/128` : `${outside}/32`;
      await w('v2').addAddress(host);
      expect(await w('a').ping(outside, { count: 1 })).toMatchObject({ received: 0 });
      const nobody = { network: 'lan', mac: '02:00:00:00:09:99' };
      await overlay.apply([route(any, nobody), route(beside, nobody), route(longest, overV2)]);
      await w('a').waitForPing(outside);
      const wire = await overlay.hosts[1].capture('eth1', 'vlan 100');
      expect(await w('a').ping(outside, { count: 2 })).toMatchObject({ received: 2 });
      expect((await wire.stop()).some((line) => line.includes(`> ${overV2.mac}`))).toBe(true);
      // The other tenant has no such route.
      expect(await w('r1').ping(outside, { count: 1 })).toMatchObject({ received: 0 });
      for (const prefix of [longest, any, beside]) await overlay.remove('route', `blue/${prefix}`);
      expect(await w('a').ping(outside, { count: 1 })).toMatchObject({ received: 0 });
      await w('v2').removeAddress(host);
    },
  );

  test('a route behind a peer goes on by the routes of that host', async () => {
    const outside = '198.51.100.8';
    await w('v2').addAddress(`${outside}/32`);
    const [here, there] = overlay.daemons;
    await here.apply({ put: [route('198.51.100.0/24', { network: 'front', vtepIp: vteps[1] })] }, 'effective');
    await there.apply({ put: [route('198.51.100.0/24', overV2)] }, 'effective');
    await w('a').waitForPing(outside);
    // Two gateways there; one back, for the answer is for a known endpoint.
    expect(await w('a').exec('ping', '-n', '-c', '1', outside)).toContain('ttl=63');
    const wire = await overlay.hosts[1].capture('underlay0', 'udp port 4789');
    await w('a').ping(outside, { count: 1 });
    const seen = (await wire.stop()).join('\n');
    expect(seen).toContain('vni 5001');
    expect(seen).toContain(`> ${outside}: ICMP echo request`);
    await overlay.remove('route', 'blue/198.51.100.0/24');
    await w('v2').removeAddress(`${outside}/32`);
  });
});
