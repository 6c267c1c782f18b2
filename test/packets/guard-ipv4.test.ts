/**
 * The spoof guard in IPv4 and ARP, what is guarded but never judged, and how ARP is answered; with frames as they are.
 * Neighbours: guard.test.ts, the same for IPv6. Needs root for network namespaces; says so and skips otherwise.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  allRouters,
  arp,
  blank,
  ethernet,
  everybody,
  icmp6,
  ipv4,
  nd,
  udp,
  unknownMac,
  type Station,
} from './frames.js';
import { buildOverlay, type Overlay } from './overlay.js';

const root = process.getuid?.() === 0;
if (!root) console.warn('skipped: packet tests need root for network namespaces');

const objects = [
  { kind: 'tenant', name: 'blue' },
  { kind: 'network', tenant: 'blue', name: 'over', vni: 5001, subnet: '10.1.1.0/24', ipv6Subnet: 'fd00:1::/64' },
  { kind: 'group', tenant: 'blue', name: 'closed', defaultAction: 'deny' },
];

const a: Station = { mac: '02:00:00:00:01:01', ip: '10.1.1.1' };
const b: Station = { mac: '02:00:00:00:01:02', ip: '10.1.1.2' };
const c = { mac: '02:00:00:00:01:03', ip: '10.1.1.3', linkLocal: 'fe80::ff:fe00:103' };
const floating: Station = { mac: a.mac, ip: '10.1.1.50' };
/** An address that goes with a MAC of its own, as of VRRP. */
const virtual: Station = { mac: '00:00:5e:00:01:0a', ip: '10.1.1.60' };
const place = { host: 0, tenant: 'blue', network: 'over' } as const;
const places = [
  { ...place, id: 'a', mac: a.mac, ipv4: a.ip, allowedAddresses: [{ ip: floating.ip }, virtual] },
  { ...place, id: 'b', host: 1, mac: b.mac, ipv4: b.ip, ipv6: 'fd00:1::2' },
  { ...place, id: 'c', mac: c.mac, ipv4: c.ip, ipv6: 'fd00:1::3', group: 'closed' },
] as const;

const nobody: Station = { mac: unknownMac, ip: '10.1.1.201' };
/** Asked for last: what was sent before has come when this has. */
const last: Station = { mac: unknownMac, ip: '10.1.1.200' };
const broadcast: Station = { mac: everybody, ip: '255.255.255.255' };
const igmp: Station = { mac: '01:00:5e:00:00:16', ip: '224.0.0.22' };
/** A membership report (RFC 3376) without groups; its checksum. */
const report = Uint8Array.of(0x22, 0, 0xdd, 0xff, 0, 0, 0, 0);
const discover = (from: Station, ports: readonly [number, number] = [68, 67]) => udp(from, broadcast, ports, blank(60));
const datagram = (from: Station, to = b) => udp(from, to, [4000, 4000], blank(32));

/** How tcpdump prints the two ends of a frame; other frames of the same hosts go between other ends. */
function endsOf(frame: Uint8Array): RegExp {
  const type = ((frame[12] ?? 0) << 8) | (frame[13] ?? 0);
  const ip = (at: number) => [...frame.subarray(at, at + 4)].join('\\.');
  if (type === 0x0806)
    return frame[21] === 2 ? new RegExp(`Reply ${ip(28)} is-at`) : new RegExp(`who-has ${ip(38)} .*tell ${ip(28)},`);
  if (type === 0x0800) return new RegExp(`${ip(26)}(\\.\\d+)? > ${ip(30)}`);
  if (type === 0x86dd) return /ICMP6, (?!echo|neighbor advertisement)/;
  return /LLDP|802\.1Q|10\.1\.1\.1 > 10\.1\.1\.2/;
}

describe.skipIf(!root)('the spoof guard in IPv4 and ARP', () => {
  let overlay: Overlay;
  beforeAll(async () => {
    overlay = await buildOverlay(objects, places);
    await overlay.workload('a').waitForPing(b.ip);
  });
  afterAll(async () => {
    await overlay?.stop();
  });
  const w = (id: string) => overlay.workload(id);

  /** What b sees of a frame that `from` sends, judged by what is sent after it and passes. */
  async function seenByB(from: 'a' | 'c', frame: Uint8Array): Promise<string[]> {
    const { mac, ip } = from === 'a' ? a : c;
    const capture = await w('b').capture(`not ether src ${b.mac}`);
    await w(from).sendFrame(frame);
    await w(from).sendFrame(arp(1, { mac, ip }, last));
    await capture.waitFor(/who-has 10\.1\.1\.200/);
    return (await capture.stop()).filter((line) => endsOf(frame).test(line));
  }

  test.each([
    ['a packet from its own address', datagram(a)],
    ['a packet from an allowed address', datagram(floating)],
    ['a packet from an allowed address and the MAC that goes with it', datagram(virtual)],
    ['ARP about an allowed address and its MAC', arp(1, virtual, nobody)],
    ['an ARP probe from 0.0.0.0', arp(1, { mac: a.mac, ip: '0.0.0.0' }, nobody)],
    ['DHCP from 0.0.0.0', discover({ mac: a.mac, ip: '0.0.0.0' })],
    ['IGMP from 0.0.0.0', ipv4({ mac: a.mac, ip: '0.0.0.0' }, igmp, 2, report)],
    ['IGMP from its own address', ipv4(a, igmp, 2, report)],
  ])('%s passes', async (_what, frame) => {
    expect(await seenByB('a', frame)).toHaveLength(1);
  });

  test.each([
    ['a packet from another’s address', datagram({ mac: a.mac, ip: c.ip })],
    ['a packet from another’s MAC', datagram({ mac: c.mac, ip: a.ip })],
    ['a packet from an allowed address with another MAC than goes with it', datagram({ mac: a.mac, ip: virtual.ip })],
    ['a packet from the MAC of an allowed address with another address', datagram({ mac: virtual.mac, ip: a.ip })],
    ['a packet from 0.0.0.0 that is not DHCP', discover({ mac: a.mac, ip: '0.0.0.0' }, [68, 69])],
    ['ARP about another’s address', arp(1, { mac: a.mac, ip: c.ip }, nobody)],
    ['ARP with another’s MAC inside', arp(1, { mac: c.mac, ip: a.ip }, nobody, { from: a.mac })],
    ['an ARP answer about another’s address', arp(2, { mac: a.mac, ip: c.ip }, b)],
    ['an IPv4 frame with a tag', ipv4(a, b, 17, blank(30), 100)],
    ['an IPv4 frame tagged with VLAN 0', ipv4(a, b, 17, blank(30), 0)],
    ['a frame of LLDP', ethernet(a.mac, '01:80:c2:00:00:0e', 0x88cc, blank(46))],
  ])('%s is dropped', async (_what, frame) => {
    expect(await seenByB('a', frame)).toEqual([]);
  });

  test.each([
    ['ARP', arp(1, c, nobody)],
    ['DHCP of a client', discover({ mac: c.mac, ip: '0.0.0.0' })],
    ['IGMP', ipv4(c, igmp, 2, report)],
    ['MLD', icmp6({ mac: c.mac, ip: c.linkLocal }, { mac: '33:33:00:00:00:16', ip: 'ff02::16' }, 143, blank(4))],
    ['a router solicitation', icmp6({ mac: c.mac, ip: c.linkLocal }, allRouters, 133, blank(4))],
    [
      'a neighbour solicitation',
      icmp6(
        { mac: c.mac, ip: c.linkLocal },
        { mac: '33:33:ff:00:00:99', ip: 'ff02::1:ff00:99' },
        135,
        nd('fd00:1::99', 0, { type: 1, mac: c.mac }),
      ),
    ],
  ])('%s is guarded and never judged: it passes from a group that denies everything', async (_what, frame) => {
    expect(await seenByB('c', frame)).toHaveLength(1);
  });

  test('anything else of that group is judged, and denied', async () => {
    expect(await seenByB('c', datagram(c))).toEqual([]);
    expect(await seenByB('c', discover(c, [67, 68]))).toEqual([]);
  });

  /** The answers that a hears to a question in ARP, and what of it crosses the underlay. */
  async function asked(question: Uint8Array): Promise<{ answers: string[]; crossed: string[] }> {
    const heard = await w('a').capture(`arp and not ether src ${a.mac}`);
    const underlay = await overlay.hosts[1].capture('underlay0', 'udp port 4789');
    await w('a').sendFrame(question);
    await w('a').sendFrame(arp(1, a, last));
    await underlay.waitFor(/who-has 10\.1\.1\.200/);
    const [answers, crossed] = await Promise.all([heard.stop(), underlay.stop()]);
    const about = [...question.subarray(38, 42)].join('.');
    return {
      answers: answers.filter((line) => line.includes(`Reply ${about} is-at`)),
      crossed: crossed.filter((line) => line.startsWith(a.mac) && line.includes(`who-has ${about} `)),
    };
  }

  test('an ARP probe for the address of somebody else is answered: it is taken', async () => {
    const { answers, crossed } = await asked(arp(1, { mac: a.mac, ip: '0.0.0.0' }, { mac: unknownMac, ip: b.ip }));
    expect(answers).toEqual([expect.stringContaining(`Reply ${b.ip} is-at ${b.mac}`)]);
    expect(crossed).toEqual([]);
  });

  test('an ARP probe for its own address is not answered', async () => {
    const { answers } = await asked(arp(1, { mac: a.mac, ip: '0.0.0.0' }, { mac: unknownMac, ip: a.ip }));
    expect(answers).toEqual([]);
  });

  test('a unicast ARP refresh is answered with the MAC it is about', async () => {
    const { answers } = await asked(arp(1, a, b, { to: b.mac }));
    expect(answers).toEqual([expect.stringContaining(`${b.mac} > ${a.mac}`)]);
    expect(answers[0]).toContain(`Reply ${b.ip} is-at ${b.mac}`);
  });

  test('arpMode flood leaves ARP to the network: the one who is asked answers', async () => {
    await overlay.settings({ arpMode: 'flood' });
    await w('a').flushNeighbours();
    const seen = await w('b').capture(`arp and ether src ${a.mac}`);
    await w('a').waitForPing(b.ip);
    expect((await seen.stop()).some((line) => line.includes(`who-has ${b.ip}`))).toBe(true);
    await overlay.settings({ arpMode: 'proxy' });
  });

  test('ARP and neighbour discovery are answered in flows, not by the daemon: also while it is away', async () => {
    const [daemon] = overlay.daemons;
    await daemon.stop();
    for (const id of ['a', 'c']) await w(id).flushNeighbours();
    const underlay = await overlay.hosts[1].capture('underlay0', 'udp port 4789');
    await w('a').waitForPing(b.ip);
    await w('c').exec('sh', '-c', 'ping -n -c 1 -W 0.3 fd00:1::2 || true');
    const ofThese = (line: string) => line.startsWith(a.mac) || line.startsWith(c.mac);
    const questions = (await underlay.stop()).filter((line) => /ARP|neighbor solicitation/.test(line));
    expect(questions.filter(ofThese)).toEqual([]);
    expect(await w('a').exec('ip', 'neigh', 'show', b.ip)).toContain(b.mac);
    if (overlay.lab.ipv6) expect(await w('c').exec('ip', '-6', 'neigh', 'show', 'fd00:1::2')).toContain(b.mac);
  });
});
