/**
 * Which frames stay on the host, which leave it and how often, in VLAN and VXLAN networks that are bridged; and which tunnel frames count.
 * Needs root for network namespaces; says so and skips otherwise.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../src/sandbox/index.js';
import { arp, blank, everybody, udp, unknownMac, type Station } from './frames.js';
import { buildOverlay, vteps, type Overlay } from './overlay.js';

const root = process.getuid?.() === 0;
if (!root) console.warn('skipped: packet tests need root for network namespaces');

const objects = [
  { kind: 'tenant', name: 'blue' },
  {
    ...{ kind: 'network', tenant: 'blue', name: 'over', encap: 'vxlan', vni: 5001 },
    ...{ subnet: '10.1.1.0/24', gateway: '10.1.1.254' },
  },
  {
    ...{ kind: 'network', tenant: 'blue', name: 'lan', encap: 'vlan', vlan: 100 },
    ...{ subnet: '10.2.2.0/24', gateway: '10.2.2.254' },
  },
];

const place = (id: string, host: 0 | 1, network: string, last: number) => ({
  ...{ id, host, tenant: 'blue', network },
  ...(network === 'lan'
    ? { mac: `02:00:00:00:02:0${last}`, ipv4: `10.2.2.${last}` }
    : { mac: `02:00:00:00:01:0${last}`, ipv4: `10.1.1.${last}` }),
});
const places = [
  place('a', 0, 'over', 1),
  place('b', 1, 'over', 2),
  place('c', 0, 'over', 3),
  place('v1', 0, 'lan', 1),
  place('v2', 1, 'lan', 2),
  place('v3', 0, 'lan', 3),
];
const station = (id: string): Station => {
  const { mac, ipv4 } = places.find((each) => each.id === id)!;
  return { mac, ip: ipv4 };
};

/** More addresses of the second host: peers with and without a member, and no peer at all. */
const [withMember, withoutMember, stranger] = ['172.31.0.4', '172.31.0.3', '172.31.0.9'] as const;
const nobodysMac = '02:00:00:00:09:99';
const group: Station = { mac: '01:00:5e:01:01:01', ip: '239.1.1.1' };
const everyone: Station = { mac: everybody, ip: '255.255.255.255' };

/** Sends a datagram with VXLAN in it, as another host would: from, VNI, inner frame in hex. */
const tunnelled = `
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind((sys.argv[1], 0))
s.sendto(bytes([8, 0, 0, 0]) + int(sys.argv[2]).to_bytes(3, 'big') + b'\\0' + bytes.fromhex(sys.argv[3]), ('${vteps[0]}', 4789))`;

describe.skipIf(!root)('bridged networks between two hosts', () => {
  let overlay: Overlay;
  beforeAll(async () => {
    overlay = await buildOverlay(objects, places);
    await w('a').waitForPing('10.1.1.2');
    await w('v1').waitForPing('10.2.2.2');
    for (const address of [withMember, withoutMember, stranger])
      await overlay.hosts[1].exec('ip', 'addr', 'add', `${address}/24`, 'dev', 'br-phy');
  });
  afterAll(async () => {
    await overlay?.stop();
  });
  const w = (id: string) => overlay.workload(id);
  let sent = 0;
  /** A datagram of a port of its own, so that a capture tells it from all else. */
  function datagram(from: string, to: Station): { frame: Uint8Array; shown: string } {
    const port = 20_000 + ++sent;
    return { frame: udp(station(from), to, [port, 9], blank(32)), shown: `${station(from).ip}.${port} >` };
  }
  /** What has come is all that comes, when this has crossed as well. */
  async function follows(
    from: 'a' | 'v1' | 'v2' | 'b',
    seen: { waitFor(pattern: RegExp): Promise<string> },
  ): Promise<void> {
    await w(from).sendFrame(arp(1, station(from), { mac: unknownMac, ip: '10.9.9.9' }));
    await seen.waitFor(/who-has 10\.9\.9\.9/);
  }
  const count = (lines: readonly string[], shown: string): number =>
    lines.filter((line) => line.includes(shown)).length;

  test('VLAN: what leaves the host carries the tag of its network', async () => {
    const wire = await overlay.hosts[1].capture('eth1', 'vlan 100 and icmp');
    await w('v1').ping('10.2.2.2', { count: 2 });
    expect((await wire.stop()).filter((line) => line.includes('10.2.2.1 > 10.2.2.2'))).toHaveLength(2);
  });

  test('VLAN: a frame for a MAC of this host is delivered here and does not leave it', async () => {
    const wire = await overlay.hosts[1].capture('eth1');
    const neighbour = await w('v3').capture('udp');
    const { frame, shown } = datagram('v1', station('v3'));
    await w('v1').sendFrame(frame);
    await follows('v1', wire);
    expect(count(await wire.stop(), shown)).toBe(0);
    expect(count(await neighbour.stop(), shown)).toBe(1);
  });

  test('VLAN: a frame for any other MAC goes to the uplink alone', async () => {
    const wire = await overlay.hosts[1].capture('eth1', 'vlan 100');
    const neighbour = await w('v3').capture();
    const { frame, shown } = datagram('v1', { mac: nobodysMac, ip: '10.2.2.99' });
    await w('v1').sendFrame(frame);
    await follows('v1', wire);
    expect(count(await wire.stop(), shown)).toBe(1);
    expect(count(await neighbour.stop(), shown)).toBe(0);
  });

  test.each([
    ['broadcast', everyone],
    ['multicast', group],
  ])('VLAN: %s goes to the neighbours and, tagged, to the uplink, once each', async (_what, to) => {
    const wire = await overlay.hosts[1].capture('eth1', 'vlan 100');
    const seen = [await w('v2').capture(), await w('v3').capture()];
    const { frame, shown } = datagram('v1', to);
    await w('v1').sendFrame(frame);
    for (const each of [wire, ...seen]) await follows('v1', each);
    for (const each of [wire, ...seen]) expect(count(await each.stop(), shown)).toBe(1);
  });

  test('VLAN: what came from the uplink is never sent back to it', async () => {
    const wire = await overlay.hosts[0].capture('eth1', 'vlan 100');
    const seen = await w('v1').capture();
    const [flooded, unknown] = [datagram('v2', everyone), datagram('v2', { mac: nobodysMac, ip: '10.2.2.99' })];
    await w('v2').sendFrame(flooded.frame);
    await w('v2').sendFrame(unknown.frame);
    await follows('v2', seen);
    const lines = await wire.stop();
    expect([count(lines, flooded.shown), count(lines, unknown.shown)]).toEqual([1, 1]);
    expect(count(await seen.stop(), unknown.shown)).toBe(0);
  });

  test('VLAN: the gateway is outside: the question for it goes to the uplink, and nobody here answers it', async () => {
    const wire = await overlay.hosts[1].capture('eth1', 'vlan 100 and arp');
    const heard = await w('v1').capture('arp');
    await w('v1').sendFrame(arp(1, station('v1'), { mac: unknownMac, ip: '10.2.2.254' }));
    await wire.waitFor(/who-has 10\.2\.2\.254/);
    await follows('v1', wire);
    await wire.stop();
    expect((await heard.stop()).filter((line) => line.includes('Reply 10.2.2.254'))).toEqual([]);
  });

  describe('gateways of networks that say nothing', () => {
    afterAll(() => overlay.settings({ forwardingMode: null, arpMode: null }));

    async function answered(id: 'a' | 'v1', gateway: string): Promise<boolean> {
      const heard = await w(id).capture('arp');
      await w(id).sendFrame(arp(1, station(id), { mac: unknownMac, ip: gateway }));
      const asked = await overlay.hosts[1].capture(id === 'a' ? 'underlay0' : 'eth1');
      await follows(id, asked);
      await asked.stop();
      return (await heard.stop()).some((line) => line.includes(`Reply ${gateway} is-at 02:73:6c:75:69:63`));
    }
    const both = async () => [await answered('a', '10.1.1.254'), await answered('v1', '10.2.2.254')];

    test('forwardingMode decides for networks that say nothing: with routing, their gateways are answered here', async () => {
      expect(await both()).toEqual([false, false]);
      await overlay.settings({ forwardingMode: 'routing' });
      expect(await both()).toEqual([true, true]);
    });

    test('gateways are answered here with arpMode flood as well', async () => {
      await overlay.settings({ forwardingMode: 'routing', arpMode: 'flood' });
      expect(await both()).toEqual([true, true]);
    });
  });

  test('VXLAN: what leaves the host has the VTEP address outside, the VNI of its network, and the peer of its MAC', async () => {
    const wire = await overlay.hosts[1].capture('underlay0', `udp port 4789 and src host ${vteps[0]}`);
    const neighbour = await w('c').capture('udp');
    const [away, here] = [datagram('a', station('b')), datagram('a', station('c'))];
    await w('a').sendFrame(here.frame);
    await w('a').sendFrame(away.frame);
    await wire.waitFor(new RegExp(away.shown));
    const lines = await wire.stop();
    const outer = lines.filter((line) => line.includes('VXLAN'));
    expect(outer.length).toBeGreaterThan(0);
    for (const line of outer) expect(line).toMatch(/172\.31\.0\.1\.\d+ > 172\.31\.0\.2\.4789: VXLAN.* vni 5001/);
    // What is for a MAC of this host stays here.
    expect(count(lines, here.shown)).toBe(0);
    expect(count(await neighbour.stop(), here.shown)).toBe(1);
  });

  describe('with more peers', () => {
    const member = { kind: 'endpoint', id: 'm', tenant: 'blue', network: 'over', mac: '02:00:00:00:01:09' };
    beforeAll(async () => {
      const peers = [withMember, withoutMember].map((vtepIp) => ({ kind: 'peer', vtepIp }));
      await overlay.daemons[0].apply({ put: [...peers, { ...member, vtepIp: withMember }] }, 'effective');
      // The userspace datapath drops the first packets to a neighbour that it has to ask for.
      const wire = await overlay.hosts[1].capture('underlay0', `udp and dst host ${withMember}`);
      await until('the peer hears broadcast', async () => {
        await w('a').sendFrame(datagram('a', everyone).frame);
        return wire.lines.length > 0;
      });
      await wire.stop();
    });
    afterAll(async () => {
      const peers = [withMember, withoutMember].map((key) => ({ kind: 'peer', key }) as const);
      await overlay.daemons[0].apply({ delete: [{ kind: 'endpoint', key: 'm' }, ...peers] }, 'effective');
    });

    test.each([
      ['broadcast', everyone],
      ['multicast', group],
      ['a frame for an unknown MAC', { mac: nobodysMac, ip: '10.1.1.99' }],
    ])(
      'VXLAN: %s goes once to each local member and to each peer that has a member, and to no other',
      async (_, to) => {
        const to1 = await overlay.hosts[1].capture('underlay0', `udp port 4789 and dst host ${vteps[1]}`);
        const to2 = await overlay.hosts[1].capture('underlay0', `udp port 4789 and dst host ${withMember}`);
        const to3 = await overlay.hosts[1].capture('underlay0', `host ${withoutMember}`);
        const neighbour = await w('c').capture();
        const { frame, shown } = datagram('a', to);
        await w('a').sendFrame(frame);
        for (const each of [to1, to2, neighbour]) await follows('a', each);
        for (const each of [to1, to2, neighbour]) expect(count(await each.stop(), shown)).toBe(1);
        expect(await to3.stop()).toEqual([]);
      },
    );

    test('VXLAN: what came from a peer goes to local members and to no peer', async () => {
      const wire = await overlay.hosts[1].capture('underlay0', `udp port 4789 and src host ${vteps[0]}`);
      const seen = [await w('a').capture(), await w('c').capture()];
      const frames = [datagram('b', everyone), datagram('b', { mac: nobodysMac, ip: '10.1.1.99' })];
      for (const { frame } of frames) await w('b').sendFrame(frame);
      for (const each of seen) await follows('b', each);
      await follows('a', wire);
      const lines = await wire.stop();
      for (const each of seen) {
        const got = await each.stop();
        for (const { shown } of frames) expect(count(got, shown)).toBe(1);
      }
      for (const { shown } of frames) expect(count(lines, shown)).toBe(0);
    });
  });

  test('frames from the tunnel count only from a known peer and with a known VNI; others are dropped and counted', async () => {
    const from = (address: string, vni: number, frame: Uint8Array) =>
      overlay.hosts[1].exec(
        '/usr/bin/python3',
        '-c',
        tunnelled,
        address,
        String(vni),
        Buffer.from(frame).toString('hex'),
      );
    const dropped = async (): Promise<number[]> => {
      const drops = await overlay.daemons[0].drops();
      return ['unknown_peer', 'unknown_vni'].map((name) => drops.find(({ reason }) => reason === name)!.packets);
    };
    const before = await dropped();
    const seen = await w('c').capture('udp');
    const frames = Array.from({ length: 3 }, () => datagram('b', station('c')));
    await from(stranger, 5001, frames[0]!.frame);
    await from(vteps[1], 7777, frames[1]!.frame);
    await from(vteps[1], 5001, frames[2]!.frame);
    await seen.waitFor(new RegExp(frames[2]!.shown));
    const lines = await seen.stop();
    expect(frames.map(({ shown }) => count(lines, shown))).toEqual([0, 0, 1]);
    await expect.poll(dropped, { timeout: 5000 }).toEqual(before.map((packets) => packets + 1));
  });
});
