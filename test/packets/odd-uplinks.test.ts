/**
 * Uplinks and VTEP addresses that other agents stumble over: odd names, cards that come late or go, look-alike peers, IPv6,
 * a bridge for each sort of network. Two hosts, real packets. Needs root for network namespaces; says so and skips otherwise.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildOverlay, vteps, type Overlay } from './overlay.js';

const root = process.getuid?.() === 0;
if (!root) console.warn('skipped: packet tests need root for network namespaces');

const objects = [
  { kind: 'tenant', name: 'blue' },
  { kind: 'network', tenant: 'blue', name: 'over', encap: 'vxlan', vni: 5001, subnet: '10.1.1.0/24' },
  { kind: 'network', tenant: 'blue', name: 'lan', encap: 'vlan', vlan: 100, subnet: '10.2.2.0/24' },
];

const places = [
  { id: 'a', host: 0, tenant: 'blue', network: 'over', mac: '02:00:00:00:01:01', ipv4: '10.1.1.1' },
  { id: 'b', host: 1, tenant: 'blue', network: 'over', mac: '02:00:00:00:01:02', ipv4: '10.1.1.2' },
  { id: 'c', host: 1, tenant: 'blue', network: 'over', mac: '02:00:00:00:01:03', ipv4: '10.1.1.3' },
  { id: 'v1', host: 0, tenant: 'blue', network: 'lan', mac: '02:00:00:00:03:01', ipv4: '10.2.2.1' },
  { id: 'v2', host: 1, tenant: 'blue', network: 'lan', mac: '02:00:00:00:03:02', ipv4: '10.2.2.2' },
] as const;

describe.skipIf(!root)('two hosts', () => {
  let overlay: Overlay;
  beforeAll(async () => {
    overlay = await buildOverlay(objects, places);
  });
  afterAll(async () => {
    await overlay?.stop();
  });
  const w = (id: string) => overlay.workload(id);
  const set = (settings: Record<string, unknown>) =>
    Promise.all(overlay.daemons.map((daemon) => daemon.apply({ settings }, 'effective')));
  const wire = (name: string) => overlay.lab.wire(overlay.hosts[0], name, overlay.hosts[1], name);
  const linkOf = (name: string) =>
    overlay.daemons[0]
      .health()
      .uplinks.flatMap(({ members }) => members)
      .find((member) => member.name === name)?.link;
  /** An endpoint of the second host, as the first one is told of it. */
  const behind = (id: 'a' | 'b' | 'c', vtepIp: string) => {
    const { host: _, ...rest } = places.find((place) => place.id === id)!;
    return { kind: 'endpoint', ...rest, vtepIp };
  };

  test.each(['eth3.100', 'en-x', 'abcdefghijklmno', 'a.b-c'])('an uplink may be called %s', async (name) => {
    await wire(name);
    await set({ vlanInterfaces: [name] });
    await w('v1').waitForPing('10.2.2.2');
    expect(linkOf(name)).toBe('up');
  });

  test('a card that is not there is told, and taken when it appears, also after it was unplugged', async () => {
    await set({ vlanInterfaces: ['late0'] });
    await expect.poll(() => linkOf('late0')).toBe('missing');
    expect(await w('v1').ping('10.2.2.2', { count: 2 })).toMatchObject({ received: 0 });
    await wire('late0');
    await w('v1').waitForPing('10.2.2.2');
    expect(linkOf('late0')).toBe('up');
    // A veth goes with both its ends, as a cable and the cards behind it.
    await overlay.hosts[0].exec('ip', 'link', 'del', 'late0');
    await expect.poll(() => linkOf('late0')).toBe('missing');
    await wire('late0');
    await w('v1').waitForPing('10.2.2.2');
    expect(linkOf('late0')).toBe('up');
  });

  test('peers 10.1.11.1 and 10.11.1.1 are two', async () => {
    const [h1, h2] = overlay.hosts;
    const alike = ['10.1.11.1', '10.11.1.1'] as const;
    for (const address of alike) {
      await h2.exec('ip', 'addr', 'add', `${address}/24`, 'dev', 'br-phy');
      // The userspace datapath routes only to networks that it has an address in.
      await h1.exec('ip', 'addr', 'add', address.replace(/1$/, '254/24'), 'dev', 'br-phy');
    }
    const [here] = overlay.daemons;
    const peers = alike.map((vtepIp) => ({ kind: 'peer', vtepIp }));
    await here.apply({ put: [...peers, behind('b', alike[0]), behind('c', alike[1])] }, 'effective');
    const seen = await h2.capture('underlay0', 'udp port 4789');
    await w('a').waitForPing('10.1.1.2');
    await w('a').waitForPing('10.1.1.3');
    const lines = await seen.stop();
    for (const [address, inner] of [
      [alike[0], '10.1.1.2'],
      [alike[1], '10.1.1.3'],
    ] as const) {
      const text = lines.join('\n');
      expect(text).toMatch(
        new RegExp(
          `> ${address.replaceAll('.', '\\.')}\\.4789[^]*?> ${inner.replaceAll('.', '\\.')}: ICMP echo request`,
        ),
      );
    }
    await here.apply(
      {
        put: [behind('b', vteps[1]), behind('c', vteps[1])],
        delete: peers.map(({ vtepIp }) => ({ kind: 'peer', key: vtepIp })),
      },
      'effective',
    );
    await w('a').waitForPing('10.1.1.2');
  });

  test('the VTEP address may be IPv6; a peer of the other family is told', async (context) => {
    if (!overlay.lab.ipv6) context.skip('no IPv6 in namespaces here');
    const six = ['fd00:31::1', 'fd00:31::2'] as const;
    for (const [i, host] of overlay.hosts.entries()) {
      await host.exec('sh', '-c', 'echo 0 > /proc/sys/net/ipv6/conf/br-phy/disable_ipv6');
      await host.exec('ip', 'addr', 'add', `${six[i]}/64`, 'dev', 'br-phy', 'nodad');
    }
    const [here, there] = overlay.daemons;
    await here.apply({ put: [{ kind: 'peer', vtepIp: six[1] }] }, 'effective');
    expect(here.status({ kind: 'peer', key: six[1] }).problems).toEqual([
      {
        code: 'other_family',
        message: `peer ${six[1]} is IPv6 and the VTEP address ${vteps[0]} is IPv4: nothing can be sent to it`,
      },
    ]);
    await here.apply({ settings: { vtepIp: six[0] } }, 'effective');
    await here.apply({ put: [behind('b', six[1])] }, 'effective');
    expect(here.status({ kind: 'peer', key: six[1] }).problems).toEqual([]);
    await there.apply({ put: [{ kind: 'peer', vtepIp: six[0] }] }, 'effective');
    await there.apply({ settings: { vtepIp: six[1] } }, 'effective');
    await there.apply({ put: [behind('a', six[0])] }, 'effective');
    const seen = await overlay.hosts[1].capture('underlay0', 'ip6 and udp port 4789');
    await w('a').waitForPing('10.1.1.2');
    await expect(seen.stop()).resolves.not.toEqual([]);
    // And back, as a host that moves the other way.
    for (const [i, daemon] of overlay.daemons.entries()) {
      await daemon.apply({ settings: { vtepIp: vteps[i]! } }, 'effective');
      await daemon.apply({ put: [i === 0 ? behind('b', vteps[1]) : behind('a', vteps[0])] }, 'effective');
    }
    await w('a').waitForPing('10.1.1.2');
  });

  test('VLAN uplink and underlay each have a bridge of their own', async () => {
    await wire('eth8');
    await set({ vlanInterfaces: ['eth1'], underlayInterfaces: ['eth8'] });
    const own = ['172.31.8.1', '172.31.8.2'] as const;
    for (const [i, host] of overlay.hosts.entries()) {
      expect((await host.sandbox.vsctl('list-ifaces', 'br-sluice-up')).split('\n')).toContain('eth1');
      expect((await host.sandbox.vsctl('list-ifaces', 'br-sluice-ul')).split('\n')).toContain('eth8');
      await host.exec('ip', 'addr', 'add', `${own[i]}/24`, 'dev', 'br-sluice-ul');
      await host.exec('ip', 'link', 'set', 'br-sluice-ul', 'up');
    }
    for (const [i, daemon] of overlay.daemons.entries()) {
      await daemon.apply({ put: [{ kind: 'peer', vtepIp: own[1 - i]! }] }, 'effective');
    }
    for (const [i, daemon] of overlay.daemons.entries()) {
      await daemon.apply({ settings: { vtepIp: own[i]! } }, 'effective');
      await daemon.apply({ put: [i === 0 ? behind('b', own[1]) : behind('a', own[0])] }, 'effective');
    }
    const seen = await overlay.hosts[1].capture('eth8', 'udp port 4789');
    await w('a').waitForPing('10.1.1.2');
    await w('v1').waitForPing('10.2.2.2');
    await expect(seen.stop()).resolves.not.toEqual([]);
  });
});
