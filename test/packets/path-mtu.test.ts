/**
 * Packets larger than the network they are routed into, between two hosts: the sender is told how large is right, and what may be cut arrives in
 * fragments. The workloads' interfaces take 1500 bytes, whatever their networks say.
 * Needs root for network namespaces; says so and skips otherwise.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { udp } from './frames.js';
import { buildOverlay, type Overlay, type Place } from './overlay.js';

const root = process.getuid?.() === 0;
if (!root) console.warn('skipped: packet tests need root for network namespaces');

const network = (name: string, n: number, tag: Record<string, number>) => ({
  ...{ kind: 'network', tenant: 'blue', name, forwarding: 'routing', ...tag },
  ...{ subnet: `10.${n}.0.0/24`, gateway: `10.${n}.0.254`, ipv6Subnet: `fd00:${n}::/64`, ipv6Gateway: `fd00:${n}::ff` },
});
const objects = [
  { kind: 'tenant', name: 'blue' },
  network('front', 1, { vni: 5001 }),
  network('back', 2, { vni: 5002 }),
  network('lan', 3, { vlan: 100 }),
  network('small', 4, { vni: 5004, mtu: 1300 }),
];
const place = (id: string, host: 0 | 1, net: string, n: number, last: number): Place => ({
  ...{ id, host, tenant: 'blue', network: net, mac: `02:00:00:00:0${n}:0${last}`, mtu: 1500 },
  ...{ ipv4: `10.${n}.0.${last}`, ipv6: `fd00:${n}::${last}`, gateway: `10.${n}.0.254`, gateway6: `fd00:${n}::ff` },
});
const places = [
  place('a', 0, 'front', 1, 1),
  place('near', 0, 'small', 4, 1),
  place('far', 1, 'back', 2, 2),
  place('v1', 0, 'lan', 3, 1),
  place('v2', 1, 'lan', 3, 2),
];

/** Takes a connection and counts what comes; sends a megabyte. */
const receive =
  'import socket;s=socket.create_server(("::",9000),family=socket.AF_INET6,dualstack_ipv6=True);print(flush=True);c=s.accept()[0];n=0\nwhile d:=c.recv(65536): n+=len(d)\nprint(n)';
const send =
  'import socket,sys;s=socket.create_connection((sys.argv[1],9000),10);s.sendall(bytes(1000000));s.shutdown(1);s.recv(1)';

describe.skipIf(!root)('packets too big for their way', () => {
  let overlay: Overlay;
  beforeAll(async () => {
    overlay = await buildOverlay(objects, places);
    for (const ip of ['10.2.0.2', '10.3.0.2', '10.4.0.1']) await w('a').waitForPing(ip);
  });
  afterAll(async () => {
    await overlay?.stop();
  });
  const w = (id: string) => overlay.workload(id);
  const ping = (from: string, to: string, bytes: number, dontFragment = true) => {
    const headers = to.includes(':') ? 48 : 28;
    const flags = `-M ${dontFragment ? 'do' : 'dont'} -s ${bytes - headers}`;
    return w(from).exec('sh', '-c', `ping -n -c 2 -i 0.2 -W 1 ${flags} ${to} || true`);
  };
  const forget = async (id: string) => {
    await w(id).exec('ip', 'route', 'flush', 'cache');
    if (overlay.lab.ipv6) await w(id).exec('ip', '-6', 'route', 'flush', 'cache');
  };

  describe.each([
    ['IPv4', /From 10\.1\.0\.254 icmp_seq=1 Frag needed and DF set \(mtu = (\d+)\)/],
    ['IPv6', /From fd00:1::ff icmp_seq=1 Packet too big: mtu=(\d+)/],
  ])('%s', (family, told) => {
    beforeEach(async (context) => {
      if (family === 'IPv6' && !overlay.lab.ipv6) context.skip('no IPv6 in namespaces here');
      await forget('a');
    });
    const at = (id: string) => places.find((each) => each.id === id)![family === 'IPv6' ? 'ipv6' : 'ipv4']!;

    test.each([
      ['far', 1450, 'across the tunnel'],
      ['near', 1300, 'on the same host'],
    ])('to %s: %d bytes pass, one more is answered by the sender’s gateway (%s)', async (to, mtu) => {
      await w('a').waitForPing(at(to));
      for (const bytes of [mtu - 1, mtu]) expect(await ping('a', at(to), bytes), `${bytes}`).toContain('2 received');
      const seen = await w(to).capture('icmp[icmptype] == icmp-echo or icmp6[icmp6type] == icmp6-echo');
      const printed = await ping('a', at(to), mtu + 1);
      expect(told.exec(printed)?.[1], printed).toBe(String(mtu));
      expect(await seen.stop()).toEqual([]);
      // The sender's kernel has taken it.
      expect(await w('a').exec('ip', 'route', 'get', at(to))).toContain(`mtu ${mtu}`);
    });

    test('into a VLAN nothing is too big that Ethernet carries', async () => {
      await w('a').waitForPing(at('v2'));
      // What comes back is for a VXLAN network again: cut, or its sender is told.
      const seen = await w('v2').capture('icmp[icmptype] == icmp-echo or icmp6[icmp6type] == icmp6-echo');
      await ping('a', at('v2'), 1500);
      expect((await seen.stop()).length).toBe(2);
    });

    test('TCP finds the way’s size by itself', async () => {
      const server = w('far').exec('/usr/bin/python3', '-c', receive);
      await expect.poll(() => w('far').exec('ss', '-lnt')).toContain(':9000');
      await w('a').exec('/usr/bin/python3', '-c', send, at('far'));
      expect(await server).toContain('1000000');
      expect(await w('a').exec('ip', 'route', 'get', at('far'))).toContain('mtu 1450');
    });
  });

  test('an IPv4 packet that may be cut arrives in fragments, and its answer, too', async () => {
    await forget('a');
    const seen = await w('far').capture('icmp and dst host 10.2.0.2 or (ip[6:2] & 0x1fff != 0 and dst host 10.2.0.2)');
    expect(await ping('a', '10.2.0.2', 1500, false)).toContain('2 received');
    await expect.poll(() => seen.lines.length).toBe(4);
    await seen.stop();
  });

  test('fragments that are too big themselves: their sender is told, and makes smaller ones', async () => {
    await forget('a');
    expect(await ping('a', '10.2.0.2', 4000, false)).toContain('mtu = 1450');
    expect(await ping('a', '10.2.0.2', 4000, false)).toContain('2 received');
  });

  test('a flood is answered at a bounded rate, and what fits goes on', async () => {
    const station = { mac: '02:00:00:00:01:01', ip: '10.1.0.1' };
    const frame = udp(station, { mac: '02:73:6c:75:69:63', ip: '10.2.0.2' }, [5000, 5001], new Uint8Array(1472));
    frame[20] = 0x40; // Don't fragment: the header's checksum is mended by the same amount.
    const sum = ((frame[24]! << 8) | frame[25]!) - 0x4000;
    const folded = sum < 0 ? sum + 0xffff : sum;
    frame[24] = folded >> 8;
    frame[25] = folded & 0xff;
    const answers = await w('a').capture('icmp[icmptype] == icmp-unreach');
    await w('v1').waitForPing('10.2.0.2');
    const running = w('v1').startPing('10.2.0.2', { intervalMs: 20 });
    const began = performance.now();
    await w('a').sendFrame(frame, 20_000);
    const seconds = (performance.now() - began) / 1000;
    const { sent, received } = await running.stop();
    const told = (await answers.stop()).length;
    expect(told).toBeGreaterThan(9);
    // 100 at once and 100 a second for one port, and some time until the last is sent.
    expect(told).toBeLessThan(100 + 100 * (seconds + 2));
    expect(received).toBeGreaterThan(sent * 0.8);
  });

  test('the answers follow the network’s MTU and that of the NICs', async () => {
    await overlay.apply([network('back', 2, { vni: 5002, mtu: 1350 })]);
    await forget('a');
    expect(await ping('a', '10.2.0.2', 1351)).toContain('mtu = 1350');
    await overlay.apply([network('back', 2, { vni: 5002 })]);
    await forget('a');
    expect(await ping('a', '10.2.0.2', 1450)).toContain('2 received');

    expect(await ping('a', '10.3.0.2', 1401)).not.toContain('mtu = ');
    await overlay.hosts[0].exec('ip', 'link', 'set', 'eth1', 'mtu', '1400');
    await expect
      .poll(
        async () => {
          await forget('a');
          return ping('a', '10.3.0.2', 1401);
        },
        { timeout: 15_000 },
      )
      .toContain('mtu = 1400');
    await overlay.hosts[0].exec('ip', 'link', 'set', 'eth1', 'mtu', '1500');
  });
});
