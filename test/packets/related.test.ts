/**
 * ICMP errors between two hosts, of an end of the connection and of a router beside it: "replies and related ICMP follow it".
 * Needs root for network namespaces; says so and skips otherwise.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parseAddress } from '../../src/model/index.js';
import { readFrame } from '../../src/datapath/answers/frame.js';
import { icmpError } from '../../src/datapath/answers/icmp.js';
import { blank, mac, udp, type Station } from './frames.js';
import { buildOverlay, type Overlay, type Place } from './overlay.js';

const root = process.getuid?.() === 0;
if (!root) console.warn('skipped: packet tests need root for network namespaces');

const group = (name: string, policies: string[], defaultAction: string) => {
  return { kind: 'group', tenant: 'blue', name, policies, defaultAction };
};
const over = { subnet: '10.1.1.0/24', ipv6Subnet: 'fd00:1::/64' };
const objects = [
  { kind: 'tenant', name: 'blue' },
  { kind: 'network', tenant: 'blue', name: 'over', encap: 'vxlan', vni: 5001, ...over },
  { kind: 'policy', tenant: 'blue', name: 'guard' },
  group('clients', [], 'allow'),
  group('servers', ['guard'], 'deny'),
  group('routers', [], 'deny'),
];
/** Nothing else passes between the groups, ICMP included. */
const allowed = {
  ...{ kind: 'rule', tenant: 'blue', policy: 'guard', id: '1', direction: 'in', action: 'allow' },
  ...{ protocol: 'udp', ports: [9000] },
};

const place = (id: string, host: 0 | 1, n: number, member: string): Place => ({
  ...{ id, host, tenant: 'blue', network: 'over', group: member, mac: `02:00:00:00:01:0${n}` },
  ...{ ipv4: `10.1.1.${n}`, ipv6: `fd00:1::${n}` },
});
const places = [place('a', 0, 1, 'clients'), place('b', 1, 2, 'servers'), place('r', 1, 3, 'routers')];

describe.skipIf(!root)('an ICMP error', () => {
  let overlay: Overlay;
  beforeAll(async () => {
    overlay = await buildOverlay(objects, places);
  });
  afterAll(async () => {
    await overlay?.stop();
  });
  const w = (id: string) => overlay.workload(id);

  describe.each(['IPv4', 'IPv6'] as const)('%s', (family) => {
    beforeEach(async (context) => {
      if (family === 'IPv6' && !overlay.lab.ipv6) context.skip('no IPv6 in namespaces here');
      await overlay.apply([allowed]);
    });
    const station = (id: string): Station => {
      const found = places.find((each) => each.id === id)!;
      return { mac: found.mac, ip: family === 'IPv6' ? found.ipv6! : found.ipv4 };
    };
    const question = (port: number) => udp(station('a'), station('b'), [port, 9000], blank(32));

    /** `sender` tells a that its packet could not be delivered. */
    async function complain(sender: string, port: number): Promise<void> {
      const address = parseAddress(station(sender).ip)!;
      const bytes = typeof address === 'number' ? Uint8Array.of(10, 1, 1, address & 0xff) : address;
      const error = icmpError(readFrame(question(port))!, bytes, { kind: 'portUnreachable' });
      error.set(mac(station(sender).mac), 6);
      await w(sender).sendFrame(error, 2);
    }

    test('of the server’s own kernel reaches the client, though ICMP itself is denied', async () => {
      await expect.poll(() => w('a').udp(station('b').ip, 9000, 1000), { timeout: 10_000 }).toBe('refused');
      expect(await w('b').ping(station('a').ip, { count: 1 })).toMatchObject({ received: 0 });
    });

    test.each(['b', 'r'])('of %s passes exactly while the connection that it speaks of is allowed', async (sender) => {
      const ports = sender === 'b' ? [5001, 5002] : [5003, 5004];
      const [known = 0, unknown = 0] = ports;
      const asked = await w('b').capture('udp');
      await w('a').sendFrame(question(known), 2);
      await asked.waitFor(new RegExp(`${known} > .*9000`));
      await asked.stop();
      const before = await w('a').capture(`(icmp or icmp6) and src host ${station(sender).ip}`);
      await complain(sender, known);
      await before.waitFor(/unreachable/);
      await before.stop();

      await overlay.remove('rule', 'blue/guard/1');
      const after = await w('a').capture(`(icmp or icmp6) and src host ${station(sender).ip}`);
      await complain(sender, known);
      await complain(sender, unknown);
      await overlay.apply([allowed]);
      await complain(sender, unknown);
      // The last one that is to pass shows that all before it would have come.
      await complain(sender, known);
      await after.waitFor(/unreachable/);
      const told = (await after.stop()).filter((line) => line.includes('unreachable'));
      expect(told.length).toBeLessThanOrEqual(2);
    });
  });
});
