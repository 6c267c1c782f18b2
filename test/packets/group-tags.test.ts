/**
 * Groups that the fabric gives a VLAN or a VNI of their own, on the wire between two hosts: what their members send carries it, in both
 * directions, the rest of the network carries the network's, and all of them are still one network.
 * Needs root for network namespaces; says so and skips otherwise.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LabHost } from '../../src/sandbox/index.js';
import { blank, udp } from './frames.js';
import { buildOverlay, type Overlay } from './overlay.js';

const root = process.getuid?.() === 0;
if (!root) console.warn('skipped: packet tests need root for network namespaces');

const blue = { tenant: 'blue' };
const group = (name: string, fields: object) => ({ kind: 'group', ...blue, name, ...fields });
const lanWeb = group('lan-web', { network: 'lan', vlan: 207 });
const overWeb = group('over-web', { network: 'over', vni: 7007 });

const objects = [
  { kind: 'tenant', name: 'blue' },
  { kind: 'network', ...blue, name: 'lan', vlan: 100, subnet: '10.2.2.0/24' },
  { kind: 'network', ...blue, name: 'over', vni: 5001, subnet: '10.1.1.0/24', ipv6Subnet: 'fd00:1::/64' },
  { kind: 'policy', ...blue, name: 'guard' },
  {
    ...{ kind: 'rule', ...blue, policy: 'guard', id: '1', direction: 'in', action: 'allow', protocol: 'tcp' },
    ...{ ports: [8080] },
  },
  { kind: 'rule', ...blue, policy: 'guard', id: '2', direction: 'in', action: 'allow', protocol: 'icmp' },
  { kind: 'rule', ...blue, policy: 'guard', id: '3', direction: 'out', action: 'allow', protocol: 'icmp' },
  lanWeb,
  group('lan-app', { network: 'lan', vlan: 208, policies: ['guard'], defaultAction: 'deny' }),
  overWeb,
  group('over-app', { network: 'over', vni: 7008, policies: ['guard'], defaultAction: 'deny' }),
];

/** On either host a member of `web`, one of `app` and one of no group, in either network. */
const place = (net: 'lan' | 'over', host: 0 | 1, role: 'web' | 'app' | 'none') => {
  const n = { web: 0, app: 2, none: 4 }[role] + host + 1;
  const [letter, subnet] = net === 'lan' ? ['v', '10.2.2'] : ['x', '10.1.1'];
  return {
    ...{ id: `${letter}${role}${host}`, host, ...blue, network: net, ipv4: `${subnet}.${n}` },
    ...{ mac: `02:00:00:00:0${net === 'lan' ? 2 : 1}:0${n}`, ...(role === 'none' ? {} : { group: `${net}-${role}` }) },
  };
};
const places = (['lan', 'over'] as const).flatMap((net) =>
  ([0, 1] as const).flatMap((host) => (['web', 'app', 'none'] as const).map((role) => place(net, host, role))),
);

/** The wire under each network. */
const wires = {
  lan: { nic: 'eth1', filter: 'vlan' },
  over: { nic: 'underlay0', filter: 'udp port 4789' },
} as const;

/** The tags of the frames that show `what`. A VXLAN frame is shown on two lines: the outer header with the VNI, then what is inside. */
function tagged(lines: readonly string[], what: RegExp): string[] {
  const frames = lines.join('\n').split(/(?=\b(?:vlan|vni) \d)/);
  return frames.flatMap((frame) => (what.test(frame) ? (/^\w+ (\d+)/.exec(frame)?.[1] ?? []) : []));
}

describe.skipIf(!root)('groups with tags of their own', () => {
  let overlay: Overlay;
  beforeAll(async () => {
    overlay = await buildOverlay(objects, places);
  });
  afterAll(async () => {
    await overlay?.stop();
  });
  const w = (id: string) => overlay.workload(id);
  const addressOf = (id: string) => places.find((one) => one.id === id)!.ipv4;

  /** Pings, and the tags of requests and replies as they are on the other host's NIC. */
  async function tagsOf(
    net: 'lan' | 'over',
    from: string,
    to: string,
  ): Promise<{ asked: string[]; answered: string[] }> {
    const { nic, filter } = wires[net];
    await w(from).waitForPing(addressOf(to));
    const host: LabHost = overlay.hosts[1];
    const wire = await host.capture(nic, filter);
    expect(await w(from).ping(addressOf(to), { count: 2 })).toMatchObject({ received: 2 });
    await wire.waitFor(/ICMP echo reply.*seq 2\b/);
    const lines = await wire.stop();
    const of = (what: RegExp) => [...new Set(tagged(lines, what))];
    return { asked: of(/ICMP echo request/), answered: of(/ICMP echo reply/) };
  }

  test.each([
    ['lan', 'vweb0', 'vweb1', '207', '207'],
    ['lan', 'vweb0', 'vapp1', '207', '208'],
    ['lan', 'vapp0', 'vweb1', '208', '207'],
    ['lan', 'vnone0', 'vweb1', '100', '207'],
    ['lan', 'vweb0', 'vnone1', '207', '100'],
    ['lan', 'vnone0', 'vnone1', '100', '100'],
    ['over', 'xweb0', 'xweb1', '7007', '7007'],
    ['over', 'xweb0', 'xapp1', '7007', '7008'],
    ['over', 'xapp0', 'xweb1', '7008', '7007'],
    ['over', 'xnone0', 'xweb1', '5001', '7007'],
    ['over', 'xweb0', 'xnone1', '7007', '5001'],
  ] as const)('in %s, from %s to %s the packets carry %s and the replies %s', async (net, from, to, there, back) => {
    expect(await tagsOf(net, from, to)).toEqual({ asked: [there], answered: [back] });
  });

  test.each([
    ['across the VLAN uplink', 'vweb0', 'vapp1'],
    ['across VXLAN', 'xweb0', 'xapp1'],
    ['on one host, in a VLAN', 'vweb0', 'vapp0'],
    ['on one host, in VXLAN', 'xweb0', 'xapp0'],
  ])('policy holds between such groups %s', async (_where, from, to) => {
    await w(from).waitForPing(addressOf(to));
    const [allowed, denied] = [await w(to).listen(8080), await w(to).listen(8081)];
    expect(await w(from).connect(addressOf(to), 8080, 3000)).toBe('connected');
    expect(await w(from).connect(addressOf(to), 8081, 600)).toBe('timeout');
    await Promise.all([allowed.close(), denied.close()]);
  });

  test.each([
    ['lan', 'vweb0', ['vapp0', 'vnone0', 'vweb1', 'vapp1', 'vnone1'], 207],
    ['over', 'xweb0', ['xapp0', 'xnone0', 'xweb1', 'xapp1', 'xnone1'], 7007],
  ] as const)(
    'in %s a broadcast leaves once, with the group’s tag, and everybody of the network gets it once',
    async (net, from, others, tag) => {
      const { nic, filter } = wires[net];
      const { mac, ipv4 } = places.find(({ id }) => id === from)!;
      const wire = await overlay.hosts[1].capture(nic, filter);
      const seen = await Promise.all(others.map((id) => w(id).capture('udp port 9999')));
      const everybody = { mac: 'ff:ff:ff:ff:ff:ff', ip: '255.255.255.255' };
      await w(from).sendFrame(udp({ mac, ip: ipv4 }, everybody, [9998, 9999], blank(8)));
      await Promise.all([wire.waitFor(/\.9999: UDP/), ...seen.map((one) => one.waitFor(/\.9999: UDP/))]);
      expect(tagged(await wire.stop(), /\.9999: UDP/)).toEqual([`${tag}`]);
      for (const one of seen) expect(await one.stop()).toHaveLength(1);
    },
  );

  test.each([
    ['lan', 'vweb0', 'vapp1', { ...lanWeb, vlan: 209 }, '209', lanWeb],
    ['over', 'xweb0', 'xapp1', { ...overWeb, vni: 7009 }, '7009', overWeb],
  ] as const)(
    'in %s a live change of the tag is seen on the next packets, and no connection is lost',
    async (net, from, to, changed, tag, before) => {
      await w(from).waitForPing(addressOf(to));
      const server = await w(to).serve(8080, { pushEveryMs: 5 });
      const stream = await w(from).subscribe(addressOf(to), 8080);
      await stream.waitForBytes(2000);
      await overlay.apply([changed]);
      await stream.waitForBytes(2000);
      expect(await tagsOf(net, from, to)).toMatchObject({ asked: [tag] });
      await overlay.apply([{ ...before, vlan: undefined, vni: undefined }]);
      expect(await tagsOf(net, from, to)).toMatchObject({ asked: [net === 'lan' ? '100' : '5001'] });
      await overlay.apply([before]);
      await stream.waitForBytes(2000);
      await Promise.all([stream.close(), server.close()]);
    },
  );

  test('an endpoint that appears is announced with its group’s VLAN', async () => {
    const [daemon] = overlay.daemons;
    const { host: _, ...rest } = places.find(({ id }) => id === 'vweb0')!;
    const endpoint = { kind: 'endpoint', ...rest };
    await daemon.apply({ put: [endpoint] }, 'effective');
    const wire = await overlay.hosts[1].capture('eth1', 'vlan and arp');
    await daemon.apply({ put: [{ ...endpoint, interface: 'vweb0' }] }, 'effective');
    await wire.waitFor(/02:00:00:00:02:01 > ff:ff:ff:ff:ff:ff.*vlan 207.*who-has 10\.2\.2\.1 .*tell 10\.2\.2\.1/);
    await wire.stop();
  });

  test('what comes with a VLAN that no group has any longer is dropped, and says so', async () => {
    await w('vweb0').waitForPing(addressOf('vweb1'));
    await overlay.daemons[1].apply({ put: [{ ...lanWeb, vlan: 210 }] }, 'effective');
    expect(await w('vweb0').ping(addressOf('vweb1'), { count: 2 })).toMatchObject({ received: 0 });
    const drops = await overlay.daemons[1].drops();
    expect(drops.find(({ reason }) => reason === 'unknown_vlan')?.packets).toBeGreaterThan(0);
    await overlay.daemons[1].apply({ put: [lanWeb] }, 'effective');
    await w('vweb0').waitForPing(addressOf('vweb1'));
  });

  test.each([
    ['lan', 'vweb0', 'vapp1', '10.2.2.100', '207'],
    ['over', 'xweb0', 'xapp1', '10.1.1.100', '7007'],
  ] as const)('in %s a service is reached with the client’s tag', async (net, from, provider, vip, tag) => {
    const service = { kind: 'service', ...blue, name: `${net}-lb`, network: net, ips: [vip] };
    await overlay.apply([{ ...service, ports: [{ port: 80, targetPort: 8080 }], providers: [provider] }]);
    const server = await w(provider).listen(8080);
    const { nic, filter } = wires[net];
    const wire = await overlay.hosts[1].capture(nic, filter);
    expect(await w(from).connect(vip, 80, 3000)).toBe('connected');
    await wire.waitFor(/\.8080: Flags \[S\]/);
    expect([...new Set(tagged(await wire.stop(), /\.8080: Flags/))]).toEqual([tag]);
    await server.close();
  });

  test('a trace from a member on the other host enters with its group’s tag', async () => {
    for (const [from, to, words] of [
      ['vweb1', 'vapp0', 'dl_vlan=207'],
      ['xweb1', 'xapp0', 'tun_id=7007'],
    ] as const) {
      const traced = await overlay.daemons[0].trace({ from, to, protocol: 'tcp', port: 8080 });
      expect(traced.verdict).toBe('allow');
      expect(JSON.stringify(traced)).toContain(words);
    }
  });
});
