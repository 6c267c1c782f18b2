/**
 * UDP in fragments between two hosts, of IPv4 and IPv6: allowed by its port, denied by its port, from the first packet on and later.
 * Needs root for network namespaces; says so and skips otherwise.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { buildOverlay, type Overlay, type Place } from './overlay.js';

const root = process.getuid?.() === 0;
if (!root) console.warn('skipped: packet tests need root for network namespaces');

const over = { subnet: '10.1.1.0/24', ipv6Subnet: 'fd00:1::/64' };
const objects = [
  { kind: 'tenant', name: 'blue' },
  { kind: 'network', tenant: 'blue', name: 'over', encap: 'vxlan', vni: 5001, ...over },
  { kind: 'policy', tenant: 'blue', name: 'guard' },
  { kind: 'group', tenant: 'blue', name: 'clients' },
  { kind: 'group', tenant: 'blue', name: 'servers', policies: ['guard'], defaultAction: 'deny' },
  {
    ...{ kind: 'rule', tenant: 'blue', policy: 'guard', id: '1', direction: 'in', action: 'allow' },
    ...{ protocol: 'udp', ports: [9000] },
  },
  // The other way round: all but one port.
  { kind: 'policy', tenant: 'blue', name: 'but' },
  { kind: 'group', tenant: 'blue', name: 'open', policies: ['but'] },
  {
    ...{ kind: 'rule', tenant: 'blue', policy: 'but', id: '1', direction: 'in', action: 'deny' },
    ...{ protocol: 'udp', ports: [9001] },
  },
];

const place = (id: string, host: 0 | 1, n: number, group: string): Place => ({
  ...{ id, host, tenant: 'blue', network: 'over', group, mac: `02:00:00:00:01:0${n}` },
  ...{ ipv4: `10.1.1.${n}`, ipv6: `fd00:1::${n}` },
});
const places = [
  place('a', 0, 1, 'clients'),
  place('b', 1, 2, 'servers'),
  place('c', 1, 3, 'open'),
  place('d', 0, 4, 'servers'),
  place('e', 0, 5, 'open'),
];

describe.skipIf(!root)('UDP in fragments', () => {
  let overlay: Overlay;
  beforeAll(async () => {
    overlay = await buildOverlay(objects, places);
    await w('a').waitForPing('10.1.1.3');
  });
  afterAll(async () => {
    await overlay?.stop();
  });
  const w = (id: string) => overlay.workload(id);

  describe.each(['IPv4', 'IPv6'] as const)('%s', (family) => {
    beforeEach((context) => {
      if (family === 'IPv6' && !overlay.lab.ipv6) context.skip('no IPv6 in namespaces here');
    });
    const at = (id: string) => {
      const found = places.find((each) => each.id === id)!;
      return family === 'IPv6' ? found.ipv6! : found.ipv4;
    };
    /** Datagrams of a connection, one after the other. */
    const send = (to: string, port: number, sizes: readonly number[]) => {
      const each = sizes.map((bytes) => `head -c ${bytes} /dev/zero >&3; sleep 0.05`);
      return w('a').exec('bash', '-c', `exec 3<>/dev/udp/${at(to)}/${port}; ${each.join('; ')}`);
    };
    const fromA = () => `src host ${at('a')} and not icmp and not icmp6 and not arp`;

    describe.each([
      ['b', 'across the tunnel, by a rule that allows'],
      ['c', 'across the tunnel, by a rule that denies the rest'],
      ['d', 'on one host, by a rule that allows'],
      ['e', 'on one host, by a rule that denies the rest'],
    ] as const)('%s, %s', (to, _how) => {
      test.each([
        ['from the first packet of the connection on', [4000]],
        ['later in the connection', [10, 4000]],
      ] as const)('arrives whole where its port is allowed: %s', async (_, sizes) => {
        await w('a').waitForPing(at('c'));
        const received = await w(to).sinkUdp(9000);
        await send(to, 9000, sizes);
        await expect.poll(() => received.bytes, { timeout: 5000 }).toBe(sizes.reduce<number>((sum, n) => sum + n, 0));
        await received.close();
      });

      test('not a fragment arrives where its port is denied', async () => {
        const seen = await w(to).capture(fromA());
        await send(to, 9001, [4000]);
        await send(to, 9001, [10, 4000]);
        // What is allowed and comes after it shows that it would have come.
        await send(to, 9000, [77]);
        await seen.waitFor(/length 77/);
        const lines = (await seen.stop()).filter((line) => !line.includes('length 77'));
        expect(lines).toEqual([]);
      });
    });
  });
});
