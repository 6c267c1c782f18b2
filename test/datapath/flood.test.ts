/** A network with members behind more peers than one message can name: the switch takes its flood, and sends a copy to each. */
import { afterAll, expect, test } from 'vitest';
import { startHost, type Host } from './bench-host.js';

let host: Host;
afterAll(async () => {
  await host?.stop();
});

test('a flood to more peers than one message holds reaches each once', async () => {
  host = await startHost();
  const peers = Array.from({ length: 2500 }, (_, n) => `172.30.${n >> 8}.${n & 255}`);
  const mac = (n: number) =>
    `02:00:00:00:${(n >> 8).toString(16).padStart(2, '0')}:${(n & 255).toString(16).padStart(2, '0')}`;
  const member = { kind: 'endpoint', tenant: 'blue', network: 'front' };
  await host.controller.apply({ settings: { vtepIp: '172.31.0.1' } }, 'accepted');
  await host.controller.apply(
    {
      put: [
        { kind: 'tenant', name: 'blue' },
        { kind: 'network', tenant: 'blue', name: 'front', vni: 5001 },
        { ...member, id: 'e0', mac: '02:00:00:00:ff:01', interface: 'e0' },
        ...peers.flatMap((vtepIp, n) => [
          { kind: 'peer', vtepIp },
          { ...member, id: `far${n}`, mac: mac(n), vtepIp },
        ]),
      ],
    },
    'accepted',
  );
  await host.sandbox.vsctl('--may-exist', 'add-port', 'br-sluice', 'e0', '--', 'set', 'interface', 'e0', 'type=dummy');
  const status = (kind: 'network' | 'endpoint', key: string) => host.controller.status({ kind, key }).state;
  await expect.poll(() => status('endpoint', 'e0'), { timeout: 20_000 }).toBe('committed');
  await host.controller.settled();
  expect(status('network', 'blue/front')).toBe('committed');
  const ofport = (await host.sandbox.vsctl('get', 'interface', 'e0', 'ofport')).trim();
  const question = `in_port=${ofport},arp,arp_op=1,dl_src=02:00:00:00:ff:01,dl_dst=ff:ff:ff:ff:ff:ff,arp_sha=02:00:00:00:ff:01`;
  const traced = await host.sandbox.appctl('ofproto/trace', 'br-sluice', question);
  const copies = [...traced.matchAll(/set_field:(172\.30\.[\d.]+)->tun_dst\n\s+output:\d+/g)].map(([, to]) => to);
  expect(copies).toHaveLength(peers.length);
  expect(new Set(copies)).toEqual(new Set(peers));
}, 60_000);
