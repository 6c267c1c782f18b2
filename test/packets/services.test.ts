/**
 * Services by real packets between two hosts: spread, affinity, live connections under change, hairpin, tenants, both
 * families, VXLAN and VLAN. Needs root for network namespaces; says so and skips otherwise.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Opened } from '../../src/sandbox/probe.js';
import { until } from '../../src/sandbox/exec.js';
import { buildOverlay, type Overlay } from './overlay.js';

const root = process.getuid?.() === 0;
if (!root) console.warn('skipped: packet tests need root for network namespaces');

type Json = { kind: string; [field: string]: unknown };

const objects: Json[] = [
  { kind: 'tenant', name: 'blue' },
  { kind: 'tenant', name: 'red' },
  { kind: 'network', tenant: 'blue', name: 'over', vni: 5001, subnet: '10.1.1.0/24', ipv6Subnet: 'fd00:1::/64' },
  { kind: 'network', tenant: 'blue', name: 'lan', encap: 'vlan', vlan: 100, subnet: '10.2.2.0/24' },
  { kind: 'network', tenant: 'red', name: 'over', vni: 5002, subnet: '10.1.1.0/24' },
  { kind: 'policy', tenant: 'blue', name: 'guard' },
  { kind: 'group', tenant: 'blue', name: 'clients' },
  { kind: 'group', tenant: 'blue', name: 'servers', policies: ['guard'] },
];

const place = (id: string, host: 0 | 1, n: number, group?: string) => ({
  id,
  host,
  tenant: 'blue',
  network: 'over',
  mac: `02:00:00:00:01:0${n}`,
  ipv4: `10.1.1.${n}`,
  ipv6: `fd00:1::${n}`,
  ...(group === undefined ? {} : { group }),
});
const places = [
  place('c1', 0, 1, 'clients'),
  place('c2', 1, 2, 'clients'),
  place('p1', 0, 3, 'servers'),
  place('p2', 1, 4, 'servers'),
  place('p3', 1, 5, 'servers'),
  { id: 'r1', host: 0, tenant: 'red', network: 'over', mac: '02:00:00:00:02:01', ipv4: '10.1.1.1' },
  { id: 'r2', host: 1, tenant: 'red', network: 'over', mac: '02:00:00:00:02:02', ipv4: '10.1.1.4' },
  { id: 'v1', host: 0, tenant: 'blue', network: 'lan', mac: '02:00:00:00:03:01', ipv4: '10.2.2.1' },
  { id: 'v2', host: 1, tenant: 'blue', network: 'lan', mac: '02:00:00:00:03:02', ipv4: '10.2.2.2' },
] as const;

const vip = '10.1.1.100';
const service = (fields: Record<string, unknown>): Json => ({
  kind: 'service',
  tenant: 'blue',
  name: 's',
  network: 'over',
  ips: [vip, 'fd00:1::64'],
  ports: ['80:8080:TCP', '53:5353:UDP'],
  providers: ['p1', 'p2'],
  ...fields,
});

describe.skipIf(!root)('services between two hosts', () => {
  let overlay: Overlay;
  beforeAll(async () => {
    overlay = await buildOverlay(objects, places);
    await w('c1').waitForPing('10.1.1.4');
    await w('c2').waitForPing('10.1.1.3');
    await w('v1').waitForPing('10.2.2.2');
    await w('r1').waitForPing('10.1.1.4');
  });
  const opened: Opened[] = [];
  /** What a test opens is closed after it, however it ends. */
  async function open<T extends Opened>(...all: Promise<T>[]): Promise<T[]> {
    const each = await Promise.all(all);
    opened.push(...each);
    return each;
  }
  /** What servers count is told a little after the client has its answer. */
  async function counted(servers: readonly Opened[], clients: readonly number[]): Promise<void> {
    const now = (): string => servers.map((server) => server.clients).join(' ');
    await until(`${clients.join(' ')} connections`, () => now() === clients.join(' '), {
      timeoutMs: 3000,
      detail: now,
    });
  }
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((each) => each.close()));
    await overlay.remove('service', 'blue/s');
  });
  afterAll(async () => {
    await overlay?.stop();
  });
  const w = (id: string) => overlay.workload(id);

  test.each([
    ['c1', 'p1'],
    ['c1', 'p2'],
    ['c2', 'p1'],
    ['c2', 'p2'],
  ])('%s reaches %s by the VIP, by TCP and UDP', async (from, to) => {
    await overlay.apply([service({ providers: [to] })]);
    const servers = await open(w(to).listen(8080), w(to).listenUdp(5353));
    expect(await w(from).connect(vip, 80, 3000)).toBe('connected');
    expect(await w(from).udp(vip, 53, 3000)).toBe('answered');
    await counted(servers, [1, 1]);
  });

  test('IPv6: the VIP is found by neighbour discovery and leads to a provider on either host', async (context) => {
    if (!overlay.lab.ipv6) context.skip('no IPv6 in namespaces here');
    for (const to of ['p1', 'p2']) {
      await overlay.apply([service({ providers: [to] })]);
      const servers = await open(w(to).listen(8080), w(to).listenUdp(5353));
      expect(await w('c1').connect('fd00:1::64', 80, 3000)).toBe('connected');
      expect(await w('c1').udp('fd00:1::64', 53, 3000)).toBe('answered');
      await counted(servers, [1, 1]);
    }
  });

  test('connections are spread evenly over the providers', async () => {
    const providers = ['p1', 'p2', 'p3'];
    await overlay.apply([service({ providers })]);
    const servers = await open(...providers.map((id) => w(id).listen(8080)));
    const total = 300;
    for (let done = 0; done < total; done += 30) {
      const verdicts = await Promise.all(Array.from({ length: 30 }, () => w('c1').connect(vip, 80, 5000)));
      expect(new Set(verdicts)).toEqual(new Set(['connected']));
    }
    const taken = () => servers.reduce((all, { clients }) => all + clients, 0);
    await until('the servers have counted all', () => taken() === total, { detail: () => `${taken()} of ${total}` });
    const shares = servers.map(({ clients }) => clients);
    // Chi-square with two degrees of freedom: an even spread exceeds 20 once in 20,000 runs.
    const expected = total / providers.length;
    expect(shares.reduce((sum, share) => sum + (share - expected) ** 2 / expected, 0)).toBeLessThan(20);
  });

  test('affinity clientIp: a client stays on its provider as long as that exists, on all ports alike', async () => {
    const providers = ['p1', 'p2', 'p3'];
    const ports = ['80:8080:TCP', '81:8081:TCP'];
    const sticky = (ids: readonly string[]) => service({ providers: ids, affinity: 'clientIp', ports });
    await overlay.apply([sticky(providers)]);
    const servers = await open(...providers.flatMap((id) => [w(id).listen(8080), w(id).listen(8081)]));
    const taken = () => servers.map(({ clients }) => clients);
    for (let i = 0; i < 10; i++) expect(await w('c1').connect(vip, 80 + (i % 2), 3000)).toBe('connected');
    await until('ten connections', () => taken().reduce((sum, clients) => sum + clients, 0) === 10);
    const home = taken().findIndex((clients) => clients > 0);
    expect(taken().filter((clients) => clients > 0)).toEqual([5, 5]);
    expect(taken()[home + 1]).toBe(5);
    // Another one goes: the client stays. Its own goes: the client moves.
    const mine = providers[home / 2]!;
    await overlay.apply([sticky([mine, providers.find((id) => id !== mine)!])]);
    expect(await w('c1').connect(vip, 80, 3000)).toBe('connected');
    await until('another connection', () => taken()[home] === 6);
    await overlay.apply([sticky(providers.filter((id) => id !== mine))]);
    expect(await w('c1').connect(vip, 80, 3000)).toBe('connected');
    expect(taken()[home]).toBe(6);
  });

  test('another provider moves no live connection; its own, removed, ends it', async () => {
    await overlay.apply([service({ providers: ['p2'] })]);
    const servers = await open(...['p1', 'p2', 'p3'].map((id) => w(id).serve(8080, { pushEveryMs: 5 })));
    const [stream] = await open(w('c1').subscribe(vip, 80));
    await stream!.waitForBytes(1000);
    for (const providers of [['p1', 'p2'], ['p1', 'p2', 'p3'], ['p2', 'p3'], ['p2']]) {
      await overlay.apply([service({ providers })]);
      await stream!.waitForBytes(1000);
    }
    await counted(servers, [0, 1, 0]);
    await overlay.apply([service({ providers: ['p1'] })]);
    await stream!.waitForSilence(600);
    expect(await w('c1').connect(vip, 80, 3000)).toBe('connected');
    await counted(servers, [1, 1, 0]);
  });

  test('UDP from one port goes on to another provider when its own is removed', async () => {
    await overlay.apply([service({ providers: ['p2'] })]);
    const servers = await open(...['p1', 'p2'].map((id) => w(id).listenUdp(5353)));
    const client = w('c1').exec('/usr/bin/python3', '-c', talkative, vip, '53', '6');
    await until('the first provider hears it', () => servers[1]!.bytes > 0);
    await overlay.apply([service({ providers: ['p1'] })]);
    await until('the other provider hears it', () => servers[0]!.bytes > 0);
    const last = servers[1]!.bytes;
    // It hears no more from the one that is gone.
    expect((await client).trim().split(' ').at(-1)).toBe(vip);
    expect(servers[1]!.bytes).toBe(last);
  });

  test('a provider reaches itself by the VIP, and sees the VIP as the sender', async () => {
    await overlay.apply([service({ providers: ['p1'] })]);
    await open(w('p1').serve(8080, { pushEveryMs: 5 }), w('p1').listenUdp(5353));
    const seen = await w('p1').capture(`tcp and src host ${vip} and dst port 8080`);
    const [stream] = await open(w('p1').subscribe(vip, 80));
    await stream!.waitForBytes(5000);
    expect(await w('p1').udp(vip, 53, 3000)).toBe('answered');
    expect((await seen.stop()).length).toBeGreaterThan(3);
    if (!overlay.lab.ipv6) return;
    const seen6 = await w('p1').capture('ip6 and tcp and src host fd00:1::64 and dst port 8080');
    expect(await w('p1').connect('fd00:1::64', 80, 3000)).toBe('connected');
    expect(await w('p1').udp('fd00:1::64', 53, 3000)).toBe('answered');
    expect((await seen6.stop()).length).toBeGreaterThan(0);
  });

  test('a provider reaches the other ones by the VIP as well', async () => {
    await overlay.apply([service({ providers: ['p1', 'p2'] })]);
    const servers = await open(...['p1', 'p2'].map((id) => w(id).listen(8080)));
    for (let i = 0; i < 30; i++) expect(await w('p1').connect(vip, 80, 3000)).toBe('connected');
    await until('30 connections', () => servers.reduce((sum, { clients }) => sum + clients, 0) === 30);
    expect(Math.min(...servers.map(({ clients }) => clients))).toBeGreaterThan(3);
  });

  test('policy is judged on the real provider, not on the VIP', async () => {
    const deny = (port: number) => ({
      kind: 'rule',
      tenant: 'blue',
      policy: 'guard',
      id: '1',
      direction: 'in',
      action: 'deny',
      protocol: 'tcp',
      ports: [port],
      peer: { group: 'clients' },
    });
    await overlay.apply([service({ providers: ['p2'] }), deny(80)]);
    await open(w('p2').serve(8080, { pushEveryMs: 5 }));
    const [stream] = await open(w('c1').subscribe(vip, 80));
    await stream!.waitForBytes(1000);
    await overlay.apply([deny(8080)]);
    await stream!.waitForSilence(600);
    expect(await w('c1').connect(vip, 80, 600)).toBe('timeout');
    if (overlay.lab.ipv6) expect(await w('c1').connect('fd00:1::64', 80, 600)).toBe('timeout');
    await overlay.remove('rule', 'blue/guard/1');
    expect(await w('c1').connect(vip, 80, 3000)).toBe('connected');
  });

  test('tenants with equal VIPs have each its own', async () => {
    const red = { ...service({ ips: [vip], providers: ['r2'] }), tenant: 'red' };
    await overlay.apply([service({ providers: ['p2'] }), red]);
    const servers = await open(...['p2', 'r2'].map((id) => w(id).listen(8080)));
    expect(await w('c1').connect(vip, 80, 3000)).toBe('connected');
    await counted(servers, [1, 0]);
    expect(await w('r1').connect(vip, 80, 3000)).toBe('connected');
    await counted(servers, [1, 1]);
    await overlay.remove('service', 'red/s');
  });

  test('on a VLAN: the frame keeps the sender’s MAC, which the fabric knows', async () => {
    const lan = service({ network: 'lan', ips: ['10.2.2.100'], providers: ['v2'] });
    await overlay.apply([lan]);
    await open(w('v2').listen(8080));
    const seen = await overlay.hosts[1].capture('eth1', 'vlan 100 and tcp and dst port 8080');
    expect(await w('v1').connect('10.2.2.100', 80, 3000)).toBe('connected');
    const lines = await seen.stop();
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.every((line) => line.includes('02:00:00:00:03:01 >'))).toBe(true);
  });

  test('datagrams in fragments go to the connection’s provider, and come back', async () => {
    await overlay.apply([service({ providers: ['p1', 'p2', 'p3'] })]);
    const servers = await open(...['p1', 'p2', 'p3'].map((id) => w(id).listenUdp(5353)));
    expect((await w('c1').exec('/usr/bin/python3', '-c', large, vip, '53', '10', '6000')).trim()).toBe('10 6000');
    await until('all has arrived', () => servers.some(({ bytes }) => bytes === 6010));
    expect(servers.map(({ bytes }) => bytes).toSorted((a, b) => a - b)).toEqual([0, 0, 6010]);
  });

  test('the last provider gone, connections are refused at once; with the next one they are taken', async () => {
    await overlay.apply([service({ providers: ['p2'] })]);
    await open(w('p2').listen(8080), w('p2').listenUdp(5353));
    expect(await w('c1').connect(vip, 80, 3000)).toBe('connected');
    await overlay.apply([service({ providers: [] })]);
    expect(await w('c1').connect(vip, 80, 3000)).toBe('refused');
    expect(await w('c1').udp(vip, 53, 3000)).toBe('refused');
    await overlay.apply([service({ providers: ['p2'] })]);
    expect(await w('c1').connect(vip, 80, 3000)).toBe('connected');
    expect(await w('c1').udp(vip, 53, 3000)).toBe('answered');
  });

  test.each([
    ['here', 'p1'],
    ['behind a peer', 'p2'],
  ])('the ICMP error of a provider %s that does not listen comes from the VIP', async (_where, provider) => {
    await overlay.apply([service({ providers: [provider] })]);
    const seen = await w('c1').capture(`icmp and src host ${vip}`);
    expect(await w('c1').udp(vip, 53, 3000)).toBe('refused');
    expect((await seen.stop()).join(' ')).toContain(`${vip} udp port 53 unreachable`);
  });

  test('onPolicyChange keep: connections are translated both ways as well', async () => {
    await overlay.settings({ onPolicyChange: 'keep' });
    await overlay.apply([service({ providers: ['p2'] })]);
    await open(w('p2').serve(8080, { pushEveryMs: 5 }));
    const [stream] = await open(w('c1').subscribe(vip, 80));
    await stream!.waitForBytes(2000);
    await overlay.settings({ onPolicyChange: 'reevaluate' });
    await stream!.waitForBytes(2000);
  });

  test('providers named by id and by address share the connections', async () => {
    await overlay.apply([service({ providers: ['p1', '10.1.1.4'] })]);
    expect(overlay.daemons.map(({ state }) => state.providers(state.services.get('blue/s')!).length)).toEqual([2, 2]);
    const servers = await open(...['p1', 'p2'].map((id) => w(id).listen(8080)));
    for (let i = 0; i < 20; i++) expect(await w('c2').connect(vip, 80, 3000)).toBe('connected');
    await until('20 connections', () => servers.reduce((sum, { clients }) => sum + clients, 0) === 20);
    expect(Math.min(...servers.map(({ clients }) => clients))).toBeGreaterThan(0);
  });

  test('a port of the VIP that is no service’s leads nowhere', async () => {
    await overlay.apply([service({ providers: ['p1'] })]);
    await open(w('p1').listen(81));
    expect(await w('c1').connect(vip, 81, 600)).toBe('timeout');
  });
});

/** Sends datagrams from one port, every 50 ms for so many seconds; prints who answered last. */
const talkative = `
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(0.05)
end = time.time() + float(sys.argv[3]); last = ''
while time.time() < end:
    s.sendto(b'hello', (sys.argv[1], int(sys.argv[2])))
    try: last = s.recvfrom(100)[1][0]
    except OSError: pass
print(last)`;

/** Sends datagrams of so many bytes, each after the answer to the one before, and prints how many bytes came back. */
const large = `
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(3)
s.connect((sys.argv[1], int(sys.argv[2])))
def echoed(size):
    s.send(b'x' * int(size)); return len(s.recv(65535))
print(*[echoed(size) for size in sys.argv[3:]])`;
