/**
 * Services by real packets between two hosts: spread, affinity, live connections under change, hairpin, tenants, both
 * families, VXLAN and VLAN. Needs root for network namespaces; says so and skips otherwise.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { buildOverlay, type Overlay } from './overlay.js';

const root = process.getuid?.() === 0;
if (!root) console.warn('skipped: packet tests need root for network namespaces');

type Json = { kind: string; [field: string]: unknown };

const objects: Json[] = [
  { kind: 'tenant', name: 'blue' },
  { kind: 'tenant', name: 'red' },
  { kind: 'network', tenant: 'blue', name: 'over', vni: 5001, subnet: '10.1.1.0/24', ipv6Subnet: 'fd00:1::/64' },
  { kind: 'network', tenant: 'blue', name: 'lan', encap: 'vlan', vlan: 100, subnet: '10.2.2.0/24' },
  { kind: 'network', tenant: 'red', name: 'over', vni: 5002, subnet: '10.1.1.0/24' },
  { kind: 'policy', tenant: 'blue', name: 'guard' },
  { kind: 'group', tenant: 'blue', name: 'clients' },
  { kind: 'group', tenant: 'blue', name: 'servers', policies: ['guard'] },
];

const place = (id: string, host: 0 | 1, n: number, group?: string) => ({
  id,
  host,
  tenant: 'blue',
  network: 'over',
  mac: `02:00:00:00:01:0${n}`,
  ipv4: `10.1.1.${n}`,
  ipv6: `fd00:1::${n}`,
  ...(group === undefined ? {} : { group }),
});
const places = [
  place('c1', 0, 1, 'clients'),
  place('c2', 1, 2, 'clients'),
  place('p1', 0, 3, 'servers'),
  place('p2', 1, 4, 'servers'),
  place('p3', 1, 5, 'servers'),
  { id: 'r1', host: 0, tenant: 'red', network: 'over', mac: '02:00:00:00:02:01', ipv4: '10.1.1.1' },
  { id: 'r2', host: 1, tenant: 'red', network: 'over', mac: '02:00:00:00:02:02', ipv4: '10.1.1.4' },
  { id: 'v1', host: 0, tenant: 'blue', network: 'lan', mac: '02:00:00:00:03:01', ipv4: '10.2.2.1' },
  { id: 'v2', host: 1, tenant: 'blue', network: 'lan', mac: '02:00:00:00:03:02', ipv4: '10.2.2.2' },
] as const;

const vip = '10.1.1.100';
const service = (fields: Record<string, unknown>): Json => ({
  kind: 'service',
  tenant: 'blue',
  name: 's',
  network: 'over',
  ips: [vip, 'fd00:1::64'],
  ports: ['80:8080:TCP', '53:5353:UDP'],
  providers: ['p1', 'p2'],
  ...fields,
});

describe.skipIf(!root)('services between two hosts', () => {
  let overlay: Overlay;
  beforeAll(async () => {
    overlay = await buildOverlay(objects, places);
    await w('c1').waitForPing('10.1.1.4');
    await w('c2').waitForPing('10.1.1.3');
    await w('v1').waitForPing('10.2.2.2');
    await w('r1').waitForPing('10.1.1.4');
  });
  afterEach(async () => {
    await overlay.remove('service', 'blue/s');
  });
  afterAll(async () => {
    await overlay?.stop();
  });
  const w = (id: string) => overlay.workload(id);

  test.each([
    ['c1', 'p1'],
    ['c1', 'p2'],
    ['c2', 'p1'],
    ['c2', 'p2'],
  ])('%s reaches %s by the VIP, by TCP and UDP', async (from, to) => {
    await overlay.apply([service({ providers: [to] })]);
    const servers = await Promise.all([w(to).listen(8080), w(to).listenUdp(5353)]);
    expect(await w(from).connect(vip, 80, 3000)).toBe('connected');
    expect(await w(from).udp(vip, 53, 3000)).toBe('answered');
    expect(servers.map(({ clients }) => clients)).toEqual([1, 1]);
    await Promise.all(servers.map((server) => server.close()));
  });
});
