/**
 * Who is judged, by which rules, in which order and on which host, by real packets between two hosts.
 * Neighbours: policy.test.ts has what rules match and what a change does to live connections.
 * Needs root for network namespaces; says so and skips otherwise.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { arp, blank, ipv4 as rawIpv4, udp, unknownMac, type Station } from './frames.js';
import { buildOverlay, type Overlay, type Place } from './overlay.js';

const root = process.getuid?.() === 0;
if (!root) console.warn('skipped: packet tests need root for network namespaces');

type Json = { kind: string; [field: string]: unknown };

const group = (name: string, policy: string, defaultAction = 'allow'): Json => ({
  ...{ kind: 'group', tenant: 'blue', name, policies: [policy], defaultAction },
});
const rule = (policy: string, id: string, fields: Record<string, unknown>): Json => ({
  ...{ kind: 'rule', tenant: 'blue', policy, id, direction: policy === 'outgoing' ? 'out' : 'in', protocol: 'tcp' },
  ...fields,
});
const objects: Json[] = [
  { kind: 'tenant', name: 'blue' },
  {
    ...{ kind: 'network', tenant: 'blue', name: 'over', encap: 'vxlan', vni: 5001 },
    ...{ subnet: '10.1.1.0/24', ipv6Subnet: 'fd00:1::/64' },
  },
  { kind: 'network', tenant: 'blue', name: 'lan', encap: 'vlan', vlan: 100, subnet: '10.2.2.0/24' },
  { kind: 'policy', tenant: 'blue', name: 'guard' },
  { kind: 'policy', tenant: 'blue', name: 'outgoing' },
  group('clients', 'outgoing'),
  group('servers', 'guard'),
];

const place = (id: string, host: 0 | 1, n: number, member: string, network = 'over'): Place => ({
  ...{ id, host, tenant: 'blue', network, group: member },
  ...(network === 'lan'
    ? { mac: `02:00:00:00:02:0${n}`, ipv4: `10.2.2.${n}` }
    : { mac: `02:00:00:00:01:0${n}`, ipv4: `10.1.1.${n}`, ipv6: `fd00:1::${n}` }),
});
const places = [
  place('a', 0, 1, 'clients'),
  place('b', 1, 2, 'servers'),
  place('c', 0, 3, 'servers'),
  place('v1', 0, 1, 'servers', 'lan'),
  place('v2', 1, 2, 'clients', 'lan'),
];
const ipv4 = (id: string): string => places.find((each) => each.id === id)!.ipv4;

describe.skipIf(!root)('what is judged', () => {
  let overlay: Overlay;
  beforeAll(async () => {
    overlay = await buildOverlay(objects, places);
    await w('a').waitForPing(ipv4('b'));
    await w('v2').waitForPing(ipv4('v1'));
  });
  afterEach(async () => {
    const rules = ['guard/1', 'guard/2', 'guard/3', 'outgoing/1'].map(
      (key) => ({ kind: 'rule', key: `blue/${key}` }) as const,
    );
    const put = [group('clients', 'outgoing'), group('servers', 'guard')];
    await Promise.all(overlay.daemons.map((daemon) => daemon.apply({ put, delete: rules }, 'effective')));
  });
  afterAll(async () => {
    await overlay?.stop();
  });
  const w = (id: string) => overlay.workload(id);

  /** Nobody listens: what policy lets through is refused by the receiver's own kernel. */
  async function reached(from: string, address: string, ports: readonly number[]): Promise<number[]> {
    const verdicts = await Promise.all(ports.map((port) => w(from).connect(address, port, 600)));
    return ports.filter((_, i) => verdicts[i] !== 'timeout');
  }

  test('the highest priority decides, of the receiver’s in-rules and the sender’s out-rules together', async () => {
    const [low, high] = [
      { priority: 3, ports: [8000] },
      { priority: 9, ports: [8001] },
    ];
    await overlay.apply([
      rule('guard', '1', { action: 'allow', priority: 5, ports: [8000, 8001] }),
      rule('guard', '2', { action: 'deny', priority: 2, ports: [8000] }),
      rule('outgoing', '1', { action: 'deny', ...low }),
    ]);
    expect(await reached('a', ipv4('b'), [8000, 8001])).toEqual([8000, 8001]);
    await overlay.apply([rule('outgoing', '1', { action: 'deny', ...high })]);
    expect(await reached('a', ipv4('b'), [8000, 8001])).toEqual([8000]);
  });

  test('of equal priorities deny decides', async () => {
    await overlay.apply([
      rule('guard', '1', { action: 'deny', priority: 5, ports: [8000] }),
      rule('guard', '2', { action: 'allow', priority: 5 }),
      rule('outgoing', '1', { action: 'deny', priority: 5, ports: [8001] }),
    ]);
    expect(await reached('a', ipv4('b'), [8000, 8001, 8002])).toEqual([8002]);
  });

  test('of equal actions and priorities the rule with the lowest tenant, policy and id is named', async () => {
    await overlay.apply([
      rule('guard', '2', { action: 'deny', ports: [8000] }),
      rule('guard', '1', { action: 'deny', ports: ['7000-8000'] }),
      rule('guard', '3', { action: 'deny' }),
      rule('outgoing', '1', { action: 'deny', ports: [8000] }),
    ]);
    const namedAt = async (port: number) =>
      (await overlay.daemons[0].trace({ from: 'a', to: 'c', protocol: 'tcp', port })).decidedBy.map(({ key }) => key);
    expect(await namedAt(8000)).toEqual(['blue/guard/1']);
    expect(await namedAt(8001)).toEqual(['blue/guard/3']);
    await overlay.apply([rule('guard', '1', { action: 'allow', ports: ['7000-8000'] })]);
    expect(await namedAt(8000)).toEqual(['blue/guard/2']);
  });

  test('where no rule matches the group’s default decides: allow, or deny as a rule of priority 0 both ways', async () => {
    expect(await reached('a', ipv4('c'), [8000])).toEqual([8000]);
    await overlay.apply([group('servers', 'guard', 'deny')]);
    expect(await reached('a', ipv4('c'), [8000])).toEqual([]);
    expect(await reached('c', ipv4('a'), [8000])).toEqual([]);
    await overlay.apply([
      rule('guard', '1', { action: 'allow', priority: 1, ports: [8000] }),
      rule('guard', '2', { action: 'allow', priority: 1, ports: [8001], direction: 'out' }),
    ]);
    expect(await reached('a', ipv4('c'), [8000, 8001])).toEqual([8000]);
    expect(await reached('c', ipv4('a'), [8000, 8001])).toEqual([8001]);
  });

  test('members of one group are judged like those of any two', async () => {
    await overlay.apply([rule('guard', '1', { action: 'deny', ports: [8000], peer: { group: 'servers' } })]);
    expect(await reached('c', ipv4('b'), [8000, 8001])).toEqual([8001]);
    expect(await reached('a', ipv4('b'), [8000, 8001])).toEqual([8000, 8001]);
  });

  test('a rule without a CIDR holds for IPv4 and IPv6 alike, and protocol icmp means both', async (context) => {
    if (!overlay.lab.ipv6) context.skip('no IPv6 in namespaces here');
    await w('a').waitForPing('fd00:1::2');
    await overlay.apply([
      rule('guard', '1', { action: 'deny', ports: [8000] }),
      rule('guard', '2', { action: 'deny', protocol: 'icmp' }),
    ]);
    for (const address of [ipv4('b'), 'fd00:1::2']) {
      expect(await reached('a', address, [8000, 8001])).toEqual([8001]);
      expect(await w('a').ping(address, { count: 2 })).toMatchObject({ received: 0 });
    }
  });

  test('a protocol may be a number, and is judged like any other', async () => {
    const [from, to] = places.slice(0, 2).map(({ mac, ipv4: ip }): Station => ({ mac, ip }));
    const heard = async (): Promise<string> => {
      const seen = await w('b').capture('ip proto 47 or ip proto 99 or arp');
      for (const protocol of [47, 99]) await w('a').sendFrame(rawIpv4(from!, to!, protocol, blank(32)));
      await w('a').sendFrame(arp(1, from!, { mac: unknownMac, ip: '10.1.1.200' }));
      await seen.waitFor(/who-has 10\.1\.1\.200/);
      return (await seen.stop()).join('\n');
    };
    expect(await heard()).toMatch(/GRE[^]*ip-proto-99/);
    await overlay.apply([rule('guard', '1', { action: 'deny', protocol: 47 })]);
    const after = await heard();
    expect(after).toContain('ip-proto-99');
    expect(after).not.toContain('GRE');
  });

  test('a peer of CIDRs holds for their family alone', async (context) => {
    if (!overlay.lab.ipv6) context.skip('no IPv6 in namespaces here');
    await w('a').waitForPing('fd00:1::2');
    await overlay.apply([rule('guard', '1', { action: 'deny', ports: [8000], peer: { cidrs: ['0.0.0.0/0'] } })]);
    expect(await reached('a', ipv4('b'), [8000])).toEqual([]);
    expect(await reached('a', 'fd00:1::2', [8000])).toEqual([8000]);
  });

  test('a peer with a group and CIDRs is who is in both', async () => {
    const peer = { group: 'clients', cidrs: ['10.1.1.0/30'] };
    await overlay.apply([rule('guard', '1', { action: 'deny', ports: [8000], peer })]);
    // a is in both; c has such an address, and is in another group; v2 is a client elsewhere.
    expect(await reached('a', ipv4('b'), [8000])).toEqual([]);
    expect(await reached('c', ipv4('b'), [8000])).toEqual([8000]);
    expect(await reached('v2', ipv4('v1'), [8000])).toEqual([8000]);
  });

  test('judged on the sender’s host: what its policy denies does not leave it', async () => {
    await overlay.daemons[0].apply({ put: [rule('guard', '1', { action: 'deny', ports: [8000] })] }, 'effective');
    const wire = await overlay.hosts[1].capture('underlay0', 'udp port 4789');
    expect(await reached('a', ipv4('b'), [8000, 8001])).toEqual([8001]);
    const lines = await wire.stop();
    expect(lines.some((line) => line.includes('> 10.1.1.2.8001'))).toBe(true);
    expect(lines.filter((line) => line.includes('> 10.1.1.2.8000'))).toEqual([]);
  });

  test.each([
    ['a tunnel', 1, 'a', 'b'],
    ['a neighbour', 0, 'a', 'c'],
    ['the uplink', 0, 'v2', 'v1'],
  ] as const)('judged again on the receiver’s host, coming from %s', async (_from, host, from, to) => {
    await overlay.daemons[host].apply({ put: [rule('guard', '1', { action: 'deny', ports: [8000] })] }, 'effective');
    const seen = await w(to).capture('tcp');
    expect(await reached(from, ipv4(to), [8000, 8001])).toEqual([8001]);
    expect((await seen.stop()).filter((line) => line.includes(`> ${ipv4(to)}.8000`))).toEqual([]);
  });

  test('a source that is no known endpoint has no group; CIDR and any peers still match it', async () => {
    const [here] = overlay.daemons;
    const { host: _, ...v2 } = places.find(({ id }) => id === 'v2')!;
    const put = [
      group('servers', 'guard', 'deny'),
      rule('guard', '1', { action: 'allow', ports: [8000], peer: { group: 'clients' } }),
      rule('guard', '2', { action: 'allow', ports: [8001], peer: { cidrs: ['10.2.2.2/32'] } }),
      rule('guard', '3', { action: 'allow', ports: [8002] }),
    ];
    await here.apply({ put }, 'effective');
    expect(await reached('v2', ipv4('v1'), [8000, 8001, 8002, 8003])).toEqual([8000, 8001, 8002]);
    await here.apply({ delete: [{ kind: 'endpoint', key: 'v2' }] }, 'effective');
    expect(await reached('v2', ipv4('v1'), [8000, 8001, 8002, 8003])).toEqual([8001, 8002]);
    await here.apply({ put: [{ kind: 'endpoint', ...v2 }] }, 'effective');
  });

  test('the answers of a DHCP server outside reach its client, whatever policy says', async () => {
    const [here] = overlay.daemons;
    const [v1, v2] = ['v1', 'v2'].map((id) => places.find((each) => each.id === id)!);
    await here.apply(
      { put: [group('servers', 'guard', 'deny')], delete: [{ kind: 'endpoint', key: 'v2' }] },
      'effective',
    );
    const [server, client] = [v2!, v1!].map(({ mac, ipv4: ip }): Station => ({ mac, ip }));
    const seen = await w('v1').capture('udp');
    await w('v2').sendFrame(udp(server!, client!, [67, 69], blank(60)));
    await w('v2').sendFrame(udp(server!, client!, [67, 68], blank(60)));
    await seen.waitFor(/10\.2\.2\.2\.67 > 10\.2\.2\.1\.68/);
    expect((await seen.stop()).filter((line) => line.includes('> 10.2.2.1.69'))).toEqual([]);
    const { host: _, ...known } = v2!;
    await here.apply({ put: [{ kind: 'endpoint', ...known }] }, 'effective');
  });

  test.each([
    ['IPv4', { mac: '01:00:5e:01:01:01', ip: '239.1.1.1' }],
    ['IPv6', { mac: '33:33:00:00:01:01', ip: 'ff15::101' }],
  ])(
    'multicast of %s belongs to no group as a destination: the sender’s out-rules alone judge it',
    async (family, to) => {
      const { mac, ipv4: ip, ipv6 } = places[0]!;
      const from: Station = { mac, ip: family === 'IPv6' ? ipv6! : ip };
      /** Which of the two receivers, one on each host, hear it. */
      const heard = async (port: number): Promise<string[]> => {
        const ids = ['b', 'c'];
        const captures = await Promise.all(ids.map((id) => w(id).capture()));
        await w('a').sendFrame(udp(from, to, [port, 5000], blank(32)));
        await w('a').sendFrame(arp(1, { mac, ip }, { mac: unknownMac, ip: '10.1.1.200' }));
        const lines = await Promise.all(
          captures.map(async (capture) => {
            await capture.waitFor(/who-has 10\.1\.1\.200/);
            return capture.stop();
          }),
        );
        return ids.filter((_, i) => lines[i]!.some((line) => line.includes(`.${port} > ${to.ip}.5000`)));
      };
      await overlay.apply([group('servers', 'guard', 'deny'), rule('guard', '1', { action: 'deny', protocol: 'udp' })]);
      expect(await heard(4001)).toEqual(['b', 'c']);
      await overlay.apply([rule('outgoing', '1', { action: 'deny', protocol: 'udp', ports: [5000] })]);
      expect(await heard(4002)).toEqual([]);
    },
  );

  test('midstream drop: a TCP packet of no known connection without SYN is dropped and counted', async () => {
    const dropped = async () => {
      const drops = await overlay.daemons[0].drops();
      return drops.find(({ reason }) => reason === 'midstream')!.packets;
    };
    await overlay.settings({ midstream: 'drop' });
    const service = await w('c').serve(8080, { pushEveryMs: 20 });
    const stream = await w('a').subscribe(ipv4('c'), 8080);
    await stream.waitForBytes(200);
    const before = await dropped();
    await overlay.hosts[0].sandbox.appctl('dpctl/flush-conntrack');
    await stream.waitForSilence(400);
    await expect.poll(dropped, { timeout: 5000 }).toBeGreaterThan(before);
    await overlay.settings({ midstream: 'adopt' });
    await stream.waitForBytes(200, 15_000);
    await Promise.all([stream.close(), service.close()]);
  });
});
