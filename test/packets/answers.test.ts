/**
 * What the daemon answers by itself, as the workloads' own kernels take it: time exceeded from the gateway, refusals of services
 * without a provider. Needs root for network namespaces; says so and skips otherwise.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildOverlay, type Overlay } from './overlay.js';

const root = process.getuid?.() === 0;
if (!root) console.warn('skipped: packet tests need root for network namespaces');

const network = (name: string, vni: number, n: number) => ({
  ...{ kind: 'network', tenant: 'blue', name, encap: 'vxlan', vni, forwarding: 'routing' },
  ...{ subnet: `10.${n}.0.0/24`, gateway: `10.${n}.0.254`, ipv6Subnet: `fd00:${n}::/64`, ipv6Gateway: `fd00:${n}::ff` },
});
const objects = [
  { kind: 'tenant', name: 'blue' },
  network('front', 5001, 1),
  network('back', 5002, 2),
  {
    ...{ kind: 'service', tenant: 'blue', name: 'nobody', network: 'front', ips: ['10.1.0.100', 'fd00:1::100'] },
    ports: [
      { port: 80, targetPort: 8080, protocol: 'tcp' },
      { port: 53, targetPort: 5353, protocol: 'udp' },
    ],
    providers: [],
  },
];
const place = (id: string, host: 0 | 1, name: string, n: number, last: number) => ({
  ...{ id, host, tenant: 'blue', network: name, mac: `02:00:00:00:0${n}:0${last}` },
  ...{ ipv4: `10.${n}.0.${last}`, ipv6: `fd00:${n}::${last}`, gateway: `10.${n}.0.254`, gateway6: `fd00:${n}::ff` },
});

describe.skipIf(!root)('the daemon answers', () => {
  let overlay: Overlay;
  beforeAll(async () => {
    overlay = await buildOverlay(objects, [place('a', 0, 'front', 1, 1), place('far', 1, 'back', 2, 2)]);
    await w('a').waitForPing('10.2.0.2');
  });
  afterAll(async () => {
    await overlay?.stop();
  });
  const w = (id: string) => overlay.workload(id);

  test('a packet whose TTL ends: the gateway of the sender’s network says so', async () => {
    const wire = await w('a').capture('icmp[icmptype] == icmp-timxceed');
    const printed = await w('a').exec('sh', '-c', 'ping -n -c 2 -i 0.2 -W 1 -t 1 10.2.0.2 || true');
    expect(printed.match(/From 10\.1\.0\.254 icmp_seq=\d Time to live exceeded/g)).toHaveLength(2);
    expect((await wire.stop())[0]).toContain('02:73:6c:75:69:63 > 02:00:00:00:01:01');
    // The connection itself goes on.
    expect(await w('a').ping('10.2.0.2', { count: 2 })).toMatchObject({ received: 2 });
  });

  test('an IPv6 packet whose hop limit ends', async (context) => {
    if (!overlay.lab.ipv6) context.skip('no IPv6 in namespaces here');
    await w('a').waitForPing('fd00:2::2');
    const printed = await w('a').exec('sh', '-c', 'ping -n -c 2 -i 0.2 -W 1 -t 1 fd00:2::2 || true');
    expect(printed.match(/From fd00:1::ff icmp_seq=\d Time exceeded: Hop limit/g)).toHaveLength(2);
  });

  test.each(['10.1.0.100', 'fd00:1::100'])('no provider left: connections to %s are refused at once', async (vip) => {
    if (vip.includes(':') && !overlay.lab.ipv6) return;
    await expect.poll(() => w('a').connect(vip, 80, 1000)).toBe('refused');
    expect(await w('a').connect(vip, 80, 1000)).toBe('refused');
    expect(await w('a').udp(vip, 53, 1000)).toBe('refused');
  });

  // The last: nothing answers after it.
  test('no provider left and the daemon away: connections are dropped and counted', async () => {
    const { sandbox } = overlay.hosts[0];
    /** Packets of every flow for port 80 of the service, of both families. */
    const counted = async (): Promise<number> => {
      const flows = await sandbox.ofctl(['-O', 'OpenFlow15', '--names', 'dump-flows', 'br-sluice']);
      return [...flows.matchAll(/n_packets=(\d+).*ct_tp_dst=80\b/g)].reduce((sum, [, n]) => sum + Number(n), 0);
    };
    await overlay.daemons[0].stop();
    const before = await counted();
    expect(await w('a').connect('10.1.0.100', 80, 600)).toBe('timeout');
    await expect.poll(counted, { timeout: 5000 }).toBeGreaterThan(before);
  });
});
