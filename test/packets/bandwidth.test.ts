/**
 * Net profiles by real packets between two hosts: rates in both directions and both scopes, changed under load, and DSCP
 * inside and outside the tunnel. Needs root for network namespaces; says so and skips otherwise.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Opened } from '../../src/sandbox/index.js';
import { buildOverlay, type Overlay } from './overlay.js';

const root = process.getuid?.() === 0;
if (!root) console.warn('skipped: packet tests need root for network namespaces');

const profile = (fields: Record<string, unknown>) => ({ kind: 'netProfile', tenant: 'blue', name: 'gold', ...fields });
const objects = [
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
  profile({ dscp: 46 }),
  { kind: 'group', tenant: 'blue', name: 'limited', netProfile: 'gold' },
];
const place = (id: string, host: 0 | 1, n: number, group?: string) => ({
  id,
  host,
  tenant: 'blue',
  network: 'over',
  ...(group === undefined ? {} : { group }),
  mac: `02:00:00:00:01:0${n}`,
  ipv4: `10.1.1.${n}`,
  ipv6: `fd00:1::${n}`,
});
// Two members on one host, one elsewhere, and one that is in no group.
const places = [place('a', 0, 1, 'limited'), place('d', 0, 4, 'limited'), place('b', 1, 2), place('c', 0, 3)];

/** Bits a second of UDP payload that arrive, while there are more. */
async function rateAt(sink: Opened, forMs = 1200): Promise<number> {
  const { bytes } = sink;
  const begun = performance.now();
  await new Promise((resolve) => setTimeout(resolve, forMs));
  return ((sink.bytes - bytes) * 8000) / (performance.now() - begun);
}

const mega = 1_000_000;

describe.skipIf(!root)('net profiles between two hosts', () => {
  let overlay: Overlay;
  beforeAll(async () => {
    overlay = await buildOverlay(objects, places);
    for (const id of ['a', 'c', 'd']) await w(id).waitForPing('10.1.1.2');
  });
  afterAll(async () => {
    await overlay?.stop();
  });
  const w = (id: string) => overlay.workload(id);

  /** What arrives of `offered` bits a second from each to each, once the burst is used up. */
  async function measure(pairs: readonly (readonly [from: string, to: string])[], offered: number): Promise<number[]> {
    const address = (id: string) => places.find((each) => each.id === id)!.ipv4;
    const sinks = await Promise.all(pairs.map(([, to], i) => w(to).sinkUdp(7000 + i)));
    const streams = await Promise.all(pairs.map(([from, to], i) => w(from).stream(address(to), 7000 + i, offered)));
    try {
      await rateAt(sinks[0]!, 600);
      return await Promise.all(sinks.map((sink) => rateAt(sink)));
    } finally {
      await Promise.all([...streams, ...sinks].map((each) => each.close()));
    }
  }

  const sum = (rates: readonly number[]) => rates.reduce((all, rate) => all + rate, 0);
  /** A meter counts whole frames, so of the payload somewhat less passes; a loaded machine delays the rest. */
  const expectAbout = (rate: number, limit: number) => {
    expect(rate / limit).toBeGreaterThan(0.6);
    expect(rate / limit).toBeLessThan(1.15);
  };

  test('scope endpoint: what a member sends, and what it receives, is limited to its own rate', async () => {
    await overlay.apply([profile({ bandwidth: '2 mbps', burst: 20 })]);
    const [out] = await measure([['a', 'b']], 8 * mega);
    expectAbout(out!, 2 * mega);
    const [back] = await measure([['b', 'a']], 8 * mega);
    expectAbout(back!, 2 * mega);
    // Each direction and each member has the rate to itself.
    const all = await measure(
      [
        ['a', 'b'],
        ['b', 'a'],
        ['d', 'b'],
      ],
      6 * mega,
    );
    for (const rate of all) expectAbout(rate, 2 * mega);
  });

  test('scope group: the members on the host share the rate, in each direction', async () => {
    await overlay.apply([profile({ bandwidth: '3 mbps', burst: 20, scope: 'group' })]);
    expectAbout(
      sum(
        await measure(
          [
            ['a', 'b'],
            ['d', 'b'],
          ],
          5 * mega,
        ),
      ),
      3 * mega,
    );
    expectAbout(
      sum(
        await measure(
          [
            ['b', 'a'],
            ['b', 'd'],
          ],
          5 * mega,
        ),
      ),
      3 * mega,
    );
  });

  test('who is in no such group is not limited', async () => {
    await overlay.apply([profile({ bandwidth: '1 mbps', burst: 20 })]);
    const [free] = await measure([['c', 'b']], 8 * mega);
    expect(free).toBeGreaterThan(6 * mega);
  });

  test('changing a rate opens no gap: neither more than the larger rate nor silence', async () => {
    await overlay.apply([profile({ bandwidth: '1 mbps', burst: 20 })]);
    const sink = await w('b').sinkUdp(7000);
    const stream = await w('a').stream('10.1.1.2', 7000, 12 * mega);
    await rateAt(sink, 600);
    const begun = performance.now();
    const before = sink.bytes;
    for (let i = 0; i < 20; i++) {
      await overlay.daemons[0].apply(
        { put: [profile({ bandwidth: i % 2 ? '1 mbps' : '2 mbps', burst: 20 })] },
        'committed',
      );
      const { bytes } = sink;
      await expect.poll(() => sink.bytes, { timeout: 5000, interval: 10 }).toBeGreaterThan(bytes);
    }
    const rate = ((sink.bytes - before) * 8000) / (performance.now() - begun);
    expect(rate).toBeLessThan(2 * mega * 1.15 + (20 * 20_000 * 8000) / (performance.now() - begun));
    await Promise.all([stream.close(), sink.close()]);
  });

  test('DSCP is set on what a member sends, IPv4 and IPv6, and on nobody else', async (context) => {
    await overlay.apply([profile({ dscp: 46 })]);
    const marked = await w('b').capture('ip[1] & 0xfc = 0xb8');
    await w('a').ping('10.1.1.2', { count: 2 });
    await w('c').ping('10.1.1.2', { count: 2 });
    await marked.waitFor(/10\.1\.1\.1 > 10\.1\.1\.2: ICMP echo request/);
    expect((await marked.stop()).some((line) => line.includes('10.1.1.3'))).toBe(false);
    if (!overlay.lab.ipv6) context.skip('no IPv6 in namespaces here');
    // The class of IPv6 lies across two bytes.
    const marked6 = await w('b').capture('ip6[0:2] & 0x0fc0 = 0x0b80');
    await w('a').ping('fd00:1::2', { count: 2 });
    await marked6.waitFor(/fd00:1::1 > fd00:1::2: ICMP6, echo request/);
    await marked6.stop();
  });

  test.each([
    ['none', 0],
    ['copy', 46],
  ] as const)('tunnelDscp %s: the outer header carries DSCP %i', async (tunnelDscp, outer) => {
    await overlay.apply([profile({ dscp: 46 })]);
    await overlay.daemons[0].apply({ settings: { tunnelDscp } }, 'effective');
    const [host] = overlay.hosts;
    const seen = await host.capture('underlay0', `udp dst port 4789 and ip[1] & 0xfc = ${outer << 2}`);
    await w('a').ping('10.1.1.2', { count: 2 });
    await seen.waitFor(/172\.31\.0\.1\.\d+ > 172\.31\.0\.2\.4789: VXLAN/);
    await seen.stop();
  });
});
