/**
 * What the spoof guard lets an endpoint say in IPv6 and what it does not, and what is answered for it; with frames as they are.
 * Needs root for network namespaces; says so and skips otherwise.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatIpv6 } from '../../src/model/index.js';
import { allNodes, allRouters, blank, ethernet, icmp6, mac, nd } from './frames.js';
import { buildOverlay, type Overlay } from './overlay.js';

const root = process.getuid?.() === 0;
if (!root) console.warn('skipped: packet tests need root for network namespaces');

const objects = [
  { kind: 'tenant', name: 'blue' },
  {
    ...{ kind: 'network', tenant: 'blue', name: 'over', vni: 5001, forwarding: 'routing' },
    ...{ subnet: '10.1.1.0/24', ipv6Subnet: 'fd00:1::/64', ipv6Gateway: 'fd00:1::ff' },
  },
];

const a = { mac: '02:00:00:00:01:01', ip: 'fd00:1::1', linkLocal: 'fe80::ff:fe00:101' };
const b = { mac: '02:00:00:00:01:02', ip: 'fd00:1::2', linkLocal: 'fe80::ff:fe00:102' };
const places = [
  { id: 'a', host: 0, tenant: 'blue', network: 'over', mac: a.mac, ipv4: '10.1.1.1', ipv6: a.ip },
  { id: 'b', host: 1, tenant: 'blue', network: 'over', mac: b.mac, ipv4: '10.1.1.2', ipv6: b.ip },
] as const;

const nowhere = { mac: a.mac, ip: '::' };
const linkLocal = { mac: a.mac, ip: a.linkLocal };
/** The group of an address that ends in these two bytes. */
const solicited = (x: string, y: string) => ({ mac: `33:33:ff:00:${x}:${y}`, ip: `ff02::1:ff00:${x}${y}` });
/** Sent last: what was sent before it has arrived when it does. */
const last = icmp6(linkLocal, allNodes, 128, blank(60));

/** As tcpdump prints the two ends of a packet; of a frame without IP, its type. */
function endsOf(frame: Uint8Array): string {
  const at = frame[12] === 0x81 ? 18 : 14;
  const type = ((frame[at - 2] ?? 0) << 8) | (frame[at - 1] ?? 0);
  if (type !== 0x86dd) return `0x${type.toString(16)}`;
  return `${formatIpv6(frame.subarray(at + 8, at + 24))} > ${formatIpv6(frame.subarray(at + 24, at + 40))}: `;
}

describe.skipIf(!root)('the spoof guard and neighbour discovery', () => {
  let overlay: Overlay;
  beforeAll(async () => {
    overlay = await buildOverlay(objects, places);
    if (overlay.lab.ipv6) await overlay.workload('a').waitForPing(b.ip);
  });
  afterAll(async () => {
    await overlay?.stop();
  });

  /** What b sees of `frame`, sent by a; whatever else hosts say of their own accord goes between other addresses. */
  async function seenByB(frame: Uint8Array): Promise<string[]> {
    const capture = await overlay.workload('b').capture(`ether src ${a.mac} or vlan`);
    await overlay.workload('a').sendFrame(frame);
    await overlay.workload('a').sendFrame(last);
    await capture.waitFor(/echo request.*length 64/);
    const ends = endsOf(frame);
    return (await capture.stop()).filter((line) => line.includes(ends) && !line.includes('echo request'));
  }

  test.each([
    ['a router solicitation from ::', icmp6(nowhere, allRouters, 133, blank(4))],
    ['a report of MLDv1 from ::', icmp6(nowhere, allRouters, 131, blank(20))],
    ['a report of MLDv2 from ::', icmp6(nowhere, allRouters, 143, blank(4))],
    ['a probe of its link-local address', icmp6(nowhere, solicited('01', '01'), 135, nd(a.linkLocal))],
    ['an advertisement of its own address', icmp6(a, allRouters, 136, nd(a.ip, 0x2000_0000, { type: 2, mac: a.mac }))],
    ['the same, from its link-local address', icmp6(linkLocal, allRouters, 136, nd(a.ip, 0x2000_0000))],
  ])('%s passes', async (_what, frame) => {
    expect(await seenByB(frame)).toHaveLength(1);
  });

  test.each([
    ['a router advertisement', icmp6(linkLocal, allNodes, 134, blank(12))],
    ['a redirect', icmp6(linkLocal, allNodes, 137, blank(36))],
    ['an advertisement of another’s address', icmp6(a, allRouters, 136, nd(b.ip, 0x2000_0000))],
    ['an advertisement from another’s address', icmp6({ ...b, mac: a.mac }, allRouters, 136, nd(a.ip, 0x2000_0000))],
    [
      'an advertisement with another’s MAC inside',
      icmp6(a, allRouters, 136, nd(a.ip, 0x2000_0000, { type: 2, mac: b.mac })),
    ],
    ['a link-local address that is not of its MAC', icmp6({ ...a, ip: 'fe80::7' }, allNodes, 133, blank(4))],
    ['a tagged frame', icmp6(linkLocal, allNodes, 133, blank(4), 100)],
    ['a frame tagged with VLAN 0', icmp6(linkLocal, allNodes, 133, blank(4), 0)],
    ['a frame that is neither IP nor ARP', ethernet(a.mac, 'ff:ff:ff:ff:ff:ff', 0x88b5, blank(46))],
  ])('%s is dropped', async (_what, frame) => {
    expect(await seenByB(frame)).toEqual([]);
  });

  /** What a hears when it asks. */
  async function answer(question: Uint8Array, about: string): Promise<string[]> {
    const { [0]: host } = overlay.hosts;
    const heard = await overlay.workload('a').capture(`icmp6 and not ether src ${a.mac}`);
    const underlay = await host.capture('underlay0', 'udp port 4789');
    await overlay.workload('a').sendFrame(question);
    // A question that the switch does not answer crosses the underlay, and this one comes after it.
    await overlay.workload('a').sendFrame(last);
    await underlay.waitFor(/echo request/);
    await underlay.stop();
    return (await heard.stop()).filter((line) => line.includes(`tgt is ${about},`));
  }

  test('a probe for the address of somebody else is answered: it is taken', async () => {
    const answers = await answer(icmp6(nowhere, solicited('00', '02'), 135, nd(b.ip)), b.ip);
    expect(answers.length).toBeGreaterThan(0);
    for (const line of answers) {
      expect(line).toContain(`${b.mac} > 33:33:00:00:00:01`);
      expect(line).toContain('fd00:1::2 > ff02::1: ICMP6, neighbor advertisement');
      expect(line).not.toContain('solicited');
    }
  });

  test('a probe for its own address is not answered', async () => {
    expect(await answer(icmp6(nowhere, solicited('00', '01'), 135, nd(a.ip)), a.ip)).toEqual([]);
  });

  test('a unicast refresh is answered with the MAC it is about', async () => {
    const question = icmp6(a, { mac: b.mac, ip: b.ip }, 135, nd(b.ip, 0, { type: 1, mac: a.mac }));
    const [line, ...more] = (await answer(question, b.ip)).filter((each) => each.includes(`> ${a.mac}`));
    expect(more).toEqual([]);
    expect(line).toContain(`${b.mac} > ${a.mac}`);
    expect(line).toContain('fd00:1::2 > fd00:1::1: ICMP6, neighbor advertisement, tgt is fd00:1::2');
  });

  test('the gateway answers as a router, with an option that says its MAC', async () => {
    const heard = await overlay
      .workload('a')
      .exec('ip', 'neigh', 'flush', 'all')
      .then(() => overlay.workload('a').capture('icmp6'));
    await overlay.workload('a').ping('fd00:1::ff', { count: 1 });
    const line = await heard.waitFor(/neighbor advertisement/);
    await heard.stop();
    expect(line).toContain('02:73:6c:75:69:63 > 02:00:00:00:01:01');
    expect(await overlay.workload('a').exec('ip', '-6', 'neigh', 'show', 'fd00:1::ff')).toMatch(
      /lladdr 02:73:6c:75:69:63 router/,
    );
  });

  test('arpMode flood leaves neighbour discovery to the network', async () => {
    await overlay.settings({ arpMode: 'flood' });
    await overlay.workload('a').flushNeighbours();
    const asked = await overlay.workload('b').capture('icmp6 and dst host ff02::1:ff00:2');
    await overlay.workload('a').waitForPing(b.ip);
    expect((await asked.stop()).length).toBeGreaterThan(0);
    await overlay.settings({ arpMode: 'proxy' });
    expect(mac(a.mac)).toHaveLength(6);
  });
});
