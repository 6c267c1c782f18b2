/**
 * Policy by real packets between two hosts: ranges, ICMP types, the two sides, audits, live connections, mid-stream TCP.
 * Needs root for network namespaces; says so and skips otherwise.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { sctp } from './frames.js';
import { buildOverlay, type Overlay } from './overlay.js';

const root = process.getuid?.() === 0;
if (!root) console.warn('skipped: packet tests need root for network namespaces');

type Json = { kind: string; [field: string]: unknown };

const rule = (policy: string, id: string, fields: Record<string, unknown>): Json => ({
  kind: 'rule',
  tenant: 'blue',
  policy,
  id,
  direction: 'in',
  action: 'allow',
  ...fields,
});

/** Servers refuse what `guard` does not allow; `guard/1` is the rule that the tests change. */
const pings = rule('guard', '2', { protocol: 'icmp', peer: { network: 'over' } });
const objects: Json[] = [
  { kind: 'tenant', name: 'blue' },
  {
    kind: 'network',
    tenant: 'blue',
    name: 'over',
    encap: 'vxlan',
    vni: 5001,
    subnet: '10.1.1.0/24',
    ipv6Subnet: 'fd00:1::/64',
  },
  { kind: 'policy', tenant: 'blue', name: 'guard' },
  { kind: 'policy', tenant: 'blue', name: 'outgoing' },
  { kind: 'group', tenant: 'blue', name: 'clients', policies: ['outgoing'], defaultAction: 'deny' },
  { kind: 'group', tenant: 'blue', name: 'servers', policies: ['guard'], defaultAction: 'deny' },
  pings,
];

const station = (n: number) => ({ mac: `02:00:00:00:01:0${n}`, ip: `10.1.1.${n}` });

const place = (id: string, host: 0 | 1, n: number, group: string) => ({
  id,
  host,
  tenant: 'blue',
  network: 'over',
  group,
  mac: `02:00:00:00:01:0${n}`,
  ipv4: `10.1.1.${n}`,
  ipv6: `fd00:1::${n}`,
});
const places = [place('a', 0, 1, 'clients'), place('d', 0, 4, 'clients'), place('b', 1, 2, 'servers')];
const server = '10.1.1.2';

describe.skipIf(!root)('policy between two hosts', () => {
  let overlay: Overlay;
  beforeAll(async () => {
    overlay = await buildOverlay(objects, places);
    await w('a').waitForPing(server);
    await w('d').waitForPing(server);
  });
  afterEach(async () => {
    await settings({ policyMode: 'joint', onPolicyChange: 'reevaluate', midstream: 'adopt' });
    await overlay.apply([pings, { kind: 'policy', tenant: 'blue', name: 'outgoing' }]);
    await overlay.remove('rule', 'blue/guard/1');
    await overlay.remove('rule', 'blue/guard/3');
    await overlay.remove('rule', 'blue/outgoing/1');
  });
  afterAll(async () => {
    await overlay?.stop();
  });
  const w = (id: string) => overlay.workload(id);

  /** Settings are each host's own: its VTEP address stays. */
  async function settings(fields: Record<string, unknown>): Promise<void> {
    const each = overlay.daemons.map((daemon) =>
      daemon.apply({ put: [{ ...daemon.state.settings.spec, ...fields }] }, 'effective'),
    );
    await Promise.all(each);
  }

  /** Nobody listens on most ports: where policy lets a SYN through, it is refused by the server itself. */
  async function reached(from: string, address: string, ports: readonly number[]): Promise<number[]> {
    const verdicts = await Promise.all(ports.map((port) => w(from).connect(address, port, 700)));
    return ports.filter((_, i) => verdicts[i] !== 'timeout');
  }

  test.each(['adopt', 'drop'] as const)('midstream %s: TCP that conntrack has forgotten', async (midstream) => {
    await overlay.apply([rule('guard', '1', { protocol: 'tcp', ports: [8090] })]);
    // Forgotten, the server's next packet begins a connection of its own, from the server: that is allowed, too.
    await overlay.apply([rule('guard', '3', { direction: 'out', protocol: 'tcp' })]);
    await settings({ midstream });
    const service = await w('b').serve(8090, { pushEveryMs: 5 });
    const stream = await w('a').subscribe(server, 8090);
    await stream.waitForBytes(1000);
    await Promise.all(overlay.hosts.map((host) => host.sandbox.appctl('dpctl/flush-conntrack')));
    if (midstream === 'adopt') await stream.waitForBytes(1000, 15_000);
    else await stream.waitForSilence(600);
    expect(await reached('a', server, [8090])).toEqual([8090]);
    await Promise.all([stream.close(), service.close()]);
  });

  test('a range of ports lets in TCP to just its ports', async () => {
    await overlay.apply([rule('guard', '1', { protocol: 'tcp', ports: ['8000-8010', 8012] })]);
    const ports = [7999, 8000, 8001, 8007, 8008, 8010, 8011, 8012, 8013];
    expect(await reached('a', server, ports)).toEqual([8000, 8001, 8007, 8008, 8010, 8012]);
  });

  test('a range of ports lets in IPv6 to just its ports', async (context) => {
    if (!overlay.lab.ipv6) context.skip('no IPv6 in namespaces here');
    await overlay.apply([rule('guard', '1', { protocol: 'tcp', ports: ['8000-8010'] })]);
    await w('a').waitForPing('fd00:1::2');
    expect(await reached('a', 'fd00:1::2', [7999, 8000, 8007, 8010, 8011])).toEqual([8000, 8007, 8010]);
  });

  test('a range of ports lets in UDP to just its ports', async () => {
    await overlay.apply([rule('guard', '1', { protocol: 'udp', ports: ['9001-9002'] })]);
    const servers = await Promise.all([9000, 9001, 9002, 9003].map((port) => w('b').listenUdp(port)));
    expect(await w('a').udp(server, 9000, 500)).toBe('timeout');
    expect(await w('a').udp(server, 9001, 3000)).toBe('answered');
    expect(await w('a').udp(server, 9002, 3000)).toBe('answered');
    expect(await w('a').udp(server, 9003, 500)).toBe('timeout');
    await Promise.all(servers.map((each) => each.close()));
  });

  test('a range of addresses lets in just its addresses', async () => {
    await overlay.apply([rule('guard', '1', { protocol: 'tcp', peer: { cidrs: ['10.1.1.3-10.1.1.9'] } })]);
    expect(await reached('d', server, [80])).toEqual([80]);
    expect(await reached('a', server, [80])).toEqual([]);
  });

  test('ports and addresses that are matched apart let in just their pairs', async () => {
    const cidrs = ['10.1.1.1/32', '10.9.0.0/16', '10.7.0.0/16', '10.5.0.0/16', '10.3.0.0/16', 'fd00:1::1/128'];
    await overlay.apply([
      rule('guard', '1', { protocol: 'tcp', ports: [8000, 8002, 8004, 8006, 8008], peer: { cidrs } }),
    ]);
    const conjoined = await overlay.daemons[1].flows({ owner: { kind: 'rule', key: 'blue/guard/1' } });
    expect(conjoined.filter(({ text }) => text.includes('conjunction('))).toHaveLength(5 + 6);
    const ports = [8000, 8001, 8002, 8003, 8004, 8006, 8008];
    expect(await reached('a', server, ports)).toEqual([8000, 8002, 8004, 8006, 8008]);
    expect(await reached('d', server, ports)).toEqual([]);
    if (overlay.lab.ipv6) expect(await reached('a', 'fd00:1::2', ports)).toEqual([8000, 8002, 8004, 8006, 8008]);
    // A live connection follows the rule both ways.
    const service = await w('b').serve(8004, { pushEveryMs: 5 });
    const stream = await w('a').subscribe(server, 8004);
    await stream.waitForBytes(1000);
    await overlay.apply([
      rule('guard', '1', { protocol: 'tcp', ports: [8000, 8002, 8003, 8006, 8008], peer: { cidrs } }),
    ]);
    await stream.waitForSilence(600);
    await Promise.all([stream.close(), service.close()]);
  });

  test('SCTP is judged by each packet’s own ports, there and back', async () => {
    await overlay.apply([rule('guard', '1', { protocol: 'sctp', ports: [3868] })]);
    const received = await w('b').capture('ip proto 132');
    const answered = await w('a').capture('ip proto 132 and src host 10.1.1.2');
    await w('a').sendFrame(sctp(station(1), station(2), [5000, 3868]), 2);
    await w('a').sendFrame(sctp(station(1), station(2), [5000, 3869]), 2);
    await received.waitFor(/10\.1\.1\.1\.5000 > 10\.1\.1\.2\.3868/);
    await w('b').sendFrame(sctp(station(2), station(1), [3868, 5000]), 2);
    await w('b').sendFrame(sctp(station(2), station(1), [3869, 5000]), 2);
    await answered.waitFor(/10\.1\.1\.2\.3868 > 10\.1\.1\.1\.5000/);
    expect((await received.stop()).some((line) => line.includes('> 10.1.1.2.3869'))).toBe(false);
    expect((await answered.stop()).some((line) => line.includes('10.1.1.2.3869 >'))).toBe(false);
  });

  test('an ICMP type lets in just that type, and its replies out', async () => {
    await overlay.apply([rule('guard', '2', { protocol: 'icmp', icmpType: 8 })]);
    expect(await w('a').ping(server, { count: 3 })).toMatchObject({ received: 3 });
    await overlay.apply([rule('guard', '2', { protocol: 'icmp', icmpType: 13, icmpCode: 0 })]);
    expect(await w('a').ping(server, { count: 2 })).toMatchObject({ received: 0 });
  });

  test('joint: of the sender’s out-rules and the receiver’s in-rules the highest priority decides, deny among equals', async () => {
    const deny = { direction: 'out', action: 'deny', protocol: 'tcp', ports: ['81-83'] };
    await overlay.apply([
      rule('guard', '1', { protocol: 'tcp', ports: ['80-83'], priority: 10 }),
      rule('outgoing', '1', { ...deny, priority: 10 }),
    ]);
    expect(await reached('a', server, [80, 81, 82, 83])).toEqual([80]);
    await overlay.apply([rule('guard', '3', { protocol: 'tcp', ports: [82], priority: 11 })]);
    expect(await reached('a', server, [80, 81, 82, 83])).toEqual([80, 82]);
    await overlay.apply([rule('outgoing', '1', { ...deny, priority: 12 })]);
    expect(await reached('a', server, [80, 81, 82, 83])).toEqual([80]);
  });

  test('members of one group are judged like those of any two', async () => {
    expect(await reached('a', '10.1.1.4', [80, 81])).toEqual([]);
    await overlay.apply([
      rule('outgoing', '1', { direction: 'out', protocol: 'tcp', ports: [80], peer: { group: 'clients' } }),
    ]);
    expect(await reached('a', '10.1.1.4', [80, 81])).toEqual([80]);
  });

  test('a rule without addresses holds for both families, one with addresses for theirs alone', async (context) => {
    if (!overlay.lab.ipv6) context.skip('no IPv6 in namespaces here');
    await w('a').waitForPing('fd00:1::2');
    await overlay.apply([rule('guard', '1', { protocol: 'tcp', ports: [80] })]);
    expect(await reached('a', server, [80])).toEqual([80]);
    expect(await reached('a', 'fd00:1::2', [80])).toEqual([80]);
    await overlay.apply([rule('guard', '1', { protocol: 'tcp', ports: [80], peer: { cidrs: ['0.0.0.0/0'] } })]);
    expect(await reached('a', server, [80])).toEqual([80]);
    expect(await reached('a', 'fd00:1::2', [80])).toEqual([]);
  });

  test('a sender that is no known endpoint is in no group; rules about its address, or about anybody, match it', async () => {
    const { state } = overlay.daemons[1];
    const { spec } = state.endpoints.get('a')!;
    // Its own host knows it and lets it send; the receiver's judges again.
    await overlay.daemons[1].apply({ delete: [{ kind: 'endpoint', key: 'a' }] }, 'effective');
    try {
      await overlay.apply([rule('guard', '1', { protocol: 'tcp', ports: [80], peer: { group: 'clients' } })]);
      expect(await reached('a', server, [80])).toEqual([]);
      expect(await reached('d', server, [80])).toEqual([80]);
      await overlay.apply([rule('guard', '1', { protocol: 'tcp', ports: [80], peer: { cidrs: ['10.1.1.1/32'] } })]);
      expect(await reached('a', server, [80])).toEqual([80]);
      await overlay.apply([rule('guard', '1', { protocol: 'tcp', ports: [80] })]);
      expect(await reached('a', server, [80])).toEqual([80]);
    } finally {
      await overlay.daemons[1].apply({ put: [spec] }, 'effective');
    }
  });

  test('both-sides: what the receiver allows, the sender must allow as well', async () => {
    await overlay.apply([
      rule('guard', '1', { protocol: 'tcp', ports: ['8000-8010'], priority: 10 }),
      rule('outgoing', '1', { direction: 'out', protocol: 'tcp', ports: ['8005-8020'] }),
    ]);
    // One list: the in-rule has the last word over the sender's default, the out-rule over the receiver's.
    expect(await reached('a', server, [7999, 8000, 8005, 8010, 8015, 8021])).toEqual([8000, 8005, 8010, 8015]);
    await settings({ policyMode: 'both-sides' });
    expect(await reached('a', server, [7999, 8000, 8005, 8010, 8015, 8021])).toEqual([8005, 8010]);
  });

  test('an audited policy counts and stops nothing', async () => {
    await overlay.apply([
      rule('guard', '1', { protocol: 'tcp', ports: [80] }),
      { kind: 'policy', tenant: 'blue', name: 'outgoing', audit: true },
      rule('outgoing', '1', { direction: 'out', action: 'deny', protocol: 'tcp', ports: [80], priority: 100 }),
    ]);
    expect(await reached('a', server, [80])).toEqual([80]);
    await expect
      .poll(async () => {
        const query = { owner: { kind: 'rule', key: 'blue/outgoing/1' }, source: 'switch' } as const;
        return (await overlay.daemons[0].flows(query)).reduce((sum, flow) => sum + (flow.packets ?? 0), 0);
      })
      .toBeGreaterThan(0);
    await overlay.apply([{ kind: 'policy', tenant: 'blue', name: 'outgoing', audit: false }]);
    expect(await reached('a', server, [80])).toEqual([]);
  });

  test('keep: a connection once allowed lives on when its rule goes, and no other begins', async () => {
    await overlay.apply([rule('guard', '1', { protocol: 'tcp', ports: [8080] })]);
    const service = await w('b').serve(8080, { pushEveryMs: 5 });
    const before = await w('a').subscribe(server, 8080);
    await before.waitForBytes(1000);
    await settings({ onPolicyChange: 'keep' });
    const after = await w('d').subscribe(server, 8080);
    await Promise.all([before.waitForBytes(1000), after.waitForBytes(1000)]);
    await overlay.remove('rule', 'blue/guard/1');
    await Promise.all([before.waitForBytes(5000), after.waitForBytes(5000)]);
    expect(await reached('a', server, [8080])).toEqual([]);
    await settings({ onPolicyChange: 'reevaluate' });
    await Promise.all([before.waitForSilence(600), after.waitForSilence(600)]);
    await Promise.all([before.close(), after.close(), service.close()]);
  });
});
